//go:build !linux

package esdbnode

import "os"

// syncData forces the file's bytes to the disk by the strongest call that the standard library has here.
func syncData(f *os.File) error { return f.Sync() }
