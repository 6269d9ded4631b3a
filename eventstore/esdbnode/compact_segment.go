package esdbnode

import (
	"bufio"
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"io"
	"sort"
)

// A compacted segment holds what was left of a segment. It has the same name and covers the same positions, and its
// events keep theirs. After the header, whose version is another, it holds a record that says where the segment ended and
// where the other records are; then the entries that were left, without anything between them; then the table as a
// record: for every run of entries that stood next to each other the position of the first, its place in the file and the
// length; then, as a compressed record, the stubs of the removed events, which are events without data and metadata.
//
// The stubs keep the index what it was: revisions, the numbers of the computed streams and the ids of events do not depend
// on whether the index was made before the compaction or is made anew. They cost about thirty bytes an event.
//
// Such a file is made whole before it gets its name, so whatever does not fit in it is damage.
const (
	compactedVersion = 2

	// kindSpan is the first record of a compacted segment: its end in the log, the places of the other two in the file.
	kindSpan = 3
	// kindTable and kindStubs are the last ones.
	kindTable = 4
	kindStubs = 5

	spanSize     = 24
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
	end := binary.LittleEndian.Uint64(span)
	at, stubs := int64(binary.LittleEndian.Uint64(span[8:])), int64(binary.LittleEndian.Uint64(span[16:]))
	if end < s.base || at < compactedOff || stubs <= at || stubs > s.allocated {
		return s.damaged(segmentHeaderSize, "a compacted segment contradicts itself")
	}
	table, after, err := s.compactedRecord(at, kindTable)
	if err != nil {
		return err
	}
	if after != stubs {
		return s.damaged(after, "the records of a compacted segment do not follow each other")
	}
	if err := s.readRuns(table, at, end); err != nil {
		return err
	}
	if last, err := s.compactedHeader(stubs, kindStubs); err != nil || last.end(stubs) != s.allocated {
		return errors.Join(err, s.damaged(stubs, "a compacted segment does not end with its stubs"))
	}
	s.stubs = stubs
	// The writer's fields: the segment ends where it did, and nothing is ever cut off.
	s.compacted, s.used, s.allocated = true, int64(end-s.base), int64(end-s.base)
	return nil
}

func (s *segment) compactedHeader(at int64, kind uint32) (recordHeader, error) {
	header := make([]byte, recordHeaderSize)
	if n, err := s.readAt(header, at); err != nil || n < len(header) {
		return recordHeader{}, errors.Join(err, s.damaged(at, "a compacted segment is cut short"))
	}
	h, ok := parseAnyHeader(header, s.base+uint64(at))
	if !ok || h.kind != kind {
		return h, s.damaged(at, "a compacted segment has no record where one is due")
	}
	return h, nil
}

// compactedRecord reads one whole record and the place after it.
func (s *segment) compactedRecord(at int64, kind uint32) ([]byte, int64, error) {
	h, err := s.compactedHeader(at, kind)
	if err != nil {
		return nil, 0, err
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
	padding := make([]byte, align(offset)-offset)
	if _, err := s.readAt(padding, offset); err != nil {
		return err
	}
	if len(table) != 0 || align(offset) != at || len(bytes.Trim(padding, "\x00")) != 0 {
		return s.damaged(at, "the table of a compacted segment does not cover it")
	}
	return nil
}

// walkCompacted visits the events of a compacted segment in order, those that are there and the stubs of those that are
// not.
func (s *segment) walkCompacted(there, stub visitor) error {
	removed, err := s.openStubs()
	if err != nil {
		return err
	}
	err = s.walkRuns(func(position uint64, frame []byte) error {
		if err := removed.before(position, stub); err != nil {
			return &stopError{err}
		}
		return there(position, frame)
	})
	if err != nil {
		return err
	}
	return removed.before(s.end(), stub)
}

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

// stubReader goes through the stubs of a segment.
type stubReader struct {
	segment *segment
	in      *bufio.Reader
	// waiting is the next stub, nil when none was read yet.
	waiting  []byte
	position uint64
}

func (s *segment) openStubs() (*stubReader, error) {
	packed, _, err := s.compactedRecord(s.stubs, kindStubs)
	if err != nil {
		return nil, err
	}
	return &stubReader{segment: s, in: bufio.NewReader(flate.NewReader(bytes.NewReader(packed)))}, nil
}

// before visits the stubs before a position.
func (r *stubReader) before(end uint64, visit visitor) error {
	for {
		if r.waiting == nil {
			if _, err := r.in.Peek(1); errors.Is(err, io.EOF) {
				return nil
			}
			entry, err := r.segment.nextEntry(r.in, r.segment.stubs, maxRecordSize)
			if err != nil {
				return err
			}
			s, err := parseFrame(entry[entryHeaderSize:])
			if err != nil {
				return r.segment.damaged(r.segment.stubs, err.Error())
			}
			r.waiting, r.position = entry[entryHeaderSize:], s.position
		}
		if r.position >= end {
			return nil
		}
		if err := visit(r.position, r.waiting); err != nil {
			return r.segment.visitError(r.segment.stubs, err)
		}
		r.waiting = nil
	}
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

// visitor is called with every event; its error ends the walk.
type visitor = func(position uint64, frame []byte) error
