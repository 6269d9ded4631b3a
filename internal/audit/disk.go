package audit

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"syscall"

	"golang.org/x/sync/errgroup"
)

// disk is the few things that the log does to files, so that tests can take the power away between any two
// of them. Names are relative, with slashes.
type disk interface {
	ReadFile(name string) ([]byte, error)
	ReadTail(name string, max int) (tail []byte, from int64, err error)
	ReadDir(name string) ([]string, error) // names; none where there is no such folder
	Create(name string) (file, error)      // empties a file that is there
	Append(name string) (file, error)      // makes a file that isn't there
	Truncate(name string, size int64) error
	Rename(from, to string) error
	Remove(name string) error // a file or a folder with all in it; nothing if it isn't there
	Mkdir(name string) error  // with those above it; nothing if it is there
	SyncDir(name string) error
}

type file interface {
	io.Writer
	Sync() error
	Close() error
}

// folder is a disk below a folder of the machine.
type folder string

func (f folder) at(name string) string { return filepath.Join(string(f), filepath.FromSlash(name)) }

// ReadFile reads a file.
func (f folder) ReadFile(name string) ([]byte, error) { return os.ReadFile(f.at(name)) }

// ReadTail reads the end of a file, and says where that begins.
func (f folder) ReadTail(name string, max int) (tail []byte, from int64, err error) {
	opened, err := os.Open(f.at(name))
	if err != nil {
		return nil, 0, err
	}
	defer opened.Close()
	info, err := opened.Stat()
	if err != nil {
		return nil, 0, err
	}
	from = info.Size() - min(info.Size(), int64(max))
	tail, err = io.ReadAll(io.NewSectionReader(opened, from, info.Size()-from))
	return tail, from, err
}

// ReadDir lists a folder.
func (f folder) ReadDir(name string) ([]string, error) {
	entries, err := os.ReadDir(f.at(name))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names, nil
}

// Create makes a file that its owner can write and its group can read.
func (f folder) Create(name string) (file, error) {
	return os.OpenFile(f.at(name), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o640)
}

// Append opens a file at its end.
func (f folder) Append(name string) (file, error) {
	return os.OpenFile(f.at(name), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o640)
}

// Truncate cuts a file.
func (f folder) Truncate(name string, size int64) error { return os.Truncate(f.at(name), size) }

// Rename moves a file.
func (f folder) Rename(from, to string) error { return os.Rename(f.at(from), f.at(to)) }

// Remove removes.
func (f folder) Remove(name string) error { return os.RemoveAll(f.at(name)) }

// Mkdir makes a folder.
func (f folder) Mkdir(name string) error { return os.MkdirAll(f.at(name), 0o750) }

// SyncDir makes the names in a folder durable.
func (f folder) SyncDir(name string) error {
	d, err := os.Open(f.at(name))
	if err != nil {
		return err
	}
	err = d.Sync()
	if closeErr := d.Close(); err == nil {
		err = closeErr
	}
	if errors.Is(err, syscall.EINVAL) { // a file system that keeps names durable by itself
		return nil
	}
	return err
}

// draftFolder holds files that aren't whole yet.
const draftFolder = "draft"

// writes puts files durably in their places, many at a time: none is in its place before its content is
// durable, and all are once commit has returned.
type writes struct {
	disk   disk
	name   string          // of the drafts, so that two writers of drafts don't meet
	known  map[string]bool // folders whose own names are durable
	drafts []string        // where they are to go
	group  *errgroup.Group
}

// writers is how many files are written and synced at a time.
const writers = 16

func newWrites(d disk, name string) *writes {
	w := &writes{disk: d, name: name, known: map[string]bool{".": true}, group: &errgroup.Group{}}
	w.group.SetLimit(writers)
	return w
}

// put writes a file beside its place. The data MUST NOT change before commit has returned.
func (w *writes) put(name string, data []byte) {
	draft := w.draft(len(w.drafts))
	w.drafts = append(w.drafts, name)
	w.group.Go(func() error { return writeFile(w.disk, draft, data) })
}

func (w *writes) draft(n int) string { return draftFolder + "/" + w.name + "-" + strconv.Itoa(n) }

func writeFile(d disk, name string, data []byte) error {
	f, err := d.Create(name)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// commit moves the files to their places.
func (w *writes) commit() error {
	if err := w.group.Wait(); err != nil {
		return fmt.Errorf("proof log: write: %w", err)
	}
	changed := map[string]bool{}
	for i, name := range w.drafts {
		if err := w.prepare(path.Dir(name), changed); err != nil {
			return fmt.Errorf("proof log: %w", err)
		}
		if err := w.disk.Rename(w.draft(i), name); err != nil {
			return fmt.Errorf("proof log: %w", err)
		}
	}
	var syncs errgroup.Group
	syncs.SetLimit(writers)
	for dir := range changed {
		syncs.Go(func() error { return w.disk.SyncDir(dir) })
	}
	if err := syncs.Wait(); err != nil {
		return fmt.Errorf("proof log: make names durable: %w", err)
	}
	for dir := range changed {
		w.known[dir] = true
	}
	w.drafts = nil
	return nil
}

// prepare makes the folder and notes what has to be synced: the folder, and those above if they may be new.
func (w *writes) prepare(dir string, changed map[string]bool) error {
	if changed[dir] {
		return nil
	}
	changed[dir] = true
	if w.known[dir] {
		return nil
	}
	if err := w.disk.Mkdir(dir); err != nil {
		return err
	}
	for up := dir; up != "."; {
		up = path.Dir(up)
		changed[up] = true
	}
	return nil
}
