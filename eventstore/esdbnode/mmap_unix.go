//go:build unix

package esdbnode

import "syscall"

// mapped maps the whole file for reading. Nobody changes a file that is mapped: index files are written under another
// name and renamed.
func (f osFile) mapped() ([]byte, func(), error) {
	size, err := f.size()
	if err != nil {
		return nil, nil, err
	}
	if size == 0 {
		return nil, func() {}, nil
	}
	data, err := syscall.Mmap(int(f.Fd()), 0, int(size), syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil {
		return nil, nil, err
	}
	// It fails only for what was never mapped.
	return data, func() { _ = syscall.Munmap(data) }, nil
}
