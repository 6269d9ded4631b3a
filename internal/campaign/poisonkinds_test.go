//go:build linux

package campaign

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"github.com/partnerledger/partnerledger/eventstore"
)

// way is one way in which an event can be wrong.
type way struct {
	name  string
	spoil func(chance *rand.Rand, e *eventstore.Recorded, events []eventstore.Recorded)
}

// poisonFrom takes a sound event and makes it wrong in one way.
func poisonFrom(chance *rand.Rand, events []eventstore.Recorded) (eventstore.Recorded, string) {
	e := events[chance.IntN(len(events))]
	e.ID = idBy(chance)
	w := ways[chance.IntN(len(ways))]
	w.spoil(chance, &e, events)
	return e, w.name
}

func idBy(chance *rand.Rand) (id uuid.UUID) {
	for i := range id {
		id[i] = byte(chance.Uint32())
	}
	return id
}

// ways are the ways. What is said twice or of nobody is as wrong as what can't be read.
var ways = []way{
	{"unknown type", func(chance *rand.Rand, e *eventstore.Recorded, _ []eventstore.Recorded) {
		e.Type = pick(chance, "", "Unheard", e.Type+"V2", strings.ToLower(e.Type), strings.Repeat("T", 300), "$system", e.Type+"\x00")
	}},
	{"type of another", func(chance *rand.Rand, e *eventstore.Recorded, events []eventstore.Recorded) {
		e.Type = events[chance.IntN(len(events))].Type
	}},
	{"schema version", func(chance *rand.Rand, e *eventstore.Recorded, _ []eventstore.Recorded) {
		e.Metadata = replace(chance, e.Metadata, "schemaVersion", pick[any](chance, 0, -1, 2, 99, 1.5, "1", nil))
	}},
	{"broken data", func(chance *rand.Rand, e *eventstore.Recorded, _ []eventstore.Recorded) {
		e.Data = broken(chance, e.Data)
	}},
	{"broken metadata", func(chance *rand.Rand, e *eventstore.Recorded, _ []eventstore.Recorded) {
		e.Metadata = broken(chance, e.Metadata)
	}},
	{"unknown field", func(chance *rand.Rand, e *eventstore.Recorded, _ []eventstore.Recorded) {
		e.Data = replace(chance, e.Data, pick(chance, "surprise", "", "Seats", "__proto__"), strange(chance))
	}},
	{"missing field", func(chance *rand.Rand, e *eventstore.Recorded, _ []eventstore.Recorded) {
		e.Data = change(chance, e.Data, func(fields map[string]any, name string) { delete(fields, name) })
	}},
	{"strange value", func(chance *rand.Rand, e *eventstore.Recorded, _ []eventstore.Recorded) {
		e.Data = change(chance, e.Data, func(fields map[string]any, name string) { fields[name] = strange(chance) })
	}},
	{"strange metadata", func(chance *rand.Rand, e *eventstore.Recorded, _ []eventstore.Recorded) {
		e.Metadata = change(chance, e.Metadata, func(fields map[string]any, name string) { fields[name] = strange(chance) })
	}},
	{"strange time", func(chance *rand.Rand, e *eventstore.Recorded, _ []eventstore.Recorded) {
		e.Metadata = replace(chance, e.Metadata, pick(chance, "at", "effectiveAt"), pick[any](chance, "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999Z",
			"2021-02-30T00:00:00Z", "yesterday", 0, -1, "2021-07-01", "2021-07-01T00:00:00+14:00"))
	}},
	{"somebody unknown", func(chance *rand.Rand, e *eventstore.Recorded, _ []eventstore.Recorded) {
		e.Data = change(chance, e.Data, func(fields map[string]any, name string) { fields[name] = idBy(chance).String() })
	}},
	{"said twice", func(*rand.Rand, *eventstore.Recorded, []eventstore.Recorded) {}},
	{"in another stream", func(chance *rand.Rand, e *eventstore.Recorded, events []eventstore.Recorded) {
		e.Stream = pick(chance, events[chance.IntN(len(events))].Stream, "", "nonsense", "customer-", strings.Repeat("s", 2000))
	}},
	{"parts from two", func(chance *rand.Rand, e *eventstore.Recorded, events []eventstore.Recorded) {
		other := events[chance.IntN(len(events))]
		for _, same := range events {
			if same.Type == e.Type && chance.IntN(3) == 0 {
				other = same
			}
		}
		e.Data = crossed(chance, e.Data, other.Data)
	}},
}

func pick[T any](chance *rand.Rand, of ...T) T { return of[chance.IntN(len(of))] }

// strange is a value that nobody expects.
func strange(chance *rand.Rand) any {
	return pick[any](chance, nil, true, 0, -1, 1<<53, -1<<62, 1e300, 0.5, "", " ", "\x00", "null", "\u202e", "👩‍👩‍👧", strings.Repeat("x", 1<<20),
		strings.Repeat("9", 400), "'; DROP TABLE customers; --", []any{}, []any{nil}, map[string]any{}, map[string]any{"": map[string]any{"": nil}},
		"00000000-0000-0000-0000-000000000000", "2021-13-45T99:99:99Z")
}

// broken is text that isn't JSON any more, or isn't an object.
func broken(chance *rand.Rand, text []byte) []byte {
	at := chance.IntN(len(text))
	switch chance.IntN(7) {
	case 0:
		return text[:at]
	case 1:
		return append(slices.Clone(text[:at]), text[min(len(text), at+1+chance.IntN(5)):]...)
	case 2:
		spoiled := slices.Clone(text)
		spoiled[at] ^= byte(1 + chance.IntN(255))
		return spoiled
	case 3:
		return []byte(pick(chance, "", " ", "null", "[]", "3", `"x"`, "true", "{", "{}", "{}{}", "\xff\xfe", "NaN"))
	case 4:
		return append(slices.Clone(text), text...)
	case 5:
		return []byte(strings.Repeat(`{"a":`, 20000) + "1" + strings.Repeat("}", 20000))
	default:
		return slices.Concat(text[:at], []byte{0, 0xc3, 0x28}, text[at:])
	}
}

func fieldsOf(text []byte) map[string]any {
	var fields map[string]any
	if json.Unmarshal(text, &fields) != nil || fields == nil {
		return map[string]any{}
	}
	return fields
}

func textOf(fields map[string]any) []byte {
	text, err := json.Marshal(fields, json.Deterministic(true))
	if err != nil {
		return fmt.Append(nil, err)
	}
	return text
}

func replace(_ *rand.Rand, text []byte, name string, value any) []byte {
	fields := fieldsOf(text)
	fields[name] = value
	return textOf(fields)
}

// change does something to a field by chance, at any depth.
func change(chance *rand.Rand, text []byte, do func(fields map[string]any, name string)) []byte {
	whole := fieldsOf(text)
	for fields := whole; len(fields) > 0; {
		name := pick(chance, slices.Sorted(maps.Keys(fields))...)
		within, deeper := fields[name].(map[string]any)
		if list, ok := fields[name].([]any); ok && len(list) > 0 {
			within, deeper = list[chance.IntN(len(list))].(map[string]any)
		}
		if !deeper || len(within) == 0 || chance.IntN(3) == 0 {
			do(fields, name)
			break
		}
		fields = within
	}
	return textOf(whole)
}

// crossed takes some fields of one and some of another.
func crossed(chance *rand.Rand, one, other []byte) []byte {
	fields, others := fieldsOf(one), fieldsOf(other)
	for _, name := range slices.Sorted(maps.Keys(others)) {
		if chance.IntN(2) == 0 {
			fields[name] = others[name]
		}
	}
	return textOf(fields)
}
