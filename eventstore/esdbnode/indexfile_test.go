package esdbnode

import (
	"encoding/binary"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// dump is everything an index knows: the positions of every list and of the whole log, and the tag of every event.
func dump(x *index) map[string][]uint64 {
	x.mu.RLock()
	defer x.mu.RUnlock()
	whole := x.log()
	known := map[string][]uint64{"": whole.page(0, whole.len())}
	for i := range x.names.hashes {
		name := string(x.name(uint32(i)))
		list := x.list([]byte(name))
		known[name] = list.page(0, list.len())
		list.eachTag(x.active.tags, func(tag uint32, position uint64) bool {
			known[name] = append(known[name], uint64(tag), position)
			return true
		})
	}
	return known
}

// rebuilt is the same of an index that is made from the log alone.
func rebuilt(t *testing.T, d disk) map[string][]uint64 {
	t.Helper()
	x := newIndex()
	l, err := openLog(d, logOptions{segmentSize: 1 << 30}, x.load)
	require.NoError(t, err)
	require.NoError(t, l.close(false))
	return dump(x)
}

// mixedLog writes what an index can meet: streams of all lengths, links, metadata, deletions of both kinds.
func mixedLog(t *testing.T, n *Node, chance *rand.Rand, appends int) {
	t.Helper()
	for range appends {
		stream := fmt.Sprintf("cat%d-%d", chance.IntN(3), chance.IntN(chance.IntN(40)+1))
		kind, data := "t", "data"
		switch chance.IntN(20) {
		case 0:
			endStream(t, n, kindSoftDelete, stream)
			continue
		case 1:
			endStream(t, n, kindTombstone, fmt.Sprintf("gone-%d", chance.IntN(50)))
			continue
		case 2:
			kind, data = linkType, "0@cat0-1"
		case 3:
			stream = metadataPrefix + stream
		}
		var list []proposed
		for range 1 + chance.IntN(4) {
			list = append(list, newProposed(stream, uuid.New(), kind, contentTypeJSON, nil, []byte(data)))
		}
		_, err := n.writer.append(bounded(t), stream, expectation{kind: expectAny}, list)
		require.NoError(t, err)
	}
}

// endStream deletes a stream; that it cannot be deleted, or is deleted already, does not matter.
func endStream(t *testing.T, n *Node, kind callKind, stream string) {
	t.Helper()
	call := newCall(bounded(t), kind, stream, expectation{kind: expectAny}, nil)
	require.NoError(t, n.writer.submit(call))
	_, _ = n.writer.await(call)
}

// indexFiles are the names and the bytes of the index files in a directory.
func indexFiles(t *testing.T, dir string) ([]string, map[string][]byte) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*"+indexSuffix))
	require.NoError(t, err)
	content := map[string][]byte{}
	for _, name := range names {
		content[name], err = os.ReadFile(name)
		require.NoError(t, err)
	}
	return names, content
}

// Ensure that whatever was appended, before and after restarts, the index is the one that the log alone would give, and
// that a file made again is the same file.
func TestIndex_EqualsOneMadeFromTheLog(t *testing.T) {
	chance := rand.New(rand.NewPCG(3, 4))
	dir := t.TempDir()
	for range 4 {
		n, err := Start(t.Context(), Options{Dir: dir, SegmentSize: 4 << 10})
		require.NoError(t, err)
		mixedLog(t, n, chance, 150)
		require.Equal(t, rebuilt(t, &copyOf{d: n.disk}), dump(n.index))
		require.NoError(t, n.Close())
	}
	names, content := indexFiles(t, dir)
	require.Greater(t, len(names), 20)
	for i, name := range names {
		if i%3 == 0 {
			require.NoError(t, os.Remove(name))
		}
	}
	n := startNode(t, Options{Dir: dir})
	require.Equal(t, rebuilt(t, &copyOf{d: n.disk}), dump(n.index))
	n.index.close()
	_, again := indexFiles(t, dir)
	require.Equal(t, content, again)
}

// copyOf is a disk as another node would find it, which changes nothing.
type copyOf struct{ d disk }

type copiedFile struct{ file }

func (c *copyOf) open(name string) (file, error) {
	f, err := c.d.open(name)
	return copiedFile{f}, err
}
func (c *copyOf) list() ([]string, error)     { return c.d.list() }
func (c *copyOf) create(string) (file, error) { return &memoryFile{}, nil }
func (c *copyOf) rename(string, string) error { return nil }
func (c *copyOf) remove(string) error         { return nil }
func (c *copyOf) syncDir() error              { return nil }
func (c *copyOf) close() error                { return nil }

func (copiedFile) WriteAt(p []byte, _ int64) (int, error) { return len(p), nil }
func (copiedFile) truncate(int64) error                   { return nil }
func (copiedFile) sync() error                            { return nil }

// sealedDir is a directory with a few full segments, closed.
func sealedDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	n, err := Start(t.Context(), Options{Dir: dir, SegmentSize: 2 << 10})
	require.NoError(t, err)
	mixedLog(t, n, rand.New(rand.NewPCG(5, 6)), 30)
	require.NoError(t, n.Close())
	return dir
}

// Ensure that no damage of an index file is believed: whatever bit is flipped, the node says so, knows what it should,
// and the file is as it was.
func TestIndex_FlippedBitIsFoundAndRepaired(t *testing.T) {
	dir := sealedDir(t)
	names, content := indexFiles(t, dir)
	require.Greater(t, len(names), 2)
	for at := 0; at < len(content[names[1]]); at += 13 {
		altered := slices.Clone(content[names[1]])
		altered[at] ^= 1 << (at % 8)
		damageIndex(t, dir, names[1], altered, content)
	}
}

// damageIndex starts a node with something else in an index file and demands that it makes the file again.
func damageIndex(t *testing.T, dir, name string, altered []byte, content map[string][]byte) {
	t.Helper()
	require.NoError(t, os.WriteFile(name, altered, 0o644))
	var said strings.Builder
	n, err := Start(t.Context(), Options{Dir: dir, Logger: slog.New(slog.NewTextHandler(&said, nil))})
	require.NoError(t, err)
	require.Contains(t, said.String(), "index file")
	require.Equal(t, rebuilt(t, &copyOf{d: n.disk}), dump(n.index))
	require.NoError(t, n.Close())
	_, again := indexFiles(t, dir)
	require.Equal(t, content[name], again[name])
}

// Ensure that a file that is whole and yet not the right one is not believed either.
func TestIndex_WrongFileIsMadeAgain(t *testing.T) {
	dir := sealedDir(t)
	names, content := indexFiles(t, dir)
	right := content[names[1]]
	resealed := func(change func(b []byte)) []byte {
		b := slices.Clone(right)
		change(b)
		binary.LittleEndian.PutUint32(b[56:], checksum(b[indexHeaderSize:]))
		binary.LittleEndian.PutUint32(b[60:], checksum(b[:60]))
		return b
	}
	rows := indexHeaderSize + 8*int(number(right, 8))
	for what, altered := range map[string][]byte{
		"empty":               {},
		"cut short":           right[:len(right)-1],
		"too long":            append(slices.Clone(right), 0),
		"of another segment":  content[names[2]],
		"of another version":  resealed(func(b []byte) { b[8]++ }),
		"of another log":      resealed(func(b []byte) { b[52]++ }),
		"number of another":   resealed(func(b []byte) { b[12]++ }),
		"of another end":      resealed(func(b []byte) { b[24]++ }),
		"name out of range":   resealed(func(b []byte) { b[rows+3] = 0x7f }),
		"start out of range":  resealed(func(b []byte) { b[rows+2*4+3] = 0x7f }),
		"run before unknown":  resealed(func(b []byte) { b[rows+3*4+3] = 0x7f }),
		"run before is later": resealed(func(b []byte) { binary.LittleEndian.PutUint32(b[rows+12:], 1) }),
		"name ends too late":  resealed(func(b []byte) { b[len(b)-int(number(b, 12))-1] = 0x7f }),
	} {
		t.Run(what, func(t *testing.T) { replaceIndex(t, dir, names[1], altered, right) })
	}
}

func replaceIndex(t *testing.T, dir, name string, altered, right []byte) {
	t.Helper()
	require.NoError(t, os.WriteFile(name, altered, 0o644))
	n, err := Start(t.Context(), Options{Dir: dir})
	require.NoError(t, err)
	require.Equal(t, rebuilt(t, &copyOf{d: n.disk}), dump(n.index))
	require.NoError(t, n.Close())
	_, again := indexFiles(t, dir)
	require.Equal(t, right, again[name])
}

// Ensure that the index files of segments that were exchanged, or that others were put in front of, are not believed.
func TestIndex_FollowsTheSegmentsBefore(t *testing.T) {
	one, two := sealedDir(t), sealedDir(t)
	names, _ := indexFiles(t, one)
	for _, name := range names[1:] {
		other := filepath.Join(two, filepath.Base(name))
		if _, err := os.Stat(other); err != nil {
			continue
		}
		content, err := os.ReadFile(other)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(name, content, 0o644))
	}
	n := startNode(t, Options{Dir: one})
	require.Equal(t, rebuilt(t, &copyOf{d: n.disk}), dump(n.index))
}

// Ensure that the filter never forgets a tag, and seldom takes a new one for an old one, also when it has grown.
func TestIDFilter(t *testing.T) {
	chance := rand.New(rand.NewPCG(7, 8))
	f := newIDFilter(0)
	var tags []uint32
	for range 5 * firstBloom {
		tags = append(tags, chance.Uint32())
		f.add(tags[len(tags)-1])
	}
	require.Greater(t, len(f.blooms), 1)
	for _, tag := range tags {
		require.True(t, f.mayHave(tag))
	}
	mistaken := 0
	const looks = 100_000
	for range looks {
		if f.mayHave(chance.Uint32()) {
			mistaken++
		}
	}
	require.Less(t, float64(mistaken)/looks, 0.01)
}

// FuzzIndexFile gives the reader of index files bytes whose checksums are right and whose content is anything: it may
// refuse them, and what it takes it has to be able to read.
func FuzzIndexFile(f *testing.F) {
	a := newActivePart(32, 0, 0)
	a.addName([]byte("sa"))
	a.join(a.begin(0, 0, nowhere), a.event(100, 7))
	whole, err := a.encode(0, 200, 0)
	require.NoError(f, err)
	f.Add(whole)
	f.Add(whole[:indexHeaderSize])
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) >= indexHeaderSize {
			copy(data, indexMagic)
			binary.LittleEndian.PutUint32(data[8:], indexVersion)
			binary.LittleEndian.PutUint32(data[56:], checksum(data[indexHeaderSize:]))
			binary.LittleEndian.PutUint32(data[60:], checksum(data[:60]))
		}
		p, err := parsePart(data)
		if err != nil {
			return
		}
		for i := range p.header.runs {
			r := p.run(i)
			for j := range r.count {
				p.at(r, j)
			}
		}
		for i := range int(p.header.names) {
			p.name(i)
		}
	})
}

// Ensure that compaction changes nothing for the index: neither for a file made before it, nor for one made after it.
func TestIndex_SameAfterCompaction(t *testing.T) {
	dir := sealedDir(t)
	_, content := indexFiles(t, dir)
	n, err := Start(t.Context(), Options{Dir: dir})
	require.NoError(t, err)
	known := dump(n.index)
	done, err := n.Compact(bounded(t))
	require.NoError(t, err)
	require.Positive(t, done.Removed)
	require.NoError(t, n.Close())
	for name := range content {
		require.NoError(t, os.Remove(name))
	}
	again, err := Start(t.Context(), Options{Dir: dir})
	require.NoError(t, err)
	require.Equal(t, known, dump(again.index))
	require.NoError(t, again.Close())
	_, after := indexFiles(t, dir)
	require.Equal(t, content, after)
}

// Ensure that a repeated append is found however old it is: in the segment being written, in full ones, after a restart,
// and whether or not the ids have been collected.
func TestIndex_FindsOldIDs(t *testing.T) {
	dir := t.TempDir()
	n, err := Start(t.Context(), Options{Dir: dir, SegmentSize: 4 << 10})
	require.NoError(t, err)
	lists := map[string][][]proposed{}
	answers := map[uuid.UUID]outcome{}
	repeat := func() {
		for stream, all := range lists {
			for _, list := range all {
				done, err := n.writer.append(bounded(t), stream, expectation{kind: expectAny}, list)
				require.NoError(t, err)
				require.Equal(t, answers[list[0].id], done)
			}
		}
	}
	for i := range 60 {
		stream := fmt.Sprintf("s-%d", i%7)
		list := randomEvents(stream, 1+i%3)
		answers[list[0].id], err = n.writer.append(bounded(t), stream, expectation{kind: expectAny}, list)
		require.NoError(t, err)
		lists[stream] = append(lists[stream], list)
	}
	repeat()
	require.NoError(t, n.Close())
	n = startNode(t, Options{Dir: dir})
	n.index.collecting.Wait()
	filter := n.index.old.Swap(nil)
	require.NotNil(t, filter)
	repeat()
	n.index.old.Store(filter)
	repeat()
}
