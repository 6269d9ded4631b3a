package esdbnode

import (
	"context"
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/stretchr/testify/require"
)

// smallLog writes a log of a few segments and says which they are.
func smallLog(t *testing.T) (dir string, segments []string) {
	t.Helper()
	dir = t.TempDir()
	n, err := Start(t.Context(), Options{Dir: dir, SegmentSize: 1 << 10})
	require.NoError(t, err)
	c := connect(t, n)
	for _, stream := range []string{"a", "b", "a", "c", "b", "a"} {
		write(t, c, stream, esdb.Any{}, numbered(stream, 5)...)
		write(t, c, stream, esdb.Any{}, event(stream+"more"))
	}
	_, err = c.TombstoneStream(bounded(t), "c", esdb.TombstoneStreamOptions{ExpectedRevision: esdb.Any{}})
	require.NoError(t, err)
	require.NoError(t, n.Close())
	segments, err = filepath.Glob(filepath.Join(dir, "*.log"))
	require.NoError(t, err)
	require.Greater(t, len(segments), 2)
	return dir, segments
}

// contents reads every file of a directory.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	found := map[string]string{}
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, e := range entries {
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		require.NoError(t, err)
		found[e.Name()] = string(text)
	}
	return found
}

// Ensure that a sound log is counted and not changed by a bit.
func TestVerify_Sound(t *testing.T) {
	dir, segments := smallLog(t)
	before := contents(t, dir)
	report, err := Verify(t.Context(), dir)
	require.NoError(t, err)
	require.Equal(t, before, contents(t, dir))
	require.Equal(t, len(segments), report.Segments)
	require.Equal(t, 3, report.Streams)
	require.Equal(t, 1, report.Tombstones)
	require.Positive(t, report.Records)
	require.Zero(t, report.Torn)
	n := startNode(t, Options{Dir: dir})
	require.Equal(t, n.index.viewAll().events.len(), report.Events)
	require.Less(t, report.End, n.index.end())
}

// Ensure that the first damage is found and named, wherever it is, and that a missing file is damage, too.
func TestVerify_Damage(t *testing.T) {
	dir, segments := smallLog(t)
	whole := contents(t, dir)
	for _, path := range segments[:len(segments)-1] {
		name := filepath.Base(path)
		for at := 0; at < len(whole[name]); at += 19 {
			broken := []byte(whole[name])
			broken[at] ^= 1 << (at % 8)
			require.NoError(t, os.WriteFile(path, broken, 0o644))
			_, err := Verify(t.Context(), dir)
			var damaged *CorruptError
			var format *FormatError
			if errors.As(err, &damaged) {
				require.Equal(t, name, damaged.Segment)
				require.LessOrEqual(t, damaged.Offset, int64(at))
			} else {
				require.ErrorAs(t, err, &format, "%s byte %d", name, at)
			}
		}
		require.NoError(t, os.WriteFile(path, []byte(whole[name]), 0o644))
	}
	require.NoError(t, os.Remove(segments[1]))
	var damaged *CorruptError
	_, err := Verify(t.Context(), dir)
	require.ErrorAs(t, err, &damaged)
	require.Equal(t, filepath.Base(segments[2]), damaged.Segment)
}

// Ensure that a write that was cut off at the end is told from damage, and left for the next start.
func TestVerify_Torn(t *testing.T) {
	dir, segments := smallLog(t)
	last := segments[len(segments)-1]
	text, err := os.ReadFile(last)
	require.NoError(t, err)
	report, err := Verify(t.Context(), dir)
	require.NoError(t, err)
	base, _ := segmentBase(filepath.Base(last))
	copy(text[report.End-base:], "half a record")
	require.NoError(t, os.WriteFile(last, text, 0o644))
	again, err := Verify(t.Context(), dir)
	require.NoError(t, err)
	require.Positive(t, again.Torn)
	again.Torn = 0
	require.Equal(t, report, again)
}

// Ensure that a log in use, none, and a caller who does not want to wait are told apart.
func TestVerify_Refuses(t *testing.T) {
	dir, _ := smallLog(t)
	n := startNode(t, Options{Dir: dir})
	_, err := Verify(t.Context(), dir)
	require.ErrorIs(t, err, ErrLocked)
	require.NoError(t, n.Close())
	stopped, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = Verify(stopped, dir)
	require.ErrorIs(t, err, context.Canceled)
	_, err = Verify(t.Context(), filepath.Join(dir, "none"))
	require.ErrorIs(t, err, fs.ErrNotExist)
	_, err = Verify(t.Context(), t.TempDir())
	require.ErrorIs(t, err, fs.ErrNotExist)
}

// Ensure that a log from which an event is missing, though no segment was compacted, is damaged for verification and for
// a start.
func TestVerify_MissingRevision(t *testing.T) {
	dir := t.TempDir()
	d, err := openDisk(dir)
	require.NoError(t, err)
	l, err := openLog(d, logOptions{segmentSize: 1 << 20}, func(uint64, []byte) error { return nil })
	require.NoError(t, err)
	for _, revision := range []uint64{0, 1, 3} {
		require.NoError(t, l.begin())
		e := newProposed("s", event("x").EventID, "t", contentTypeJSON, nil, nil)
		l.stage(func(dst []byte, position uint64) []byte { return e.appendFrame(dst, testTime, revision, position) })
		_, err = l.commit()
		require.NoError(t, err)
	}
	require.NoError(t, errors.Join(l.close(true), d.close()))
	var damaged *CorruptError
	_, err = Verify(t.Context(), dir)
	require.ErrorAs(t, err, &damaged)
	_, err = Start(t.Context(), Options{Dir: dir})
	require.ErrorAs(t, err, &damaged)
}

// Ensure that an index file that is broken is counted, and one that lies is damage.
func TestVerify_IndexFiles(t *testing.T) {
	dir := sealedDir(t)
	report, err := Verify(t.Context(), dir)
	require.NoError(t, err)
	require.Zero(t, report.Unindexed)
	names, content := indexFiles(t, dir)
	require.Equal(t, len(names)+1, report.Segments)
	right := content[names[1]]
	broken := slices.Clone(right)
	broken[len(broken)/2] ^= 1
	require.NoError(t, os.WriteFile(names[1], broken, 0o644))
	require.NoError(t, os.Remove(names[2]))
	report, err = Verify(t.Context(), dir)
	require.NoError(t, err)
	require.Equal(t, 2, report.Unindexed)

	binary.LittleEndian.PutUint32(broken[56:], checksum(broken[indexHeaderSize:]))
	binary.LittleEndian.PutUint32(broken[60:], checksum(broken[:60]))
	require.NoError(t, os.WriteFile(names[1], broken, 0o644))
	_, err = Verify(t.Context(), dir)
	var damaged *CorruptError
	require.ErrorAs(t, err, &damaged)
	require.Equal(t, filepath.Base(names[1]), damaged.Segment)
}
