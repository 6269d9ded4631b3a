package proof

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Leaf is what the log says of one event: leaf n is of the event with seq n.
//
// It MUST hold only what survives a copy of the event store to another one: neither commit positions nor
// the server's own times. It covers data and metadata by the digests of their stored bytes, so that no
// question of how to write JSON ever comes up, and so that erasing a key of personal data changes no leaf.
// The form is frozen.
type Leaf struct {
	Origin   string // of the log, so that a leaf of one can't be shown as another's
	Seq      uint64
	Stream   string
	Revision int64
	EventID  string
	Type     string
	Data     [sha256.Size]byte // digest of the stored data
	DataSize int64
	Meta     [sha256.Size]byte // digest of the stored metadata
}

// LeafMax is how long a leaf may be, in bytes.
const LeafMax = 2 << 10

// ErrLeaf says that a text isn't a leaf, or that an event can't be written as one.
var ErrLeaf = errors.New("not a leaf of a proof log")

// Bytes is the leaf as the tree holds it. It refuses names that would make the text ambiguous.
func (l Leaf) Bytes() ([]byte, error) {
	for _, name := range []string{l.Origin, l.Stream, l.EventID, l.Type} {
		if !plain(name) {
			return nil, fmt.Errorf("%w: %q can't stand in one, event %d", ErrLeaf, name, l.Seq)
		}
	}
	text := make([]byte, 0, 384)
	text = append(append(text, l.Origin...), "/leaf@v1\nseq "...)
	text = strconv.AppendUint(text, l.Seq, 10)
	text = append(append(text, "\nstream "...), l.Stream...)
	text = strconv.AppendInt(append(text, "\nrevision "...), l.Revision, 10)
	text = append(append(text, "\nevent-id "...), l.EventID...)
	text = append(append(text, "\ntype "...), l.Type...)
	text = hex.AppendEncode(append(text, "\ndata-sha256 "...), l.Data[:])
	text = strconv.AppendInt(append(text, "\ndata-size "...), l.DataSize, 10)
	text = hex.AppendEncode(append(text, "\nmeta-sha256 "...), l.Meta[:])
	text = append(text, '\n')
	if len(text) > LeafMax {
		return nil, fmt.Errorf("%w: event %d would take %d bytes, more than %d", ErrLeaf, l.Seq, len(text), LeafMax)
	}
	return text, nil
}

// Seal fills in the digests of an event's stored bytes.
func (l Leaf) Seal(data, metadata []byte) Leaf {
	l.Data, l.DataSize, l.Meta = sha256.Sum256(data), int64(len(data)), sha256.Sum256(metadata)
	return l
}

// plain tells whether a name can stand in a line of its own.
func plain(name string) bool {
	return name != "" && utf8.ValidString(name) && strings.IndexFunc(name, func(r rune) bool { return r < 0x20 || r == 0x7f || r == 0x2028 || r == 0x2029 }) < 0
}

// ParseLeaf reads a leaf; it accepts exactly what Bytes writes.
func ParseLeaf(text []byte) (Leaf, error) {
	lines := strings.Split(string(text), "\n")
	if len(lines) != 10 {
		return Leaf{}, fmt.Errorf("%w: %d lines", ErrLeaf, len(lines)-1)
	}
	var l Leaf
	l.Origin = strings.TrimSuffix(lines[0], "/leaf@v1")
	value := func(line int, name string) string { return strings.TrimPrefix(lines[line], name+" ") }
	l.Stream, l.EventID, l.Type = value(2, "stream"), value(4, "event-id"), value(5, "type")
	var errs [5]error
	l.Seq, errs[0] = strconv.ParseUint(value(1, "seq"), 10, 64)
	l.Revision, errs[1] = strconv.ParseInt(value(3, "revision"), 10, 64)
	l.DataSize, errs[2] = strconv.ParseInt(value(7, "data-size"), 10, 64)
	errs[3] = digest(&l.Data, value(6, "data-sha256"))
	errs[4] = digest(&l.Meta, value(8, "meta-sha256"))
	if err := errors.Join(errs[:]...); err != nil {
		return Leaf{}, fmt.Errorf("%w: %w", ErrLeaf, err)
	}
	if again, err := l.Bytes(); err != nil || !bytes.Equal(again, text) {
		return Leaf{}, fmt.Errorf("%w: it isn't written as one", ErrLeaf)
	}
	return l, nil
}

func digest(into *[sha256.Size]byte, text string) error {
	raw, err := hex.DecodeString(text)
	if err != nil || len(raw) != sha256.Size {
		return fmt.Errorf("%q is no SHA-256", text)
	}
	copy(into[:], raw)
	return nil
}
