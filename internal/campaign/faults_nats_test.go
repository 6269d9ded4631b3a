//go:build linux

package campaign

import (
	"context"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/eventstore/feed"
)

// natsFaults are what happens to the store of NATS.
func natsFaults() []fault {
	return []fault{
		{name: "nats-rolled-back", does: "the store of NATS is an old copy; everything since is lost", strike: func(r *round) {
			r.at(0.5)
			r.quiet()
			r.let(1)
			r.rollBack()
			r.effect(r.healed)
		}},
		{name: "nats-deleted", does: "the store of NATS is gone", strike: func(r *round) {
			r.at(0.5)
			r.quiet()
			r.let(1)
			r.replaceNATS("")
			r.effect(r.healed)
		}},
		{name: "nats-purged", does: "the stream is emptied, and remembers the ids of what it lost", strike: func(r *round) {
			r.at(0.5)
			r.quiet()
			r.injected()
			r.seen(r.purge() && until(r, effectTime, r.healed))
		}},
		{name: "nats-window-passed", does: "an old copy, when nobody remembers ids any more, with two relays", prepare: func(r *round) {
			for _, p := range r.world.relays {
				p.again("LEDGERD_DUPLICATE_WINDOW=100ms")
			}
		}, strike: func(r *round) {
			r.at(0.5)
			r.quiet()
			r.let(1)
			r.rollBack()
			r.effect(func() bool { return r.healed() && r.window() == 100*time.Millisecond })
		}, mend: func(r *round) {
			for _, p := range r.world.relays {
				p.again()
			}
		}},
		{name: "nats-hole", does: "messages are missing within the stream", strike: func(r *round) {
			r.at(0.5)
			r.injected()
			r.seen(r.makeHole() && r.healsHole())
		}, mend: func(r *round) { r.purge() }},
	}
}

// quiet waits until the stream holds the log as it is, so that something is lost when it is lost.
func (r *round) quiet() {
	r.readLogAgain()
	_ = until(r, effectTime, func() bool { return r.streamReached() == nil })
	r.lost, r.lostAt = len(r.log)-1, time.Now()
}

// healed tells whether the event that was the last one when something was lost is in the stream again, and was put
// there since.
func (r *round) healed() bool {
	ctx, cancel := context.WithTimeout(r, revivalOfNATS)
	defer cancel()
	stream, err := r.stream(ctx)
	if err != nil {
		return false
	}
	msg, err := stream.GetMsg(ctx, stream.CachedInfo().State.FirstSeq+uint64(r.lost))
	return err == nil && msg.Time.After(r.lostAt) && msg.Header.Get("ce-id") == r.log[r.lost].ID.String()
}

// rollBack puts an old copy of NATS's store in place; the first round of a world makes the copy.
func (r *round) rollBack() { r.replaceNATS(r.oldNATS()) }

// replaceNATS ends NATS and starts it on a copy of a directory, or on nothing.
func (r *round) replaceNATS(with string) {
	r.injected()
	dir := r.world.path("nats")
	r.world.nats.down(syscall.SIGKILL)
	require.NoError(r.t, empty(dir))
	if with != "" {
		require.NoError(r.t, os.CopyFS(dir, os.DirFS(with)))
	}
	r.world.nats.up()
	r.world.await("NATS", r.world.nats.isReady)
}

func (c *campaign) oldNATS() string { return filepath.Join(c.scratch, "nats") }

// keepNATS makes a copy of NATS's store as it is now, for later.
func (c *campaign) keepNATS() {
	c.world.nats.down(syscall.SIGTERM)
	require.NoError(c.t, os.CopyFS(c.oldNATS(), os.DirFS(c.world.path("nats"))))
	c.world.nats.up()
	c.world.await("NATS", c.world.nats.isReady)
}

// empty removes what is in a directory that is a file system of its own.
func empty(dir string) error {
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
			return err
		}
	}
	return err
}

func (r *round) purge() bool {
	ctx, cancel := context.WithTimeout(r, revivalOfNATS)
	defer cancel()
	stream, err := r.stream(ctx)
	return err == nil && stream.Purge(ctx) == nil
}

func (r *round) window() time.Duration {
	ctx, cancel := context.WithTimeout(r, revivalOfNATS)
	defer cancel()
	stream, err := r.stream(ctx)
	if err != nil {
		return 0
	}
	return stream.CachedInfo().Config.Duplicates
}

// holder is the relay that has the lease, as it stands where the relays keep it.
func (r *round) holder() string {
	ctx, cancel := context.WithTimeout(r, revivalOfNATS)
	defer cancel()
	js, err := jetstream.New(r.world.conn)
	require.NoError(r.t, err)
	bucket, err := js.KeyValue(ctx, feed.DefaultStream+"-relay")
	if err != nil {
		return ""
	}
	entry, err := bucket.Get(ctx, "holder")
	if err != nil {
		return ""
	}
	var holder struct {
		ID string `json:"id"`
	}
	_ = json.Unmarshal(entry.Value(), &holder)
	return holder.ID
}

// makeHole deletes three messages in the first half of the stream.
func (r *round) makeHole() bool {
	ctx, cancel := context.WithTimeout(r, revivalOfNATS)
	defer cancel()
	stream, err := r.stream(ctx)
	if err != nil {
		return false
	}
	state := stream.CachedInfo().State
	middle := state.FirstSeq + 1 + uint64(r.chance.Int64N(int64(max(state.Msgs/2, 1))))
	for n := range uint64(3) {
		if stream.DeleteMsg(ctx, middle+n) != nil {
			return false
		}
	}
	return true
}

// healsHole follows the feed from the beginning, and tells whether the hole was noticed and every event came.
func (r *round) healsHole() bool {
	conn, err := nats.Connect("nats://" + r.world.doors[natsForUs].address())
	require.NoError(r.t, err)
	defer conn.Close()
	source, err := feed.NewSource(r.world.store, conn, feed.SourceOptions{Logger: silent()})
	require.NoError(r.t, err)
	r.readLogAgain()
	ctx, cancel := context.WithTimeout(r, effectTime)
	defer cancel()
	next := 0
	for e, err := range source.Events(ctx, eventstore.Start) {
		if err != nil || e.Seq != uint64(next) || e.ID != r.log[next].ID {
			r.t.Errorf("past a hole came %v, %v", e.ID, err)
			return false
		}
		if next++; next == len(r.log) {
			break
		}
	}
	return source.Status().Gaps > 0
}

// noises are messages in the stream that no relay put there.
func noises() []fault {
	return []fault{
		{name: "feed-duplicates", does: "messages of the stream are published a second time, by somebody else", strike: func(r *round) { r.noise(0) },
			mend: func(r *round) { r.purge() }},
		{name: "feed-reordered", does: "messages of the stream come again in another order, mixed with strays", strike: func(r *round) { r.noise(7) },
			mend: func(r *round) { r.purge() }},
		{name: "feed-delayed", does: "the projectors and the subscriber get what they read late, piece by piece", strike: func(r *round) {
			r.at(0.2)
			for _, name := range []string{natsForProjectors, natsForSubscriber} {
				door := r.world.doors[name]
				before := door.delayed.Load()
				r.injected()
				door.slow(20*time.Millisecond + r.upTo(40*time.Millisecond))
				r.let(0.5)
				r.effect(func() bool { return door.delayed.Load() > before+5 })
			}
			r.at(0.9)
			r.world.doors[natsForProjectors].slow(0)
			r.world.doors[natsForSubscriber].slow(0)
		}},
	}
}

// noise publishes the last messages of the stream again, each that many places from where it belongs.
func (r *round) noise(displaced int) {
	js, err := jetstream.New(r.world.conn)
	require.NoError(r.t, err)
	for _, part := range []float64{0.2, 0.4, 0.6, 0.8} {
		r.at(part)
		ctx, cancel := context.WithTimeout(r, revivalOfNATS)
		stream, err := r.stream(ctx)
		if err != nil {
			cancel()
			continue
		}
		last, before := stream.CachedInfo().State.LastSeq, r.subscriber.noticed()
		for n := range uint64(10) {
			msg, err := stream.GetMsg(ctx, last-min(last-1, (n*uint64(1+displaced))%10))
			if err != nil {
				continue
			}
			copied := &nats.Msg{Subject: msg.Subject, Header: msg.Header, Data: msg.Data}
			for _, name := range []string{jetstream.MsgIDHeader, jetstream.ExpectedLastMsgIDHeader, jetstream.ExpectedLastSeqHeader} {
				copied.Header.Del(name)
			}
			if displaced > 0 && n == 5 {
				copied.Header.Del("ce-id")
			}
			_, err = js.PublishMsg(ctx, copied)
			require.NoError(r.t, err)
		}
		cancel()
		r.injected()
		r.effect(func() bool { return r.subscriber.noticed() > before || r.world.without != "" })
	}
}
