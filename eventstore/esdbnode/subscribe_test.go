package esdbnode

import (
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/stretchr/testify/require"
)

// Ensure that a subscription gets the old events, says once that it caught up, and goes on with the new ones.
func TestSubscribe_CatchUpThenLive(t *testing.T) {
	n := startNode(t, Options{Dir: t.TempDir()})
	c := connect(t, n)
	write(t, c, "s", esdb.NoStream{}, events("a", "b")...)
	sub, err := c.SubscribeToAll(bounded(t), esdb.SubscribeToAllOptions{From: esdb.Start{}})
	require.NoError(t, err)
	defer sub.Close()
	require.Equal(t, "type-a", sub.Recv().EventAppeared.Event.EventType)
	require.Equal(t, "type-b", sub.Recv().EventAppeared.Event.EventType)
	require.NotNil(t, sub.Recv().CaughtUp)
	write(t, c, "s", esdb.Revision(1), event("c"))
	require.Equal(t, "type-c", sub.Recv().EventAppeared.Event.EventType)
}
