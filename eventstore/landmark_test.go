package eventstore_test

import (
	"context"
	"errors"
	"iter"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/eventstore/memory"
)

// landmarks appends two events each to two streams and gives all four.
func landmarks(t *testing.T, log eventstore.Store) []eventstore.Landmark {
	t.Helper()
	for _, stream := range []string{"partnership-a", "partnership-b"} {
		_, err := log.Append(t.Context(), stream, eventstore.NoStream,
			eventstore.Proposed{ID: uuid.New(), Type: "One"}, eventstore.Proposed{ID: uuid.New(), Type: "Two"})
		require.NoError(t, err)
	}
	var all []eventstore.Landmark
	for e, err := range log.ReadAll(t.Context(), eventstore.Beginning) {
		require.NoError(t, err)
		all = append(all, e.Landmark())
	}
	require.Len(t, all, 4)
	return all
}

func TestHolds_TheLogThatWasRead(t *testing.T) {
	log := memory.New()
	for _, l := range landmarks(t, log) {
		require.NoError(t, eventstore.Holds(t.Context(), log, l))
	}
}

// Ensure a log that is empty, shorter, or has other events in the same places is told from the one read.
func TestHolds_TellsALogThatWentBack(t *testing.T) {
	seen := landmarks(t, memory.New())
	shorter, other, elsewhere := memory.New(), memory.New(), memory.New()
	_, err := shorter.Append(t.Context(), "partnership-b", eventstore.NoStream, eventstore.Proposed{ID: seen[2].ID, Type: "One"})
	require.NoError(t, err)
	landmarks(t, other)
	_, err = elsewhere.Append(t.Context(), "partnership-b", eventstore.NoStream,
		eventstore.Proposed{ID: uuid.New(), Type: "One"}, eventstore.Proposed{ID: seen[3].ID, Type: "Two"})
	require.NoError(t, err)
	for name, log := range map[string]eventstore.Store{"empty": memory.New(), "shorter": shorter, "other": other, "elsewhere": elsewhere} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := eventstore.Holds(t.Context(), log, seen[3])
			require.ErrorIs(t, err, eventstore.ErrWentBack)
			require.ErrorContains(t, err, seen[3].ID.String())
		})
	}
}

// lagging is a node of a cluster that gets the event only after a while.
type lagging struct {
	*memory.Store
	answers int
}

func (l *lagging) ReadStream(ctx context.Context, stream string, from eventstore.Revision) iter.Seq2[eventstore.Recorded, error] {
	if l.answers++; l.answers < 3 {
		return memory.New().ReadStream(ctx, stream, from)
	}
	return l.Store.ReadStream(ctx, stream, from)
}

func TestHolds_WaitsForANodeThatLags(t *testing.T) {
	log := memory.New()
	seen := landmarks(t, log)
	require.NoError(t, eventstore.Holds(t.Context(), &lagging{Store: log}, seen[3]))
}

// Ensure a log that can't be asked is never taken for one that went back.
func TestHolds_SaysWhenTheLogCannotBeAsked(t *testing.T) {
	log := memory.New()
	seen := landmarks(t, log)
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("over"))
	err := eventstore.Holds(ctx, log, seen[0])
	require.ErrorIs(t, err, context.Canceled)
	require.NotErrorIs(t, err, eventstore.ErrWentBack)
}
