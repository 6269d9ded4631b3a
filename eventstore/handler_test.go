package eventstore_test

import (
	"bufio"
	"context"
	"encoding/json"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/vocabulary"
	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/eventstore/memory"
	"github.com/partnerledger/partnerledger/internal/intake"
)

// openSealer stands in for the key store: it shows where sealed text would be. Like sealed text, what it
// gives holds no colon but the one after the subject.
type openSealer struct{}

func (openSealer) Seal(subject, _, clear string) (string, error) {
	return subject + ":" + strings.ReplaceAll(clear, ":", "\x00"), nil
}

func (openSealer) Open(subject, _, sealed string) (string, error) {
	return strings.ReplaceAll(sealed[len(subject)+1:], "\x00", ":"), nil
}

// noOutcomes is a read model that never catches up.
type noOutcomes struct{}

func (noOutcomes) Outcome(context.Context, domain.CommandID) (eventstore.Outcome, bool, error) {
	return eventstore.Outcome{}, false, nil
}
func (noOutcomes) Reflects(context.Context) (eventstore.Position, error) {
	return eventstore.Beginning, nil
}

func newReader(t *testing.T) *intake.Reader {
	t.Helper()
	r, err := intake.NewReader(intake.Options{AllowHistory: true, Now: time.Now, Digest: func(b []byte) string { return string(b) }})
	require.NoError(t, err)
	return r
}

func newHandler(store eventstore.Store, sole bool) *eventstore.Handler {
	codec := eventstore.NewCodec(vocabulary.Events(), openSealer{})
	return eventstore.NewHandler(store, codec, noOutcomes{}, eventstore.Options{SoleWriter: sole})
}

func tiny(t *testing.T) []string {
	t.Helper()
	file, err := os.Open("../internal/workload/testdata/tiny.jsonl")
	require.NoError(t, err)
	defer file.Close()
	var lines []string
	in := bufio.NewScanner(file)
	in.Buffer(nil, 1<<20)
	for in.Scan() {
		lines = append(lines, in.Text())
	}
	require.NoError(t, in.Err())
	require.NotEmpty(t, lines)
	return lines
}

type expected struct {
	Expect struct {
		Refused string `json:"refused"`
	} `json:"expect"`
}

// Ensure every line of the tiny workload is answered as it expects, both when states are kept and when
// each is brought up to date first.
func TestHandler_TinyWorkload(t *testing.T) {
	for name, sole := range map[string]bool{"sole writer": true, "one writer of many": false} {
		t.Run(name, func(t *testing.T) {
			h, reader := newHandler(memory.New(), sole), newReader(t)
			for i, line := range tiny(t) {
				require.Equal(t, want(t, line), say(t, h, reader, line), "line %d: %s", i+1, line)
			}
		})
	}
}

func want(t *testing.T, line string) string {
	t.Helper()
	var e expected
	require.NoError(t, json.Unmarshal([]byte(line), &e))
	return e.Expect.Refused
}

func say(t *testing.T, h *eventstore.Handler, reader *intake.Reader, line string) string {
	t.Helper()
	request, err := reader.Read([]byte(line))
	require.NoError(t, err, line)
	o, err := h.Handle(t.Context(), request)
	require.NoError(t, err, line)
	if o.Refusal == nil {
		return ""
	}
	return string(o.Refusal.Code)
}

// Ensure two handlers on one log, neither the sole writer, decide as one would: what the other wrote is seen.
func TestHandler_TwoWriters(t *testing.T) {
	store, reader := memory.New(), newReader(t)
	known := &sharedOutcomes{byID: map[domain.CommandID]eventstore.Outcome{}}
	codec := eventstore.NewCodec(vocabulary.Events(), openSealer{})
	handlers := []*eventstore.Handler{
		eventstore.NewHandler(store, codec, known, eventstore.Options{}),
		eventstore.NewHandler(store, codec, known, eventstore.Options{}),
	}
	for i, line := range tiny(t) {
		request, err := reader.Read([]byte(line))
		require.NoError(t, err)
		o, err := handlers[i%2].Handle(t.Context(), request)
		require.NoError(t, err)
		known.add(o)
		code := ""
		if o.Refusal != nil {
			code = string(o.Refusal.Code)
		}
		require.Equal(t, want(t, line), code, "line %d: %s", i+1, line)
	}
}

type sharedOutcomes struct {
	mu   sync.Mutex
	byID map[domain.CommandID]eventstore.Outcome
}

func (s *sharedOutcomes) add(o eventstore.Outcome) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.byID[o.CommandID]; !ok {
		s.byID[o.CommandID] = o
	}
}

func (s *sharedOutcomes) Outcome(_ context.Context, id domain.CommandID) (eventstore.Outcome, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, ok := s.byID[id]
	return o, ok, nil
}

func (s *sharedOutcomes) Reflects(context.Context) (eventstore.Position, error) { return 1 << 60, nil }

// Ensure nothing personal stands in the log in clear once a real sealer is used, and everything is there otherwise.
func TestHandler_EveryEventHasItsMetadata(t *testing.T) {
	store, reader := memory.New(), newReader(t)
	h := newHandler(store, true)
	for _, line := range tiny(t)[:200] {
		say(t, h, reader, line)
	}
	codec := eventstore.NewCodec(vocabulary.Events(), openSealer{})
	n := 0
	for r, err := range store.ReadAll(t.Context(), eventstore.Beginning) {
		require.NoError(t, err)
		_, meta, err := codec.Decode(r)
		require.NoError(t, err)
		require.NotEmpty(t, meta.CausationID)
		require.NotEmpty(t, meta.Command.Digest)
		require.NotEmpty(t, meta.Actor.Role)
		require.Equal(t, 1, meta.SchemaVersion)
		require.Less(t, meta.Part, meta.Parts+1)
		require.False(t, strings.HasPrefix(r.Type, "$"))
		n++
	}
	require.Greater(t, n, 200)
}
