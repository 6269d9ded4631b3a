package esdbnode

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// disk is the directory the log lives in. It is an interface so that the same log code runs on a real directory, in
// memory, and in tests on a disk that loses power.
type disk interface {
	create(name string) (file, error)
	open(name string) (file, error)
	rename(from, to string) error
	remove(name string) error
	// list names every file, in no particular order.
	list() ([]string, error)
	// syncDir makes creations, renames and removals survive a power loss.
	syncDir() error
	// close gives the directory free for another node.
	close() error
}

// file is one open file. sync MUST return only when everything written before it survives a power loss.
type file interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
	truncate(size int64) error
	size() (int64, error)
	sync() error
}

// lockName is the file whose lock stands for the whole directory. It is never removed: removing a locked file would
// let a third process lock a new file of the same name.
const lockName = "lock"

// osDisk is a directory of the operating system, held by an exclusive lock.
type osDisk struct {
	dir  string
	lock *os.File
}

func openDisk(dir string) (*osDisk, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("create the log's directory: %w", err)
	}
	lock, err := os.OpenFile(filepath.Join(dir, lockName), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("open the lock file: %w", err)
	}
	if err := lockFile(lock); err != nil {
		lock.Close()
		return nil, err
	}
	return &osDisk{dir: dir, lock: lock}, nil
}

func (d *osDisk) create(name string) (file, error) {
	return openFile(filepath.Join(d.dir, name), os.O_CREATE|os.O_TRUNC|os.O_RDWR)
}

func (d *osDisk) open(name string) (file, error) {
	return openFile(filepath.Join(d.dir, name), os.O_RDWR)
}

func openFile(path string, flags int) (file, error) {
	f, err := os.OpenFile(path, flags, 0o644)
	if err != nil {
		return nil, err
	}
	return osFile{f}, nil
}

func (d *osDisk) rename(from, to string) error {
	return os.Rename(filepath.Join(d.dir, from), filepath.Join(d.dir, to))
}

func (d *osDisk) remove(name string) error {
	return os.Remove(filepath.Join(d.dir, name))
}

func (d *osDisk) list() ([]string, error) {
	entries, err := os.ReadDir(d.dir)
	if err != nil {
		return nil, err
	}
	names := make([]string, 0, len(entries))
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names, nil
}

func (d *osDisk) syncDir() error {
	f, err := os.Open(d.dir)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}

// close releases the lock together with the descriptor.
func (d *osDisk) close() error {
	return d.lock.Close()
}

type osFile struct{ *os.File }

func (f osFile) truncate(size int64) error { return f.File.Truncate(size) }

func (f osFile) sync() error { return syncData(f.File) }

func (f osFile) size() (int64, error) {
	info, err := f.File.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}
