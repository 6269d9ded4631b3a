package replay

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/eventstore"
)

// event is an event of the log with all that can be read in it.
type event struct {
	eventstore.Recorded
	fact    domain.Event // nil where it can't be read
	meta    eventstore.Metadata
	command domain.Command // the one that it keeps, or nil
	texts   []text         // its personal texts, and those of its command
	unknown bool           // whether the command has texts that can't be read any more, or never were kept
}

// decodeAll reads events; what can't be read is a difference, and the check goes on without it.
func (w *worker) decodeAll(events []event) {
	var before *event
	for i := range events {
		if err := w.decode(&events[i], before); err != nil {
			events[i].fact = nil
			w.found.differ(differenceAt(events[i], fmt.Sprintf("it can't be read: %v", err)))
		}
		before = &events[i]
	}
}

// decode reads an event, which stands right after another one unless that is nil.
func (w *worker) decode(e, before *event) (err error) {
	w.tape.record()
	if before != nil && before.Stream == e.Stream {
		e.fact, e.meta, err = w.codec.DecodeNext(e.Recorded, before.meta)
	} else {
		e.fact, e.meta, err = w.codec.Decode(e.Recorded)
	}
	if err != nil {
		return err
	}
	ownTexts := len(w.tape.texts)
	e.command, err = w.codec.DecodeCommand(e.Recorded, e.meta)
	if err != nil && !errors.Is(err, eventstore.ErrNoCommandData) {
		return err
	}
	e.texts = w.tape.texts
	for i, t := range e.texts {
		if t.fault != nil {
			w.found.differ(differenceAt(*e, fmt.Sprintf("the sealed text at %s can't be opened: %v", t.binding[len(e.ID.String()):], t.fault)))
		}
		if t.erased {
			w.found.erased++
			e.unknown = e.unknown || i >= ownTexts
		}
	}
	if e.command != nil && bytes.Contains(e.meta.Command.Data, []byte(":null")) {
		n := withheld(reflect.ValueOf(e.command))
		w.found.withheld += n
		e.unknown = e.unknown || n > 0
	}
	return nil
}

// withheld counts the texts within v that were said but not kept.
func withheld(v reflect.Value) (n int) {
	if p, ok := v.Interface().(domain.Personal); ok {
		if eventstore.Withheld(p) {
			return 1
		}
		return 0
	}
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			return withheld(v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			n += withheld(v.Field(i))
		}
	}
	return n
}
