package esdbnode

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// acknowledged is what appenders were told: the ids of each stream's events by revision.
type acknowledged struct {
	mu      sync.Mutex
	streams map[string][]uuid.UUID
}

// appendUntilFailure lets writers append, each to its own stream, until the node fails under them.
func appendUntilFailure(ctx context.Context, n *Node, writers int) *acknowledged {
	told := &acknowledged{streams: map[string][]uuid.UUID{}}
	var group sync.WaitGroup
	for i := range writers {
		group.Go(func() {
			stream := fmt.Sprintf("stream-%d", i)
			for next := uint64(0); ; {
				list := randomEvents(stream, 1+int(next)%3)
				done, err := n.writer.append(ctx, stream, expectation{kind: expectAny}, list)
				if err != nil {
					return
				}
				told.add(stream, list)
				next = done.revision + 1
			}
		})
	}
	group.Wait()
	return told
}

func (a *acknowledged) add(stream string, list []proposed) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, e := range list {
		a.streams[stream] = append(a.streams[stream], e.id)
	}
}

func randomEvents(stream string, n int) []proposed {
	var list []proposed
	for range n {
		list = append(list, newProposed(stream, uuid.New(), "t", contentTypeJSON, nil, make([]byte, 700)))
	}
	return list
}

// missing counts the acknowledged events that a node does not have at their revision.
func (a *acknowledged) missing(t *testing.T, n *Node) int {
	t.Helper()
	lost := 0
	for stream, ids := range a.streams {
		events := n.index.viewStream(stream).events
		frames, err := n.log.frames(events.page(0, events.len()))
		require.NoError(t, err)
		for revision, id := range ids {
			if revision >= len(frames) {
				lost++
				continue
			}
			s, err := parseFrame(frames[revision])
			require.NoError(t, err)
			require.Equal(t, id, s.id, "%s@%d", stream, revision)
			require.EqualValues(t, revision, s.revision)
		}
	}
	return lost
}

// losePower runs a node until the power goes after some operations of its disk, and reports what became of what it had
// acknowledged: how many events there were, and how many of them are missing, all when the log does not open.
func losePower(t *testing.T, operations int, chance *rand.Rand, noSync bool) (told, lost int) {
	t.Helper()
	d := newCrashDisk(operations)
	opts := Options{SegmentSize: 32 << 10, NoSync: noSync, disk: d}
	said := &acknowledged{}
	if n, err := Start(t.Context(), opts); err == nil {
		said = appendUntilFailure(bounded(t), n, 4)
		require.Error(t, n.Close())
	}
	for _, ids := range said.streams {
		told += len(ids)
	}
	// The power may go again while the node recovers, and again.
	for range 3 {
		d = d.crash(chance)
		d.left = chance.IntN(20)
		opts.disk = d
		if n, err := Start(t.Context(), opts); err == nil {
			require.NoError(t, errors.Join(n.writer.close(), n.disk.close()))
			n.server.Stop()
		}
	}
	opts.disk = d.crash(chance)
	n, err := Start(t.Context(), opts)
	if noSync && err != nil {
		return told, told
	}
	require.NoError(t, err, "after %d operations", operations)
	defer n.Close()
	require.Equal(t, rebuilt(t, &copyOf{d: opts.disk}), dump(n.index))
	return told, said.missing(t, n)
}

// Ensure that whatever was acknowledged survives a loss of power at any operation of the disk, and that the index is then
// the one of the log. The long form, LEDGER_POWER=20, does all that so many times with another chance.
func TestPowerLoss_KeepsWhatWasAcknowledged(t *testing.T) {
	total := 0
	for round := range fromEnvironment(t, "LEDGER_POWER", 1) {
		chance := rand.New(rand.NewPCG(1, 2+uint64(round)))
		for operations := range 150 {
			told, lost := losePower(t, operations, chance, false)
			require.Zero(t, lost, "after %d operations", operations)
			total += told
		}
	}
	require.Greater(t, total, 1000)
	t.Logf("%d acknowledged events, none lost", total)
}

// Ensure that a process killed between any two operations of the disk, those on index files included, leaves what was
// acknowledged and an index that agrees with the log.
func TestKill_BetweenAnyTwoOperations(t *testing.T) {
	sealed := 0
	for operations := range 250 {
		d := newCrashDisk(operations)
		opts := Options{SegmentSize: 2 << 10, disk: d}
		said := &acknowledged{}
		if n, err := Start(t.Context(), opts); err == nil {
			said = appendUntilFailure(bounded(t), n, 2)
			require.Error(t, n.Close())
		}
		opts.disk = d.kill()
		n, err := Start(t.Context(), opts)
		require.NoError(t, err, "after %d operations", operations)
		require.Zero(t, said.missing(t, n), "after %d operations", operations)
		require.Equal(t, rebuilt(t, &copyOf{d: opts.disk}), dump(n.index))
		sealed = max(sealed, len(n.index.store.found))
		require.NoError(t, n.Close())
	}
	require.Greater(t, sealed, 5)
}

// Ensure that the test above can fail: without syncs the same loss of power loses acknowledged events.
func TestPowerLoss_BitesWithoutSync(t *testing.T) {
	chance := rand.New(rand.NewPCG(1, 2))
	lost, total := 0, 0
	for operations := 20; operations < 60; operations++ {
		told, missing := losePower(t, operations, chance, true)
		lost, total = lost+missing, total+told
	}
	require.Positive(t, lost)
	t.Logf("%d of %d acknowledged events lost", lost, total)
}
