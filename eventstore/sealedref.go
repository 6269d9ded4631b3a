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

// Subject is the data subject, which the sealed form names before the last colon; empty where it names none.
func (r SealedRef) Subject() string { return r.Sealed[:max(0, strings.LastIndexByte(r.Sealed, ':'))] }

// Open gives the text in clear, or ErrForgotten.
func (r SealedRef) Open(s Sealer) (string, error) {
	if !strings.Contains(r.Sealed, ":") {
		return "", fmt.Errorf("sealed text bound to %s names no data subject", r.Binding)
	}
	return s.Open(r.Subject(), r.Binding, r.Sealed)
}
