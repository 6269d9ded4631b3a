package esdbnode

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// image is the bytes of a log's only segment, without the zeros allocated ahead.
type image struct {
	data []byte
	// ends are the offsets at which the records end.
	ends []int64
}

// makeImage writes a log of so many records of two events each, the way a node does that is then killed.
func makeImage(t testing.TB, records int) image {
	t.Helper()
	d := newMemoryDisk()
	l, err := openLog(d, logOptions{segmentSize: 1 << 30}, nil)
	require.NoError(t, err)
	x := newIndex()
	var im image
	for i := range records {
		require.NoError(t, l.begin())
		for range 2 {
			e := newProposed("s", uuid.New(), "t", contentTypeJSON, []byte("meta"), fmt.Appendf(nil, "data %d", i))
			revision := uint64(x.staged("s").len())
			p := l.stage(func(dst []byte, position uint64) []byte {
				return e.appendFrame(dst, testTime, revision, position)
			})
			x.add(e.at([]byte("s"), revision, p))
		}
		_, err := l.commit()
		require.NoError(t, err)
		im.ends = append(im.ends, l.active.used)
	}
	im.data = d.files[segmentName(0)].data
	return im
}

// reopen recovers a log from bytes and counts its events.
func reopen(t *testing.T, data []byte) (int, error) {
	t.Helper()
	d := newMemoryDisk()
	d.files[segmentName(0)] = &memoryFile{data: append([]byte(nil), data...)}
	return reopenDisk(t, d)
}

func reopenDisk(t *testing.T, d disk) (int, error) {
	t.Helper()
	x := newIndex()
	l, err := openLog(d, logOptions{segmentSize: 1 << 30}, x.load)
	if err != nil {
		return 0, err
	}
	require.NoError(t, l.close(true))
	return x.log().len(), nil
}

// Ensure that a last record cut off at any byte, or followed by anything but its own rest, is forgotten whole, and that
// everything before it stays.
func TestRecover_TornTailAtEveryByte(t *testing.T) {
	im := makeImage(t, 3)
	before, end := im.ends[1], im.ends[2]
	for cut := before; cut < end; cut++ {
		count, err := reopen(t, im.data[:cut])
		require.NoError(t, err, "cut at %d", cut)
		require.Equal(t, 4, count, "cut at %d", cut)

		zeroed := append([]byte(nil), im.data...)
		clear(zeroed[cut:])
		count, err = reopen(t, append(zeroed, make([]byte, 4096)...))
		require.NoError(t, err, "zeros from %d", cut)
		// The record's last bytes are padding and data; zeros where zeros were change nothing.
		require.Contains(t, []int{4, 6}, count, "zeros from %d", cut)
	}
	count, err := reopen(t, im.data)
	require.NoError(t, err)
	require.Equal(t, 6, count)
}

// Ensure that a torn record is gone for good: what is appended after the recovery survives the next one.
func TestRecover_AppendsAfterTornTail(t *testing.T) {
	im := makeImage(t, 3)
	d := newMemoryDisk()
	d.files[segmentName(0)] = &memoryFile{data: append([]byte(nil), im.data[:im.ends[2]-9]...)}
	for _, want := range []int{4, 5, 6} {
		n, err := Start(t.Context(), Options{disk: d})
		require.NoError(t, err)
		require.Equal(t, want, n.index.viewAll().events.len())
		_, err = n.writer.append(bounded(t), "s", expectation{kind: expectAny}, randomEvents("s", 1))
		require.NoError(t, err)
		require.NoError(t, n.Close())
	}
}

// Ensure that one flipped bit anywhere before the last record is reported as damage, and nothing is changed by it.
func TestRecover_FlippedBitIsLoud(t *testing.T) {
	im := makeImage(t, 3)
	for at := int64(0); at < im.ends[1]; at++ {
		altered := append([]byte(nil), im.data...)
		altered[at] ^= 0x10
		_, err := reopen(t, altered)
		if at >= 8 && at < 12 {
			var format *FormatError
			require.ErrorAs(t, err, &format, "byte %d", at)
			continue
		}
		var damaged *CorruptError
		require.ErrorAs(t, err, &damaged, "byte %d", at)
		require.LessOrEqual(t, damaged.Offset, at)
	}
}

// Ensure that once a node has started, or ended well, even the last record is beyond doubt.
func TestRecover_SealedTailIsLoud(t *testing.T) {
	for _, endedWell := range []bool{false, true} {
		d := newMemoryDisk()
		l, err := openLog(d, logOptions{segmentSize: 1 << 30}, nil)
		require.NoError(t, err)
		im := makeImage(t, 1)
		d.files[segmentName(0)].data = im.data
		if endedWell {
			l.active.used = im.ends[0]
			require.NoError(t, l.close(true))
		} else {
			l, err = openLog(d, logOptions{segmentSize: 1 << 30}, newIndex().load)
			require.NoError(t, err)
			require.NoError(t, l.close(false))
		}
		d.files[segmentName(0)].data[im.ends[0]-20] ^= 1
		_, err = reopenDisk(t, d)
		var damaged *CorruptError
		require.ErrorAs(t, err, &damaged, "ended well: %v", endedWell)
	}
}

// Ensure that of a torn record not a byte is left: what is appended next may be shorter.
func TestRecover_TornTailLeavesNothing(t *testing.T) {
	im := makeImage(t, 2)
	d := newMemoryDisk()
	d.files[segmentName(0)] = &memoryFile{data: append([]byte(nil), im.data[:im.ends[1]-9]...)}
	l, err := openLog(d, logOptions{segmentSize: 1 << 30}, newIndex().load)
	require.NoError(t, err)
	require.NoError(t, l.close(false))
	require.Len(t, d.files[segmentName(0)].data, int(im.ends[0])+recordHeaderSize)
}

// Ensure that a missing or exchanged segment is reported as damage.
func TestRecover_SegmentsBelongTogether(t *testing.T) {
	dir := t.TempDir()
	n, err := Start(t.Context(), Options{Dir: dir, SegmentSize: 4 << 10})
	require.NoError(t, err)
	for range 20 {
		_, err := n.writer.append(bounded(t), "s", expectation{kind: expectAny}, randomEvents("s", 2))
		require.NoError(t, err)
	}
	require.NoError(t, n.Close())
	names, err := filepath.Glob(filepath.Join(dir, "*"+segmentSuffix))
	require.NoError(t, err)
	require.Greater(t, len(names), 4)

	var damaged *CorruptError
	for _, name := range names[:len(names)-1] {
		require.NoError(t, os.Rename(name, name+".away"))
		_, err := Start(t.Context(), Options{Dir: dir})
		require.ErrorAs(t, err, &damaged, name)
		require.NoError(t, os.Rename(name+".away", name))
	}
	content, err := os.ReadFile(names[1])
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(names[2], content, 0o644))
	_, err = Start(t.Context(), Options{Dir: dir})
	require.ErrorAs(t, err, &damaged)
}
