// Package eventstoretest is the contract of eventstore.Store as tests: one suite that every Store passes.
//
// The suite names its streams at random and looks only at them, so that it can run against a server that
// holds other events, and that others write to at the same time. No test sleeps: each waits for events.
package eventstoretest

import (
	"context"
	"fmt"
	"iter"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/eventstore"
)

// patience is how long a test waits for what has to happen; it is never slept through.
const patience = 30 * time.Second

// Run runs the suite. The Store that open makes MUST be usable until the end of the test that it is given.
func Run(t *testing.T, open func(t *testing.T) eventstore.Store) {
	for _, group := range []map[string]func(*testing.T, eventstore.Store){appends, reads, subscriptions, limits} {
		for name, test := range group {
			t.Run(name, func(t *testing.T) { test(t, open(t)) })
		}
	}
}

// Stream names a stream that no other test uses.
func Stream(label string) string { return "suite" + label + "-" + uuid.NewString() }

// Event proposes an event with an id of its own.
func Event(label string) eventstore.Proposed {
	return eventstore.Proposed{
		ID: uuid.New(), Type: "Suite" + label,
		Data: fmt.Appendf(nil, `{"label":%q}`, label), Metadata: []byte(`{"suite":true}`),
	}
}

// Events proposes so many events.
func Events(n int) []eventstore.Proposed {
	list := make([]eventstore.Proposed, n)
	for i := range list {
		list[i] = Event(fmt.Sprint(i))
	}
	return list
}

// Bounded is the test's context with a deadline, so that what hangs fails.
func Bounded(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// Append writes events and fails the test when that fails.
func Append(t testing.TB, s eventstore.Store, stream string, expected eventstore.Revision, events ...eventstore.Proposed) eventstore.Appended {
	t.Helper()
	done, err := s.Append(Bounded(t), stream, expected, events...)
	require.NoError(t, err)
	return done
}

// Drain takes a sequence that ends by itself.
func Drain(t testing.TB, seq iter.Seq2[eventstore.Recorded, error]) []eventstore.Recorded {
	t.Helper()
	var list []eventstore.Recorded
	for e, err := range seq {
		require.NoError(t, err)
		list = append(list, e)
	}
	return list
}

// Take takes events of the given streams from a sequence until there are n of them.
func Take(t testing.TB, seq iter.Seq2[eventstore.Recorded, error], n int, streams ...string) []eventstore.Recorded {
	t.Helper()
	var list []eventstore.Recorded
	for e, err := range seq {
		require.NoError(t, err, "after %d of %d events", len(list), n)
		if !contains(streams, e.Stream) {
			continue
		}
		if list = append(list, e); len(list) == n {
			break
		}
	}
	require.Len(t, list, n)
	return list
}

// Only keeps the events of the given streams.
func Only(list []eventstore.Recorded, streams ...string) []eventstore.Recorded {
	var kept []eventstore.Recorded
	for _, e := range list {
		if contains(streams, e.Stream) {
			kept = append(kept, e)
		}
	}
	return kept
}

// InOrder fails unless positions rise, and revisions of each stream go 0, 1, 2, … without gap or repeat.
func InOrder(t testing.TB, list []eventstore.Recorded) {
	t.Helper()
	last := eventstore.Beginning
	next := map[string]eventstore.Revision{}
	for i, e := range list {
		require.Greater(t, e.Position, last, "event %d of %s", e.Revision, e.Stream)
		require.Equal(t, next[e.Stream], e.Revision, "event %d of the sequence, stream %s", i, e.Stream)
		last, next[e.Stream] = e.Position, e.Revision+1
	}
}

// Unending gives errors of a sequence that has to end with one: all events are passed over.
func Unending(seq iter.Seq2[eventstore.Recorded, error]) error {
	for _, err := range seq {
		if err != nil {
			return err
		}
	}
	return nil
}

func contains(streams []string, stream string) bool {
	for _, s := range streams {
		if s == stream {
			return true
		}
	}
	return false
}

func ids(list []eventstore.Recorded) []uuid.UUID {
	var all []uuid.UUID
	for _, e := range list {
		all = append(all, e.ID)
	}
	return all
}

func proposedIDs(list []eventstore.Proposed) []uuid.UUID {
	var all []uuid.UUID
	for _, e := range list {
		all = append(all, e.ID)
	}
	return all
}
