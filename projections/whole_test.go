package projections_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/domain/vocabulary"
	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/internal/workload"
	"github.com/partnerledger/partnerledger/internal/workload/inmemory"
	"github.com/partnerledger/partnerledger/projections"
	"github.com/partnerledger/partnerledger/projections/outcomes"
	"github.com/partnerledger/partnerledger/projections/sqldb/sqldbtest"
	"github.com/partnerledger/partnerledger/projections/timeline"
)

// allModels are the read models of the ledger.
func allModels() []projections.Projection {
	return append(inmemory.ReadModels(), outcomes.Projection{}, timeline.Projection{})
}

// tablesOfAll names every table that a read model makes.
func tablesOfAll() (tables []string) {
	for _, p := range allModels() {
		for line := range strings.Lines(p.Schema()) {
			if rest, ok := strings.CutPrefix(line, "CREATE TABLE IF NOT EXISTS "); ok {
				name, _, _ := strings.Cut(rest, " ")
				tables = append(tables, name)
			}
		}
	}
	return tables
}

// recorded is the ledger of a small workload with all edge cases.
func recorded(t testing.TB, o workload.Options) *ledger {
	t.Helper()
	var lines bytes.Buffer
	_, err := workload.Generate(t.Context(), o, &lines)
	require.NoError(t, err)
	played, err := inmemory.New()
	require.NoError(t, err)
	require.NoError(t, played.Play(t.Context(), &lines))
	events, err := played.Events(t.Context())
	require.NoError(t, err)
	l := newLedger(0)
	for _, e := range events {
		l.events = append(l.events, e.Sequenced)
	}
	return l
}

func TestEveryReadModelRebuiltEqualsLive(t *testing.T) {
	whole := recorded(t, workload.Options{Seed: 2, Size: workload.Tiny, EdgeCases: true})
	all := eventstore.NewCodec(vocabulary.Events(), nil)
	sqldbtest.Each(t, func(t *testing.T, url string) {
		db := sqldbtest.Open(t, url)
		models, err := projections.NewModels(t.Context(), db, allModels()...)
		require.NoError(t, err)
		l := newLedger(0)
		d := &desk{projections.NewRunner(models, l, all, projections.Options{}), db}
		d.start(t)
		for n := 1; len(l.events) < len(whole.events); n = n*3%257 + 1 { // in uneven pieces
			for _, e := range whole.events[len(l.events):min(len(l.events)+n, len(whole.events))] {
				l.mu.Lock()
				l.append(e.Recorded)
				l.mu.Unlock()
			}
			d.await(t, l.head().Position)
		}
		live := d.dump(t, tablesOfAll()...)
		for _, p := range allModels() {
			_, err := d.Rebuild(t.Context(), p.Name())
			require.NoError(t, err)
		}
		require.Equal(t, live, d.dump(t, tablesOfAll()...))
		for _, s := range d.status(t, l.head()) {
			require.Equal(t, projections.Running, s.State)
			require.Zero(t, s.Lag)
		}
		require.NotContains(t, live, "[personal]")
	})
}
