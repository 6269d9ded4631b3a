package eventstore

import (
	"fmt"
	"strings"
)

// SealedRef is a sealed text together with where it stands: enough to open it later, for whoever holds
// the keys. Read models store its text form, so that forgetting a person reaches them too.
type SealedRef struct {
	Binding string // event id and JSON pointer of the field
	Sealed  string // "subject:ciphertext", as a Sealer made it
}

// String is the text form.
func (r SealedRef) String() string { return r.Binding + " " + r.Sealed }

// ParseSealedRef reads the text form.
func ParseSealedRef(text string) (SealedRef, error) {
	bound, sealed, ok := strings.Cut(text, " ")
	if !ok {
		return SealedRef{}, fmt.Errorf("not a sealed text: %d bytes without a binding", len(text))
	}
	return SealedRef{Binding: bound, Sealed: sealed}, nil
}

// Open gives the text in clear, or ErrForgotten. The sealed form names its subject before the last colon.
func (r SealedRef) Open(s Sealer) (string, error) {
	i := strings.LastIndexByte(r.Sealed, ':')
	if i < 0 {
		return "", fmt.Errorf("sealed text bound to %s names no data subject", r.Binding)
	}
	return s.Open(r.Sealed[:i], r.Binding, r.Sealed)
}
