package replay

import (
	"errors"
	"strings"

	"github.com/partnerledger/partnerledger/eventstore"
)

// text is a sealed text of the log.
type text struct {
	binding, sealed, clear string
	erased                 bool  // nobody can open it any more
	fault                  error // why it can't be opened although it should
}

// tape is a Sealer that seals nothing: it gives each text the sealed form that the log holds of it, so
// that bytes can be compared though sealing never gives the same ones twice. A text that differs from the
// one in the log gets another form, and that is the difference which is found.
type tape struct {
	keys  eventstore.Sealer // nil: nothing can be opened
	texts []text
}

// record starts over, with no texts.
func (t *tape) record() { t.texts = nil }

// play takes the texts that were recorded when the stored event was read.
func (t *tape) play(texts []text) { t.texts = texts }

// Open opens a text of the log and remembers it.
func (t *tape) Open(subject, binding, sealed string) (string, error) {
	found := text{binding: binding, sealed: sealed}
	err := eventstore.ErrForgotten
	if t.keys != nil {
		found.clear, err = t.keys.Open(subject, binding, sealed)
	}
	if err != nil {
		found.erased = errors.Is(err, eventstore.ErrForgotten)
		if !found.erased {
			found.fault = err
		}
		err = eventstore.ErrForgotten // the rest of the event can be read all the same
	}
	t.texts = append(t.texts, found)
	return found.clear, err
}

// notStored stands where the log holds another text, or none. It holds nothing of the text.
const notStored = ":another text"

// Seal gives the form that the log holds, if it holds this text for this subject in this place.
func (t *tape) Seal(subject, binding, clear string) (string, error) {
	for _, stored := range t.texts {
		if stored.binding != binding {
			continue
		}
		known := stored.erased || stored.fault != nil
		if rest, ok := strings.CutPrefix(stored.sealed, subject+":"); ok && !strings.Contains(rest, ":") && (known || stored.clear == clear) {
			return stored.sealed, nil
		}
		break
	}
	return subject + notStored, nil
}
