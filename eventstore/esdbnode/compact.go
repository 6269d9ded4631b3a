package esdbnode

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"
)

// Compacted says what a compaction did.
type Compacted struct {
	// Segments is how many were looked at, Rewritten how many of them lost something.
	Segments, Rewritten int
	// Kept and Removed count events.
	Kept, Removed int
	// Before and After are the bytes of the segments looked at.
	Before, After int64
}

// ErrCompacting is returned when a compaction is asked for while one is running.
var ErrCompacting = errors.New("esdbnode: the log is being compacted already")

// Compact removes the events of a log that nobody can read any more in their streams: those that $maxCount, $maxAge or
// $tb hide, those of deleted and tombstoned streams, and all but the newest metadata of a stream. It frees their space,
// but for some thirty bytes each, and $all and the computed streams pass over them; nothing else changes:
//
//   - Every event that is left MUST keep its position and its revision, and the bytes that it had.
//   - The last event of a stream MUST stay, hidden or not, because servers count on it; a tombstone stays and its
//     stream's events go.
//   - The numbers of the computed streams MUST stay as they are, with gaps, for they are others' checkpoints. So whoever
//     had read up to an event that is removed goes on behind it.
//   - Each segment is replaced as a whole once its successor is durable. A crash at any moment leaves it as it was or as
//     it is to be, and compacting again does the rest.
//
// What is lost is what a removed event said, and what an answer to its repetition rests on: an append of the same event
// with the expectation any writes it again. The directory MUST NOT be in use, else the error is ErrLocked; a running node
// has its own Compact.
func Compact(ctx context.Context, opts Options) (Compacted, error) {
	n, err := openQuiet(ctx, opts)
	if err != nil {
		return Compacted{}, err
	}
	var done Compacted
	// What there is can go only out of a segment that nobody appends to.
	if last := n.index.viewAll().events; last.len() > 0 && last.at(last.len()-1) >= n.log.active.base {
		err = n.log.roll()
	}
	if err == nil {
		done, err = n.Compact(ctx)
	}
	n.end()
	return done, errors.Join(err, n.closeLog(err == nil))
}

// openQuiet opens a log without serving it.
func openQuiet(ctx context.Context, opts Options) (*Node, error) {
	opts, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	if opts.Dir != "" {
		if _, err := os.Stat(opts.Dir); err != nil {
			return nil, fmt.Errorf("esdbnode: compact: %w", err)
		}
	}
	d, settings, err := opts.openDisk()
	if err != nil {
		return nil, err
	}
	n := &Node{disk: d, index: newIndex(), logger: opts.Logger, now: opts.Now}
	n.closing, n.end = context.WithCancel(context.WithoutCancel(ctx))
	if err := n.open(ctx, settings); err != nil {
		return nil, errors.Join(err, d.close())
	}
	return n, nil
}

// Compact does to a running node's log what the function of that name does to one at rest, except that the segment
// being written stays as it is. Readers go on meanwhile. When ctx ends, the segments done so far stay done.
func (n *Node) Compact(ctx context.Context) (Compacted, error) {
	if !n.compacting.TryLock() {
		return Compacted{}, ErrCompacting
	}
	defer n.compacting.Unlock()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(n.closing, cancel)()
	if n.closing.Err() != nil {
		return Compacted{}, ErrClosed
	}
	p := &plan{node: n, now: n.now(), streams: map[string]keeping{}}
	var done Compacted
	for _, s := range n.log.sealed() {
		if err := n.compactSegment(ctx, p, s, &done); err != nil {
			return done, fmt.Errorf("compact %s: %w", s.name, err)
		}
	}
	n.logger.Info("log compacted", "removed", done.Removed, "kept", done.Kept, "bytes", done.Before-done.After)
	return done, nil
}

func (n *Node) compactSegment(ctx context.Context, p *plan, s *segment, done *Compacted) error {
	before, err := s.file.size()
	if err != nil {
		return err
	}
	removed, kept, err := p.count(ctx, s)
	if err != nil {
		return err
	}
	done.Segments++
	done.Kept += kept
	done.Before += before
	if removed == 0 {
		done.After += before
		return nil
	}
	after, err := n.rewrite(ctx, p, s)
	if err != nil {
		return err
	}
	done.Rewritten++
	done.Removed += removed
	done.After += after
	return nil
}

// rewrite makes the successor of a segment, durable and whole, gives it the segment's name and then its place. It is
// read through once before, so that nothing takes the place of a segment that could not be read back.
func (n *Node) rewrite(ctx context.Context, p *plan, s *segment) (int64, error) {
	f, err := n.disk.create(s.name + temporarySuffix)
	if err != nil {
		return 0, err
	}
	next, err := n.fillSuccessor(ctx, p, s, f)
	if err == nil {
		err = n.disk.rename(s.name+temporarySuffix, s.name)
	}
	if err == nil {
		err = n.disk.syncDir()
	}
	if err != nil {
		// What is left of it would go at the next start, too; that it may not go now does not matter.
		_ = n.disk.remove(s.name + temporarySuffix)
		return 0, errors.Join(err, f.Close())
	}
	size, err := f.size()
	return size, errors.Join(err, n.log.replace(s, next))
}

func (n *Node) fillSuccessor(ctx context.Context, p *plan, s *segment, f file) (*segment, error) {
	w, err := newCompactedWriter(f, s.base)
	if err != nil {
		return nil, err
	}
	err = s.walk(func(position uint64, frame []byte) error {
		e, keep, err := p.keeps(ctx, frame)
		switch {
		case err != nil:
		case keep:
			err = w.keep(position, frame)
		default:
			err = w.remove(e)
		}
		return stopped(err)
	}, func(_ uint64, stub []byte) error { return stopped(w.stub(stub)) })
	if err != nil {
		return nil, err
	}
	if err := w.finish(s.end()); err != nil {
		return nil, err
	}
	next := &segment{name: s.name, base: s.base, file: f, used: segmentHeaderSize}
	if err := next.checkHeader(); err != nil {
		return nil, err
	}
	return next, next.walk(nothing, nothing)
}

// nothing is a visitor for the sake of the checks that a walk makes.
func nothing(uint64, []byte) error { return nil }

// walk visits the events of a segment that nobody appends to any more, and the stubs of those removed before. It fails
// when not all of it is whole.
func (s *segment) walk(visit, stub visitor) error {
	if s.compacted {
		return s.walkCompacted(visit, stub)
	}
	again := &segment{name: s.name, base: s.base, file: s.file, used: segmentHeaderSize, allocated: s.used}
	if err := again.scan(visit); err != nil {
		return err
	}
	if again.used != s.used {
		return s.damaged(again.used, "a record does not match its checksum")
	}
	return nil
}

// stopped is an error that ends a walk without being damage.
func stopped(err error) error {
	if err == nil {
		return nil
	}
	return &stopError{err}
}

// sealed are the segments that nobody appends to any more.
func (l *eventLog) sealed() []*segment {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return append([]*segment(nil), l.segments[:len(l.segments)-1]...)
}

// replace puts a segment's successor in its place. Reads hold the lock, so that none is under way when the file closes.
func (l *eventLog) replace(old, next *segment) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, s := range l.segments {
		if s == old {
			l.segments[i] = next
			return old.file.Close()
		}
	}
	return errors.Join(ErrClosed, next.file.Close())
}

// plan decides what stays. It looks at each stream once, so that one compaction judges all of its segments alike.
type plan struct {
	node    *Node
	now     time.Time
	streams map[string]keeping
}

// keeping is what stays of a stream: nothing, or what is neither before the first revision nor too old, and in any case
// the last event.
type keeping struct {
	nothing bool
	first   uint64
	last    uint64
	oldest  int64
}

// count says how many events of a segment would go and stay.
func (p *plan) count(ctx context.Context, s *segment) (removed, kept int, err error) {
	err = s.walk(func(_ uint64, frame []byte) error {
		_, keep, err := p.keeps(ctx, frame)
		if keep {
			kept++
		} else {
			removed++
		}
		return stopped(err)
	}, nothing)
	return removed, kept, err
}

func (p *plan) keeps(ctx context.Context, frame []byte) (e stored, keep bool, err error) {
	if err := ctx.Err(); err != nil {
		return e, false, err
	}
	e, err = parseFrame(frame)
	if err != nil || e.revision == tombstoneRevision {
		return e, err == nil, err
	}
	k, ok := p.streams[string(e.stream)]
	if !ok {
		if k, err = p.stream(string(e.stream)); err != nil {
			return e, false, err
		}
		p.streams[string(e.stream)] = k
	}
	keep = e.revision >= k.last || e.revision >= k.first && e.ticks() >= k.oldest
	return e, keep && !k.nothing, nil
}

// stream decides what stays of one stream.
func (p *plan) stream(stream string) (keeping, error) {
	v := p.node.index.viewStream(stream)
	ofTombstoned := isMetadata(stream) && p.node.index.viewStream(stream[len(metadataPrefix):]).tombstoned
	if v.tombstoned || ofTombstoned {
		return keeping{nothing: true}, nil
	}
	limits, err := p.node.limits(stream, v)
	count := v.events.len()
	if err != nil || count == 0 {
		return keeping{}, err
	}
	return keeping{first: limits.first(count), last: uint64(count - 1), oldest: limits.oldest(p.now)}, nil
}
