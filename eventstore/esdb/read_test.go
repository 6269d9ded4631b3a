package esdb

import (
	"errors"
	"fmt"
	"io"
	"math"
	"testing"
	"time"

	client "github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/eventstore/eventstoretest"
)

// Ensure that a read cut in the middle, again and again, is complete in the end, and in order.
func TestRead_CutInTheMiddle(t *testing.T) {
	n := startNode(t)
	s := connect(t, n.ConnectionString())
	for i := range 4 {
		eventstoretest.Append(t, s, "stream-1", eventstore.Revision(i*25-1), eventstoretest.Events(25)...)
	}
	n.Faults().CutReads(5, 10)
	got := eventstoretest.Drain(t, s.ReadStream(bounded(t), "stream-1", 0))
	require.Len(t, got, 100)
	eventstoretest.InOrder(t, got)
	n.Faults().CutReads(6, 10)
	require.Equal(t, got, eventstoretest.Drain(t, s.ReadAll(bounded(t), eventstore.Beginning)))
	n.Faults().CutReads(3, 0)
	head, err := s.Head(bounded(t))
	require.NoError(t, err)
	require.Equal(t, got[99].Position, head)
}

// Ensure that a read may take longer than the patience as long as it gets on, event by event.
func TestRead_SlowProgress(t *testing.T) {
	const events, tolerance = 20_000, time.Second
	n := startNode(t)
	s := connectWith(t, Options{ConnectionString: n.ConnectionString(), Patience: tolerance})
	eventstoretest.Append(t, connect(t, n.ConnectionString()), "stream-1", eventstore.NoStream, eventstoretest.Events(events)...)
	n.Faults().CutReads(math.MaxInt, 1)
	begun, got, late := time.Now(), 0, false
	for _, err := range s.ReadStream(bounded(t), "stream-1", 0) {
		require.NoError(t, err, "after %d events", got)
		got++
		if !late && time.Since(begun) > tolerance+tolerance/10 {
			late = true
			n.Faults().Clear()
		}
	}
	require.Equal(t, events, got)
	require.True(t, late, "the test shows nothing")
}

// Ensure that a read that can't be completed says so: what broke never looks like the end.
func TestRead_BrokenIsNotEnded(t *testing.T) {
	n := startNode(t)
	s := connectWith(t, Options{ConnectionString: n.ConnectionString(), Patience: 150 * time.Millisecond})
	eventstoretest.Append(t, s, "stream-1", eventstore.NoStream, eventstoretest.Events(5)...)
	n.Faults().CutReads(1<<30, 0)
	require.ErrorIs(t, eventstoretest.Unending(s.ReadStream(bounded(t), "stream-1", 0)), eventstore.ErrUnavailable)
	require.ErrorIs(t, eventstoretest.Unending(s.ReadAll(bounded(t), eventstore.Beginning)), eventstore.ErrUnavailable)
	n.Faults().Clear()
}

// Ensure that a server that calls a read complete before the end of the log isn't believed, and that one
// that sends what came later isn't followed.
func TestReadAll_EndedTooEarly(t *testing.T) {
	reads := 0
	s := play(t, &script{read: func(req *streams.ReadReq, call streams.Streams_ReadServer) error {
		if !forwards(req) {
			return call.Send(said("stream-1", "Last", 2, 300))
		}
		if reads++; reads == 1 {
			return call.Send(said("stream-1", "First", 0, 100))
		}
		return errors.Join(call.Send(said("stream-1", "First", 0, 100)), call.Send(said("stream-1", "Second", 1, 200)),
			call.Send(said("stream-1", "Last", 2, 300)), call.Send(said("stream-1", "Meanwhile", 3, 400)))
	}}, Options{})
	got := eventstoretest.Drain(t, s.ReadAll(bounded(t), eventstore.Beginning))
	require.Len(t, got, 3)
	eventstoretest.InOrder(t, got)
	require.Equal(t, 2, reads)
}

// Ensure that a message that the client doesn't know, on which it panics, is an error of the read alone.
func TestRead_UnknownMessage(t *testing.T) {
	s := play(t, &script{read: func(req *streams.ReadReq, call streams.Streams_ReadServer) error {
		if !forwards(req) {
			return call.Send(said("stream-1", "Last", 2, 300))
		}
		if err := call.Send(said("stream-1", "First", 0, 100)); err != nil {
			return err
		}
		return call.Send(&streams.ReadResp{Content: &streams.ReadResp_LastStreamPosition{LastStreamPosition: 7}})
	}}, Options{Patience: time.Hour})
	for name, seq := range map[string]func() error{
		"stream": func() error { return eventstoretest.Unending(s.ReadStream(bounded(t), "stream-1", 0)) },
		"all":    func() error { return eventstoretest.Unending(s.ReadAll(bounded(t), eventstore.Beginning)) },
	} {
		err := seq()
		require.ErrorContains(t, err, "nobody asked", name)
		require.NotErrorIs(t, err, eventstore.ErrUnavailable, name)
	}
}

// Ensure that a stream with a hole is an error, and so is an event without a place in the log.
func TestRead_Holes(t *testing.T) {
	for name, second := range map[string]*streams.ReadResp{
		"missing revision": said("stream-1", "Third", 2, 300),
		"no position":      said("stream-1", "Second", 1, ^uint64(0)),
		"no event":         {Content: &streams.ReadResp_Event{Event: &streams.ReadResp_ReadEvent{}}},
	} {
		s := play(t, &script{read: func(_ *streams.ReadReq, call streams.Streams_ReadServer) error {
			return errors.Join(call.Send(said("stream-1", "First", 0, 100)), call.Send(second))
		}}, Options{Patience: time.Hour})
		require.ErrorContains(t, eventstoretest.Unending(s.ReadStream(bounded(t), "stream-1", 0)), "nobody asked", name)
	}
}

// Ensure that only the message that says so makes a stream empty: a status that something wasn't found
// may be a server that isn't the leader, and a decision on nothing would be wrong.
func TestReadStream_NotFound(t *testing.T) {
	calls := 0
	s := play(t, &script{read: func(_ *streams.ReadReq, call streams.Streams_ReadServer) error {
		if calls++; calls == 1 {
			return status.Error(codes.NotFound, "Leader info available")
		}
		return call.Send(said("stream-1", "First", 0, 100))
	}}, Options{})
	require.Len(t, eventstoretest.Drain(t, s.ReadStream(bounded(t), "stream-1", 0)), 1)

	s = play(t, &script{read: func(_ *streams.ReadReq, call streams.Streams_ReadServer) error {
		return call.Send(&streams.ReadResp{Content: &streams.ReadResp_StreamNotFound_{StreamNotFound: &streams.ReadResp_StreamNotFound{
			StreamIdentifier: &shared.StreamIdentifier{StreamName: []byte("stream-1")}}}})
	}}, Options{})
	require.Empty(t, eventstoretest.Drain(t, s.ReadStream(bounded(t), "stream-1", 0)))
}

// Ensure that Head looks back past any number of events of the server, also when the look is cut.
func TestHead_BehindSystemEvents(t *testing.T) {
	n := startNode(t)
	s := connect(t, n.ConnectionString())
	system := eventstoretest.Events(6000)
	for i := range system {
		system[i].Type = "$statsCollected"
	}
	require.Equal(t, eventstore.Beginning, head(t, s))
	eventstoretest.Append(t, s, "stats-1", eventstore.NoStream, system[:1]...)
	require.Equal(t, eventstore.Beginning, head(t, s), "a log of the server's events alone")
	last := eventstoretest.Append(t, s, "stream-1", eventstore.NoStream, eventstoretest.Events(2)...)
	at := eventstore.Revision(0)
	for _, n := range []int{1, 30, 1, 70, 5000} {
		at = eventstoretest.Append(t, s, "stats-1", at, system[1:1+n]...).Revision
		require.Equal(t, last.Position, head(t, s), "after %d events of the server", at)
	}
	n.Faults().CutReads(4, 20)
	require.Equal(t, last.Position, head(t, s))
}

func head(t *testing.T, s *Store) eventstore.Position {
	t.Helper()
	p, err := s.Head(bounded(t))
	require.NoError(t, err)
	return p
}

// Ensure that a subscription ends, with the reason, when trying again can't mend it, and only then.
func TestSubscribe_Unmendable(t *testing.T) {
	n := startNode(t)
	s := connect(t, n.ConnectionString())
	eventstoretest.Append(t, s, "stream-1", eventstore.NoStream, eventstoretest.Events(5)...)
	err := eventstoretest.Unending(s.Subscribe(bounded(t), 7))
	require.ErrorContains(t, err, "position", "this position is of another log")

	calls := 0
	denied := play(t, &script{read: func(*streams.ReadReq, streams.Streams_ReadServer) error {
		if calls++; calls <= 3 {
			return status.Error(codes.Internal, "a bad day")
		}
		return status.Error(codes.PermissionDenied, "no")
	}}, Options{})
	require.ErrorContains(t, eventstoretest.Unending(denied.Subscribe(bounded(t), eventstore.Beginning)), "PermissionDenied")
	require.Equal(t, 4, calls)
}

// Ensure that a server that repeats events is corrected, and one that skips the confirmation is asked again.
func TestSubscribe_Repeats(t *testing.T) {
	calls := 0
	confirmed := &streams.ReadResp{Content: &streams.ReadResp_Confirmation{Confirmation: &streams.ReadResp_SubscriptionConfirmation{SubscriptionId: "s"}}}
	s := play(t, &script{read: func(req *streams.ReadReq, call streams.Streams_ReadServer) error {
		if req.GetOptions().GetStream() != nil { // whether the last event is still there
			return call.Send(said("stream-1", "First", 0, 100))
		}
		if calls++; calls == 1 {
			return call.Send(said("stream-1", "First", 0, 100))
		}
		err := errors.Join(call.Send(confirmed), call.Send(said("stream-1", "First", 0, 100)))
		if calls > 2 {
			err = errors.Join(err, call.Send(said("stream-1", "$metadata", 0, 150)), call.Send(said("stream-1", "Second", 1, 200)))
		}
		return err
	}}, Options{})
	got := eventstoretest.Take(t, s.Subscribe(bounded(t), eventstore.Beginning), 2, "stream-1")
	require.Equal(t, []string{"First", "Second"}, []string{got[0].Type, got[1].Type})
}

// Ensure that every error is judged as what it means.
func TestVerdict(t *testing.T) {
	wrapped := func(err error) error { return fmt.Errorf("could not send append request. Reason: %w", err) }
	for _, c := range []struct {
		err  error
		want verdict
	}{
		{io.EOF, verdictAgain},
		{wrapped(io.EOF), verdictAgain},
		{errors.New("anything"), verdictAgain},
		{wrapped(&client.Error{}), verdictAgain},
		{status.Error(codes.Canceled, "grpc: the client connection is closing"), verdictAgain},
		{status.Error(codes.NotFound, "Leader info available"), verdictAgain},
		{status.Error(codes.Aborted, "Consumer too slow"), verdictAgain},
		{status.Error(codes.Internal, "stream terminated by RST_STREAM"), verdictAgain},
		{wrapped(status.Error(codes.Unavailable, "connection refused")), verdictLost},
		{wrapped(errSilent), verdictLost},
		{errors.New("maximum discovery attempt count reached: 10"), verdictDead},
		{errWoken, verdictDead},
		{ErrClosed, verdictFinal},
		{wrapped(&unexpected{"x"}), verdictFinal},
		{status.Error(codes.Unauthenticated, ""), verdictFinal},
		{status.Error(codes.DataLoss, ""), verdictFinal},
		{status.Error(codes.ResourceExhausted, "grpc: received message larger than max (9 vs. 4)"), verdictTooLarge},
	} {
		require.Equal(t, c.want, verdictOn(c.err), "%v", c.err)
	}
}

// Ensure that a panic of the client becomes an error, and the one of a closed client is known as such.
func TestGuarded(t *testing.T) {
	_, err := guarded(func() (int, error) { panic("unreachable code") })
	require.ErrorContains(t, err, "unreachable code")
	_, err = guarded(func() (int, error) { c := make(chan int); close(c); c <- 1; return 0, nil })
	require.ErrorIs(t, err, errWoken)
	value, err := guarded(func() (int, error) { return 7, nil })
	require.NoError(t, err)
	require.Equal(t, 7, value)
}

// Ensure that a connection string that can't be understood is an error at once.
func TestOpen_BadConnectionString(t *testing.T) {
	for _, text := range []string{"", "http://127.0.0.1:1", "esdb://", "esdb://127.0.0.1:x?tls=false"} {
		_, err := Open(Options{ConnectionString: text})
		require.Error(t, err, text)
	}
}
