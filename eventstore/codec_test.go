package eventstore_test

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/vocabulary"
	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/internal/seal"
)

var eventID = uuid.MustParse("0d5f2c1e-6f0a-5d9e-9a55-a1b2c3d4e5f6")

func newSealer(t *testing.T) *seal.Keys {
	t.Helper()
	keys, err := seal.InMemory()
	require.NoError(t, err)
	return keys
}

// stored is an event as the log gives it back.
func stored(t *testing.T, codec *eventstore.Codec, event domain.Event) eventstore.Recorded {
	t.Helper()
	p, err := codec.Encode(eventID, event, eventstore.Metadata{CausationID: "command", Part: 1, Parts: 2})
	require.NoError(t, err)
	return eventstore.Recorded{ID: p.ID, Type: p.Type, Data: p.Data, Metadata: p.Metadata}
}

// walk calls f with every personal text in a value, which has to be addressable.
func walk(v reflect.Value, f func(*domain.Personal)) {
	if p, ok := v.Addr().Interface().(*domain.Personal); ok {
		f(p)
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			walk(v.Field(i), f)
		}
	case reflect.Slice:
		for i := range v.Len() {
			walk(v.Index(i), f)
		}
	}
}

// texts gives the personal texts of an event.
func texts(event domain.Event) (all []domain.Personal) {
	walk(addressable(event), func(p *domain.Personal) { all = append(all, *p) })
	return all
}

// inClear gives the event with its texts as they were before they were ever sealed.
func inClear(event domain.Event) domain.Event {
	v := addressable(event)
	walk(v, func(p *domain.Personal) { *p = domain.PersonalText(p.Reveal()) })
	return v.Interface().(domain.Event)
}

func addressable(event domain.Event) reflect.Value {
	v := reflect.New(reflect.TypeOf(event)).Elem()
	v.Set(reflect.ValueOf(event))
	return v
}

// Ensure that every event of the ledger is read as it was written, and none of its personal texts is stored.
func TestCodec_EveryEvent(t *testing.T) {
	keys := newSealer(t)
	codec, reader := eventstore.NewCodec(vocabulary.Events(), keys), eventstore.NewCodec(vocabulary.Events(), nil)
	personal := 0
	for _, event := range vocabulary.Events() {
		t.Run(event.EventType(), func(t *testing.T) {
			r := stored(t, codec, event)
			decoded, meta, err := codec.Decode(r)
			require.NoError(t, err)
			require.Equal(t, event, inClear(decoded))
			require.Equal(t, eventstore.Metadata{CausationID: "command", Part: 1, Parts: 2, SchemaVersion: 1}, meta)

			for _, p := range texts(event) {
				require.NotEmpty(t, p.Reveal(), "an example without content shows nothing")
				require.False(t, bytes.Contains(r.Data, []byte(p.Reveal())), "in clear: %s", p.Reveal())
				require.False(t, bytes.Contains(r.Data, []byte("[personal]")))
				personal++
			}
			requireSealed(t, reader, r, keys, texts(event))
		})
	}
	require.Greater(t, personal, 10, "the vocabulary has personal texts")
}

// requireSealed shows that a reader without keys gets the sealed forms, and that these open one by one.
func requireSealed(t *testing.T, reader *eventstore.Codec, r eventstore.Recorded, keys eventstore.Sealer, want []domain.Personal) {
	t.Helper()
	sealed, _, err := reader.Decode(r)
	require.NoError(t, err)
	got := texts(sealed)
	require.Len(t, got, len(want))
	for i, p := range got {
		require.Empty(t, p.Reveal())
		ref, err := eventstore.ParseSealedRef(p.Sealed())
		require.NoError(t, err)
		clear, err := ref.Open(keys)
		require.NoError(t, err)
		require.Equal(t, want[i].Reveal(), clear)
	}
}

// Ensure that a codec without keys writes no event with a personal text.
func TestCodec_ReaderCannotWritePersonalTexts(t *testing.T) {
	reader := eventstore.NewCodec(vocabulary.Events(), nil)
	for _, event := range vocabulary.Events() {
		_, err := reader.Encode(eventID, event, eventstore.Metadata{})
		if len(texts(event)) == 0 {
			require.NoError(t, err, event.EventType())
			continue
		}
		require.Error(t, err, event.EventType())
		for _, p := range texts(event) {
			require.NotContains(t, err.Error(), p.Reveal())
		}
	}
}

// guests is an event with personal texts in every kind of place.
type guests struct {
	Host   domain.Personal   `json:"host"`
	Names  []domain.Personal `json:"names"`
	Tables []table           `json:"tables"`
	Note   domain.Personal   `json:"a/b~c,omitzero"`
	Old    string            `json:"old,omitzero"`
	New    string            `json:"new,omitzero"`
}

type table struct {
	Seats [][]domain.Personal `json:"seats"`
}

func (guests) EventType() string   { return "Guests" }
func (guests) DataSubject() string { return "party:of:many" }

func people(names ...string) (all []domain.Personal) {
	for _, n := range names {
		all = append(all, domain.PersonalText(n))
	}
	return all
}

func party() guests {
	return guests{Host: domain.PersonalText("Hedwig"), Names: people("Ada", "", "Cyd"), Note: domain.PersonalText("Nut allergy"),
		Tables: []table{{Seats: [][]domain.Personal{people("Dora"), {}, people("Emil", "Fritz")}}, {}, {Seats: [][]domain.Personal{people("Gustav")}}}}
}

// Ensure that texts in arrays, in arrays of arrays and under odd names are bound to where they stand.
func TestCodec_PlacesOfPersonalTexts(t *testing.T) {
	keys := newSealer(t)
	codec := eventstore.NewCodec([]domain.Event{guests{}}, keys)
	r := stored(t, codec, party())
	decoded, _, err := codec.Decode(r)
	require.NoError(t, err)
	require.Equal(t, []string{"Hedwig", "Ada", "", "Cyd", "Dora", "Emil", "Fritz", "Gustav", "Nut allergy"}, reveal(decoded))

	var places []string
	for _, p := range texts(decoded) {
		ref, err := eventstore.ParseSealedRef(p.Sealed())
		require.NoError(t, err)
		places = append(places, strings.TrimPrefix(ref.Binding, eventID.String()))
	}
	require.Equal(t, []string{"/host", "/names/0", "/names/1", "/names/2", "/tables/0/seats/0/0", "/tables/0/seats/2/0",
		"/tables/0/seats/2/1", "/tables/2/seats/0/0", "/a~1b~0c"}, places)
}

func reveal(event domain.Event) (all []string) {
	for _, p := range texts(event) {
		all = append(all, p.Reveal())
	}
	return all
}

// Ensure that a sealed text that was moved to another place or event is an error and never opened.
func TestCodec_MovedTexts(t *testing.T) {
	codec := eventstore.NewCodec([]domain.Event{guests{}}, newSealer(t))
	r := stored(t, codec, party())
	sealed := sealedIn(r.Data)
	require.Len(t, sealed, 9)
	for i := range sealed {
		moved := r
		j := (i + 1) % len(sealed)
		swap := strings.NewReplacer(sealed[i], sealed[j], sealed[j], sealed[i])
		moved.Data = []byte(swap.Replace(string(r.Data)))
		_, _, err := codec.Decode(moved)
		require.ErrorContains(t, err, "does not belong", "%d and %d swapped", i, j)
	}
	other := r
	other.ID = uuid.New()
	_, _, err := codec.Decode(other)
	require.ErrorContains(t, err, "does not belong")
}

// sealedIn finds the sealed texts in the stored bytes.
func sealedIn(data []byte) (all []string) {
	for _, part := range strings.Split(string(data), `"`) {
		if strings.HasPrefix(part, "party:of:many:") {
			all = append(all, part)
		}
	}
	return all
}

// Ensure that an event about a forgotten person is still read, with the texts sealed, and others as before.
func TestCodec_Forgotten(t *testing.T) {
	keys := newSealer(t)
	codec := eventstore.NewCodec([]domain.Event{guests{}}, keys)
	r := stored(t, codec, party())
	require.NoError(t, keys.Forget("party:of:many"))
	decoded, _, err := codec.Decode(r)
	require.NoError(t, err)
	for _, p := range texts(decoded) {
		require.Empty(t, p.Reveal())
		require.NotEmpty(t, p.Sealed())
	}
	decoded, _, err = codec.Decode(stored(t, codec, party()))
	require.NoError(t, err)
	require.Equal(t, "Hedwig", texts(decoded)[0].Reveal(), "sealed since then")
}

// Ensure that what this program doesn't know is an error that says what it is, and never skipped.
func TestCodec_Unknown(t *testing.T) {
	codec := eventstore.NewCodec([]domain.Event{guests{}}, newSealer(t))
	good := stored(t, codec, party())
	with := func(change func(*eventstore.Recorded)) eventstore.Recorded {
		r := good
		r.Data, r.Metadata = slices.Clone(good.Data), slices.Clone(good.Metadata)
		change(&r)
		return r
	}
	version := func(n int) func(*eventstore.Recorded) {
		return func(r *eventstore.Recorded) {
			r.Metadata = bytes.Replace(r.Metadata, []byte(`"schemaVersion":1`), fmt.Appendf(nil, `"schemaVersion":%d`, n), 1)
		}
	}
	for name, c := range map[string]struct {
		change func(*eventstore.Recorded)
		want   eventstore.UnknownEvent
	}{
		"type":    {func(r *eventstore.Recorded) { r.Type = "Gaests" }, eventstore.UnknownEvent{Type: "Gaests", SchemaVersion: 1}},
		"newer":   {version(2), eventstore.UnknownEvent{Type: "Guests", SchemaVersion: 2}},
		"version": {version(0), eventstore.UnknownEvent{Type: "Guests", SchemaVersion: 0}},
	} {
		_, _, err := codec.Decode(with(c.change))
		var unknown *eventstore.UnknownEvent
		require.ErrorAs(t, err, &unknown, name)
		require.Equal(t, c.want, *unknown, name)
	}
	for name, data := range map[string]string{
		"field":            `{"names":[],"more":1}`,
		"case of a field":  `{"Names":[]}`,
		"field twice":      `{"names":[],"names":[]}`,
		"text as a number": `{"host":7}`,
		"text as null":     `{"host":null}`,
		"text in clear":    `{"host":"Hedwig"}`,
		"text not base64":  `{"host":"party:of:many:%%%"}`,
		"no JSON":          `{"names":`,
		"two values":       `{} {}`,
	} {
		_, _, err := codec.Decode(with(func(r *eventstore.Recorded) { r.Data = []byte(data) }))
		require.Error(t, err, name)
	}
	for _, data := range []string{`{"host":7}`, `{"host":null}`, `{"host":["party:of:many:AAAA"]}`} {
		reader := eventstore.NewCodec([]domain.Event{guests{}}, nil)
		_, _, err := reader.Decode(with(func(r *eventstore.Recorded) { r.Data = []byte(data) }))
		require.Error(t, err, "%s, read without keys", data)
	}
	_, _, err := codec.Decode(with(func(r *eventstore.Recorded) { r.Metadata = []byte("nonsense") }))
	require.Error(t, err)
	_, err = eventstore.NewCodec(nil, nil).Encode(eventID, guests{}, eventstore.Metadata{})
	var unknown *eventstore.UnknownEvent
	require.ErrorAs(t, err, &unknown)
}

// Ensure that an event of any older version goes through every upcaster after it, in order, once; that
// new ones are written in the newest version, and that personal texts stay readable on the way.
func TestCodec_Upcasters(t *testing.T) {
	keys := newSealer(t)
	first := eventstore.NewCodec([]domain.Event{guests{}}, keys)
	old := stored(t, first, guests{Host: domain.PersonalText("Hedwig"), Old: "x", Names: people(), Tables: []table{}})

	codec := eventstore.NewCodec([]domain.Event{guests{}}, keys)
	codec.Upcasts("Guests", 2, replacing(`"middle":"x`, `"new":"x+2`))
	codec.Upcasts("Guests", 1, replacing(`"old":"x`, `"middle":"x+1`))
	decoded, meta, err := codec.Decode(old)
	require.NoError(t, err)
	require.Equal(t, "x+2+1", decoded.(guests).New)
	require.Equal(t, "Hedwig", decoded.(guests).Host.Reveal())
	require.Equal(t, 1, meta.SchemaVersion, "it says what is stored")

	now := stored(t, codec, guests{New: "y", Names: people(), Tables: []table{}})
	decoded, meta, err = codec.Decode(now)
	require.NoError(t, err)
	require.Equal(t, "y", decoded.(guests).New)
	require.Equal(t, 3, meta.SchemaVersion)

	gap := eventstore.NewCodec([]domain.Event{guests{}}, keys)
	gap.Upcasts("Guests", 2, replacing("", ""))
	_, _, err = gap.Decode(old)
	var unknown *eventstore.UnknownEvent
	require.ErrorAs(t, err, &unknown, "the step from 1 to 2 is missing")

	failing := eventstore.NewCodec([]domain.Event{guests{}}, keys)
	broken := errors.New("broken")
	failing.Upcasts("Guests", 1, func(jsontext.Value) (jsontext.Value, error) { return nil, broken })
	_, _, err = failing.Decode(old)
	require.ErrorIs(t, err, broken)
}

func replacing(before, after string) eventstore.Upcaster {
	return func(data jsontext.Value) (jsontext.Value, error) {
		return jsontext.Value(strings.Replace(string(data), before, after, 1)), nil
	}
}

// Ensure that a sealed reference survives its text form, and that what is none is an error.
func TestSealedRef(t *testing.T) {
	keys := newSealer(t)
	sealed, err := keys.Seal("a:b", "place /x", "text")
	require.NoError(t, err)
	for _, text := range []string{"", "nospace"} {
		_, err := eventstore.ParseSealedRef(text)
		require.Error(t, err)
	}
	ref, err := eventstore.ParseSealedRef(eventstore.SealedRef{Binding: "place/x", Sealed: sealed}.String())
	require.NoError(t, err)
	require.Equal(t, eventstore.SealedRef{Binding: "place/x", Sealed: sealed}, ref)
	_, err = eventstore.SealedRef{Binding: "b", Sealed: "nocolon"}.Open(keys)
	require.Error(t, err)
}
