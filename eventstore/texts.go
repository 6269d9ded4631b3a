package eventstore

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"sync"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/partnerledger/partnerledger/domain"
)

// textRun says what one value's personal texts are sealed or opened with.
type textRun struct {
	sealer   Sealer
	name     string            // of the value: what its texts are bound to, together with their place in it
	about    domain.Personable // whom they are about; only to seal
	withhold bool              // null is written in the place of each
	gaps     bool              // null is read in the place of one that was withheld
}

// textCoders write and read JSON with personal texts in it. They are kept for the next value, because what
// the JSON library learns about types is lost with the functions that it calls. The zero value is ready.
type textCoders struct{ idle sync.Pool }

type textCoder struct {
	run          textRun
	seal, unseal json.Options
}

func (t *textCoders) take(run textRun) *textCoder {
	c, ok := t.idle.Get().(*textCoder)
	if !ok {
		c = &textCoder{}
		c.seal = json.WithMarshalers(json.MarshalToFunc(c.sealText))
		c.unseal = json.JoinOptions(json.RejectUnknownMembers(true), json.WithUnmarshalers(json.UnmarshalFromFunc(c.unsealText)))
	}
	c.run = run
	return c
}

func (t *textCoders) marshal(value any, run textRun) ([]byte, error) {
	c := t.take(run)
	defer t.idle.Put(c)
	return json.Marshal(value, c.seal)
}

func (t *textCoders) unmarshal(data []byte, into any, run textRun) error {
	c := t.take(run)
	defer t.idle.Put(c)
	return json.Unmarshal(data, into, c.unseal)
}

// sealText writes a text sealed for where the encoder stands.
func (c *textCoder) sealText(enc *jsontext.Encoder, p domain.Personal) error {
	switch {
	case c.run.withhold:
		return enc.WriteToken(jsontext.Null)
	case c.run.about == nil:
		return errors.New("there is personal text but nobody whom it is about")
	case c.run.sealer == nil:
		return errors.New("there is personal text but nothing to seal it with")
	}
	sealed, err := c.run.sealer.Seal(c.run.about.DataSubject(), c.run.name+pointer(enc), p.Reveal())
	if err != nil {
		return err
	}
	return enc.WriteToken(jsontext.String(sealed))
}

// unsealText keeps the sealed form with its binding and, with a sealer, opens it. The subject is known only
// once the whole is decoded, so the sealed form itself names it (see SealedRef).
func (c *textCoder) unsealText(dec *jsontext.Decoder, p *domain.Personal) error {
	bound := c.run.name + pointer(dec)
	token, err := dec.ReadToken()
	if err != nil {
		return err
	}
	switch {
	case token.Kind() == jsontext.KindNull && c.run.gaps:
		*p = domain.SealedText(withheld)
		return nil
	case token.Kind() != jsontext.KindString:
		return fmt.Errorf("%s at %s is no sealed text", token.Kind(), dec.StackPointer())
	}
	ref := SealedRef{Binding: bound, Sealed: token.String()}
	*p = domain.SealedText(ref.String())
	if c.run.sealer == nil {
		return nil
	}
	clear, err := ref.Open(c.run.sealer)
	if errors.Is(err, ErrForgotten) {
		return nil
	}
	if err != nil {
		return err
	}
	*p = domain.PersonalText(clear).WithSealed(ref.String())
	return nil
}

// place is where an encoder or decoder stands.
type place interface {
	StackPointer() jsontext.Pointer
	StackDepth() int
	StackIndex(int) (jsontext.Kind, int64)
}

// pointer ties a sealed text to its field, together with the event's id: moved anywhere else it can't be
// opened. It has to be taken before the text is written or read. An encoder and a decoder point at the last
// thing done, which is the text's own name in an object, but in an array the element before it: there its
// index is counted.
func pointer(at place) string {
	pointer := at.StackPointer()
	if kind, elements := at.StackIndex(at.StackDepth()); kind == jsontext.KindBeginArray {
		if elements > 0 {
			pointer = pointer.Parent()
		}
		pointer = pointer.AppendToken(strconv.FormatInt(elements, 10))
	}
	return string(pointer)
}

// textual says of types of states whether they may hold personal texts.
var textual sync.Map

// remembersTexts tells whether a state may hold personal texts. Such a one MUST NOT be kept in memory: texts in
// clear would outlive the command that needed them, and the person's being forgotten.
func remembersTexts(state any) bool {
	t := reflect.TypeOf(state)
	known, ok := textual.Load(t)
	if !ok {
		known = hasTexts(t)
		textual.Store(t, known)
	}
	return known.(bool)
}

// hasTexts tells whether values of the type may hold personal texts. One that may hold anything may.
func hasTexts(t reflect.Type) bool {
	if t == reflect.TypeFor[domain.Personal]() {
		return true
	}
	switch t.Kind() {
	case reflect.Map:
		return hasTexts(t.Key()) || hasTexts(t.Elem())
	case reflect.Pointer, reflect.Slice, reflect.Array:
		return hasTexts(t.Elem())
	case reflect.Interface:
		return true
	case reflect.Struct:
		for i := range t.NumField() {
			if hasTexts(t.Field(i).Type) {
				return true
			}
		}
	}
	return false
}
