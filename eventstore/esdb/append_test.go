package esdb

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"

	client "github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/eventstore/esdbnode"
	"github.com/partnerledger/partnerledger/eventstore/eventstoretest"
)

// requireOnce appends through whatever goes wrong and shows that the events are there once, where it says.
func requireOnce(t *testing.T, s *Store) {
	t.Helper()
	stream, events := eventstoretest.Stream("Once"), eventstoretest.Events(3)
	done := eventstoretest.Append(t, s, stream, eventstore.NoStream, events...)
	got := eventstoretest.Drain(t, s.ReadStream(bounded(t), stream, 0))
	require.Len(t, got, len(events))
	require.Equal(t, eventstore.Appended{Revision: 2, Position: got[2].Position}, done)
	for i, e := range events {
		require.Equal(t, e.ID, got[i].ID)
	}
}

// Ensure that an append that was committed but not answered is written once and answered.
func TestAppend_AnswerLost(t *testing.T) {
	n := startNode(t)
	s := connect(t, n.ConnectionString())
	n.Faults().LoseAppendAnswers(3)
	requireOnce(t, s)
}

// Ensure that a server that refuses for a moment isn't noticed.
func TestAppend_RefusedForAMoment(t *testing.T) {
	n := startNode(t)
	s := connect(t, n.ConnectionString())
	requireOnce(t, s)
	n.Faults().RefuseUnavailable(4)
	requireOnce(t, s)
}

// Ensure that the leader is followed, and that a leader who isn't there is no dead end.
func TestAppend_NotLeader(t *testing.T) {
	n, leader := startNode(t), startNode(t)
	s := connect(t, n.ConnectionString())
	requireOnce(t, s)
	n.Faults().RefuseNotLeader(1, "127.0.0.1", leader.Addr().Port)
	requireOnce(t, s)
	require.NotEmpty(t, eventstoretest.Drain(t, connect(t, leader.ConnectionString()).ReadAll(bounded(t), eventstore.Beginning)))

	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, nobody.Close())
	leader.Faults().RefuseNotLeader(1, "127.0.0.1", nobody.Addr().(*net.TCPAddr).Port)
	requireOnce(t, s)
}

// Ensure that a connection that swallows everything is replaced within the patience.
func TestAppend_StalledConnection(t *testing.T) {
	n := startNode(t)
	p := newProxy(t, n.Addr().String())
	s := connectWith(t, Options{ConnectionString: p.connectionString(), Patience: 900 * time.Millisecond})
	requireOnce(t, s)
	p.stall()
	requireOnce(t, s)
	p.stall()
	eventstoretest.Drain(t, s.ReadAll(bounded(t), eventstore.Beginning))
}

// Ensure that without a server every call ends in time, with the context's error if that ended first.
func TestStore_NoServer(t *testing.T) {
	p := newProxy(t, "127.0.0.1:1")
	p.down()
	s := connectWith(t, Options{ConnectionString: p.connectionString(), Patience: 150 * time.Millisecond})
	requireUnavailable(t, s)
	_, err := s.Append(bounded(t), "stream-1", eventstore.NoStream, eventstoretest.Event("a"))
	require.ErrorContains(t, err, "connection refused", "it says why")
	require.NotErrorIs(t, err, context.DeadlineExceeded, "the caller had none")

	patient := connectWith(t, Options{ConnectionString: p.connectionString(), Patience: time.Hour})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err = patient.Append(ctx, "stream-1", eventstore.NoStream, eventstoretest.Event("a"))
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.ErrorIs(t, err, eventstore.ErrUnavailable)
	_, err = patient.Head(ctx)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.ErrorIs(t, eventstoretest.Unending(patient.Subscribe(ctx, eventstore.Beginning)), context.DeadlineExceeded)
}

// requireUnavailable shows that every call that has an end ends with ErrUnavailable.
func requireUnavailable(t *testing.T, s *Store) {
	t.Helper()
	_, err := s.Append(bounded(t), "stream-1", eventstore.NoStream, eventstoretest.Event("a"))
	require.ErrorIs(t, err, eventstore.ErrUnavailable)
	_, err = s.Head(bounded(t))
	require.ErrorIs(t, err, eventstore.ErrUnavailable)
	require.ErrorIs(t, eventstoretest.Unending(s.ReadStream(bounded(t), "stream-1", 0)), eventstore.ErrUnavailable)
	require.ErrorIs(t, eventstoretest.Unending(s.ReadAll(bounded(t), eventstore.Beginning)), eventstore.ErrUnavailable)
}

// Ensure that a server that takes calls and never answers is as good as none.
func TestStore_SilentServer(t *testing.T) {
	n := startNode(t)
	s := connectWith(t, Options{ConnectionString: n.ConnectionString(), Patience: 150 * time.Millisecond})
	requireOnce(t, s)
	n.Faults().Delay(time.Hour)
	requireUnavailable(t, s)
	n.Faults().Clear()
	requireOnce(t, s)
}

// Ensure that what no retry mends is not retried, and isn't called unavailable.
func TestAppend_Refused(t *testing.T) {
	for _, c := range []struct {
		status error
		want   error
	}{
		{status.Error(codes.PermissionDenied, "no"), nil},
		{status.Error(codes.Unauthenticated, "no"), nil},
		{status.Error(codes.InvalidArgument, "no"), nil},
		{status.Error(codes.InvalidArgument, "Maximum Append Size of 10 Exceeded."), eventstore.ErrTooLarge},
	} {
		calls := 0
		s := play(t, &script{appended: func(call streams.Streams_AppendServer) error { calls++; return c.status }}, Options{Patience: time.Hour})
		_, err := s.Append(bounded(t), "stream-1", eventstore.NoStream, eventstoretest.Event("a"))
		require.ErrorContains(t, err, status.Convert(c.status).Message())
		require.NotErrorIs(t, err, eventstore.ErrUnavailable)
		require.Equal(t, 1, calls)
		if c.want != nil {
			require.ErrorIs(t, err, c.want)
		}
	}
}

// Ensure that an answer "not the leader" that names nobody is tried again.
func TestAppend_NotLeaderWithoutName(t *testing.T) {
	calls := 0
	s := play(t, &script{appended: func(call streams.Streams_AppendServer) error {
		if calls++; calls == 1 {
			call.SetTrailer(metadata.Pairs("exception", "not-leader"))
			return status.Error(codes.NotFound, "Leader info available")
		}
		return call.SendAndClose(&streams.AppendResp{Result: &streams.AppendResp_Success_{Success: &streams.AppendResp_Success{
			CurrentRevisionOption: &streams.AppendResp_Success_CurrentRevision{CurrentRevision: 0},
			PositionOption:        &streams.AppendResp_Success_Position{Position: &streams.AppendResp_Position{CommitPosition: 77, PreparePosition: 77}},
		}}})
	}}, Options{})
	done, err := s.Append(bounded(t), "stream-1", eventstore.NoStream, eventstoretest.Event("a"))
	require.NoError(t, err)
	require.Equal(t, eventstore.Appended{Revision: 0, Position: 77}, done)
	require.Equal(t, 2, calls)
}

// Ensure that a retry answered without a position gets the position of the event, and only of that event.
func TestAppend_AnswerWithoutPosition(t *testing.T) {
	s := connect(t, startNode(t).ConnectionString())
	events := eventstoretest.Events(3)
	first := eventstoretest.Append(t, s, "stream-1", eventstore.NoStream, events...)
	done, err := s.appended(bounded(t), "stream-1", events[2].ID, &client.WriteResult{NextExpectedVersion: 2})
	require.NoError(t, err)
	require.Equal(t, first, done)
	_, err = s.appended(bounded(t), "stream-1", uuid.New(), &client.WriteResult{NextExpectedVersion: 2})
	require.Error(t, err)
	_, err = s.appended(bounded(t), "stream-1", events[2].ID, &client.WriteResult{NextExpectedVersion: 9})
	require.Error(t, err)
}

// Ensure that the actual revision is found out when the client words its error in a new way.
func TestAppend_ConflictInOtherWords(t *testing.T) {
	s := connect(t, startNode(t).ConnectionString())
	eventstoretest.Append(t, s, "stream-1", eventstore.NoStream, eventstoretest.Events(4)...)
	for stream, actual := range map[string]eventstore.Revision{"stream-1": 3, "stream-2": eventstore.NoStream} {
		err := s.wrongRevision(bounded(t), stream, 9, errors.New("the revision is another one"))
		var wrong *eventstore.WrongRevision
		require.ErrorAs(t, err, &wrong)
		require.Equal(t, eventstore.WrongRevision{Stream: stream, Expected: 9, Actual: actual}, *wrong)
	}
}

// Ensure that appends which hang with a server that is away don't pile up goroutines.
func TestAppend_NoPileUp(t *testing.T) {
	n := startNode(t)
	p := newProxy(t, n.Addr().String())
	log := newJournal()
	s := connectWith(t, Options{ConnectionString: p.connectionString(), Patience: time.Hour, Logger: logger(log)})
	requireOnce(t, s)
	p.down()
	log.wait(t, "discovery attempt", attempt(t, s))
	before := goroutines()
	for range 300 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		_, err := s.Append(ctx, "stream-1", eventstore.NoStream, eventstoretest.Event("a"))
		cancel()
		require.ErrorIs(t, err, context.DeadlineExceeded)
	}
	require.Eventually(t, func() bool { return goroutines() <= before+50 }, patience, time.Millisecond, "a goroutine for each caller is left over")
	p.up()
	requireOnce(t, s)
}

// attempt makes the client notice that its server is away, and gives 1 for the discovery that follows.
func attempt(t *testing.T, s *Store) int {
	t.Helper()
	go func() { _, _ = s.Head(t.Context()) }()
	return 1
}

// Ensure that a node that starts again with the same log is gone on with.
func TestStore_ServerRestarts(t *testing.T) {
	dir := t.TempDir()
	start := func(listen string) *esdbnode.Node {
		n, err := esdbnode.Start(t.Context(), esdbnode.Options{Dir: dir, Listen: listen})
		require.NoError(t, err)
		return n
	}
	n := start("")
	s := connect(t, n.ConnectionString())
	requireOnce(t, s)
	require.NoError(t, n.Close())
	done := make(chan error, 1)
	go func() {
		_, err := s.Append(t.Context(), "stream-1", eventstore.NoStream, eventstoretest.Event("a"))
		done <- err
	}()
	n = start(n.Addr().String())
	require.NoError(t, <-done)
	require.Len(t, eventstoretest.Drain(t, s.ReadAll(bounded(t), eventstore.Beginning)), 4)
	require.NoError(t, n.Close())
}
