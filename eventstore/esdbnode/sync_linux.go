package esdbnode

import (
	"errors"
	"os"
	"syscall"
)

// syncData forces the file's bytes to the disk. fdatasync leaves out the time stamps that fsync would also write, which
// on pre-allocated space saves the second disk write of every commit.
func syncData(f *os.File) error {
	for {
		err := syscall.Fdatasync(int(f.Fd()))
		if !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}
