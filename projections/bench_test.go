package projections_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/domain/vocabulary"
	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/internal/sqlite"
	"github.com/partnerledger/partnerledger/internal/workload"
	"github.com/partnerledger/partnerledger/projections"
	"github.com/partnerledger/partnerledger/projections/outcomes"
	"github.com/partnerledger/partnerledger/projections/sqldb"
	"github.com/partnerledger/partnerledger/projections/sqldb/sqldbtest"
	"github.com/partnerledger/partnerledger/projections/timeline"
)

// BenchmarkRunner measures events a second through the Runner, with the activity log and the timeline,
// into SQLite. What it is compared with writes the finished rows alone: no events to decode, no
// checkpoints, each row once, prepared statements, a thousand events a transaction. The two take turns.
func BenchmarkRunner(b *testing.B) {
	l := recorded(b, workload.Options{Seed: 1, Size: workload.Small, Limit: 6000})
	n := float64(len(l.events))
	filled, took := throughRunner(b, l)
	rows := finishedRows(b, filled)
	var runner, raw []time.Duration
	for b.Loop() {
		raw = append(raw, throughNothing(b, rows))
		_, took = throughRunner(b, l)
		runner = append(runner, took)
	}
	ours, ceiling := n/median(runner).Seconds(), n/median(raw).Seconds()
	b.ReportMetric(ours, "events/s")
	b.ReportMetric(ceiling, "raw-events/s")
	b.ReportMetric(ours/ceiling, "ratio")
	b.ReportMetric(0, "ns/op")
}

func median(of []time.Duration) time.Duration {
	slices.Sort(of)
	return of[len(of)/2]
}

func throughRunner(b *testing.B, l *ledger) (*sqldb.DB, time.Duration) {
	db := sqldbtest.Open(b, sqldbtest.SQLite(b))
	models, err := projections.NewModels(b.Context(), db, outcomes.Projection{}, timeline.Projection{})
	require.NoError(b, err)
	d := &desk{projections.NewRunner(models, l, eventstore.NewCodec(vocabulary.Events(), nil), projections.Options{}), db}
	began := time.Now()
	stop := d.startIn(b)
	require.NoError(b, d.Wait(b.Context(), l.head().Position))
	took := time.Since(began)
	_ = stop()
	return db, took
}

// finishedRows are the rows of each table, as many of each to a transaction as a thousand events make.
func finishedRows(b *testing.B, db *sqldb.DB) map[string][][]any {
	tables := map[string][][]any{}
	for _, table := range []string{"outcomes", "timeline"} {
		rows, err := db.Query(b.Context(), "SELECT * FROM "+table)
		require.NoError(b, err)
		columns, err := rows.Columns()
		require.NoError(b, err)
		for rows.Next() {
			row, targets := make([]any, len(columns)), make([]any, len(columns))
			for i := range row {
				targets[i] = &row[i]
			}
			require.NoError(b, rows.Scan(targets...))
			tables[table] = append(tables[table], row)
		}
		require.NoError(b, rows.Err())
		require.NoError(b, rows.Close())
	}
	return tables
}

func throughNothing(b *testing.B, tables map[string][][]any) time.Duration {
	db := sqlite.Open(filepath.Join(b.TempDir(), "raw.db"), "journal_mode(WAL)", "synchronous(NORMAL)", "cache_size(-32768)")
	defer db.Close()
	db.SetMaxOpenConns(1)
	_, err := db.Exec(outcomes.Projection{}.Schema() + timeline.Projection{}.Schema())
	require.NoError(b, err)
	began := time.Now()
	transactions := len(tables["timeline"])/1000 + 1
	for i := range transactions {
		tx, err := db.Begin()
		require.NoError(b, err)
		for table, rows := range tables {
			insert, err := tx.Prepare(rawUpsert(table, len(rows[0])))
			require.NoError(b, err)
			for _, row := range rows[i*len(rows)/transactions : (i+1)*len(rows)/transactions] {
				_, err := insert.Exec(row...)
				require.NoError(b, err)
			}
		}
		require.NoError(b, tx.Commit())
	}
	return time.Since(began)
}

func rawUpsert(table string, columns int) string {
	key := map[string]string{"outcomes": "command_id", "timeline": "seq"}[table]
	return fmt.Sprintf("INSERT INTO %s VALUES (?%s) ON CONFLICT (%s) DO UPDATE SET position = excluded.position", table, strings.Repeat(", ?", columns-1), key)
}
