package feed

import (
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/eventstore"
)

func (r *running) standsBy() bool { return r.Status().Standby }

// pair is a relay at work and one that stands by.
func (w *world) pair(options RelayOptions) (active, standby *running) {
	w.t.Helper()
	options.Name = "first"
	active = w.relay(options)
	w.until(func() bool { return active.Status().Leased }, "the first has the lease")
	options.Name = "second"
	standby = w.relay(options)
	w.until(standby.standsBy, "the second stands by")
	return active, standby
}

func (w *world) leases() jetstream.KeyValue {
	w.t.Helper()
	bucket, err := w.jetstream().KeyValue(w.ctx, DefaultStream+"-relay")
	require.NoError(w.t, err)
	return bucket
}

// Ensure one of two relays works, neither fights, and both say who works and since when.
func TestLease_OneWorks(t *testing.T) {
	w := newWorld(t)
	began := time.Now().Add(-time.Second)
	active, standby := w.pair(relayOptions())
	w.write(500)
	w.requireFeedIsLog()
	require.False(t, active.standsBy())
	require.Zero(t, active.Status().Doubts)
	require.Zero(t, standby.Status().Doubts)
	for _, r := range []*running{active, standby} {
		require.Equal(t, "first", r.Status().Holder)
		require.Equal(t, active.Status().HolderSince, r.Status().HolderSince)
		require.WithinRange(t, r.Status().HolderSince, began, time.Now().Add(time.Second))
	}
	require.False(t, standby.Status().Leased)
	w.until(func() bool { return standby.Status().Head == w.head() }, "the standby watches the log too")
}

// Ensure a relay that stops hands over at once: the lease here would last for an hour.
func TestLease_StoppingHandsOver(t *testing.T) {
	w := newWorld(t)
	options := relayOptions()
	options.LeaseTTL = time.Hour
	active, standby := w.pair(options)
	w.write(50)
	w.caughtUp()
	require.Error(t, active.stop())
	w.write(50)
	w.requireFeedIsLog()
	require.Equal(t, "second", standby.Status().Holder)
	require.True(t, standby.Status().Leased)
}

// Ensure a standby takes over from a relay that died without a word.
func TestLease_TakesOverFromTheDead(t *testing.T) {
	w := newWorld(t)
	active, standby := w.pair(relayOptions())
	w.write(50)
	w.caughtUp()
	active.conn.Close()
	w.write(50)
	w.requireFeedIsLog()
	require.True(t, standby.Status().Leased)
	require.Zero(t, standby.Status().Doubts)
}

// Ensure a standby takes over by its own clock too: a bucket that somebody made otherwise forgets nothing.
func TestLease_TakesOverWithoutTheServersClock(t *testing.T) {
	w := newWorld(t)
	_, err := w.jetstream().CreateKeyValue(w.ctx, jetstream.KeyValueConfig{Bucket: DefaultStream + "-relay", Storage: jetstream.FileStorage})
	require.NoError(t, err)
	active, standby := w.pair(relayOptions())
	active.conn.Close()
	w.write(50)
	w.requireFeedIsLog()
	require.True(t, standby.Status().Leased)
	_, err = w.leases().Get(w.ctx, leaseKey)
	require.NoError(t, err)
}

// Ensure a relay that finds the lease in the hands of another stops publishing, and has it back once the
// other doesn't renew it.
func TestLease_LostAndHadAgain(t *testing.T) {
	w := newWorld(t)
	r := w.relay(relayOptions())
	w.write(20)
	w.caughtUp()
	_, err := w.leases().PutString(w.ctx, leaseKey, `{"id":"x","name":"thief"}`)
	require.NoError(t, err)
	w.until(r.standsBy, "it stands by")
	require.Equal(t, "thief", r.Status().Holder)
	require.Equal(t, errLeaseLost.Error(), r.Status().LastError)
	w.write(20)
	w.requireFeedIsLog()
	require.True(t, r.Status().Leased)
}

// Ensure a bucket that is lost, by deletion or because it is kept in memory, is made again.
func TestLease_TheBucketIsMadeAgain(t *testing.T) {
	for name, lose := range map[string]func(w *world){
		"deleted":   func(w *world) { require.NoError(w.t, w.jetstream().DeleteKeyValue(w.ctx, DefaultStream+"-relay")) },
		"emptied":   func(w *world) { require.NoError(w.t, w.leases().Purge(w.ctx, leaseKey)) },
		"restarted": func(w *world) { w.stop(); w.start() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			active, standby := w.pair(relayOptions())
			w.write(20)
			w.caughtUp()
			lose(w)
			w.write(20)
			w.requireFeedIsLog()
			js := w.jetstream()
			w.until(func() bool {
				bucket, err := js.KeyValue(w.ctx, DefaultStream+"-relay")
				if err != nil {
					return false
				}
				_, err = bucket.Get(w.ctx, leaseKey)
				return err == nil && active.Status().Leased != standby.Status().Leased
			}, "one has the lease again")
		})
	}
}

// Ensure relays work where no lease can be had, and even then don't fight: a stranger's stream takes the
// bucket's place here.
func TestLease_WorksWithout(t *testing.T) {
	w := newWorld(t)
	_, err := w.jetstream().CreateStream(w.ctx, jetstream.StreamConfig{Name: "stranger", Subjects: []string{"$KV." + DefaultStream + "-relay.>"}})
	require.NoError(t, err)
	options := relayOptions()
	options.Takeover = 2 * time.Second
	a, b := w.relay(options), w.relay(options)
	w.until(func() bool { w.write(5); return a.standsBy() != b.standsBy() }, "one stands by")
	w.write(500)
	w.requireFeedIsLog()
	require.NotEqual(t, a.standsBy(), b.standsBy(), "they don't fight")
	require.LessOrEqual(t, a.Status().Doubts+b.Status().Doubts, uint64(4), "they don't fight")
	require.False(t, a.Status().Leased || b.Status().Leased)
	active := a
	if a.standsBy() {
		active = b
	}
	active.kill(t)
	w.write(100)
	w.requireFeedIsLog()
}

// Ensure two relays that both believe to hold the lease are harmless: the fence decides.
func TestLease_TwoHoldersAreHarmless(t *testing.T) {
	w := newWorld(t)
	options := relayOptions()
	a, b := w.relay(options), w.relay(options)
	f := w.follow(sourceOptions(), eventstore.Start)
	refusals := func() uint64 { return a.Status().Doubts + b.Status().Doubts }
	for round := 0; round < 20 || refusals() == 0; round++ { // until they have met
		require.Less(t, round, 1000, "they never met")
		w.write(50)
		for _, r := range []*running{a, b} {
			r.lease.becomes(leaseMine, holder{})
		}
	}
	w.requireFeedIsLog()
	f.requireAll()
}

// Ensure a standby that takes over reports what the stream lost before it did, which only the other had published.
func TestLease_TakeoverReportsALostTail(t *testing.T) {
	w := newWorld(t)
	first := w.relay(relayOptions())
	w.write(100)
	w.caughtUp()
	require.Error(t, first.stop())
	restore := w.backup()
	active, standby := w.pair(relayOptions())
	w.write(200)
	w.caughtUp()
	w.until(func() bool {
		standby.state.mu.Lock()
		defer standby.state.mu.Unlock()
		return standby.state.heard.Position == w.head()
	}, "the standby hears how far the stream reaches")
	active.kill(t)
	restore()
	w.caughtUp()
	w.requireFeedIsLog()
	require.EqualValues(t, 200, standby.Status().Healed)
	require.EqualValues(t, 1, standby.Status().LostTails)
}
