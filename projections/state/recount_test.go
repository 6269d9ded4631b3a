package state_test

import (
	"bytes"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/domain"
	generator "github.com/partnerledger/partnerledger/internal/workload"
	"github.com/partnerledger/partnerledger/internal/workload/expected"
	"github.com/partnerledger/partnerledger/internal/workload/inmemory"
	"github.com/partnerledger/partnerledger/internal/workload/recount"
	"github.com/partnerledger/partnerledger/projections/sqldb/sqldbtest"
	"github.com/partnerledger/partnerledger/projections/state"
)

// TestAnyInstantIsAsRecounted asks for the state at random instants, as it was known at others, and compares
// all of it, credit under both policies, with one that is counted together from the events in a way that
// shares no code with the read models. The long form is LEDGER_INSTANTS=1000 on the small workload.
func TestAnyInstantIsAsRecounted(t *testing.T) {
	number, size := 50, generator.Tiny
	if long := os.Getenv("LEDGER_INSTANTS"); long != "" {
		var err error
		number, err = strconv.Atoi(long)
		require.NoError(t, err)
		size = generator.Small
	}
	var lines bytes.Buffer
	_, err := generator.Generate(t.Context(), generator.Options{Seed: 7, Size: size, EdgeCases: true}, &lines)
	require.NoError(t, err)
	ledger, err := inmemory.New()
	require.NoError(t, err)
	require.NoError(t, ledger.Play(t.Context(), &lines))
	events, err := ledger.Events(t.Context())
	require.NoError(t, err)
	sqldbtest.Each(t, func(t *testing.T, url string) {
		full := &fixture{ledger: ledger, events: events, db: project(t, url, events)}
		chance := rand.New(rand.NewPCG(1, 2))
		for range number {
			full.asRecounted(t, full.question(chance))
		}
	})
}

// question is about random instants: half of them those of an event, the rest anywhere, and every third as
// known at a time of its own.
func (f *fixture) question(chance *rand.Rand) state.Question {
	first, last := f.events[0].Meta.At, f.events[len(f.events)-1].Meta.At
	instant := func() *domain.Instant {
		at := f.events[chance.IntN(len(f.events))].Meta.At - domain.Instant(chance.IntN(2))
		if chance.IntN(2) == 0 {
			at = first + domain.Instant(chance.Int64N(int64(last-first+60*domain.Day)))
		}
		return &at
	}
	switch chance.IntN(3) {
	case 0:
		return state.Question{AsOf: instant()}
	case 1:
		return state.Question{AsKnownAt: instant()}
	default:
		return state.Question{AsOf: instant(), AsKnownAt: instant()}
	}
}

// recounted is the point of a question as the recount takes it.
func recounted(q state.Question) recount.Point {
	p := recount.Point{AsOf: domain.MaxInstant, Known: domain.MaxInstant}
	if q.AsKnownAt != nil {
		p = recount.Point{AsOf: *q.AsKnownAt, Known: *q.AsKnownAt}
	}
	if q.AsOf != nil {
		p.AsOf = *q.AsOf
	}
	return p
}

func (f *fixture) asRecounted(t *testing.T, q state.Question) {
	t.Helper()
	want, err := recount.At(f.events, recounted(q)).Document(inmemory.Reveal)
	require.NoError(t, err)
	got := f.plain(t, q)
	differences := expected.Differences(any(want), any(got))
	require.Empty(t, differences[:min(len(differences), 5)], "as of %v, as known at %v: %d differences", text(q.AsOf), text(q.AsKnownAt), len(differences))
}

func text(at *domain.Instant) string {
	if at == nil {
		return "any time"
	}
	return at.String()
}
