package eventstore_test

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/outcome"
	"github.com/partnerledger/partnerledger/domain/vocabulary"
	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/eventstore/memory"
	"github.com/partnerledger/partnerledger/internal/intake"
	"github.com/partnerledger/partnerledger/internal/seal"
)

// kept is a ledger of the tiny workload with real keys, and each command as it was read.
type kept struct {
	store    *memory.Store
	keys     *seal.Keys
	codec    *eventstore.Codec
	commands map[domain.CommandID]domain.Command
}

func newKept(t *testing.T) kept {
	t.Helper()
	keys := newSealer(t)
	k := kept{store: memory.New(), keys: keys, codec: eventstore.NewCodec(vocabulary.Events(), keys), commands: map[domain.CommandID]domain.Command{}}
	reader, err := intake.NewReader(intake.Options{AllowHistory: true, Now: time.Now, Digest: keys.Digest})
	require.NoError(t, err)
	h := eventstore.NewHandler(k.store, k.codec, noOutcomes{}, eventstore.Options{SoleWriter: true}) // nobody is forgotten in it
	for _, line := range tiny(t) {
		request, err := reader.Read([]byte(line))
		require.NoError(t, err)
		o, err := h.Handle(t.Context(), request)
		require.NoError(t, err)
		if !o.Repeated && (o.Refusal == nil || o.Refusal.Code != domain.CommandIDReused) {
			k.commands[request.ID] = request.Command
		}
	}
	return k
}

// each hands over every event with its fact and metadata.
func (k kept) each(t *testing.T, f func(eventstore.Recorded, domain.Event, eventstore.Metadata)) {
	t.Helper()
	for r, err := range k.store.ReadAll(t.Context(), eventstore.Beginning) {
		require.NoError(t, err)
		fact, meta, err := k.codec.Decode(r)
		require.NoError(t, err)
		f(r, fact, meta)
	}
}

// Ensure every command is kept once, beside its outcome, and reads back as it was said; but for the texts
// of refused commands about somebody whom the ledger doesn't know, which stand nowhere.
func TestCommandsAreKept(t *testing.T) {
	k := newKept(t)
	withheldTexts := 0
	k.each(t, func(r eventstore.Recorded, fact domain.Event, meta eventstore.Metadata) {
		said, err := k.codec.DecodeCommand(r, meta)
		if errors.Is(err, eventstore.ErrNoCommandData) {
			return
		}
		require.NoError(t, err)
		_, claim := fact.(domain.Claim)
		require.False(t, claim, "a claim is no outcome")
		if refused, ok := fact.(outcome.CommandRefused); ok && refused.Code == domain.CommandIDReused {
			return
		}
		want, ok := k.commands[meta.CausationID]
		require.True(t, ok, "kept twice: %s", meta.CausationID)
		delete(k.commands, meta.CausationID)
		inVain := same(t, want, said)
		withheldTexts += inVain
		if inVain > 0 {
			require.Equal(t, "CommandRefused", r.Type)
		}
	})
	require.Empty(t, k.commands, "not kept")
	require.Greater(t, withheldTexts, 100)
}

// same wants two commands to say the same, and gives the number of texts that were withheld.
func same(t *testing.T, want, got domain.Command) (withheld int) {
	t.Helper()
	w, g := reflect.New(reflect.TypeOf(want)).Elem(), reflect.New(reflect.TypeOf(got)).Elem()
	w.Set(reflect.ValueOf(want))
	g.Set(reflect.ValueOf(got))
	var said []string
	walkPointers(w, func(p *domain.Personal) { said = append(said, p.Reveal()); *p = domain.Personal{} })
	i := 0
	walkPointers(g, func(p *domain.Personal) {
		if eventstore.Withheld(*p) {
			withheld++
		} else {
			require.Equal(t, said[i], p.Reveal())
		}
		i++
		*p = domain.Personal{}
	})
	require.Equal(t, w.Interface(), g.Interface())
	return withheld
}

// walkPointers is walk, also through pointers; what they point at is copied first.
func walkPointers(v reflect.Value, f func(*domain.Personal)) {
	if _, ok := v.Addr().Interface().(*domain.Personal); ok {
		walk(v, f)
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() && v.Type().Elem().Kind() == reflect.Struct {
			fresh := reflect.New(v.Type().Elem())
			fresh.Elem().Set(v.Elem())
			walkPointers(fresh.Elem(), f)
			v.Set(fresh)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			walkPointers(v.Field(i), f)
		}
	}
}

// Ensure no personal text of any command stands in the log in clear, refused ones too; and that nobody of
// whom the ledger has no stream has a key, so that there is nothing to forget that can't be forgotten.
func TestKeptCommandsLeaveNoTrace(t *testing.T) {
	k := newKept(t)
	var all []byte
	streams, subjects := map[string]bool{}, map[string]bool{}
	k.each(t, func(r eventstore.Recorded, _ domain.Event, _ eventstore.Metadata) {
		streams[r.Stream] = true
		all = append(append(all, r.Data...), r.Metadata...)
		for _, part := range strings.Split(string(r.Metadata), `"`) {
			if subject, _, ok := strings.Cut(part, ":"); ok && (strings.HasPrefix(subject, "customer-") || strings.HasPrefix(subject, "partnershiprequest-")) {
				subjects[subject] = true
			}
		}
	})
	texts := 0
	for _, c := range k.commands {
		v := reflect.New(reflect.TypeOf(c)).Elem()
		v.Set(reflect.ValueOf(c))
		walkPointers(v, func(p *domain.Personal) {
			if len(p.Reveal()) > 8 {
				texts++
				require.False(t, bytes.Contains(all, []byte(p.Reveal())), p.Reveal())
			}
		})
	}
	require.Greater(t, texts, 500)
	require.Greater(t, len(subjects), 50)
	for subject := range subjects {
		require.True(t, streams[subject], "%s has texts sealed for it, but there is no such stream", subject)
	}
}

// Ensure that the texts of a kept command can't be read where they don't stand: not in the event, not in
// another command.
func TestKeptTextsAreBound(t *testing.T) {
	k := newKept(t)
	moved := 0
	k.each(t, func(r eventstore.Recorded, _ domain.Event, meta eventstore.Metadata) {
		if r.Type != "CustomerAgreementConfirmed" || meta.Command.Data == nil {
			return
		}
		r.Data = meta.Command.Data // the same fields, sealed for the same subject
		_, _, err := k.codec.Decode(r)
		require.ErrorContains(t, err, "does not belong")
		moved++
	})
	require.Positive(t, moved)
}

// Ensure every decision records all that it looked at, those that left no fact as well.
func TestEveryBasisIsRecorded(t *testing.T) {
	k := newKept(t)
	refusals := 0
	k.each(t, func(r eventstore.Recorded, fact domain.Event, meta eventstore.Metadata) {
		names := map[string]bool{}
		for _, b := range meta.Basis {
			require.False(t, names[b.Stream], "twice")
			names[b.Stream] = true
		}
		refused, ok := fact.(outcome.CommandRefused)
		_, claim := fact.(domain.Claim)
		switch {
		case claim:
			require.True(t, names[r.Stream], "that the name was free is what it stands on")
			require.Greater(t, len(names), 1, "and so is what was decided on")
		case !ok:
			require.False(t, names[r.Stream], "the stream itself is seen at the revision before")
		case refused.Code == domain.CustomerNotFound:
			require.True(t, names[refused.Stream], "%s", r.Metadata)
			refusals++
		case refused.Code == domain.RoleNotPermitted:
			require.Empty(t, names, "no stream was looked at")
		}
	})
	require.Positive(t, refusals)
}
