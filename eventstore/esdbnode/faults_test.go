package esdbnode

import (
	"context"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/stretchr/testify/require"
)

// Ensure that an append whose answer is lost has happened, and that repeating it changes nothing.
func TestFaults_LoseAppendAnswers(t *testing.T) {
	n := memoryNode(t)
	c := connect(t, n)
	n.Faults().LoseAppendAnswers(1)
	require.Equal(t, esdb.ErrorCodeDeadlineExceeded, refused(t, c, "s", esdb.NoStream{}, events("a", "b")...))
	require.EqualValues(t, 1, write(t, c, "s", esdb.NoStream{}, events("a", "b")...).NextExpectedVersion)
	require.Len(t, readAll(t, c, esdb.ReadAllOptions{}, 10), 2)
}

// Ensure that a client that is sent to another leader, here to the node itself, goes there and works again.
func TestFaults_RefuseNotLeader(t *testing.T) {
	n := memoryNode(t)
	c := connect(t, n)
	n.Faults().RefuseNotLeader(1, n.Addr().IP.String(), n.Addr().Port)
	require.Equal(t, esdb.ErrorCodeNotLeader, refused(t, c, "s", esdb.NoStream{}, event("a")))
	write(t, c, "s", esdb.NoStream{}, event("a"))
}

// Ensure that a refused call has done nothing.
func TestFaults_RefuseUnavailable(t *testing.T) {
	n := memoryNode(t)
	c := connect(t, n)
	n.Faults().RefuseUnavailable(1)
	require.Equal(t, esdb.ErrorUnavailable, refused(t, c, "s", esdb.NoStream{}, event("a")))
	require.Empty(t, readAll(t, c, esdb.ReadAllOptions{}, 10))
}

// Ensure that a cut read breaks after the events asked for, and does not look as if it had ended.
func TestFaults_CutReads(t *testing.T) {
	n := memoryNode(t)
	c := connect(t, n)
	write(t, c, "s", esdb.NoStream{}, events("a", "b", "c")...)
	n.Faults().CutReads(1, 2)
	r, err := c.ReadStream(bounded(t), "s", esdb.ReadStreamOptions{}, 10)
	require.NoError(t, err)
	for range 2 {
		_, err = r.Recv()
		require.NoError(t, err)
	}
	_, err = r.Recv()
	require.Equal(t, esdb.ErrorUnavailable, codeIn(err))
	require.Len(t, readStream(t, c, "s", esdb.ReadStreamOptions{}, 10), 3)
}

// Ensure that a delayed call can run into its deadline, and that clearing the faults ends the delay.
func TestFaults_Delay(t *testing.T) {
	n := memoryNode(t)
	c := connect(t, n)
	write(t, c, "s", esdb.NoStream{}, event("a"))
	n.Faults().Delay(testTimeout)
	ctx, cancel := context.WithTimeout(bounded(t), 20*time.Millisecond)
	defer cancel()
	_, err := c.AppendToStream(ctx, "s", esdb.AppendToStreamOptions{}, event("b"))
	require.Equal(t, esdb.ErrorCodeDeadlineExceeded, codeIn(err))
	n.Faults().Clear()
	require.EqualValues(t, 1, write(t, c, "s", esdb.Any{}, event("c")).NextExpectedVersion)
}

// Ensure that dropped connections break what runs on them, and that the client comes back.
func TestFaults_DropConnections(t *testing.T) {
	n := memoryNode(t)
	c := connect(t, n)
	write(t, c, "s", esdb.NoStream{}, event("a"))
	sub := subscribe(t, c, esdb.SubscribeToAllOptions{From: esdb.End{}})
	require.Equal(t, []string{"caught up"}, hear(sub, 1))
	n.DropConnections()
	require.Error(t, sub.Recv().SubscriptionDropped.Error)
	require.Eventually(t, func() bool {
		_, err := c.AppendToStream(bounded(t), "s", esdb.AppendToStreamOptions{}, event("b"))
		return err == nil
	}, testTimeout, 1e6)
}
