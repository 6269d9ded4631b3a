package esdbnode

import (
	"errors"
	"io/fs"
	"math"
	"math/rand/v2"
	"sync"
	"syscall"
)

// errPower is what every operation answers once the power is gone.
var errPower = errors.New("the power is gone")

// sector is the unit that a disk writes whole or not at all.
const sector = 512

// crashDisk is a disk that can lose power. Until a sync, writes are only promises: at the crash each sector of them is
// kept or lost by chance, in no order. The same holds for names until the directory is synced, in order, as a
// journalling file system keeps them.
type crashDisk struct {
	mu      sync.Mutex
	files   map[string]*crashFile
	durable map[string]*crashFile
	dirOps  []func(map[string]*crashFile)
	// left counts the operations until the power goes; it is never reached when negative.
	left int
	lost bool
	// room is how many bytes all files together may have; any number when it is 0.
	room int
	// broken makes every sync fail.
	broken bool
}

// free says how large a file may become.
func (d *crashDisk) free(f *crashFile) int {
	if d.room == 0 {
		return math.MaxInt
	}
	room := d.room
	for _, other := range d.files {
		if other != f {
			room -= len(other.seen.data)
		}
	}
	return room
}

// resize changes how many bytes there is room for.
func (d *crashDisk) resize(room int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.room = room
}

// crashFile holds what is on the platter, and what the program sees.
type crashFile struct {
	disk    *crashDisk
	seen    memoryFile
	platter memoryFile
	pending []pendingWrite
}

type pendingWrite struct {
	offset   int64
	data     []byte
	truncate bool
}

func newCrashDisk(operations int) *crashDisk {
	return &crashDisk{files: map[string]*crashFile{}, durable: map[string]*crashFile{}, left: operations}
}

// step spends one operation, and cuts the power when it was the last.
func (d *crashDisk) step() error {
	if d.left == 0 {
		d.lost = true
	}
	d.left--
	if d.lost {
		return errPower
	}
	return nil
}

// crash returns the disk as it is found when the power comes back.
func (d *crashDisk) crash(chance *rand.Rand) *crashDisk {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lost = true
	after := newCrashDisk(-1)
	kept := d.dirOps[:chance.IntN(len(d.dirOps)+1)]
	for _, op := range kept {
		op(d.durable)
	}
	for name, f := range d.durable {
		g := &crashFile{disk: after}
		g.platter.data = append([]byte(nil), f.platter.data...)
		for _, w := range f.pending {
			w.settle(&g.platter, chance)
		}
		g.seen.data = append([]byte(nil), g.platter.data...)
		after.files[name], after.durable[name] = g, g
	}
	return after
}

// settle decides by chance which sectors of an unsynced write made it.
func (w pendingWrite) settle(platter *memoryFile, chance *rand.Rand) {
	if w.truncate {
		if chance.IntN(2) == 0 {
			platter.truncate(w.offset)
		}
		return
	}
	for at := 0; at < len(w.data); {
		n := min(len(w.data)-at, sector-int((w.offset+int64(at))%sector))
		if chance.IntN(2) == 0 {
			platter.WriteAt(w.data[at:at+n], w.offset+int64(at))
		}
		at += n
	}
}

// kill returns the disk as it is found when only the process died: everything it had done is there.
func (d *crashDisk) kill() *crashDisk {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lost = true
	after := newCrashDisk(-1)
	for name, f := range d.files {
		g := &crashFile{disk: after}
		g.platter.data = append([]byte(nil), f.seen.data...)
		g.seen.data = append([]byte(nil), f.seen.data...)
		after.files[name], after.durable[name] = g, g
	}
	return after
}

func (d *crashDisk) create(name string) (file, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.step(); err != nil {
		return nil, err
	}
	f := &crashFile{disk: d}
	d.changeName(func(names map[string]*crashFile) { names[name] = f })
	return f, nil
}

func (d *crashDisk) changeName(op func(map[string]*crashFile)) {
	op(d.files)
	d.dirOps = append(d.dirOps, op)
}

func (d *crashDisk) open(name string) (file, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if f := d.files[name]; f != nil {
		return f, d.step()
	}
	return nil, fs.ErrNotExist
}

func (d *crashDisk) rename(from, to string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.step(); err != nil {
		return err
	}
	f := d.files[from]
	d.changeName(func(names map[string]*crashFile) {
		delete(names, from)
		names[to] = f
	})
	return nil
}

func (d *crashDisk) remove(name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.step(); err != nil {
		return err
	}
	d.changeName(func(names map[string]*crashFile) { delete(names, name) })
	return nil
}

func (d *crashDisk) list() ([]string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var names []string
	for name := range d.files {
		names = append(names, name)
	}
	return names, d.step()
}

func (d *crashDisk) syncDir() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.step(); err != nil {
		return err
	}
	for _, op := range d.dirOps {
		op(d.durable)
	}
	d.dirOps = nil
	return nil
}

func (d *crashDisk) close() error { return nil }

func (f *crashFile) ReadAt(p []byte, off int64) (int, error) { return f.seen.ReadAt(p, off) }

func (f *crashFile) WriteAt(p []byte, off int64) (int, error) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	var full error
	if end, free := int(off)+len(p), f.disk.free(f); end > max(free, len(f.seen.data)) {
		p, full = p[:max(0, free-int(off))], syscall.ENOSPC // as much as fits is written, as on a real disk
	}
	f.pending = append(f.pending, pendingWrite{offset: off, data: append([]byte(nil), p...)})
	f.seen.WriteAt(p, off)
	return len(p), errors.Join(full, f.disk.step())
}

func (f *crashFile) truncate(size int64) error {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	f.pending = append(f.pending, pendingWrite{offset: size, truncate: true})
	f.seen.truncate(size)
	return f.disk.step()
}

func (f *crashFile) sync() error {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if err := f.disk.step(); err != nil {
		return err
	}
	if f.disk.broken {
		return syscall.EIO
	}
	for _, w := range f.pending {
		if w.truncate {
			f.platter.truncate(w.offset)
		} else {
			f.platter.WriteAt(w.data, w.offset)
		}
	}
	f.pending = nil
	return nil
}

func (f *crashFile) size() (int64, error) { return f.seen.size() }

func (f *crashFile) Close() error { return nil }
