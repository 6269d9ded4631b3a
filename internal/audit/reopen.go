package audit

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/partnerledger/partnerledger/internal/audit/proof"
)

// OpenLog opens the log in the folder, or begins one there.
func OpenLog(dir string, keys *KeyRing, now func() time.Time) (*Log, error) {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, fmt.Errorf("proof log: %w", err)
	}
	lock, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o640)
	if err != nil {
		return nil, fmt.Errorf("proof log: %w", err)
	}
	if err := lockFile(lock); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	l, err := openLog(folder(dir), keys, now)
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	l.lock = lock
	return l, nil
}

func openLog(d disk, keys *KeyRing, now func() time.Time) (*Log, error) {
	l := emptyLog(d, keys, now)
	kept, err := readTail[Kept](d, checkpointsFile)
	if err != nil {
		return nil, err
	}
	if err := l.fresh(); err != nil {
		return nil, err
	}
	if len(kept) == 0 {
		return l, l.unsigned()
	}
	newest := kept[len(kept)-1]
	if err := l.load(newest); err != nil {
		return nil, err
	}
	before := int64(0)
	if len(kept) > 1 {
		before = kept[len(kept)-2].Size
	}
	return l, l.tidy(before)
}

func emptyLog(d disk, keys *KeyRing, now func() time.Time) *Log {
	return &Log{disk: d, keys: keys, now: now, tree: &proof.Tree{}, out: newWrites(d, "tile")}
}

// fresh makes an empty folder for drafts.
func (l *Log) fresh() error {
	if err := l.disk.Remove(draftFolder); err != nil {
		return fmt.Errorf("proof log: %w", err)
	}
	if err := l.disk.Mkdir(draftFolder); err != nil {
		return fmt.Errorf("proof log: %w", err)
	}
	return nil
}

// unsigned makes sure that a log of which nothing was signed is a new one.
func (l *Log) unsigned() error {
	_, err := l.disk.ReadFile(checkpointFile)
	if err == nil {
		return fmt.Errorf("%w (%s is there and %s is not)", ErrDamaged, checkpointFile, checkpointsFile)
	}
	if !errors.Is(err, fs.ErrNotExist) { // only that means absent
		return fmt.Errorf("proof log: %w", err)
	}
	return l.clear()
}

// load brings the tree back that was signed last, and makes sure that it is that one.
func (l *Log) load(newest Kept) error {
	if err := appendRecord(l.disk, checkpointsFile); err != nil { // a line that a crash left is durable from now on
		return err
	}
	trust, err := l.keys.trust()
	if err != nil {
		return err
	}
	if l.signed, err = trust.Open([]byte(newest.Note)); err != nil {
		return fmt.Errorf("%w: %w", ErrForeign, err)
	}
	if err := l.readTree(); err != nil {
		return fmt.Errorf("%w (tree of %d leaves): %w", ErrDamaged, l.signed.Size, err)
	}
	if l.cosigned, err = l.linesUnder(l.signed.Size); err != nil {
		return err
	}
	if err := l.neverAhead(trust); err != nil {
		return err
	}
	if err := l.clear(); err != nil {
		return err
	}
	return l.show()
}

func (l *Log) readTree() (err error) {
	fetch := proof.Fetch(l.disk.ReadFile)
	if l.tree, err = proof.LoadTree(l.signed.Size, fetch); err != nil {
		return err
	}
	if l.tree.Root() != l.signed.Root {
		return errors.New("its tiles have another root than was signed")
	}
	if l.last, err = fetch.Entry(l.signed.Size-1, l.signed.Size); err != nil {
		return err
	}
	full, partial := proof.Span(-1, l.signed.Size)
	if partial == 0 {
		return nil
	}
	if l.bundle, err = l.disk.ReadFile(proof.Path(proof.Entries(full, partial))); err != nil {
		return err
	}
	return l.checkBundle(full, partial)
}

// checkBundle holds the entries that more will be written behind against their hashes.
func (l *Log) checkBundle(n int64, width int) error {
	entries, err := proof.SplitEntries(l.bundle)
	if err != nil || len(entries) != width {
		return fmt.Errorf("bundle %d holds %d entries, not %d: %w", n, len(entries), width, errors.Join(proof.ErrEntries, err))
	}
	hashes, err := proof.Fetch(l.disk.ReadFile).Tile(proof.Hashes(0, n, width))
	for i, entry := range entries {
		if h := tlog.RecordHash(entry); err == nil && string(hashes[i*tlog.HashSize:][:tlog.HashSize]) != string(h[:]) {
			err = fmt.Errorf("entry %d has another hash", n*proof.TileWidth+int64(i))
		}
	}
	return err
}

// neverAhead makes sure that the checkpoint on show isn't newer than the record, which would have been cut.
func (l *Log) neverAhead(trust proof.Trust) error {
	text, err := l.disk.ReadFile(checkpointFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("proof log: %w", err)
	}
	shown, err := trust.Open(text)
	if err != nil {
		return fmt.Errorf("%w (%s): %w", ErrDamaged, checkpointFile, err)
	}
	if shown.Size > l.signed.Size {
		return fmt.Errorf("%w (%s is of %d leaves, the record ends at %d)", ErrDamaged, checkpointFile, shown.Size, l.signed.Size)
	}
	return nil
}

// levelsMax is how many levels a tree of 2^63 leaves has.
const levelsMax = 8

// clear removes what a writer that died left beyond the tree signed last. Of its last write names may be
// durable in any order; so the search ends only where more are missing than one write makes.
func (l *Log) clear() error {
	const gapMax = FlushMax/proof.TileWidth + 2
	for level := -1; level < levelsMax; level++ {
		full, partial := proof.Span(level, l.tree.Size())
		if err := l.clearPartials(partials(level, full), partial); err != nil {
			return err
		}
		names := map[string]map[string]bool{}
		for n, gap := full, 0; gap < gapMax; n++ {
			name := proof.Path(proof.Hashes(level, n, proof.TileWidth))
			dir, base := path.Split(name)
			if names[dir] == nil {
				found, err := l.disk.ReadDir(path.Clean(dir))
				if err != nil {
					return fmt.Errorf("proof log: %w", err)
				}
				names[dir] = map[string]bool{}
				for _, one := range found {
					names[dir][one] = true
				}
			}
			gap++
			for _, stray := range []string{name, name + ".p"} {
				if base = path.Base(stray); names[dir][base] && (n > full || stray == name) {
					gap = 0
					if err := errors.Join(l.disk.Remove(stray), l.disk.SyncDir(path.Dir(stray))); err != nil {
						return fmt.Errorf("proof log: %w", err)
					}
				}
			}
		}
	}
	return nil
}

// clearPartials removes partial tiles wider than the one that was signed.
func (l *Log) clearPartials(dir string, width int) error {
	names, err := l.disk.ReadDir(dir)
	for _, name := range names {
		if w, convErr := strconv.Atoi(name); err == nil && (convErr != nil || w > width) {
			err = errors.Join(l.disk.Remove(dir+"/"+name), l.disk.SyncDir(dir))
		}
	}
	if err != nil {
		return fmt.Errorf("proof log: %w", err)
	}
	return nil
}
