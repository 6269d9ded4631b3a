package esdbnode

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/stretchr/testify/require"
)

// describe writes the metadata of a stream.
func describe(t *testing.T, c *esdb.Client, stream, metadata string) {
	t.Helper()
	write(t, c, "$$"+stream, esdb.Any{}, esdb.EventData{EventType: "$metadata", ContentType: esdb.ContentTypeJson, Data: []byte(metadata)})
}

// hidingLog writes, over many segments, streams of every kind that hides events.
func hidingLog(t *testing.T, opts Options) {
	t.Helper()
	at := testTime
	opts.SegmentSize, opts.Now = 4<<10, func() time.Time { return at }
	n, err := Start(t.Context(), opts)
	require.NoError(t, err)
	c := connect(t, n)
	describe(t, c, "counted", `{"$maxCount":3}`)
	describe(t, c, "aged", `{"$maxAge":60}`)
	describe(t, c, "ended", `{"$maxCount":9}`)
	for round := range 12 {
		for _, stream := range []string{"whole", "counted", "aged", "cut", "deleted", "reborn", "ended"} {
			write(t, c, stream, esdb.Any{}, numbered(fmt.Sprintf("%s-%d-", stream, round), 2)...)
		}
		describe(t, c, "whole", fmt.Sprintf(`{"round":%d}`, round))
		at = at.Add(10 * time.Second)
	}
	describe(t, c, "cut", `{"$tb":7}`)
	require.NoError(t, softDelete(t, c, "deleted", esdb.Any{}))
	require.NoError(t, softDelete(t, c, "reborn", esdb.Any{}))
	write(t, c, "reborn", esdb.Any{}, event("again"))
	_, err = c.TombstoneStream(bounded(t), "ended", esdb.TombstoneStreamOptions{ExpectedRevision: esdb.Any{}})
	require.NoError(t, err)
	write(t, c, "whole", esdb.Any{}, numbered("last", 40)...)
	require.NoError(t, n.Close())
}

// hidingNow is a time at which a part of the aged stream has aged.
func hidingNow() time.Time { return testTime.Add(120 * time.Second) }

var hidingStreams = []string{"whole", "$$whole", "counted", "$$counted", "aged", "cut", "$$cut", "reborn", "$$reborn"}

// shown is everything that clients see of a log, streams forwards and backwards.
func shown(t testing.TB, c *esdb.Client) map[string][]*esdb.ResolvedEvent {
	t.Helper()
	seen := map[string][]*esdb.ResolvedEvent{}
	for _, stream := range hidingStreams {
		seen[stream] = readStream(t, c, stream, esdb.ReadStreamOptions{}, 1000)
		seen["<"+stream] = readStream(t, c, stream, esdb.ReadStreamOptions{Direction: esdb.Backwards, From: esdb.End{}}, 1000)
		seen["+"+stream] = readStream(t, c, stream, esdb.ReadStreamOptions{From: esdb.Revision(2)}, 5)
	}
	return seen
}

// Ensure that compaction takes what nobody can read and changes nothing else: what streams show, positions, revisions,
// what is refused, and where subscriptions go on.
func TestCompact_ChangesNothingThatIsShown(t *testing.T) {
	dir := t.TempDir()
	opts := Options{Dir: dir, SegmentSize: 4 << 10, Now: hidingNow}
	hidingLog(t, Options{Dir: dir})
	n := startNode(t, opts)
	c := connect(t, n)
	before, all := shown(t, c), readAll(t, c, esdb.ReadAllOptions{}, 1000)
	require.NoError(t, n.Close())

	done, err := Compact(t.Context(), opts)
	require.NoError(t, err)
	require.Greater(t, done.Rewritten, 5)
	require.Less(t, done.After, done.Before*2/3)
	verified, err := Verify(t.Context(), dir)
	require.NoError(t, err)
	require.Equal(t, len(all)-done.Removed, verified.Events)
	again, err := Compact(t.Context(), opts)
	require.NoError(t, err)
	require.Zero(t, again.Removed)
	require.Zero(t, again.Rewritten)

	n = startNode(t, opts)
	c = connect(t, n)
	require.Equal(t, before, shown(t, c))
	left := readAll(t, c, esdb.ReadAllOptions{}, 1000)
	require.Len(t, left, len(all)-done.Removed)
	checkSubset(t, all, left)
	checkEnded(t, left)
	checkAfterCompaction(t, c)
	checkResume(t, c, all, left)
}

// checkSubset checks that what is left is unchanged and stands in the same order.
func checkSubset(t *testing.T, all, left []*esdb.ResolvedEvent) {
	t.Helper()
	for _, e := range all {
		if len(left) > 0 && e.Event.Position == left[0].Event.Position {
			require.Equal(t, e, left[0])
			left = left[1:]
		}
	}
	require.Empty(t, left)
}

// checkEnded checks that of a tombstoned stream the tombstone alone is left.
func checkEnded(t *testing.T, left []*esdb.ResolvedEvent) {
	t.Helper()
	for _, e := range left {
		require.NotEqual(t, "$$ended", e.Event.StreamID)
		require.Equal(t, e.Event.StreamID == "ended", e.Event.EventType == "$streamDeleted")
	}
}

// checkAfterCompaction checks that writers find the streams as they were.
func checkAfterCompaction(t *testing.T, c *esdb.Client) {
	t.Helper()
	require.Equal(t, esdb.ErrorCodeResourceNotFound, readCode(t, c, "deleted"))
	require.Equal(t, esdb.ErrorCodeStreamDeleted, readCode(t, c, "ended"))
	require.Equal(t, esdb.ErrorCodeStreamDeleted, refused(t, c, "ended", esdb.Any{}, event("x")))
	require.Equal(t, esdb.ErrorCodeWrongExpectedVersion, refused(t, c, "counted", esdb.NoStream{}, event("x")))
	require.EqualValues(t, 24, write(t, c, "counted", esdb.Revision(23), event("x")).NextExpectedVersion)
	require.EqualValues(t, 24, write(t, c, "deleted", esdb.NoStream{}, event("x")).NextExpectedVersion)
	require.EqualValues(t, 25, write(t, c, "reborn", esdb.Revision(24), event("x")).NextExpectedVersion)
	// What is gone is not taken for a repetition.
	require.EqualValues(t, 25, write(t, c, "counted", esdb.Any{}, event("counted-0-0")).NextExpectedVersion)
}

// checkResume checks that whoever had read up to an event goes on behind it, be it there or gone.
func checkResume(t *testing.T, c *esdb.Client, all, left []*esdb.ResolvedEvent) {
	t.Helper()
	next := 0
	for _, e := range all {
		for next < len(left) && left[next].Event.Position.Commit <= e.Event.Position.Commit {
			next++
		}
		if next == len(left) {
			return
		}
		sub, err := c.SubscribeToAll(bounded(t), esdb.SubscribeToAllOptions{From: e.Event.Position})
		require.NoError(t, err)
		require.Equal(t, left[next].Event.Position, sub.Recv().EventAppeared.Event.Position)
		require.NoError(t, sub.Close())
		got := readAll(t, c, esdb.ReadAllOptions{Direction: esdb.Backwards, From: left[next].Event.Position}, 1)
		if next > 0 {
			require.Equal(t, left[next-1].Event.Position, got[0].Event.Position)
		}
	}
}

// Ensure that a running node can be compacted, that its readers see the same, and that what it showed it shows after a
// restart.
func TestCompact_Running(t *testing.T) {
	dir := t.TempDir()
	opts := Options{Dir: dir, SegmentSize: 4 << 10, Now: hidingNow}
	hidingLog(t, Options{Dir: dir})
	n := startNode(t, opts)
	c := connect(t, n)
	before, all := shown(t, c), readAll(t, c, esdb.ReadAllOptions{}, 1000)
	sub, err := c.SubscribeToAll(bounded(t), esdb.SubscribeToAllOptions{From: esdb.Start{}})
	require.NoError(t, err)
	require.NotNil(t, sub.Recv().EventAppeared)
	done, err := n.Compact(t.Context())
	require.NoError(t, err)
	require.Positive(t, done.Removed)
	require.Equal(t, before, shown(t, c))
	left := readAll(t, c, esdb.ReadAllOptions{}, 1000)
	require.Len(t, left, len(all)-done.Removed)
	checkSubset(t, all, left)
	checkResume(t, c, all, left)
	write(t, c, "end", esdb.NoStream{}, event("end"))
	last := uint64(0)
	for {
		e := sub.Recv().EventAppeared
		if e == nil {
			continue
		}
		require.Greater(t, e.Event.Position.Commit, last)
		if last = e.Event.Position.Commit; e.Event.StreamID == "end" {
			break
		}
	}
	require.NoError(t, n.Close())
	_, err = n.Compact(t.Context())
	require.ErrorIs(t, err, ErrClosed)
	require.Equal(t, before, shown(t, connect(t, startNode(t, opts))))
}

// Ensure that of two compactions at a time one is refused, and that one that is stopped leaves the log sound.
func TestCompact_OnceAtATime(t *testing.T) {
	dir := t.TempDir()
	hidingLog(t, Options{Dir: dir})
	n := startNode(t, Options{Dir: dir, Now: hidingNow})
	_, err := Compact(t.Context(), Options{Dir: dir})
	require.ErrorIs(t, err, ErrLocked)
	_, err = Compact(t.Context(), Options{Dir: filepath.Join(dir, "none")})
	require.ErrorIs(t, err, os.ErrNotExist)
	n.compacting.Lock()
	_, err = n.Compact(t.Context())
	require.ErrorIs(t, err, ErrCompacting)
	n.compacting.Unlock()
	stopped, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = n.Compact(stopped)
	require.ErrorIs(t, err, context.Canceled)
	var damaged *CorruptError
	require.False(t, errors.As(err, &damaged))
	require.NoError(t, n.Close())
	_, err = Verify(t.Context(), dir)
	require.NoError(t, err)
}

// heldBy is what a log holds by position.
func heldBy(t testing.TB, d disk) map[uint64]string {
	t.Helper()
	l, err := openLog(d, logOptions{segmentSize: 4 << 10}, nothing)
	require.NoError(t, err)
	held := map[uint64]string{}
	for _, s := range l.segments {
		require.NoError(t, s.walk(func(position uint64, frame []byte) error {
			held[position] = string(frame)
			return nil
		}, nothing))
	}
	require.NoError(t, l.close(false))
	return held
}

// killed returns the disk as the next process finds it when the power stays and the process does not.
func (d *crashDisk) killed() *crashDisk {
	d.mu.Lock()
	defer d.mu.Unlock()
	after := newCrashDisk(-1)
	for name, f := range d.files {
		g := &crashFile{disk: after}
		g.seen.data = append([]byte(nil), f.seen.data...)
		g.platter.data = append([]byte(nil), f.seen.data...)
		after.files[name], after.durable[name] = g, g
	}
	return after
}

// checkInterrupted checks that what is to stay is there and that nothing is there that was not.
func checkInterrupted(t *testing.T, d *crashDisk, whole, stays map[uint64]string, operations int) {
	t.Helper()
	held := heldBy(t, d)
	for position, frame := range stays {
		require.Equal(t, frame, held[position], "after %d operations", operations)
	}
	for position, frame := range held {
		require.Equal(t, whole[position], frame, "after %d operations", operations)
	}
}

// Ensure that a loss of power, or the end of the process, at any operation of a compaction leaves every segment as it was or as it is to be: nothing
// that is to stay is ever missing, nothing is changed, and compacting again finishes.
func TestCompact_Interrupted(t *testing.T) {
	source := newCrashDisk(-1)
	hidingLog(t, Options{disk: source})
	whole := heldBy(t, source.crash(rand.New(rand.NewPCG(1, 1))))
	finished := source.crash(rand.New(rand.NewPCG(1, 1)))
	opts := Options{SegmentSize: 4 << 10, Now: hidingNow, disk: finished}
	done, err := Compact(t.Context(), opts)
	require.NoError(t, err)
	stays := heldBy(t, finished)
	require.Len(t, stays, len(whole)-done.Removed)

	chance := rand.New(rand.NewPCG(3, 4))
	interrupted := 0
	for operations := 0; ; operations++ {
		d := source.crash(chance)
		d.left = operations
		opts.disk = d
		if _, err := Compact(t.Context(), opts); err == nil {
			break
		}
		interrupted++
		for _, after := range []*crashDisk{d.killed(), d.crash(chance)} {
			checkInterrupted(t, after, whole, stays, operations)
			opts.disk = after
			_, err := Compact(t.Context(), opts)
			require.NoError(t, err, "after %d operations", operations)
			require.Equal(t, stays, heldBy(t, after), "after %d operations", operations)
		}
	}
	require.Greater(t, interrupted, 50)
	t.Logf("%d losses of power", interrupted)
}

// Ensure that every flipped bit of a compacted segment is found, by verification, at a start and when reading.
func TestCompact_FlippedBits(t *testing.T) {
	dir := t.TempDir()
	hidingLog(t, Options{Dir: dir})
	_, err := Compact(t.Context(), Options{Dir: dir, SegmentSize: 4 << 10, Now: hidingNow})
	require.NoError(t, err)
	file := filepath.Join(dir, segmentName(0))
	whole, err := os.ReadFile(file)
	require.NoError(t, err)
	require.EqualValues(t, compactedVersion, whole[8])
	for at := 0; at < len(whole); at += 11 {
		broken := append([]byte(nil), whole...)
		broken[at] ^= 1 << (at % 8)
		require.NoError(t, os.WriteFile(file, broken, 0o644))
		_, err := Verify(t.Context(), dir)
		var damaged *CorruptError
		var format *FormatError
		require.True(t, errors.As(err, &damaged) || errors.As(err, &format), "byte %d: %v", at, err)
	}
	for _, cut := range []int{len(whole) - 1, len(whole) - runSize, len(whole) / 2, compactedOff, segmentHeaderSize} {
		require.NoError(t, os.WriteFile(file, whole[:cut], 0o644))
		_, err := Start(t.Context(), Options{Dir: dir})
		var damaged *CorruptError
		require.ErrorAs(t, err, &damaged, cut)
	}
}

// Ensure that the index does not depend on when it was made: after compaction, and compaction again under other
// metadata, streams, computed streams and ids have the numbers they had, be the index read or made anew.
func TestCompact_IndexStays(t *testing.T) {
	dir := t.TempDir()
	hidingLog(t, Options{Dir: dir})
	opts := Options{Dir: dir, SegmentSize: 4 << 10, Now: hidingNow}
	chance := rand.New(rand.NewPCG(5, 6))
	for round := range 3 {
		n := startNode(t, opts)
		mixedLog(t, n, chance, 100)
		c := connect(t, n)
		describe(t, c, "whole", fmt.Sprintf(`{"$maxCount":%d}`, 20-5*round))
		before := dump(n.index)
		require.NoError(t, n.Close())
		done, err := Compact(t.Context(), opts)
		require.NoError(t, err)
		require.Positive(t, done.Removed)
		d, err := openDisk(dir)
		require.NoError(t, err)
		require.Equal(t, before, rebuilt(t, &copyOf{d: d}))
		require.NoError(t, d.close())
		n = startNode(t, opts)
		require.Equal(t, before, dump(n.index))
		require.NoError(t, n.Close())
	}
}

// Ensure that a damaged segment is not made smaller by what comes after the damage: compaction refuses and changes
// nothing, also where the index knows the segment and a start did not read it.
func TestCompact_RefusesDamage(t *testing.T) {
	dir := t.TempDir()
	hidingLog(t, Options{Dir: dir})
	opts := Options{Dir: dir, SegmentSize: 4 << 10, Now: hidingNow}
	require.NoError(t, startNode(t, opts).Close())
	segments, err := filepath.Glob(filepath.Join(dir, "*.log"))
	require.NoError(t, err)
	for _, file := range segments[:3] {
		whole, err := os.ReadFile(file)
		require.NoError(t, err)
		broken := append([]byte(nil), whole...)
		broken[len(broken)/2] ^= 1
		require.NoError(t, os.WriteFile(file, broken, 0o644))
		_, err = Compact(t.Context(), opts)
		var damaged *CorruptError
		require.ErrorAs(t, err, &damaged)
		require.Equal(t, filepath.Base(file), damaged.Segment)
		now, err := os.ReadFile(file)
		require.NoError(t, err)
		require.Equal(t, broken, now)
		require.NoError(t, os.WriteFile(file, whole, 0o644))
	}
}
