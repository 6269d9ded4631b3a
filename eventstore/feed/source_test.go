package feed

import (
	"bytes"
	"context"
	"errors"
	"iter"
	"testing"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/eventstore/memory"
	"github.com/partnerledger/partnerledger/projections"
)

var _ projections.Source = (*Source)(nil)

// filled is a world with n events in log and feed; the relay is gone.
func filled(t *testing.T, n int) *world {
	t.Helper()
	w := newWorld(t)
	r := w.relay(relayOptions())
	w.write(n)
	w.caughtUp()
	require.ErrorIs(t, r.stop(), context.Canceled)
	return w
}

func (w *world) feed() jetstream.Stream {
	w.t.Helper()
	s, err := w.jetstream().Stream(w.ctx, DefaultStream)
	require.NoError(w.t, err)
	return s
}

func TestSourceStartsAnywhere(t *testing.T) {
	w := filled(t, 60)
	s, err := NewSource(w.log, w.connect(), sourceOptions())
	require.NoError(t, err)
	truth := w.truth()
	for i := range truth {
		from := eventstore.Start
		if i > 0 {
			from = truth[i-1].After()
		}
		for e, err := range s.Events(w.ctx, from) {
			require.NoError(t, err)
			require.Equal(t, truth[i], e)
			break
		}
	}
	require.Zero(t, s.Status().Switches)
	require.Zero(t, s.Status().Readers, "breaking out frees everything")
	w.until(func() bool {
		info, err := w.feed().Info(w.ctx)
		return err == nil && info.State.Consumers == 0
	}, "no consumer stays behind")
}

func TestSourceWaitsAtTheEnd(t *testing.T) {
	w := filled(t, 10)
	f := w.follow(sourceOptions(), w.truth()[9].After())
	f.onFeed()
	w.relay(relayOptions())
	w.write(10)
	f.requireAll()
}

func TestMissingMessagesComeFromTheLog(t *testing.T) {
	for name, missing := range map[string][]uint64{
		"from the beginning": {1, 2},
		"from the middle":    {60},
		"here and there":     {20, 21, 22, 57, 99},
	} {
		t.Run(name, func(t *testing.T) {
			w := filled(t, 100)
			for _, sequence := range missing {
				require.NoError(t, w.feed().DeleteMsg(w.ctx, sequence))
			}
			f := w.follow(sourceOptions(), eventstore.Start)
			f.requireAll()
			require.Positive(t, f.Status().Gaps)
			require.Positive(t, f.Status().FromLog)
			f.onFeed()
		})
	}
}

// A message stands in the feed where another belongs.
func TestAMessageThatDoesNotFollowIsNotBelieved(t *testing.T) {
	for name, alter := range map[string]func(m *Message){
		"wrong seq":      func(m *Message) { m.Event.Seq++ },
		"wrong previous": func(m *Message) { m.Previous-- },
		"repeated":       func(m *Message) { m.Event.Seq--; m.Event.Position -= 100; m.Previous -= 100 },
	} {
		t.Run(name, func(t *testing.T) {
			w := filled(t, 20)
			f := w.follow(sourceOptions(), eventstore.Start)
			f.requireAll()
			f.onFeed()
			w.write(5)
			truth := w.truth()
			js := w.jetstream()
			for i := 20; i < 25; i++ {
				m := Message{Event: truth[i], Previous: truth[i-1].Position}
				if i == 22 {
					alter(&m)
				}
				msg, err := m.NATS(1 << 20)
				require.NoError(t, err)
				_, err = js.PublishMsg(w.ctx, msg)
				require.NoError(t, err)
			}
			f.requireAll()
			require.Positive(t, f.Status().FromLog)
		})
	}
}

func TestWithoutARelayTheLogIsRead(t *testing.T) {
	w := filled(t, 50)
	f := w.follow(sourceOptions(), eventstore.Start)
	f.requireAll()
	f.onFeed()
	w.write(50)
	f.requireAll()
	require.Positive(t, f.Status().Stalls)
	w.relay(relayOptions())
	f.returnsToFeed()
	f.requireAll()
}

func TestWithoutNATSTheLogIsRead(t *testing.T) {
	w := filled(t, 50)
	f := w.follow(sourceOptions(), eventstore.Start)
	f.requireAll()
	f.onFeed()
	w.stop()
	w.write(200)
	f.requireAll()
	require.Equal(t, 1, f.Status().OnLog)
	w.start()
	w.relay(relayOptions())
	f.returnsToFeed()
	f.requireAll()
}

// JetStream gives the sequence numbers of a lost tail to other messages: whoever went on by them would
// miss the events between.
func TestSequenceNumbersThatAreUsedAgainMisleadNobody(t *testing.T) {
	w := filled(t, 30)
	restore := w.backup()
	r := w.relay(relayOptions())
	f := w.follow(sourceOptions(), eventstore.Start)
	w.write(30)
	w.caughtUp()
	f.requireAll()
	require.Error(t, r.stop())
	restore()
	_, err := w.jetstream().Publish(w.ctx, "ledger.v1.stray", nil) // so that all numbers shift by one
	require.NoError(t, err)
	w.relay(relayOptions())
	w.write(40)
	f.requireAll()
	w.requireFeedIsLog()
}

func TestAFeedOfAnotherLogIsNotRead(t *testing.T) {
	w := filled(t, 30)
	w.log = memory.New()
	w.write(40)
	f := w.follow(sourceOptions(), eventstore.Start)
	f.requireAll()
	require.Zero(t, f.Status().FromFeed)
	require.Contains(t, f.Status().LastTrouble, ErrForeignFeed.Error())
}

func TestAnEventTooLargeForAMessageComesFromTheLog(t *testing.T) {
	w := newWorld(t)
	for size := range 4 {
		e := proposed("PartnershipEstablished")
		e.Data = []byte(`"` + string(bytes.Repeat([]byte("d"), 1<<20-100)) + `"`)
		e.Metadata = []byte(`{"provider":"p","basis":"` + string(bytes.Repeat([]byte("é"), size*20_000)) + `"}`)
		_, err := w.log.Append(w.ctx, w.stream(), eventstore.NoStream, e)
		require.NoError(t, err)
	}
	w.write(3)
	w.relay(relayOptions())
	w.caughtUp()
	f := w.follow(sourceOptions(), eventstore.Start)
	f.requireAll()
	require.EqualValues(t, 7, f.Status().FromFeed)
	omitted := 0
	for _, m := range w.messages() {
		if m.Omitted {
			require.Empty(t, m.Event.Data)
			omitted++
		}
	}
	require.Equal(t, 3, omitted)
}

func TestCursorAfterAPosition(t *testing.T) {
	w := filled(t, 40)
	w.write(5) // which the feed doesn't have
	for _, deleted := range []uint64{11, 12, 40} {
		require.NoError(t, w.feed().DeleteMsg(w.ctx, deleted))
	}
	s, err := NewSource(w.log, w.connect(), sourceOptions())
	require.NoError(t, err)
	check := func() {
		for _, e := range w.truth() {
			c, err := s.CursorAfter(w.ctx, e.Position)
			require.NoError(t, err)
			require.Equal(t, e.After(), c)
		}
		c, err := s.CursorAfter(w.ctx, eventstore.Beginning)
		require.NoError(t, err)
		require.Equal(t, eventstore.Start, c)
		for _, nowhere := range []eventstore.Position{7, 4550, 1 << 40} {
			_, err := s.CursorAfter(w.ctx, nowhere)
			require.ErrorContains(t, err, "no event at position")
		}
	}
	check()
	w.stop()
	check()
}

// brokenLog is a log whose subscription ends with an error that trying again can't mend.
type brokenLog struct{ eventstore.Store }

var errBrokenLog = errors.New("the log is broken")

func (brokenLog) Subscribe(context.Context, eventstore.Position) iter.Seq2[eventstore.Recorded, error] {
	return func(yield func(eventstore.Recorded, error) bool) { yield(eventstore.Recorded{}, errBrokenLog) }
}

func TestABrokenLogEndsBoth(t *testing.T) {
	w := newWorld(t)
	r, err := NewRelay(brokenLog{w.log}, w.connect(), relayOptions())
	require.NoError(t, err)
	require.ErrorIs(t, r.Run(w.ctx), errBrokenLog)
	w.stop()
	w.until(func() bool { return !r.conn.IsConnected() }, "the connection is lost")
	s, err := NewSource(brokenLog{w.log}, r.conn, sourceOptions())
	require.NoError(t, err)
	ended := 0
	for _, err := range s.Events(w.ctx, eventstore.Start) {
		require.ErrorIs(t, err, errBrokenLog)
		ended++
	}
	require.Equal(t, 1, ended)
}

func TestEventsEndWithTheContext(t *testing.T) {
	w := filled(t, 3)
	ctx, cancel := context.WithCancel(w.ctx)
	defer cancel()
	s, err := NewSource(w.log, w.connect(), sourceOptions())
	require.NoError(t, err)
	var got []uuid.UUID
	var last error
	for e, err := range s.Events(ctx, eventstore.Start) {
		if last = err; err != nil {
			continue
		}
		if got = append(got, e.ID); len(got) == 3 {
			cancel()
		}
	}
	require.ErrorIs(t, last, context.Canceled)
	require.Len(t, got, 3)
}

// Ensure a reader may leave the loop although its context has ended meanwhile: the loop isn't called again.
func TestLeavingTheLoopWhileTheContextEnds(t *testing.T) {
	w := filled(t, 3)
	s, err := NewSource(w.log, w.connect(), sourceOptions())
	require.NoError(t, err)
	for _, from := range []string{"feed", "log"} {
		if from == "log" {
			w.stop()
		}
		ctx, cancel := context.WithCancel(w.ctx)
		defer cancel()
		calls := 0
		for _, err := range s.Events(ctx, eventstore.Start) {
			require.NoError(t, err, from)
			calls++
			cancel()
			break
		}
		require.Equal(t, 1, calls, from)
	}
}
