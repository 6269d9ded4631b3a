package eventstore_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/outcome"
	"github.com/partnerledger/partnerledger/domain/partnership"
	"github.com/partnerledger/partnerledger/domain/vocabulary"
	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/eventstore/memory"
	"github.com/partnerledger/partnerledger/internal/intake"
)

// errKilled stands for a process that died: before an append or right after it.
var errKilled = errors.New("killed")

// dyingStore dies at random points around appends.
type dyingStore struct {
	eventstore.Store
	chance *rand.Rand
	deaths int
}

func (s *dyingStore) Append(ctx context.Context, stream string, expected eventstore.Revision, events ...eventstore.Proposed) (eventstore.Appended, error) {
	fate := s.chance.IntN(50)
	if fate == 0 {
		s.deaths++
		return eventstore.Appended{}, errKilled
	}
	done, err := s.Store.Append(ctx, stream, expected, events...)
	if fate == 1 && err == nil {
		s.deaths++
		return eventstore.Appended{}, errKilled
	}
	return done, err
}

// restart makes what a new process would have: a handler without memory, outcomes read from the log, and
// reactions finished that the dead one had begun.
func restart(t *testing.T, store eventstore.Store) *eventstore.Handler {
	t.Helper()
	codec := eventstore.NewCodec(vocabulary.Events(), openSealer{})
	known := &sharedOutcomes{byID: map[domain.CommandID]eventstore.Outcome{}}
	h := eventstore.NewHandler(store, codec, known, eventstore.Options{SoleWriter: true})
	unfinished := map[domain.RequestID]bool{}
	for r, err := range store.ReadAll(t.Context(), eventstore.Beginning) {
		require.NoError(t, err)
		e, meta, err := codec.Decode(r)
		require.NoError(t, err)
		switch e := e.(type) {
		case domain.Claim:
			continue
		case partnership.PartnershipRequestAccepted:
			unfinished[e.RequestID] = true
		case partnership.PartnershipAccepted:
			delete(unfinished, e.RequestID)
		}
		known.add(outcomeOf(r, e, meta))
	}
	for id := range unfinished {
		if err := h.Finish(t.Context(), partnership.RequestStream(id)); errors.Is(err, errKilled) {
			return restart(t, store)
		} else {
			require.NoError(t, err)
		}
	}
	return h
}

func outcomeOf(r eventstore.Recorded, e domain.Event, meta eventstore.Metadata) eventstore.Outcome {
	o := eventstore.Outcome{CommandID: meta.CausationID, Digest: meta.Command.Digest, Position: r.Position, EventIDs: []uuid.UUID{r.ID}}
	if refused, ok := e.(outcome.CommandRefused); ok {
		o.Refusal = domain.Refuse(refused.Code).Says(refused.Sentence)
	}
	return o
}

// Ensure a process that dies at any point around an append, and is told everything again, leaves the same
// log as one that never died: event for event, nothing twice, nothing lost.
func TestHandler_SameLogAfterDeaths(t *testing.T) {
	reader := newReader(t)
	lines := tiny(t)[:1000]
	calm := memory.New()
	submit(t, calm, reader, lines)
	wanted := dump(t, calm)
	for seed := range uint64(3) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			store := memory.New()
			dying := &dyingStore{Store: store, chance: rand.New(rand.NewPCG(seed, 1))}
			for i := 0; i < len(lines); {
				i = submitUntilDeath(t, dying, reader, lines, i)
			}
			require.Greater(t, dying.deaths, 15, "the fault must have happened")
			got := dump(t, store)
			require.Len(t, got, len(wanted))
			for i := range wanted {
				require.Equal(t, wanted[i], got[i], "event %d", i)
			}
		})
	}
}

func submit(t *testing.T, store eventstore.Store, reader *intake.Reader, lines []string) {
	t.Helper()
	require.Equal(t, len(lines), submitUntilDeath(t, store, reader, lines, 0))
}

// submitUntilDeath says line after line to a fresh process, from the given one on, and gives the line
// at which it died: the one to be said again.
func submitUntilDeath(t *testing.T, store eventstore.Store, reader *intake.Reader, lines []string, from int) int {
	t.Helper()
	h := restart(t, store)
	for i := from; i < len(lines); i++ {
		request, err := reader.Read([]byte(lines[i]))
		require.NoError(t, err)
		if _, err = h.Handle(t.Context(), request); errors.Is(err, errKilled) {
			return i
		}
		require.NoError(t, err)
	}
	return len(lines)
}

// dump is the log as text, one event an entry, without what differs by nature: the time of writing.
func dump(t *testing.T, store eventstore.Store) []string {
	t.Helper()
	var out []string
	for r, err := range store.ReadAll(t.Context(), eventstore.Beginning) {
		require.NoError(t, err)
		line, err := json.Marshal([]any{r.Stream, r.Revision, r.ID, r.Type, string(r.Data), string(r.Metadata)})
		require.NoError(t, err)
		out = append(out, string(line))
	}
	return out
}
