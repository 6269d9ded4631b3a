package esdbnode

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// Verified says what a log holds, up to the first damage when there is some.
type Verified struct {
	// Segments counts files, Compacted those of which only a part is left.
	Segments, Compacted int
	// Records counts group commits and seals; those of compacted segments are no longer there.
	Records int
	// Events counts those that are there, Removed those that compaction took.
	Events, Removed int
	// Streams counts those that have or had events, Tombstones those that ended for ever.
	Streams, Tombstones int
	// End is the position after the last record.
	End uint64
	// Unindexed counts the full segments whose index file is missing or broken; the next start makes them again.
	Unindexed int
	// Torn is how many bytes at the end are those of a write that was cut off. They were never acknowledged, and the
	// next start removes them.
	Torn int64
}

// Verify reads every byte of a log and proves that it is what was written: the checksum of every record and of every
// event, that each event is at the position and has the revision it says, and that nothing is missing in between but what
// compaction took. It changes nothing. The directory MUST NOT be in use, else the error is ErrLocked, for what is being
// written cannot be judged.
//
// The error of a log that is not sound is the *CorruptError of the first damage. What a start would repair, see
// Verified.Torn, is none.
func Verify(ctx context.Context, dir string) (Verified, error) {
	if _, err := os.Stat(dir); err != nil {
		return Verified{}, fmt.Errorf("esdbnode: verify: %w", err)
	}
	d, err := openDisk(dir)
	if err != nil {
		return Verified{}, err
	}
	report, err := verifyDisk(ctx, readOnly{d})
	return report, errors.Join(err, d.close())
}

// verifyDisk checks the log on a disk.
func verifyDisk(ctx context.Context, d disk) (Verified, error) {
	v := &verifier{ctx: ctx, disk: d, index: newIndex()}
	err := v.run()
	v.report.Streams, v.report.Tombstones = v.index.streams, v.index.tombstones
	return v.report, err
}

type verifier struct {
	ctx    context.Context
	disk   disk
	index  *index
	report Verified
}

func (v *verifier) run() error {
	names, err := v.disk.list()
	if err != nil {
		return fmt.Errorf("list the log's directory: %w", err)
	}
	var bases []uint64
	for _, name := range names {
		if base, ok := segmentBase(name); ok {
			bases = append(bases, base)
		}
	}
	slices.Sort(bases)
	if len(bases) == 0 {
		return fmt.Errorf("esdbnode: verify: the directory holds no log: %w", fs.ErrNotExist)
	}
	for i, base := range bases {
		if err := v.segment(base, i == len(bases)-1); err != nil {
			return err
		}
	}
	return nil
}

// segment checks one file, and that it begins where the one before ended.
func (v *verifier) segment(base uint64, last bool) (err error) {
	s, err := openSegment(v.disk, segmentName(base), base)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.file.Close()) }()
	if base != v.report.End {
		return s.damaged(0, fmt.Sprintf("the log ends at position %d before this segment", v.report.End))
	}
	v.report.Segments++
	if s.compacted {
		v.report.Compacted++
	}
	if s.compacted {
		err = s.walkCompacted(v.visit, v.stub)
	} else {
		err = s.scan(v.visit)
	}
	if err != nil {
		return err
	}
	v.report.Records += s.records
	v.report.End = s.end()
	switch {
	case s.compacted && last:
		return s.damaged(s.used, "the segments after this compacted one are missing")
	case last:
		return v.rest(s, last)
	case !s.compacted:
		if err := v.rest(s, last); err != nil {
			return err
		}
	}
	return v.verifyIndex(s)
}

func (v *verifier) visit(position uint64, frame []byte) error {
	v.report.Events++
	return v.load(position, frame)
}

func (v *verifier) stub(position uint64, frame []byte) error {
	v.report.Removed++
	return v.load(position, frame)
}

func (v *verifier) load(position uint64, frame []byte) error {
	if err := v.ctx.Err(); err != nil {
		return &stopError{err}
	}
	return v.index.load(position, frame)
}

// rest judges what follows the last whole record: zeros, or at the end of the log a torn write.
func (v *verifier) rest(s *segment, last bool) error {
	rest := io.NewSectionReader(s.file, s.used, s.allocated-s.used)
	first, err := firstNonZero(rest)
	if err != nil {
		return fmt.Errorf("read %s: %w", s.name, err)
	}
	if first < 0 {
		return nil
	}
	if !last {
		return s.damaged(s.used, "a record does not match its checksum")
	}
	tail := make([]byte, s.allocated-s.used)
	if _, err := s.readAt(tail, s.used); err != nil {
		return err
	}
	if at, ok := s.laterRecord(tail); ok {
		return s.damaged(s.used, fmt.Sprintf("a broken record is followed by a whole one at byte %d", at))
	}
	v.report.Torn = int64(len(tail))
	return nil
}

// firstNonZero is the place of the first byte that is not zero, -1 when all are.
func firstNonZero(r io.Reader) (int64, error) {
	buf := make([]byte, 64<<10)
	for at := int64(0); ; {
		n, err := r.Read(buf)
		if i := bytes.IndexFunc(buf[:n], func(r rune) bool { return r != 0 }); i >= 0 {
			return at + int64(i), nil
		}
		at += int64(n)
		if errors.Is(err, io.EOF) {
			return -1, nil
		}
		if err != nil {
			return -1, err
		}
	}
}

// readOnly is a directory in which nothing can be changed.
type readOnly struct{ *osDisk }

var errReadOnly = errors.New("esdbnode: the log is open for reading only")

func (d readOnly) open(name string) (file, error) {
	return openFile(filepath.Join(d.dir, name), os.O_RDONLY)
}

func (readOnly) create(string) (file, error) { return nil, errReadOnly }
func (readOnly) rename(string, string) error { return errReadOnly }
func (readOnly) remove(string) error         { return errReadOnly }
func (readOnly) syncDir() error              { return errReadOnly }
