package evidence

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"slices"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/partnerledger/partnerledger/internal/audit/proof"
)

type tile = tlog.Tile

// wholeLog is an exported log while it is checked.
type wholeLog struct {
	files   fs.FS
	list    manifest
	unread  manifest // what the manifest lists and nobody has asked for yet
	now     proof.Signed
	old     *proof.Checkpoint
	tree    proof.Tree
	bundles map[int64][][]byte // the last bundle of entries that was read
	broken  error              // the first tile that isn't that of the leaves
	seals   []Seal
}

// VerifyLog checks every byte of an exported log. Its error is a *Fault: the first thing that is wrong.
func VerifyLog(files fs.FS, c Checks) (v Verdict, err error) {
	began := time.Now()
	l := &wholeLog{files: files}
	text, err := fs.ReadFile(files, manifestFile)
	if err != nil {
		return v, fault(Unreadable, manifestFile, err)
	}
	if l.list, err = parseManifest(text); err != nil {
		return v, fault(ManifestDiffers, manifestFile, err)
	}
	l.unread = manifest{}
	for name, sum := range l.list {
		l.unread[name] = sum
	}
	if text, err = l.read(checkpointFile); err != nil {
		return v, err
	}
	if l.now, err = c.checkpoint(text, checkpointFile); err != nil {
		return v, err
	}
	if l.old, err = c.since(); err != nil {
		return v, err
	}
	if l.old != nil {
		if err := follows(*l.old, l.now.Checkpoint); err != nil {
			return v, err
		}
	}
	if err := l.run(); err != nil {
		return v, err
	}
	v = Verdict{Signed: l.now, Events: int(l.now.Size), Last: uint64(max(l.now.Size-1, 0)), Whole: true, Since: l.old, Seals: l.seals, Took: time.Since(began)}
	return v, nil
}

// read reads a file and holds it against the manifest.
func (l *wholeLog) read(name string) ([]byte, error) {
	text, err := fs.ReadFile(l.files, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, faultf(ManifestDiffers, name, "it is missing")
	}
	if err != nil {
		return nil, fault(Unreadable, name, err)
	}
	delete(l.unread, name)
	return text, l.list.check(name, text)
}

// run makes the tree again, event by event.
func (l *wholeLog) run() error {
	for first := int64(0); first < l.now.Size; first += eventsEach {
		if err := l.stretch(first, min(eventsEach, l.now.Size-first)); err != nil {
			return err
		}
	}
	l.tree.Edge(l.tile)
	switch {
	case l.broken != nil:
		return l.broken
	case l.tree.Root() != l.now.Root:
		return faultf(RootDiffers, checkpointFile, "the root of the %d leaves is %s", l.now.Size, l.tree.Root())
	}
	for name := range l.unread {
		return faultf(ManifestDiffers, name, "it is part of no log of %d events", l.now.Size)
	}
	return l.nothingElse()
}

// stretch checks a file of events against the entries, and adds these to the tree.
func (l *wholeLog) stretch(first, count int64) error {
	name := eventsPath(first)
	text, err := l.read(name)
	if err != nil {
		return err
	}
	lines := slices.Collect(bytes.Lines(text))
	if int64(len(lines)) != count {
		return faultf(EventMissing, name, "it holds %d events and not %d", len(lines), count)
	}
	var leaves [][]byte
	for at := first - first%proof.TileWidth; at < first+count; at += proof.TileWidth {
		bundle, err := l.leaves(at)
		if err != nil {
			return err
		}
		leaves = append(leaves, bundle...)
	}
	leaves = leaves[first%proof.TileWidth:][:count]
	if err := inParallel(len(lines), func(i int) error { return l.event(lines[i], first+int64(i), leaves[i], name) }); err != nil {
		return err
	}
	for _, leaf := range leaves {
		if err := l.add(leaf); err != nil {
			return err
		}
	}
	return l.noteSeals(lines)
}

// inParallel does something for each number on all processors; the error is that of the lowest of them.
func inParallel(n int, do func(i int) error) error {
	workers := runtime.GOMAXPROCS(0)
	each := (n + workers - 1) / workers
	errs := make([]error, workers)
	var all sync.WaitGroup
	for w := range workers {
		all.Go(func() {
			for i := w * each; i < min((w+1)*each, n) && errs[w] == nil; i++ {
				errs[w] = do(i)
			}
		})
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// leaves reads the bundle of entries in which this one stands.
func (l *wholeLog) leaves(at int64) ([][]byte, error) {
	n := at / proof.TileWidth
	if kept, ok := l.bundles[n]; ok { // the one that two files of events share
		return kept, nil
	}
	width := int(min(l.now.Size-n*proof.TileWidth, proof.TileWidth))
	name := proof.Path(proof.Entries(n, width))
	text, err := l.read(name)
	if err != nil {
		return nil, err
	}
	leaves, err := proof.SplitEntries(text)
	if err != nil || len(leaves) != width {
		return nil, fault(LeafUnreadable, name, errors.Join(fmt.Errorf("it holds %d entries and not %d", len(leaves), width), err))
	}
	l.bundles = map[int64][][]byte{n: leaves}
	return leaves, nil
}

func (l *wholeLog) event(line []byte, at int64, leaf []byte, name string) error {
	e, err := proof.ParseEvent(line)
	if err != nil {
		return faultf(EventUnreadable, name, "event %d: %w", at, err)
	}
	if again, err := e.Line(); err != nil || !bytes.Equal(again, line) {
		return faultf(EventUnreadable, name, "event %d isn't written as one", at)
	}
	if e.Seq != uint64(at) {
		return faultf(EventMissing, name, "event %d stands where event %d was due", e.Seq, at)
	}
	return matches(e, l.now.Origin, leaf, name)
}

// add adds a leaf to the tree, and compares the tiles that are full by it.
func (l *wholeLog) add(leaf []byte) error {
	l.tree.Append(tlog.RecordHash(leaf), l.tile)
	if l.broken != nil {
		return l.broken
	}
	if l.old != nil && l.old.Size == l.tree.Size() && l.old.Root != l.tree.Root() {
		return faultf(LogRewritten, "", "its first %d events have another root than in the checkpoint that you kept", l.old.Size)
	}
	return nil
}

func (l *wholeLog) tile(t tile, hashes []byte) {
	if l.broken != nil {
		return
	}
	text, err := l.read(proof.Path(t))
	if err == nil && !bytes.Equal(text, hashes) {
		err = faultf(TileDiffers, proof.Path(t), "it isn't that of the leaves")
	}
	l.broken = err
}

// nothingElse refuses files that the manifest doesn't list.
func (l *wholeLog) nothingElse() error {
	return fs.WalkDir(l.files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return fault(Unreadable, name, err)
		}
		if _, listed := l.list[name]; !entry.IsDir() && !listed && name != manifestFile {
			return faultf(ManifestDiffers, name, "the manifest doesn't list it")
		}
		return nil
	})
}
