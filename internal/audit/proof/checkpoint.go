package proof

import (
	"cmp"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Checkpoint says what a log is at some size, as C2SP tlog-checkpoint writes it.
type Checkpoint struct {
	Origin string
	Size   int64
	Root   tlog.Hash
}

// Text is what is signed.
func (c Checkpoint) Text() string {
	return c.Origin + "\n" + strconv.FormatInt(c.Size, 10) + "\n" + c.Root.String() + "\n"
}

// ErrCheckpoint says that a note isn't a checkpoint in the one form that a log here writes.
var ErrCheckpoint = errors.New("not a checkpoint of a proof log")

// ErrUnsigned says that no key that is trusted signed.
var ErrUnsigned = errors.New("no trusted key signed it")

func parseText(text string) (Checkpoint, error) {
	lines := strings.Split(text, "\n")
	if len(lines) != 4 || lines[3] != "" {
		return Checkpoint{}, fmt.Errorf("%w: it has %d lines", ErrCheckpoint, len(lines)-1)
	}
	size, err := number(lines[1])
	if err != nil {
		return Checkpoint{}, fmt.Errorf("%w: size: %w", ErrCheckpoint, err)
	}
	root, err := parseHash(lines[2])
	if err != nil {
		return Checkpoint{}, fmt.Errorf("%w: root: %w", ErrCheckpoint, err)
	}
	return Checkpoint{Origin: lines[0], Size: size, Root: root}, nil
}

func parseHash(text string) (h tlog.Hash, err error) {
	raw, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil || len(raw) != tlog.HashSize || len(text) != 44 {
		return h, fmt.Errorf("%q is no hash", text)
	}
	copy(h[:], raw)
	return h, nil
}

// Signed is a checkpoint with the note in which it stands and who, of those trusted, signed it.
type Signed struct {
	Checkpoint
	Note     []byte
	Keys     []string // verifier keys of the log that signed, as name+hash
	Cosigned []Cosigned
}

// Cosigned is a witness's word that the checkpoint extends everything it saw of the log before.
type Cosigned struct {
	Witness string
	At      time.Time
}

// Trust is whose signatures count.
type Trust struct {
	Log       []note.Verifier
	Witnesses []note.Verifier
}

// Open reads a checkpoint that at least one key of the log signed. A signature of a trusted key that is
// wrong spoils the note; signatures of others are passed over, as the standard wants it.
func (t Trust) Open(text []byte) (Signed, error) {
	n, err := note.Open(text, note.VerifierList(slices.Concat(t.Log, t.Witnesses)...))
	if unsigned, ok := errors.AsType[*note.UnverifiedNoteError](err); ok {
		return Signed{}, fmt.Errorf("%w: its signatures are by %s", ErrUnsigned, signers(unsigned.Note.UnverifiedSigs))
	}
	if wrong, ok := errors.AsType[*note.InvalidSignatureError](err); ok {
		return Signed{}, fmt.Errorf("%w: the signature by %s is wrong", ErrUnsigned, wrong.Name)
	}
	if err != nil {
		return Signed{}, fmt.Errorf("%w: %w", ErrCheckpoint, err)
	}
	if err := canonical(text, n); err != nil {
		return Signed{}, err
	}
	s := Signed{Note: text}
	if s.Checkpoint, err = parseText(n.Text); err != nil {
		return Signed{}, err
	}
	for _, sig := range n.Sigs {
		if !signedBy(sig, t.Log) {
			s.Cosigned = append(s.Cosigned, Cosigned{Witness: sig.Name, At: cosignedAt(sig.Base64)})
			continue
		}
		if sig.Name != s.Origin {
			return Signed{}, fmt.Errorf("%w: %s signed a checkpoint of %s", ErrUnsigned, sig.Name, s.Origin)
		}
		s.Keys = append(s.Keys, fmt.Sprintf("%s+%08x", sig.Name, sig.Hash))
	}
	if len(s.Keys) == 0 {
		return Signed{}, fmt.Errorf("%w: its signatures are by %s", ErrUnsigned, signers(slices.Concat(n.Sigs, n.UnverifiedSigs)))
	}
	return s, nil
}

// canonical refuses a note that isn't written in the one way: a signature said twice, or with bits in its
// base64 that mean nothing.
func canonical(text []byte, n *note.Note) error {
	lines := strings.Split(strings.TrimSuffix(string(text[len(n.Text)+1:]), "\n"), "\n")
	if len(lines) != len(n.Sigs)+len(n.UnverifiedSigs) {
		return fmt.Errorf("%w: it has a signature twice", ErrCheckpoint)
	}
	for _, line := range lines {
		_, encoded, _ := strings.Cut(strings.TrimPrefix(line, "— "), " ")
		if _, err := base64.StdEncoding.Strict().DecodeString(encoded); err != nil {
			return fmt.Errorf("%w: signature: %w", ErrCheckpoint, err)
		}
	}
	return nil
}

func signedBy(sig note.Signature, keys []note.Verifier) bool {
	return slices.ContainsFunc(keys, func(k note.Verifier) bool { return k.Name() == sig.Name && k.KeyHash() == sig.Hash })
}

func signers(sigs []note.Signature) string {
	var names []string
	for _, sig := range sigs {
		names = append(names, fmt.Sprintf("%s+%08x", sig.Name, sig.Hash))
	}
	return strings.Join(names, ", ")
}

// Lacks names a witness that didn't cosign, if there is one.
func (s Signed) Lacks(witnesses []note.Verifier) (name string, lacks bool) {
	for _, w := range witnesses {
		if !slices.ContainsFunc(s.Cosigned, func(c Cosigned) bool { return c.Witness == w.Name() }) {
			return w.Name(), true
		}
	}
	return "", false
}

// With is the note with more signature lines, in the one order that a log here writes: its own first, then
// those of others.
func With(signed []byte, more ...string) []byte {
	at := strings.LastIndex(string(signed), "\n\n") + 2
	if at < 2 {
		return signed
	}
	origin, _, _ := strings.Cut(string(signed), "\n")
	lines := slices.Concat(slices.Collect(strings.Lines(string(signed[at:]))), more)
	slices.SortFunc(lines, func(a, b string) int {
		own := func(line string) int {
			if strings.HasPrefix(line, "— "+origin+" ") {
				return 0
			}
			return 1
		}
		return cmp.Or(cmp.Compare(own(a), own(b)), cmp.Compare(a, b))
	})
	return append(slices.Clone(signed[:at]), strings.Join(lines, "")...)
}

// Unverified reads a checkpoint without asking who signed it: for whoever only carries it on.
func Unverified(signed []byte) (Checkpoint, error) {
	at := strings.LastIndex(string(signed), "\n\n")
	if at < 0 {
		return Checkpoint{}, fmt.Errorf("%w: nobody signed it", ErrCheckpoint)
	}
	return parseText(string(signed[:at+1]))
}

// LogOnly is the note without the lines of anybody but the log: what a later visit goes by.
func LogOnly(signed []byte) ([]byte, error) {
	c, err := Unverified(signed)
	if err != nil {
		return nil, err
	}
	text := c.Text() + "\n"
	for line := range strings.Lines(string(signed[len(text):])) {
		if strings.HasPrefix(line, "— "+c.Origin+" ") {
			text += line
		}
	}
	return []byte(text), nil
}
