package httpapi

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// piece is work of which it is remembered when it ran.
type piece struct {
	keys       []string
	alone      bool
	begun, end int64
}

func (p *piece) conflicts(q *piece) bool {
	return p.alone || q.alone || slices.ContainsFunc(p.keys, func(key string) bool { return slices.Contains(q.keys, key) })
}

func randomPieces(chance *rand.Rand) []*piece {
	pieces := make([]*piece, 200)
	for i := range pieces {
		p := &piece{alone: chance.IntN(25) == 0}
		for range chance.IntN(4) {
			p.keys = append(p.keys, fmt.Sprint(chance.IntN(12))) // now and then one twice
		}
		pieces[i] = p
	}
	return pieces
}

// Ensure that of pieces with a common key, and of all and one that runs alone, the earlier is over before the later
// begins, and that never more run than were allowed.
func TestSideBySide_KeepsTheOrderOfWhatConflicts(t *testing.T) {
	for seed := range uint64(150) {
		chance := rand.New(rand.NewPCG(seed, 1))
		most := 1 + chance.IntN(20)
		pieces, work := randomPieces(chance), newSideBySide(most)
		var clock, running atomic.Int64
		for _, p := range pieces {
			pause := chance.IntN(20)
			work.start(p.keys, p.alone, func() {
				p.begun = clock.Add(1)
				if n := running.Add(1); n > int64(most) {
					t.Errorf("%d at once, of %d", n, most)
				}
				for range pause {
					runtime.Gosched()
				}
				running.Add(-1)
				p.end = clock.Add(1)
			})
		}
		work.wait()
		for j, later := range pieces {
			require.Positive(t, later.end, "piece %d was done", j)
			for i, earlier := range pieces[:j] {
				if earlier.conflicts(later) {
					require.Less(t, earlier.end, later.begun, "seed %d: pieces %d %v and %d %v", seed, i, earlier.keys, j, later.keys)
				}
			}
		}
	}
}

// Ensure work without a common key does run side by side: each piece ends only when all have begun.
func TestSideBySide_RunsWhatDoesNotConflictTogether(t *testing.T) {
	const many = 64
	work := newSideBySide(many)
	var begun sync.WaitGroup
	begun.Add(many)
	for i := range many {
		work.start([]string{fmt.Sprint(i)}, false, func() { begun.Done(); begun.Wait() })
	}
	work.wait()
}

// Ensure a later piece passes one that waits for a key.
func TestSideBySide_PassesWhatWaits(t *testing.T) {
	work, passed := newSideBySide(3), make(chan struct{})
	work.start([]string{"a"}, false, func() { <-passed })
	work.start([]string{"a"}, false, func() {})
	work.start([]string{"b"}, false, func() { close(passed) })
	work.wait()
}

// Ensure what is remembered is bounded by what is under way, however many keys there were.
func TestSideBySide_ForgetsWhatIsDone(t *testing.T) {
	work := newSideBySide(4)
	for i := range 10_000 {
		work.start([]string{fmt.Sprint(i), fmt.Sprint(-i), "c"}, false, func() {})
		require.LessOrEqual(t, len(work.last), 16*4+3)
	}
	work.wait()
	require.Empty(t, work.last)
}
