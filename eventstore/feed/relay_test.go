package feed

import (
	"context"
	"errors"
	"math/rand/v2"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/eventstore/memory"
)

func TestEveryEventOnceInOrderUnderConcurrentWriters(t *testing.T) {
	w := newWorld(t)
	r := w.relay(relayOptions())
	f := w.follow(sourceOptions(), eventstore.Start)
	f.onFeed()
	var writers sync.WaitGroup
	for range 8 {
		writers.Go(func() { w.write(150) })
	}
	writers.Wait()
	w.requireFeedIsLog()
	f.requireAll()
	w.until(func() bool { return r.Status().Published.NextSeq == 1200 }, "the status says so")
	require.Zero(t, r.Status().Doubts)
	require.Positive(t, f.Status().FromFeed)
}

func TestRelayKilledAtAnyPoint(t *testing.T) {
	w := newWorld(t)
	w.write(3000)
	for target := uint64(0); target < 2500; target += 1 + rand.Uint64N(700) {
		r := w.relay(relayOptions())
		w.until(func() bool { return r.Status().Published.NextSeq >= target }, "some are published")
		r.kill(t)
	}
	w.relay(relayOptions())
	w.requireFeedIsLog()
}

func TestRelaySurvivesARestartOfNATS(t *testing.T) {
	w := newWorld(t)
	r := w.relay(relayOptions())
	for round := range uint64(3) {
		w.write(500)
		w.until(func() bool { return r.Status().Published.NextSeq > 510*round }, "it is publishing")
		w.stop()
		w.write(10)
		w.start()
	}
	w.requireFeedIsLog()
}

func TestALostTailIsPublishedAgain(t *testing.T) {
	w := newWorld(t)
	r := w.relay(relayOptions())
	f := w.follow(sourceOptions(), eventstore.Start)
	w.write(100)
	w.caughtUp()
	restore := w.backup()
	w.write(70)
	w.caughtUp()
	f.requireAll()
	restore()
	w.caughtUp() // nothing new is written: the relay has to notice by itself
	require.EqualValues(t, 70, r.Status().Healed)
	w.write(30)
	w.requireFeedIsLog()
	f.requireAll()
}

func TestAStreamThatIsDeletedIsMadeAgain(t *testing.T) {
	w := newWorld(t)
	r := w.relay(relayOptions())
	f := w.follow(sourceOptions(), eventstore.Start)
	w.write(100)
	w.caughtUp()
	f.onFeed()
	require.NoError(t, w.jetstream().DeleteStream(w.ctx, DefaultStream))
	w.write(50)
	w.requireFeedIsLog()
	f.requireAll()
	require.EqualValues(t, 100, r.Status().Healed)
}

// JetStream remembers the ids of deleted messages within the duplicate window, and claims to have them.
func TestMessagesDeletedFromTheEndArePublishedAgain(t *testing.T) {
	for name, remove := range map[string]func(w *world, s jetstream.Stream){
		"purged": func(w *world, s jetstream.Stream) { require.NoError(w.t, s.Purge(w.ctx)) },
		"deleted": func(w *world, s jetstream.Stream) {
			last := s.CachedInfo().State.LastSeq
			for sequence := last - 9; sequence <= last; sequence++ {
				require.NoError(w.t, s.DeleteMsg(w.ctx, sequence))
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			r := w.relay(relayOptions())
			f := w.follow(sourceOptions(), eventstore.Start)
			w.write(40)
			w.caughtUp()
			s, err := w.jetstream().Stream(w.ctx, DefaultStream)
			require.NoError(t, err)
			remove(w, s)
			w.requireFeedIsLog()
			w.write(20)
			w.requireFeedIsLog()
			f.requireAll()
			require.Positive(t, r.Status().Healed)
		})
	}
}

// A relay that was held up since it read the tail finds out when it publishes, however long that took:
// the chain, not the duplicate window, keeps it from writing.
func TestAZombieIsRefusedAfterTheDuplicateWindow(t *testing.T) {
	w := newWorld(t)
	options := relayOptions()
	options.DuplicateWindow = 100 * time.Millisecond
	w.write(20)
	zombie, err := NewRelay(w.log, w.connect(), options)
	require.NoError(t, err)
	old, err := zombie.begin(w.ctx)
	require.NoError(t, err)
	w.relay(options)
	w.requireFeedIsLog()

	// The pipelined messages of a zombie: event 5 right behind event 4, both long in the stream. While
	// JetStream remembers its id it is a duplicate; after that only the chain is left. Both are a refusal.
	truth := w.truth()
	var cause error
	w.until(func() bool {
		cause = zombie.pipeline(w, truth[4], truth[5])
		require.ErrorAs(t, cause, new(*refused))
		return !errors.Is(cause, errDuplicate)
	}, "the duplicate window passes")
	require.ErrorAs(t, zombie.publish(w.ctx, old), new(*refused))
	w.requireFeedIsLog()
}

// pipeline sends e behind before as a relay does in mid-window, and returns what comes of it.
func (r *Relay) pipeline(w *world, before, e eventstore.Sequenced) error {
	w.t.Helper()
	ctx, doubt := context.WithCancelCause(w.ctx)
	tenure, err := r.tenure(tail{cursor: before.After()}, doubt)
	require.NoError(w.t, err)
	defer tenure.js.CleanupPublisher()
	tenure.lastID = strconv.FormatInt(int64(before.Position), 10)
	require.NoError(w.t, tenure.send(ctx, e.Recorded))
	tenure.drain()
	return context.Cause(ctx)
}

// What follows a message that got lost on the way is refused: a hole can't come to be.
func TestAMessageBehindALostOneIsRefused(t *testing.T) {
	w := filled(t, 5)
	r, err := NewRelay(w.log, w.connect(), relayOptions())
	require.NoError(t, err)
	w.write(2)
	truth := w.truth()
	require.ErrorAs(t, r.pipeline(w, truth[5], truth[6]), new(*refused))
	require.Len(t, w.messages(), 5)
	require.NoError(t, r.pipeline(w, truth[4], truth[5]))
	require.NoError(t, r.pipeline(w, truth[5], truth[6]))
	w.requireFeedIsLog()
}

func TestAFeedOfAnotherLogHaltsTheRelay(t *testing.T) {
	w := newWorld(t)
	first := w.relay(relayOptions())
	w.write(30)
	w.caughtUp()
	require.Error(t, first.stop())
	before := len(w.messages())

	w.log = memory.New()
	w.write(40)
	second := w.relay(relayOptions())
	w.until(func() bool { return second.Status().LastError != "" }, "it halts")
	require.ErrorIs(t, second.stop(), ErrForeignFeed)
	require.Len(t, w.messages(), before)

	require.NoError(t, w.jetstream().DeleteStream(w.ctx, DefaultStream), "the way out")
	w.relay(relayOptions())
	w.requireFeedIsLog()
}

func TestStraysAreNoEvents(t *testing.T) {
	w := newWorld(t)
	r := w.relay(relayOptions())
	f := w.follow(sourceOptions(), eventstore.Start)
	js := w.jetstream()
	for range 5 {
		w.write(10)
		w.caughtUp()
		_, err := js.PublishMsg(w.ctx, nats.NewMsg("ledger.v1.stray"))
		require.NoError(t, err)
	}
	w.write(10)
	w.requireFeedIsLog()
	f.requireAll()
	require.NoError(t, r.conn.LastError())
	g := w.follow(sourceOptions(), eventstore.Start)
	g.requireAll()
	require.Positive(t, g.Status().Strays)
}
