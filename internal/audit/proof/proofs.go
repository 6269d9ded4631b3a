package proof

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// ErrProof says that a text isn't a proof, or that the proof doesn't hold.
var ErrProof = errors.New("the proof does not hold")

const (
	inclusionHead   = "c2sp.org/tlog-proof@v1\nindex "
	consistencyHead = "old "
	proofMax        = 63 // hashes
)

// Inclusion proves that a leaf stands in the tree of a checkpoint: C2SP tlog-proof, a file of its own.
type Inclusion struct {
	Index      int64
	Hashes     []tlog.Hash
	Checkpoint []byte // the signed note
}

// Bytes is the file.
func (p Inclusion) Bytes() []byte { return lines(inclusionHead, p.Index, p.Hashes, p.Checkpoint) }

// ParseInclusion reads the file.
func ParseInclusion(text []byte) (p Inclusion, err error) {
	p.Index, p.Hashes, p.Checkpoint, err = parseLines(inclusionHead, text)
	return p, err
}

// Check holds the proof against a leaf and a checkpoint.
func (p Inclusion) Check(c Checkpoint, leaf []byte) error {
	if p.Index >= c.Size || tlog.CheckRecord(p.Hashes, c.Size, c.Root, p.Index, tlog.RecordHash(leaf)) != nil {
		return fmt.Errorf("%w: leaf %d is not in the tree of %d leaves", ErrProof, p.Index, c.Size)
	}
	return nil
}

// Consistency proves that the tree of a checkpoint begins with an older one. Its text is the body of a
// request to a witness, C2SP tlog-witness, so that anybody can hand it to one.
type Consistency struct {
	Old        int64
	Hashes     []tlog.Hash
	Checkpoint []byte // the signed note of the newer one
}

// Bytes is the text.
func (p Consistency) Bytes() []byte { return lines(consistencyHead, p.Old, p.Hashes, p.Checkpoint) }

// ParseConsistency reads the text.
func ParseConsistency(text []byte) (p Consistency, err error) {
	p.Old, p.Hashes, p.Checkpoint, err = parseLines(consistencyHead, text)
	return p, err
}

// Check holds the proof against both checkpoints.
func (p Consistency) Check(old, now Checkpoint) error {
	switch {
	case p.Old != old.Size || old.Size > now.Size:
		return fmt.Errorf("%w: it is about %d and %d leaves, not %d and %d", ErrProof, p.Old, now.Size, old.Size, now.Size)
	case old.Size == now.Size && old.Root != now.Root:
		return fmt.Errorf("%w: %d leaves have another root than before", ErrProof, now.Size)
	case old.Size == 0 || old.Size == now.Size:
		if len(p.Hashes) > 0 {
			return fmt.Errorf("%w: it holds hashes where none belong", ErrProof)
		}
		return nil
	case tlog.CheckTree(p.Hashes, now.Size, now.Root, old.Size, old.Root) != nil:
		return fmt.Errorf("%w: the tree of %d leaves does not begin with that of %d leaves", ErrProof, now.Size, old.Size)
	}
	return nil
}

// ProveConsistency makes the hashes of such a proof.
func ProveConsistency(old, now int64, hashes tlog.HashReader) ([]tlog.Hash, error) {
	if old == 0 || old == now {
		return nil, nil
	}
	p, err := tlog.ProveTree(now, old, hashes)
	if err != nil {
		return nil, fmt.Errorf("prove that %d leaves begin with %d: %w", now, old, err)
	}
	return p, nil
}

func lines(head string, n int64, hashes []tlog.Hash, checkpoint []byte) []byte {
	text := fmt.Appendf(nil, "%s%d\n", head, n)
	for _, h := range hashes {
		text = append(append(text, h.String()...), '\n')
	}
	return append(append(text, '\n'), checkpoint...)
}

func parseLines(head string, text []byte) (n int64, hashes []tlog.Hash, checkpoint []byte, err error) {
	rest, ok := strings.CutPrefix(string(text), head)
	body, note, parted := strings.Cut(rest, "\n\n")
	if !ok || !parted {
		return 0, nil, nil, fmt.Errorf("%w: it isn't written as one", ErrProof)
	}
	fields := strings.Split(body, "\n")
	if n, err = number(fields[0]); err != nil || len(fields)-1 > proofMax {
		return 0, nil, nil, fmt.Errorf("%w: %d hashes of %q", ErrProof, len(fields)-1, fields[0])
	}
	for _, field := range fields[1:] {
		h, err := parseHash(field)
		if err != nil {
			return 0, nil, nil, fmt.Errorf("%w: %w", ErrProof, err)
		}
		hashes = append(hashes, h)
	}
	return n, slices.Clip(hashes), []byte(note), nil
}
