package feed

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/eventstore"
)

// Ensure the fence is what keeps a relay that was held up from writing: without it the feed has events twice.
func TestUnfenced_IsNoticed(t *testing.T) {
	for name, unfenced := range map[string]bool{"fenced": false, "unfenced": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.write(20)
			options := relayOptions()
			options.Unfenced = unfenced
			zombie, err := NewRelay(w.log, w.connect(), options)
			require.NoError(t, err)
			old, err := zombie.begin(w.ctx)
			require.NoError(t, err)
			w.relay(options)
			w.caughtUp()
			ctx, cancel := context.WithCancel(w.ctx)
			defer cancel()
			ended := make(chan error, 1)
			go func() { ended <- zombie.publish(ctx, old) }()
			if !unfenced {
				require.ErrorAs(t, <-ended, new(*refused))
				w.requireFeedIsLog()
				return
			}
			w.until(func() bool { return len(w.messages()) == 40 }, "the zombie writes")
			cancel()
			require.ErrorIs(t, <-ended, context.Canceled)
		})
	}
}

// Ensure the chain is what keeps a reader from missing events and from getting them twice.
func TestUnchecked_IsNoticed(t *testing.T) {
	for name, unchecked := range map[string]bool{"checked": false, "unchecked": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := &healing{world: filled(t, 50)}
			for _, sequence := range []uint64{10, 11} {
				require.NoError(t, h.feed().DeleteMsg(h.ctx, sequence))
			}
			h.publishes(h.truth()[20:21], h.truth())
			h.world.relay(relayOptions())
			h.write(1)
			h.caughtUp()
			options := sourceOptions()
			options.Unchecked = unchecked
			f := h.follow(options, eventstore.Start)
			h.until(func() bool { return f.last() >= h.head() }, "the reader gets to the end")
			var seqs []uint64
			for _, e := range f.all() {
				seqs = append(seqs, e.Seq)
			}
			if !unchecked {
				f.requireAll()
				return
			}
			require.Len(t, seqs, 51-2+1)
			require.NotContains(t, seqs, uint64(9), "an event is missing")
			require.Equal(t, uint64(20), seqs[len(seqs)-2], "and another came twice")
		})
	}
}
