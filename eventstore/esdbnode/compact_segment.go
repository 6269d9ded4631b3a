package esdbnode

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sort"
)

// A compacted segment holds what was left of a segment. It has the same name and covers the same positions, and its
// events keep theirs; what lies between is gone. After the header, whose version is another, it holds a record that
// says where the segment ended and where the table is, then the entries that were left, without anything between them,
// then the table as a record: for every run of entries that stood next to each other the position of the first, its
// place in the file and the length. Such a file is made whole before it gets its name, so whatever does not fit in it
// is damage.
const (
	compactedVersion = 2

	// kindSpan is the first record of a compacted segment: the end in the log, the place of the table in the file.
	kindSpan = 3
	// kindTable is the last one.
	kindTable = 4

	spanSize     = 16
	runSize      = 24
	compactedOff = segmentHeaderSize + recordHeaderSize + spanSize
)

// run is a number of entries whose positions follow from the first one's as in the segment that was compacted.
type run struct {
	position uint64
	offset   int64
	length   int64
}

// errGone says that there is no event at a position any more.
var errGone = errors.New("esdbnode: the event was removed by compaction")

// locate finds the place of a position in the file and the end of the bytes that follow it without a gap.
func (s *segment) locate(position uint64) (offset, end int64, err error) {
	if !s.compacted {
		return int64(position - s.base), maxOffset, nil
	}
	i := sort.Search(len(s.runs), func(i int) bool { return s.runs[i].position > position }) - 1
	if i < 0 || position-s.runs[i].position >= uint64(s.runs[i].length) {
		return 0, 0, errGone
	}
	r := s.runs[i]
	return r.offset + int64(position-r.position), r.offset + r.length, nil
}

const maxOffset = 1<<63 - 1

// openCompacted reads the table of a compacted segment.
func (s *segment) openCompacted() error {
	span, _, err := s.compactedRecord(segmentHeaderSize, kindSpan)
	if err != nil {
		return err
	}
	if len(span) != spanSize {
		return s.damaged(segmentHeaderSize, "the first record of a compacted segment has another length")
	}
	end, at := binary.LittleEndian.Uint64(span), int64(binary.LittleEndian.Uint64(span[8:]))
	if end < s.base || at < compactedOff || at > s.allocated {
		return s.damaged(segmentHeaderSize, "a compacted segment contradicts itself")
	}
	table, after, err := s.compactedRecord(at, kindTable)
	if err != nil {
		return err
	}
	if after != s.allocated {
		return s.damaged(after, "a compacted segment does not end with its table")
	}
	if err := s.readRuns(table, at, end); err != nil {
		return err
	}
	// The writer's fields: the segment ends where it did, and nothing is ever cut off.
	s.compacted, s.used, s.allocated = true, int64(end-s.base), int64(end-s.base)
	return nil
}

// compactedRecord reads one whole record and the place after it.
func (s *segment) compactedRecord(at int64, kind uint32) ([]byte, int64, error) {
	header := make([]byte, recordHeaderSize)
	if n, err := s.readAt(header, at); err != nil || n < len(header) {
		return nil, 0, errors.Join(err, s.damaged(at, "a compacted segment is cut short"))
	}
	h, ok := parseAnyHeader(header, s.base+uint64(at))
	if !ok || h.kind != kind || h.end(at) > s.allocated {
		return nil, 0, s.damaged(at, "a compacted segment has no record where one is due")
	}
	payload := make([]byte, h.end(at)-at-recordHeaderSize)
	if n, err := s.readAt(payload, at+recordHeaderSize); err != nil || n < len(payload) {
		return nil, 0, errors.Join(err, s.damaged(at, "a compacted segment is cut short"))
	}
	if !h.matches(payload) {
		return nil, 0, s.damaged(at, "a record does not match its checksum")
	}
	return payload[:h.length], h.end(at), nil
}

// readRuns takes the table apart; the runs have to lie one after the other, in the file and in the log.
func (s *segment) readRuns(table []byte, at int64, end uint64) error {
	offset, position := int64(compactedOff), s.base
	for ; len(table) >= runSize; table = table[runSize:] {
		r := run{
			position: binary.LittleEndian.Uint64(table),
			offset:   int64(binary.LittleEndian.Uint64(table[8:])),
			length:   int64(binary.LittleEndian.Uint64(table[16:])),
		}
		if r.offset != offset || r.length <= 0 || r.position < position || r.position+uint64(r.length) > end {
			return s.damaged(at, "the table of a compacted segment contradicts itself")
		}
		offset, position = r.offset+r.length, r.position+uint64(r.length)
		s.runs = append(s.runs, r)
	}
	if len(table) != 0 || align(offset) != at {
		return s.damaged(at, "the table of a compacted segment does not cover it")
	}
	return nil
}

// walkRuns visits the events of a compacted segment.
func (s *segment) walkRuns(visit visitor) error {
	for _, r := range s.runs {
		in := bufio.NewReaderSize(io.NewSectionReader(s.file, r.offset, r.length), int(min(r.length, 1<<20)))
		for at := int64(0); at < r.length; {
			entry, err := s.nextEntry(in, r.offset+at, r.length-at)
			if err != nil {
				return err
			}
			if err := visit(r.position+uint64(at), entry[entryHeaderSize:]); err != nil {
				return s.visitError(r.offset+at, err)
			}
			at += int64(len(entry))
		}
	}
	return nil
}

// nextEntry reads one entry and checks it; left is how many bytes there can be.
func (s *segment) nextEntry(in io.Reader, offset, left int64) ([]byte, error) {
	head := make([]byte, entryHeaderSize)
	if ok, err := fill(in, head); !ok {
		return nil, errors.Join(s.scanError(err), s.damaged(offset, "an event is cut short"))
	}
	size := int64(entryHeaderSize + entryFrameSize(head))
	if size > left {
		return nil, s.damaged(offset, "an event does not end where its run does")
	}
	entry := append(head, make([]byte, size-entryHeaderSize)...)
	if ok, err := fill(in, entry[entryHeaderSize:]); !ok {
		return nil, errors.Join(s.scanError(err), s.damaged(offset, "an event is cut short"))
	}
	if _, ok := entryFrame(entry); !ok {
		return nil, s.damaged(offset, "an event does not match its checksum")
	}
	return entry, nil
}

// visitError makes what a visitor has to say about an event the damage that it is, unless it is the visitor's own end.
func (s *segment) visitError(offset int64, err error) error {
	var stop *stopError
	if errors.As(err, &stop) {
		return stop.cause
	}
	return s.damaged(offset, err.Error())
}

// stopError ends a walk without saying anything about the events.
type stopError struct{ cause error }

// Error says why.
func (e *stopError) Error() string { return e.cause.Error() }

// compactedWriter makes the file of a compacted segment.
type compactedWriter struct {
	file   file
	base   uint64
	offset int64
	out    *bufio.Writer
	runs   []run
}

func newCompactedWriter(f file, base uint64) *compactedWriter {
	w := &compactedWriter{file: f, base: base, offset: compactedOff}
	w.out = bufio.NewWriterSize(io.NewOffsetWriter(f, compactedOff), 1<<20)
	return w
}

// keep adds an entry, given as its frame, that stays at its position.
func (w *compactedWriter) keep(position uint64, frame []byte) error {
	entry := append(make([]byte, entryHeaderSize, entryHeaderSize+len(frame)), frame...)
	putEntryHeader(entry)
	if last := len(w.runs) - 1; last >= 0 && w.runs[last].position+uint64(w.runs[last].length) == position {
		w.runs[last].length += int64(len(entry))
	} else {
		w.runs = append(w.runs, run{position: position, offset: w.offset, length: int64(len(entry))})
	}
	w.offset += int64(len(entry))
	_, err := w.out.Write(entry)
	return err
}

// finish writes the rest and returns when all of it is durable.
func (w *compactedWriter) finish(end uint64) error {
	at := align(w.offset)
	if _, err := w.out.Write(make([]byte, at-w.offset)); err != nil {
		return err
	}
	if err := w.out.Flush(); err != nil {
		return err
	}
	table := make([]byte, recordHeaderSize, recordHeaderSize+len(w.runs)*runSize)
	for _, r := range w.runs {
		table = binary.LittleEndian.AppendUint64(table, r.position)
		table = binary.LittleEndian.AppendUint64(table, uint64(r.offset))
		table = binary.LittleEndian.AppendUint64(table, uint64(r.length))
	}
	if len(table) > maxRecordSize {
		return fmt.Errorf("%d runs are more than a table holds", len(w.runs))
	}
	if _, err := w.file.WriteAt(putHeader(table, kindTable, w.base+uint64(at)), at); err != nil {
		return err
	}
	span := binary.LittleEndian.AppendUint64(make([]byte, recordHeaderSize), end)
	span = putHeader(binary.LittleEndian.AppendUint64(span, uint64(at)), kindSpan, w.base+segmentHeaderSize)
	if _, err := w.file.WriteAt(append(versionedHeader(w.base, compactedVersion), span...), 0); err != nil {
		return err
	}
	return w.file.sync()
}

// visitor is called with every event; its error ends the walk.
type visitor = func(position uint64, frame []byte) error

// checkGap judges that events of a stream are missing before the one at position: they may be, when a segment before it
// was compacted.
func (l *eventLog) checkGap(position uint64) error {
	if position == 0 {
		return nil
	}
	for _, s := range l.segments {
		if s.compacted && s.base <= position {
			return nil
		}
	}
	s, err := l.segmentAt(position)
	if err != nil {
		return err
	}
	return s.damaged(int64(position-s.base), "events of a stream are missing before this one")
}
