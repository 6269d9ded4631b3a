package esdbnode

import (
	"fmt"
	"io"
	"io/fs"
	"sync"
)

// memoryDisk keeps files in memory. It serves nodes that need not survive their process.
type memoryDisk struct {
	mu    sync.Mutex
	files map[string]*memoryFile
}

func newMemoryDisk() *memoryDisk {
	return &memoryDisk{files: make(map[string]*memoryFile)}
}

func (d *memoryDisk) create(name string) (file, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f := &memoryFile{}
	d.files[name] = f
	return f, nil
}

func (d *memoryDisk) open(name string) (file, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f, ok := d.files[name]
	if !ok {
		return nil, fmt.Errorf("open %s: %w", name, fs.ErrNotExist)
	}
	return f, nil
}

func (d *memoryDisk) rename(from, to string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	f, ok := d.files[from]
	if !ok {
		return fmt.Errorf("rename %s: %w", from, fs.ErrNotExist)
	}
	delete(d.files, from)
	d.files[to] = f
	return nil
}

func (d *memoryDisk) remove(name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.files, name)
	return nil
}

func (d *memoryDisk) list() ([]string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	names := make([]string, 0, len(d.files))
	for name := range d.files {
		names = append(names, name)
	}
	return names, nil
}

func (d *memoryDisk) syncDir() error { return nil }

func (d *memoryDisk) close() error { return nil }

// memoryFile is a growing slice of bytes; a hole between the end and a write reads as zeros, as on a real disk.
type memoryFile struct {
	mu   sync.RWMutex
	data []byte
}

// ReadAt is io.ReaderAt.
func (f *memoryFile) ReadAt(p []byte, off int64) (int, error) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	if off >= int64(len(f.data)) {
		return 0, io.EOF
	}
	n := copy(p, f.data[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// WriteAt is io.WriterAt; the file grows as needed.
func (f *memoryFile) WriteAt(p []byte, off int64) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.resize(max(int64(len(f.data)), off+int64(len(p))))
	return copy(f.data[off:], p), nil
}

func (f *memoryFile) truncate(size int64) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.resize(size)
	return nil
}

// resize sets the length; bytes that come back after a cut MUST read as zeros.
func (f *memoryFile) resize(size int64) {
	old := int64(len(f.data))
	if size <= old {
		clear(f.data[size:])
		f.data = f.data[:size]
		return
	}
	f.data = append(f.data, make([]byte, size-old)...)
}

func (f *memoryFile) size() (int64, error) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return int64(len(f.data)), nil
}

func (f *memoryFile) sync() error { return nil }

// Close keeps the bytes: the file may be opened again as long as the disk lives.
func (f *memoryFile) Close() error { return nil }
