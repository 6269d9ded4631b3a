package esdbnode

import (
	"errors"
	"fmt"
	"syscall"
)

var (
	// ErrClosed is returned for work that reaches the node after Close, or that Close interrupted.
	ErrClosed = errors.New("esdbnode: closed")

	// ErrLocked is returned by Start when another process, or another Node of this process, holds the directory.
	// Wait for it to end; two writers on one log would destroy it.
	ErrLocked = errors.New("esdbnode: directory is in use by another node")

	// ErrNotLoopback is returned by Start when the listen address can be reached from other machines and Options.TLS
	// is not set. Such a node asks nobody who they are, so it refuses rather than exposing the ledger.
	ErrNotLoopback = errors.New("esdbnode: an insecure node listens on loopback only")

	// ErrFailed is wrapped by every append after a write or a sync of the log failed. What the failed sync left
	// on disk is unknown, and asking for another would prove nothing: the system may have dropped what it could not
	// write. So the node takes no more appends and ends; it recovers when it is started again.
	ErrFailed = errors.New("esdbnode: the log failed and takes no more appends; the node has to be started again")

	// ErrFull is wrapped by appends for which there is no room. Nothing of them was written, and the node goes on: the
	// next append is taken as soon as there is room again.
	ErrFull = errors.New("the disk of the event store is full; free space")
)

// noRoom wraps an error in ErrFull if it says that the disk is full. It is for operations that come before anything of an
// append is staged, and that can be done again whatever they left behind.
func noRoom(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return fmt.Errorf("%w: %w", ErrFull, err)
	}
	return err
}

// CorruptError says that stored bytes which the node had acknowledged are no longer what was written. The node MUST
// NOT start, and a read MUST NOT go on, over such bytes: restore the file from a copy.
type CorruptError struct {
	// Segment is the name of the file.
	Segment string
	// Offset is the place in the file of the first record or event that cannot be trusted.
	Offset int64
	// Reason says in words what does not fit.
	Reason string
}

// Error says where and why.
func (e *CorruptError) Error() string {
	return fmt.Sprintf("esdbnode: %s is damaged at byte %d: %s", e.Segment, e.Offset, e.Reason)
}

// FormatError says that a file was written by a version of this package that the running one does not know.
type FormatError struct {
	Segment string
	Version uint32
}

// Error says which version was found and which is known.
func (e *FormatError) Error() string {
	return fmt.Sprintf("esdbnode: %s has format version %d, this build reads version %d", e.Segment, e.Version, formatVersion)
}
