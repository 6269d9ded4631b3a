package esdbnode

import (
	"errors"
	"fmt"
	"slices"
	"sort"
	"sync"
)

// logOptions are the knobs of the log; tests turn them, nobody else does.
type logOptions struct {
	// segmentSize is the size past which the next commit opens a new segment.
	segmentSize int64
	// zeros is the step of pre-allocation, 0 for none.
	zeros int64
	// noSync acknowledges without syncing. It exists to show that the tests of durability can fail.
	noSync bool
	// indexFiles says that the index of full segments is kept on the disk, too.
	indexFiles bool
	// sealed is told of segments that no longer grow, and may know their events already. It may be nil.
	sealed sealedIndex
}

// eventLog is the append-only log of events on a disk.
//
// Appending is for one goroutine: begin, stage any number of events, commit. What was staged MUST NOT be shown to
// anybody before commit returned without error. Reading is for any number of goroutines, at positions that were
// committed.
type eventLog struct {
	disk disk
	opts logOptions

	// mu guards the slice; a segment in it stays open until close.
	mu       sync.RWMutex
	segments []*segment

	active *segment
	// batch is the record being built; its first byte will be at position batchBase.
	batch     []byte
	batchBase uint64
}

// begin starts a record, in a new segment when the active one is full. After ErrFull nothing has changed, and it may be
// tried again.
func (l *eventLog) begin() error {
	l.batch, l.batchBase = l.batch[:0], l.active.end()
	if l.active.used >= l.opts.segmentSize {
		if err := l.roll(); err != nil {
			return err
		}
	}
	l.batchBase = l.active.end()
	l.batch = append(l.batch[:0], make([]byte, recordHeaderSize)...)
	return nil
}

// stage adds one event to the record and returns its position. build appends the event's frame, which holds that
// position, to the buffer it is given.
func (l *eventLog) stage(build func(dst []byte, position uint64) []byte) uint64 {
	start := len(l.batch)
	position := l.batchBase + uint64(start)
	l.batch = append(l.batch, make([]byte, entryHeaderSize)...)
	l.batch = build(l.batch, position)
	putEntryHeader(l.batch[start:])
	return position
}

// reserve makes sure that there is room for so many more bytes in the record. After ErrFull nothing has changed. What was
// reserved can be written without more of the disk, so that a disk is found full before anything is staged.
func (l *eventLog) reserve(bytes int) error {
	return l.active.allocate(l.active.used+int64(len(l.batch)+bytes+recordAlign), l.opts.zeros)
}

// staged is the number of bytes waiting for commit.
func (l *eventLog) staged() int { return len(l.batch) - recordHeaderSize }

// commit writes the record and returns once it is durable, with the position up to which the log is.
func (l *eventLog) commit() (uint64, error) {
	return l.write(kindBatch)
}

func (l *eventLog) write(kind uint32) (uint64, error) {
	s := l.active
	l.batch = putHeader(l.batch, kind, l.batchBase)
	end := s.used + int64(len(l.batch))
	if err := s.allocate(end, l.opts.zeros); err != nil {
		return 0, err
	}
	if _, err := s.file.WriteAt(l.batch, s.used); err != nil {
		return 0, fmt.Errorf("write %s: %w", s.name, err)
	}
	if !l.opts.noSync {
		if err := s.file.sync(); err != nil {
			return 0, fmt.Errorf("sync %s: %w", s.name, err)
		}
	}
	s.used = end
	s.allocated = max(s.allocated, end)
	return s.end(), nil
}

// seal writes the record that bears witness to everything before it.
func (l *eventLog) seal() error {
	if err := l.begin(); err != nil {
		return err
	}
	_, err := l.write(kindSeal)
	return err
}

// roll opens the next segment. The new one is made durable first: should the power fail in between, recovery finds an
// empty last segment and trims the one before it.
func (l *eventLog) roll() error {
	next, err := createSegment(l.disk, l.active.end(), l.opts.zeros)
	if err != nil {
		return err
	}
	if err := l.active.trim(); err != nil {
		next.file.Close()
		return err
	}
	l.mu.Lock()
	l.segments = append(l.segments, next)
	l.mu.Unlock()
	l.active = next
	return l.sealIndex(next.base)
}

func (l *eventLog) sealIndex(end uint64) error {
	if l.opts.sealed == nil {
		return nil
	}
	return l.opts.sealed.seal(end)
}

// segmentAt finds the segment that holds a position.
func (l *eventLog) segmentAt(position uint64) (*segment, error) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.segmentOf(position)
}

// segmentOf is segmentAt for callers that hold the lock.
func (l *eventLog) segmentOf(position uint64) (*segment, error) {
	i := sort.Search(len(l.segments), func(i int) bool { return l.segments[i].base > position })
	if i == 0 {
		return nil, fmt.Errorf("esdbnode: position %d is before the log", position)
	}
	return l.segments[i-1], nil
}

// close seals the log when it is still sound and closes every file.
func (l *eventLog) close(sound bool) error {
	var failed error
	if sound {
		failed = l.seal()
	}
	if errors.Is(failed, ErrFull) { // the log is whole without its witness
		failed = nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range l.segments {
		if err := s.file.Close(); failed == nil && err != nil {
			failed = fmt.Errorf("close %s: %w", s.name, err)
		}
	}
	l.segments = slices.Clip(l.segments[:0])
	return failed
}
