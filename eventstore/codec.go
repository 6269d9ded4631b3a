package eventstore

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"

	"github.com/partnerledger/partnerledger/domain"
)

// Sealer seals personal texts under the key of a data subject, bound to the place where they stand.
type Sealer interface {
	// Seal gives the sealed form; the first text of a subject makes the subject's key, durably, before it returns.
	Seal(subject, binding, clear string) (string, error)
	// Open gives the text back. It returns ErrForgotten once the key is destroyed.
	Open(subject, binding, sealed string) (string, error)
}

// ErrForgotten says that the data subject was forgotten: the key is destroyed and the text can't be read again.
var ErrForgotten = errors.New("this personal data was erased")

// UnknownEvent says that the log holds an event that this program can't read; it MUST NOT be skipped.
type UnknownEvent struct {
	Type          string
	SchemaVersion int
}

// Error names the event.
func (e *UnknownEvent) Error() string {
	return fmt.Sprintf("event type %q with schema version %d is unknown to this program; a newer one wrote it", e.Type, e.SchemaVersion)
}

// Upcaster turns the data of an older schema version into that of the next one. Personal texts are sealed
// for the field in which they were stored: an upcaster MUST leave them there, moved they can't be opened.
type Upcaster func(data jsontext.Value) (jsontext.Value, error)

// Codec turns facts into their stored form and back. Without a Sealer it can only read, and personal
// texts stay sealed: that is all a projector needs.
//
// A Codec is safe for concurrent use.
type Codec struct {
	types    map[string]reflect.Type
	personal map[string]bool // types of events that have personal texts
	texts    textCoders
	sealer   Sealer
	upcast   map[string]map[int]Upcaster // type → version it starts from
	versions map[string]int
}

// NewCodec reads and writes these events; sealer may be nil for a codec that only reads.
func NewCodec(events []domain.Event, sealer Sealer) *Codec {
	c := &Codec{types: map[string]reflect.Type{}, personal: map[string]bool{}, sealer: sealer, upcast: map[string]map[int]Upcaster{}, versions: map[string]int{}}
	for _, e := range events {
		c.types[e.EventType()] = reflect.TypeOf(e)
		c.personal[e.EventType()] = hasTexts(reflect.TypeOf(e))
		c.versions[e.EventType()] = 1
	}
	return c
}

// Upcasts registers how data of this type and version becomes data of the next version.
func (c *Codec) Upcasts(eventType string, from int, up Upcaster) {
	if c.upcast[eventType] == nil {
		c.upcast[eventType] = map[int]Upcaster{}
	}
	c.upcast[eventType][from] = up
	c.versions[eventType] = max(c.versions[eventType], from+1)
}

// Version is the version in which events of the type are written; 0 for an unknown one.
func (c *Codec) Version(eventType string) int { return c.versions[eventType] }

// Encode gives the stored form of an event with this id. The metadata's SchemaVersion is filled in.
func (c *Codec) Encode(id uuid.UUID, event domain.Event, meta Metadata) (Proposed, error) {
	version, known := c.versions[event.EventType()]
	if !known {
		return Proposed{}, &UnknownEvent{Type: event.EventType()}
	}
	data, err := c.encodeData(id, event)
	if err != nil {
		return Proposed{}, fmt.Errorf("encode %s: %w", event.EventType(), err)
	}
	meta.SchemaVersion = version
	metadata, err := meta.appendJSON(nil)
	if err != nil {
		return Proposed{}, fmt.Errorf("encode metadata of %s: %w", event.EventType(), err)
	}
	return Proposed{ID: id, Type: event.EventType(), Data: data, Metadata: metadata}, nil
}

func (c *Codec) encodeData(id uuid.UUID, event domain.Event) ([]byte, error) {
	if !c.personal[event.EventType()] {
		return json.Marshal(event)
	}
	about, _ := event.(domain.Personable)
	return c.texts.marshal(event, textRun{sealer: c.sealer, name: id.String(), about: about})
}

// DecodeMetadata reads the metadata of a recorded event.
func (c *Codec) DecodeMetadata(r Recorded) (Metadata, error) {
	if meta, ok := readJSON(r.Metadata); ok {
		return meta, nil
	}
	var meta Metadata
	if err := json.Unmarshal(r.Metadata, &meta); err != nil {
		return Metadata{}, fmt.Errorf("metadata of event %s (%s, position %d): %w", r.ID, r.Type, r.Position, err)
	}
	return meta, nil
}

// Decode reads a recorded event in its present form, whatever version it was written in. It returns
// *UnknownEvent for a type or version that it doesn't know and an error for a field that it doesn't know.
func (c *Codec) Decode(r Recorded) (domain.Event, Metadata, error) {
	meta, err := c.DecodeMetadata(r)
	if err != nil {
		return nil, Metadata{}, err
	}
	return c.decodeWith(r, meta)
}

// DecodeNext is Decode for an event that stands right after one with this metadata. Where both were
// appended together its own follows from that, and needs no reading: only a comparison of bytes.
func (c *Codec) DecodeNext(r Recorded, before Metadata) (domain.Event, Metadata, error) {
	before.Part++
	before.EffectiveAt, before.Command.Data = nil, nil
	if expected, err := before.appendJSON(nil); err == nil && bytes.Equal(expected, r.Metadata) {
		return c.decodeWith(r, before)
	}
	return c.Decode(r)
}

func (c *Codec) decodeWith(r Recorded, meta Metadata) (domain.Event, Metadata, error) {
	data, err := c.present(r, meta.SchemaVersion)
	if err != nil {
		return nil, Metadata{}, err
	}
	target := reflect.New(c.types[r.Type])
	if c.personal[r.Type] {
		err = c.texts.unmarshal(data, target.Interface(), textRun{sealer: c.sealer, name: r.ID.String()})
	} else {
		err = json.Unmarshal(data, target.Interface(), json.RejectUnknownMembers(true))
	}
	if err != nil {
		return nil, Metadata{}, fmt.Errorf("event %s (%s, position %d): %w", r.ID, r.Type, r.Position, err)
	}
	return target.Elem().Interface().(domain.Event), meta, nil
}

func (c *Codec) present(r Recorded, version int) (jsontext.Value, error) {
	newest, known := c.versions[r.Type]
	if !known || version < 1 || version > newest {
		return nil, &UnknownEvent{Type: r.Type, SchemaVersion: version}
	}
	data := jsontext.Value(r.Data)
	for ; version < newest; version++ {
		up, ok := c.upcast[r.Type][version]
		if !ok {
			return nil, &UnknownEvent{Type: r.Type, SchemaVersion: version}
		}
		var err error
		if data, err = up(data); err != nil {
			return nil, fmt.Errorf("upcast %s from version %d: %w", r.Type, version, err)
		}
	}
	return data, nil
}
