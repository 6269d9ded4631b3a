package esdbnode

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// A segment is one file of the log. It begins with a header of 32 bytes: magic, format version, the position of its
// first byte, a checksum, zeros. The place of a byte in the log is the segment's base plus its offset in the file, so
// positions go on rising from file to file and the name of a file says which positions it holds.
const (
	formatVersion     = 1
	segmentMagic      = "PLEVENTS"
	segmentHeaderSize = 32
	segmentSuffix     = ".log"
	temporarySuffix   = ".tmp"
)

// zeroStep is how much space is filled with zeros ahead of the writes. Syncing into space that exists already needs no
// change of the file's size or block map, which is what makes a commit one disk write.
const zeroStep = 4 << 20

type segment struct {
	name string
	base uint64
	file file
	// used is the end of the last record, allocated the end of the zeros beyond it. Only the writer touches them
	// after the log is open.
	used      int64
	allocated int64
	// records is how many were found when the segment was read.
	records int
	// compacted says that the file holds runs of what was left of the segment, see compact_segment.go.
	compacted bool
	runs      []run
	// stubs is the place of the last record of such a file.
	stubs int64
}

func segmentName(base uint64) string {
	return fmt.Sprintf("%020d%s", base, segmentSuffix)
}

// segmentBase reads the base back from a file name and reports whether it is the name of a segment.
func segmentBase(name string) (uint64, bool) {
	digits, ok := strings.CutSuffix(name, segmentSuffix)
	if !ok || len(digits) != 20 {
		return 0, false
	}
	base, err := strconv.ParseUint(digits, 10, 64)
	return base, err == nil
}

// createSegment makes an empty segment that is durable, name and all, when it returns. The file gets its name only once
// its header is on disk, so that a crash leaves no half-made segment.
func createSegment(d disk, base uint64, zeros int64) (*segment, error) {
	name := segmentName(base)
	f, err := d.create(name + temporarySuffix)
	if err != nil {
		return nil, fmt.Errorf("create segment %s: %w", name, noRoom(err))
	}
	s := &segment{name: name, base: base, file: f, used: segmentHeaderSize}
	if err := s.initialise(d, zeros); err != nil {
		f.Close()
		return nil, fmt.Errorf("create segment %s: %w", name, err)
	}
	return s, nil
}

func (s *segment) initialise(d disk, zeros int64) error {
	if _, err := s.file.WriteAt(segmentHeader(s.base), 0); err != nil {
		return noRoom(err)
	}
	s.allocated = segmentHeaderSize
	if err := s.allocate(s.used+1, zeros); err != nil {
		return err
	}
	if err := s.file.sync(); err != nil {
		return err
	}
	if err := d.rename(s.name+temporarySuffix, s.name); err != nil {
		return err
	}
	return d.syncDir()
}

func segmentHeader(base uint64) []byte { return versionedHeader(base, formatVersion) }

func versionedHeader(base uint64, version uint32) []byte {
	h := make([]byte, segmentHeaderSize)
	copy(h, segmentMagic)
	binary.LittleEndian.PutUint32(h[8:], version)
	binary.LittleEndian.PutUint64(h[16:], base)
	binary.LittleEndian.PutUint32(h[24:], checksum(h[:24]))
	return h
}

// openSegment opens an existing file and checks its header against its name.
func openSegment(d disk, name string, base uint64) (*segment, error) {
	f, err := d.open(name)
	if err != nil {
		return nil, fmt.Errorf("open segment %s: %w", name, err)
	}
	s := &segment{name: name, base: base, file: f, used: segmentHeaderSize}
	if err := s.checkHeader(); err != nil {
		f.Close()
		return nil, err
	}
	return s, nil
}

func (s *segment) checkHeader() error {
	h := make([]byte, segmentHeaderSize)
	if _, err := s.file.ReadAt(h, 0); err != nil {
		return s.damaged(0, "the file header is cut short")
	}
	version := binary.LittleEndian.Uint32(h[8:])
	if string(h[:8]) == segmentMagic && version != formatVersion && version != compactedVersion {
		return &FormatError{Segment: s.name, Version: version}
	}
	if !bytes.Equal(h, versionedHeader(s.base, version)) {
		return s.damaged(0, "the file header does not match the file's name")
	}
	size, err := s.file.size()
	if err != nil {
		return fmt.Errorf("size of segment %s: %w", s.name, err)
	}
	s.allocated = size
	if version == compactedVersion {
		return s.openCompacted()
	}
	return nil
}

// allocate extends the zeros so that they reach at least to end, in steps of zeros bytes; none when zeros is 0. What a
// full disk took of a step is given back; nothing stands there.
func (s *segment) allocate(end, zeros int64) error {
	if zeros == 0 {
		return nil
	}
	for s.allocated < end {
		if _, err := s.file.WriteAt(make([]byte, zeros), s.allocated); err != nil {
			return fmt.Errorf("allocate in %s: %w", s.name, noRoom(errors.Join(err, s.file.truncate(s.allocated))))
		}
		s.allocated += zeros
	}
	return nil
}

// trim cuts away everything after the last record and makes the cut durable.
func (s *segment) trim() error {
	if err := s.file.truncate(s.used); err != nil {
		return fmt.Errorf("trim %s: %w", s.name, err)
	}
	s.allocated = s.used
	if err := s.file.sync(); err != nil {
		return fmt.Errorf("trim %s: %w", s.name, err)
	}
	return nil
}

// end is the position after the last record.
func (s *segment) end() uint64 { return s.base + uint64(s.used) }

// readAt fills p as far as the file goes; coming to the end of the file is no error here.
func (s *segment) readAt(p []byte, offset int64) (int, error) {
	n, err := s.file.ReadAt(p, offset)
	if err != nil && !errors.Is(err, io.EOF) {
		return n, fmt.Errorf("read %s at %d: %w", s.name, offset, err)
	}
	return n, nil
}

func (s *segment) damaged(offset int64, reason string) *CorruptError {
	return &CorruptError{Segment: s.name, Offset: offset, Reason: reason}
}
