package feed

import (
	"slices"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/eventstore"
)

// healing is a relay and a reader at work on a feed to which something happens.
type healing struct {
	*world
	options RelayOptions
	relay   *running
	reader  *following
}

func heal(t *testing.T, events int) *healing {
	t.Helper()
	t.Parallel()
	h := &healing{world: newWorld(t), options: relayOptions()}
	h.options.Window = 512
	h.options.DuplicateWindow = 200 * time.Millisecond
	h.relay = h.world.relay(h.options)
	h.write(events)
	h.caughtUp()
	h.reader = h.follow(sourceOptions(), eventstore.Start)
	h.reader.requireAll()
	h.reader.onFeed()
	return h
}

// forgets waits until JetStream has forgotten the ids of all messages so far.
func (h *healing) forgets() {
	h.t.Helper()
	js := h.jetstream()
	publish := func() bool {
		ack, err := js.PublishMsg(h.ctx, nats.NewMsg("ledger.v1.stray"), jetstream.WithMsgID("probe"))
		return err == nil && !ack.Duplicate
	}
	require.True(h.t, publish())
	h.until(publish, "the duplicate window passes")
}

// publishes writes the events into the stream as a stranger would who copies what he has seen.
func (h *healing) publishes(events []eventstore.Sequenced, truth []eventstore.Sequenced) {
	h.t.Helper()
	js := h.jetstream()
	for _, e := range events {
		m := Message{Event: e, Previous: eventstore.Beginning}
		if e.Seq > 0 {
			m.Previous = truth[e.Seq-1].Position
		}
		msg, err := m.NATS(1 << 20)
		require.NoError(h.t, err)
		delete(msg.Header, headerMessageID)
		_, err = js.PublishMsg(h.ctx, msg)
		require.NoError(h.t, err)
	}
}

// healed writes some more, waits for all of it at the end of feed and reader, and starts a second reader that
// has to get through whatever the stream holds now.
func (h *healing) healed() (fresh *following) {
	h.t.Helper()
	h.write(20)
	h.caughtUp()
	h.reader.requireAll()
	fresh = h.follow(sourceOptions(), eventstore.Start)
	fresh.requireAll()
	require.NoError(h.t, h.relay.conn.LastError())
	return fresh
}

func TestHeals_AStoreRolledBackByThousands(t *testing.T) {
	h := heal(t, 200)
	restore := h.backup()
	h.write(3000)
	h.caughtUp()
	h.reader.requireAll()
	restore()
	require.Less(t, len(h.messages()), 3200, "the fault happened")
	h.healed()
	h.requireFeedIsLog()
	s := h.relay.Status()
	require.EqualValues(t, 3000, s.Healed)
	require.EqualValues(t, 1, s.LostTails)
	require.Positive(t, s.Doubts)
	require.NotEmpty(t, s.LastError)
	require.WithinDuration(t, time.Now(), s.FailedAt, patience)
}

func TestHeals_APurgedStream(t *testing.T) {
	for name, forgotten := range map[string]bool{"while JetStream remembers the ids": false, "after the duplicate window": true} {
		t.Run(name, func(t *testing.T) {
			h := heal(t, 300)
			if forgotten {
				h.forgets()
			} else {
				h.remembers()
			}
			events := uint64(len(h.truth()))
			require.NoError(t, h.feed().Purge(h.ctx))
			h.until(func() bool { return h.relay.Status().Healed == events }, "the relay notices before anything new comes")
			h.healed()
			h.requireFeedIsLog()
			require.Equal(t, forgotten, h.relay.Status().Reissued == 0)
		})
	}
}

// remembers makes the duplicate window long.
func (h *healing) remembers() {
	h.t.Helper()
	require.Error(h.t, h.relay.stop())
	h.options.DuplicateWindow = time.Minute
	require.NoError(h.t, h.jetstream().DeleteStream(h.ctx, DefaultStream))
	h.relay = h.world.relay(h.options)
	h.caughtUp()
	h.reader.returnsToFeed()
	h.reader.requireAll()
}

func TestHeals_ADeletedStream(t *testing.T) {
	h := heal(t, 300)
	require.NoError(t, h.jetstream().DeleteStream(h.ctx, DefaultStream))
	h.healed()
	h.requireFeedIsLog()
	require.EqualValues(t, 300, h.relay.Status().Healed)
}

// Ensure messages deleted in the middle come from the log, and both ends say so.
func TestHeals_MessagesDeletedInTheMiddle(t *testing.T) {
	h := heal(t, 300)
	for _, sequence := range []uint64{2, 50, 51, 52, 170} {
		require.NoError(t, h.feed().DeleteMsg(h.ctx, sequence))
	}
	fresh := h.healed()
	h.until(func() bool { return h.relay.Status().Missing == 5 }, "the relay counts what is missing")
	require.Zero(t, h.relay.Status().Healed)
	require.Positive(t, fresh.Status().Gaps)
	require.GreaterOrEqual(t, fresh.Status().FromLog, uint64(5))
	require.Contains(t, fresh.Status().LastTrouble, errBrokenChain.Error())
}

// Ensure a stream that is purged while events are published holds all of them again, from the first one on.
func TestHeals_AStreamPurgedInTheMidstOfPublishing(t *testing.T) {
	h := heal(t, 300)
	h.remembers()
	last := h.feed().CachedInfo().State.LastSeq
	h.write(20)
	h.caughtUp()
	require.NoError(t, h.feed().Purge(h.ctx, jetstream.WithPurgeSequence(last))) // as if it had come in between
	require.Less(t, len(h.messages()), 300, "the fault happened")
	h.until(func() bool { return h.relay.Status().Remade == 1 }, "the relay notices before anything new comes")
	h.healed()
	h.requireFeedIsLog()
	require.Zero(t, h.relay.Status().Missing)
}

// Ensure hundreds of messages that are no events stop neither end.
func TestHeals_ForeignMessages(t *testing.T) {
	h := heal(t, 100)
	js := h.jetstream()
	for range 300 {
		_, err := js.PublishMsg(h.ctx, nats.NewMsg("ledger.v1.stray"))
		require.NoError(t, err)
	}
	fresh := h.healed()
	h.requireFeedIsLog()
	require.EqualValues(t, 300, h.relay.Status().Strays)
	require.Zero(t, h.relay.Status().Healed)
	require.Positive(t, fresh.Status().Strays)
}

// Ensure a stranger who copies events behind the end moves neither end back.
func TestHeals_Duplicates(t *testing.T) {
	h := heal(t, 200)
	h.publishes(h.truth()[40:110], h.truth())
	require.Equal(t, 270, len(h.messages()), "the fault happened")
	fresh := h.healed()
	require.Equal(t, 290, len(h.messages()), "nothing was published again")
	require.EqualValues(t, 70, h.relay.Status().Strays)
	require.Zero(t, h.relay.Status().Healed)
	require.Positive(t, fresh.Status().Repeats)
}

// Ensure a stranger who writes the next events in the wrong order misleads nobody.
func TestHeals_ReorderedMessages(t *testing.T) {
	h := heal(t, 100)
	require.Error(t, h.relay.stop())
	h.write(30)
	wrong := h.truth()[100:]
	slices.Reverse(wrong)
	h.publishes(wrong, h.truth())
	h.relay = h.world.relay(h.options)
	fresh := h.healed()
	require.Positive(t, fresh.Status().Gaps+fresh.Status().Repeats)
	require.Positive(t, fresh.Status().FromLog)
	fresh.returnsToFeed()
	h.reader.returnsToFeed()
}

// Ensure a feed that brings nothing but what is passed over counts as silent.
func TestHeals_NoiseIsNoSignOfLife(t *testing.T) {
	h := heal(t, 50)
	require.Error(t, h.relay.stop())
	options := sourceOptions()
	options.Patience = time.Second // which the noise never lets pass
	require.Error(t, h.reader.stop())
	truth := h.truth()
	h.reader = h.follow(options, eventstore.Start)
	h.reader.requireAll()
	h.reader.onFeed()
	h.write(10)
	h.until(func() bool {
		h.publishes(truth[10:11], truth)
		return h.reader.last() == h.head()
	}, "the reader goes to the log")
	require.Positive(t, h.reader.Status().Stalls)
	require.Positive(t, h.reader.Status().Repeats)
	h.relay = h.world.relay(h.options)
	h.healed()
}

// Ensure a connection that is cut for long, or hangs, is lived through; the reader goes on meanwhile.
func TestHeals_AConnectionCutForLong(t *testing.T) {
	for name, cut := range map[string]func(*proxy){"cut": (*proxy).cut, "hanging": (*proxy).hang} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			p := newProxy(t, w.listen)
			direct := w.listen
			w.listen = p.addr
			options := relayOptions()
			options.AckWait = 500 * time.Millisecond
			r, f := w.relay(options), w.follow(sourceOptions(), eventstore.Start)
			w.listen = direct
			w.write(100)
			w.caughtUp()
			f.requireAll()
			f.onFeed()
			cut(p)
			w.write(2000)
			f.requireAll()
			require.Positive(t, f.Status().FromLog)
			w.until(func() bool { return r.Status().LastError != "" && r.Status().Lag > 0 }, "the relay notices")
			require.Less(t, len(w.messages()), 2100, "the fault happened")
			p.heal()
			w.requireFeedIsLog()
			f.returnsToFeed()
			f.requireAll()
			w.until(func() bool { return r.Status().Lag == 0 }, "nothing is outstanding")
		})
	}
}

// Ensure the lag is that of what is outstanding, not of how long ago the last event was.
func TestRelayStatus_TellsTheLag(t *testing.T) {
	w := newWorld(t)
	r := w.relay(relayOptions())
	w.write(10)
	w.caughtUp()
	w.until(func() bool { s := r.Status(); return s.Head == w.head() && s.Published.NextSeq == 10 }, "it knows")
	require.Zero(t, r.Status().Lag)
	require.Equal(t, w.truth()[9].Created, r.Status().PublishedAt)
	w.stop()
	idle := time.Now()
	w.write(1)
	w.until(func() bool { return r.Status().Lag > 10*time.Millisecond }, "an event waits")
	require.LessOrEqual(t, r.Status().Lag, time.Since(idle), "no older than the event that waits")
	require.Equal(t, w.head(), r.Status().Head)
	w.start()
	w.until(func() bool { return r.Status().Lag == 0 && r.Status().Published.NextSeq == 11 }, "nothing waits")
}
