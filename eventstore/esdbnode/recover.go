package esdbnode

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// openLog opens the log on a disk, or begins one, and calls visit with every event in it, in order.
//
// Every byte of it is checked, except in segments whose index is on disk: of those, only that they are all there and of
// the right size. Only what a crash can leave is repaired: a record at the very end that is not whole, which was never
// acknowledged, is cut off. Everything else that does not fit is a *CorruptError, and nothing is changed.
func openLog(d disk, opts logOptions, visit func(position uint64, frame []byte) error) (*eventLog, error) {
	l := &eventLog{disk: d, opts: opts}
	if err := l.open(visit); err != nil {
		return nil, errors.Join(err, l.close(false))
	}
	return l, nil
}

func (l *eventLog) open(visit func(uint64, []byte) error) error {
	bases, err := l.tidy()
	if err != nil {
		return err
	}
	if len(bases) == 0 {
		return l.start()
	}
	for _, base := range bases {
		s, err := openSegment(l.disk, segmentName(base), base)
		if err != nil {
			return err
		}
		l.segments = append(l.segments, s)
	}
	if first := l.segments[0]; first.base != 0 {
		return first.damaged(0, "the segments before this one are missing")
	}
	if err := l.recover(visit); err != nil {
		return err
	}
	// The seal's sync also makes durable what a killed process had written and not yet synced, before anybody reads it.
	return l.seal()
}

// tidy removes what a crash left of a file in the making, and lists the bases of the others in order.
func (l *eventLog) tidy() ([]uint64, error) {
	names, err := l.disk.list()
	if err != nil {
		return nil, fmt.Errorf("list the log's directory: %w", err)
	}
	var bases []uint64
	for _, name := range names {
		if strings.HasSuffix(name, segmentSuffix+temporarySuffix) || strings.HasSuffix(name, indexSuffix+temporarySuffix) {
			if err := l.disk.remove(name); err != nil {
				return nil, fmt.Errorf("remove unfinished file: %w", err)
			}
		}
		if base, ok := segmentBase(name); ok {
			bases = append(bases, base)
		}
	}
	slices.Sort(bases)
	return bases, nil
}

func (l *eventLog) start() error {
	s, err := createSegment(l.disk, 0, l.opts.zeros)
	if err != nil {
		return err
	}
	l.segments = []*segment{s}
	l.active = s
	return nil
}

// recover reads every segment and repairs the end of the last one.
func (l *eventLog) recover(visit func(uint64, []byte) error) error {
	last := len(l.segments) - 1
	for i, s := range l.segments[:last] {
		known := l.opts.sealed != nil && l.opts.sealed.adopt(s)
		if known {
			s.used = s.allocated
		} else if err := s.scan(visit); err != nil {
			return err
		}
		if s.end() != l.segments[i+1].base {
			return s.damaged(s.used, "the records end before the next segment begins")
		}
		if known {
			continue
		}
		if err := l.finish(s); err != nil {
			return err
		}
	}
	l.active = l.segments[last]
	if l.active.compacted {
		return l.active.damaged(0, "the segments after this compacted one are missing")
	}
	if err := l.active.scan(visit); err != nil {
		return err
	}
	return l.active.repairEnd()
}

// finish does to a segment that was read what a crash may have left undone when it became full.
func (l *eventLog) finish(s *segment) error {
	if s.allocated > s.used {
		if err := s.trim(); err != nil {
			return err
		}
	}
	return l.sealIndex(s.end())
}

// scan reads records until the first bytes that are none, and leaves used there.
func (s *segment) scan(visit func(uint64, []byte) error) error {
	if s.compacted {
		return s.walkCompacted(visit, visit)
	}
	rest := s.allocated - s.used
	r := bufio.NewReaderSize(io.NewSectionReader(s.file, s.used, rest), int(min(rest, 1<<20)))
	header := make([]byte, recordHeaderSize)
	var payload []byte
	for {
		if ok, err := fill(r, header); !ok {
			return s.scanError(err)
		}
		h, ok := parseHeader(header, s.end())
		if !ok {
			return nil
		}
		size := int(h.end(s.used) - s.used - recordHeaderSize)
		payload = slices.Grow(payload[:0], size)[:size]
		if ok, err := fill(r, payload); !ok {
			return s.scanError(err)
		}
		if !h.matches(payload) {
			return nil
		}
		if err := s.entries(payload[:h.length], visit); err != nil {
			return err
		}
		s.used = h.end(s.used)
		s.records++
	}
}

func (s *segment) scanError(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("read %s: %w", s.name, err)
}

// fill reads exactly len(p) bytes and reports whether there were that many.
func fill(r io.Reader, p []byte) (bool, error) {
	_, err := io.ReadFull(r, p)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return false, nil
	}
	return err == nil, err
}

// entries visits the events of the record that starts at used.
func (s *segment) entries(payload []byte, visit func(uint64, []byte) error) error {
	for at := 0; at < len(payload); {
		offset := s.used + recordHeaderSize + int64(at)
		frame, ok := entryFrame(payload[at:])
		if !ok {
			return s.damaged(offset, "a record does not divide into events")
		}
		if err := visit(s.base+uint64(offset), frame); err != nil {
			return s.visitError(offset, err)
		}
		at += entryHeaderSize + len(frame)
	}
	return nil
}

// repairEnd decides what the bytes after the last whole record of the log are: nothing, a torn record to cut off, or
// damage to what had been acknowledged.
func (s *segment) repairEnd() error {
	rest := make([]byte, s.allocated-s.used)
	if _, err := s.readAt(rest, s.used); err != nil {
		return err
	}
	if len(bytes.Trim(rest, "\x00")) == 0 {
		return nil
	}
	if at, ok := s.laterRecord(rest); ok {
		return s.damaged(s.used, fmt.Sprintf("a broken record is followed by a whole one at byte %d", at))
	}
	return s.trim()
}

// laterRecord looks for a record's header behind the broken record at used. There can be one only if the broken record
// was synced, so finding one proves damage.
func (s *segment) laterRecord(rest []byte) (int64, bool) {
	for at := recordAlign; at+recordHeaderSize <= len(rest); at += recordAlign {
		header := rest[at : at+recordHeaderSize]
		if _, ok := parseHeader(header, s.end()+uint64(at)); ok {
			return s.used + int64(at), true
		}
	}
	return 0, false
}
