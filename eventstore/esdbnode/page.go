package esdbnode

import (
	"errors"
	"fmt"
	"slices"
)

// Reads take many events at a time: events that lie close together come off the disk in one call, scattered ones each
// in their own. The figures are sizes of typical events: closer than gapLimit, reading what lies between is cheaper
// than a second call; slack is what is read past the last known position because only the entry itself knows its length.
const (
	gapLimit  = 8 << 10
	spanLimit = 512 << 10
	slack     = 2 << 10
)

const (
	// pageSize is how many events one page holds at most, pageBytes about how many bytes, so that many readers of large
	// events do not fill the memory.
	pageSize  = 512
	pageBytes = 4 << 20
)

// page is a number of events that are read together.
type page struct {
	// first is the number of the first event in its sequence.
	first     int
	positions []uint64
	links     *computed
}

// turn cuts the next page off a span of what a view shows: at most so many events, fewer when they are large.
func (v view) turn(left span, most int, backwards bool) (page, span) {
	candidates, _ := left.next(min(most, left.to-left.from), backwards)
	positions := v.events.page(candidates.from, candidates.to)
	taken, rest := left.next(pageLength(positions, backwards), backwards)
	at := taken.from - candidates.from
	return page{first: taken.from, positions: positions[at : at+taken.to-taken.from], links: v.links}, rest
}

// stretch is turn for those who take events one after the other, see Node.each: how large they are does not matter.
func (v view) stretch(left span, most int, backwards bool) (page, span) {
	taken, rest := left.next(min(most, left.to-left.from), backwards)
	return page{first: taken.from, positions: v.events.page(taken.from, taken.to), links: v.links}, rest
}

// part is the events of a page from one to another.
func (p page) part(from, to int) page {
	return page{first: p.first + from, positions: p.positions[from:to], links: p.links}
}

// each visits the frames of a page one after the other, until visit has enough. It reads what lies close together at a
// time and no more, so a visitor that waits, for a client that does not read, holds one such piece of memory.
func (n *Node) each(p page, backwards bool, visit func(frame []byte) (more bool, err error)) error {
	for more := true; more && len(p.positions) > 0; {
		var piece page
		piece, p = p.piece(backwards)
		frames, err := n.frames(piece)
		if err != nil {
			return err
		}
		if backwards {
			slices.Reverse(frames)
		}
		for i := 0; more && i < len(frames); i++ {
			if more, err = visit(frames[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// piece cuts off what is worth one call of the disk.
func (p page) piece(backwards bool) (piece, rest page) {
	if !backwards {
		n := together(p.positions)
		return p.part(0, n), p.part(n, len(p.positions))
	}
	from, last := len(p.positions)-1, len(p.positions)-1
	for from > 0 && near(p.positions[from-1], p.positions[from], p.positions[last]-p.positions[from-1]) {
		from--
	}
	return p.part(from, last+1), p.part(0, from)
}

// frames returns the frames of a page, without the events that compaction removed: the stored ones, or in a computed
// stream the links to them.
func (n *Node) frames(p page) ([][]byte, error) {
	frames, err := n.log.frames(p.positions)
	if err == nil && p.links != nil {
		err = p.links.replace(p.first, frames)
	}
	return slices.DeleteFunc(frames, func(frame []byte) bool { return frame == nil }), err
}

// pageLength counts the events of the next page, taken from the end of the positions when reading backwards. How large
// an event is only the log knows; here it is taken to reach to the next one, or to be of the largest usual size.
func pageLength(positions []uint64, backwards bool) int {
	last := len(positions) - 1
	most := min(pageSize, len(positions))
	bytes := uint64(0)
	for n := 0; n < most; n++ {
		i := n
		if backwards {
			i = last - n
		}
		size := uint64(maxAppendSize)
		if i < last {
			size = min(size, positions[i+1]-positions[i])
		}
		if bytes += size; bytes > pageBytes {
			return max(n, 1)
		}
	}
	return most
}

// frames returns the stored frames of events at rising positions, nil for those that compaction removed. The frames
// share memory that nobody writes to again.
func (l *eventLog) frames(positions []uint64) ([][]byte, error) {
	out := make([][]byte, 0, len(positions))
	for len(positions) > 0 {
		n := together(positions)
		base := positions[0]
		chunk, err := l.chunk(base, int(positions[n-1]-base)+slack)
		if errors.Is(err, errGone) {
			out, positions = append(out, nil), positions[1:]
			continue
		}
		if err != nil {
			return nil, err
		}
		// The chunk may end before the last of them, where a segment or a run does; those are read anew.
		for taken := 0; taken < n && positions[0]-base < max(1, uint64(len(chunk))); taken++ {
			frame, err := l.cut(chunk, base, positions[0])
			if err != nil {
				return nil, err
			}
			out, positions = append(out, frame), positions[1:]
		}
	}
	return out, nil
}

// together counts the leading positions that are worth one call.
func together(positions []uint64) int {
	n := 1
	for n < len(positions) && near(positions[n-1], positions[n], positions[n]-positions[0]) {
		n++
	}
	return n
}

// near tells whether two events are read with one call when that call then spans so much.
func near(position, next, spanned uint64) bool {
	return next-position <= gapLimit && spanned <= spanLimit
}

// chunk reads up to size bytes at a position; fewer when the segment, or what compaction left together, ends before.
// The lock is held meanwhile so that compaction does not close the file.
func (l *eventLog) chunk(position uint64, size int) ([]byte, error) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	s, err := l.segmentOf(position)
	if err != nil {
		return nil, err
	}
	offset, end, err := s.locate(position)
	if err != nil {
		return nil, err
	}
	buf := make([]byte, min(int64(size), end-offset))
	n, err := s.readAt(buf, offset)
	if err != nil {
		return nil, err
	}
	return buf[:n], nil
}

// cut takes the frame at position out of a chunk, and reads on when the chunk ends too early.
func (l *eventLog) cut(chunk []byte, base, position uint64) ([]byte, error) {
	if offset := position - base; offset < uint64(len(chunk)) {
		if frame, ok := entryFrame(chunk[offset:]); ok {
			return frame, nil
		}
	}
	return l.frame(position)
}

// frame reads one event. Bytes that do not match their checksum are a *CorruptError, never an answer.
func (l *eventLog) frame(position uint64) ([]byte, error) {
	head, err := l.chunk(position, entryHeaderSize)
	if err != nil {
		return nil, err
	}
	if len(head) < entryHeaderSize || entryFrameSize(head) > maxRecordSize {
		return nil, l.damagedAt(position)
	}
	entry, err := l.chunk(position, entryHeaderSize+entryFrameSize(head))
	if err != nil {
		return nil, err
	}
	frame, ok := entryFrame(entry)
	if !ok {
		return nil, l.damagedAt(position)
	}
	return frame, nil
}

// frameStaged reads one event that may still be waiting for commit. It is for the writer alone.
func (l *eventLog) frameStaged(position uint64) ([]byte, error) {
	if position < l.batchBase {
		return l.frame(position)
	}
	frame, ok := entryFrame(l.batch[position-l.batchBase:])
	if !ok {
		return nil, fmt.Errorf("esdbnode: no staged event at position %d", position)
	}
	return frame, nil
}

func (l *eventLog) damagedAt(position uint64) error {
	s, err := l.segmentAt(position)
	if err != nil {
		return err
	}
	offset, _, err := s.locate(position)
	if err != nil {
		return err
	}
	return s.damaged(offset, "an event does not match its checksum")
}
