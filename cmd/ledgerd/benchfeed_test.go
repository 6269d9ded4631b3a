package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/eventstore/esdb"
	"github.com/partnerledger/partnerledger/eventstore/esdbnode"
	"github.com/partnerledger/partnerledger/internal/sqlite"
	"github.com/partnerledger/partnerledger/internal/workload"
	"github.com/partnerledger/partnerledger/internal/workload/inmemory"
)

// open opens a file of the workloads.
func open(t testing.TB, name string) io.Reader {
	t.Helper()
	file, err := os.Open(filepath.Join(workloads, name))
	require.NoError(t, err)
	t.Cleanup(func() { _ = file.Close() })
	return file
}

// BenchmarkRelayToSQLite measures events a second when read models are made from a long log: through relay
// and projector at once, through each alone, and, as the ceiling, the finished rows written raw into the
// same tables, the rows of a thousand events in a transaction. All take turns in one run.
func BenchmarkRelayToSQLite(b *testing.B) {
	dir := b.TempDir()
	n, head := writeLog(b, dir, workload.Options{Seed: 1, Size: workload.Medium, Limit: 15_000})
	var both, relay, projector, raw []turn
	for b.Loop() {
		l := openLedger(b, dir)
		both = append(both, measure(b, func(b *testing.B) { together(b, l, head) }))
		write := rawWriter(b, finishedRows(b, l), n)
		raw = append(raw, measure(b, write))
		projector = append(projector, projectorAlone(b, dir, l, head))
		require.NoError(b, l.close())
		relay = append(relay, relayAlone(b, dir, n))
	}
	report := func(name string, turns []turn) float64 {
		rate := float64(n) / medianOf(turns, turn.seconds)
		b.ReportMetric(rate, name+"/s")
		b.ReportMetric(medianOf(turns, func(t turn) float64 { return float64(t.cpu.Microseconds()) / float64(n) }), "cpu-µs/"+name)
		return rate
	}
	report("relay", relay)
	report("projector", projector)
	b.ReportMetric(report("both", both)/report("raw", raw), "of-raw")
	b.ReportMetric(float64(n), "events")
	b.ReportMetric(0, "ns/op")
}

// writeLog plays a workload in memory and writes the events to a log on disk, in the same order.
func writeLog(b *testing.B, dir string, o workload.Options) (n int, head eventstore.Position) {
	b.Helper()
	ledger, err := inmemory.New()
	require.NoError(b, err)
	lines, feed := io.Pipe()
	go func() {
		_, err := workload.Generate(b.Context(), o, feed)
		feed.CloseWithError(err)
	}()
	require.NoError(b, ledger.Play(b.Context(), lines))
	events, err := ledger.Events(b.Context())
	require.NoError(b, err)
	node, err := esdbnode.Start(b.Context(), esdbnode.Options{Dir: filepath.Join(dir, "eventstore"), NoSync: true})
	require.NoError(b, err)
	store, err := esdb.Open(esdb.Options{ConnectionString: node.ConnectionString()})
	require.NoError(b, err)
	for _, e := range events {
		done, err := store.Append(b.Context(), e.Stream, e.Revision-1, eventstore.Proposed{ID: e.ID, Type: e.Type, Data: e.Data, Metadata: e.Metadata})
		require.NoError(b, err)
		head = done.Position
	}
	require.NoError(b, errors.Join(store.Close(), node.Close()))
	return len(events), head
}

// openLedger opens the parts between log and rows on a data directory that has a log only.
func openLedger(b *testing.B, dir string) *ledger {
	b.Helper()
	l := logOnly(b, dir)
	require.NoError(b, l.openFeed(b.Context()))
	require.NoError(b, l.openModels(b.Context()))
	return l
}

// logOnly opens the log, and removes what was made from it.
func logOnly(b *testing.B, dir string) *ledger {
	b.Helper()
	require.NoError(b, os.RemoveAll(filepath.Join(dir, "nats")))
	files, err := filepath.Glob(filepath.Join(dir, "*.db*"))
	require.NoError(b, err)
	for _, name := range files {
		require.NoError(b, os.Remove(name))
	}
	config, err := parse([]string{"--data", dir}, func(string) string { return "" })
	require.NoError(b, err)
	l := &ledger{config: config, log: slog.New(slog.DiscardHandler)}
	require.NoError(b, l.openTelemetry(b.Context()))
	require.NoError(b, l.openStore(b.Context()))
	return l
}

// during runs a part until something is reached.
func during(b *testing.B, part func(context.Context) error, reached func()) {
	b.Helper()
	ctx, stop := context.WithCancel(b.Context())
	ended := make(chan error, 1)
	go func() { ended <- part(ctx) }()
	reached()
	stop()
	require.ErrorIs(b, <-ended, context.Canceled)
}

// project runs the projector until its rows reflect the position.
func project(b *testing.B, l *ledger, head eventstore.Position) {
	b.Helper()
	during(b, l.runner.Run, func() { require.NoError(b, l.models.Wait(b.Context(), head)) })
}

func together(b *testing.B, l *ledger, head eventstore.Position) {
	b.Helper()
	during(b, l.relay.Run, func() { project(b, l, head) })
}

// projectorAlone reads the same feed, which is complete by now, into another database.
func projectorAlone(b *testing.B, dir string, l *ledger, head eventstore.Position) turn {
	b.Helper()
	other := *l
	other.closers, other.config.Database = nil, filepath.Join(dir, "other.db")
	require.NoError(b, other.openModels(b.Context()))
	defer func() { require.NoError(b, other.close()) }()
	return measure(b, func(b *testing.B) { project(b, &other, head) })
}

func relayAlone(b *testing.B, dir string, n int) turn {
	b.Helper()
	l := logOnly(b, dir)
	defer func() { require.NoError(b, l.close()) }()
	require.NoError(b, l.openFeed(b.Context()))
	return measure(b, func(b *testing.B) {
		during(b, l.relay.Run, func() {
			look := time.NewTicker(time.Millisecond)
			defer look.Stop()
			for l.relay.Status().Published.NextSeq < uint64(n) {
				<-look.C
			}
		})
	})
}

// rawTable is a table with its rows as they were when everything was applied.
type rawTable struct {
	name   string
	rows   [][]any
	insert string
}

func finishedRows(b *testing.B, l *ledger) (tables []rawTable) {
	b.Helper()
	for _, name := range tablesOf(b, l) {
		rows, err := l.db.Query(b.Context(), "SELECT * FROM "+name)
		require.NoError(b, err)
		columns, err := rows.Columns()
		require.NoError(b, err)
		t := rawTable{name: name, insert: fmt.Sprintf("INSERT INTO %s VALUES (?%s) ON CONFLICT DO NOTHING", name, strings.Repeat(", ?", len(columns)-1))}
		for rows.Next() {
			row, targets := make([]any, len(columns)), make([]any, len(columns))
			for i := range row {
				targets[i] = &row[i]
			}
			require.NoError(b, rows.Scan(targets...))
			t.rows = append(t.rows, row)
		}
		require.NoError(b, errors.Join(rows.Err(), rows.Close()))
		tables = append(tables, t)
	}
	return tables
}

// rawWriter writes with the driver alone, set up as the read models' database is.
func rawWriter(b *testing.B, tables []rawTable, n int) func(b *testing.B) {
	b.Helper()
	db := sqlite.Open(filepath.Join(b.TempDir(), "raw.db"), "journal_mode(WAL)", "synchronous(NORMAL)", "cache_size(-32768)")
	b.Cleanup(func() { _ = db.Close() })
	db.SetMaxOpenConns(1)
	for _, p := range readModels() {
		_, err := db.Exec(p.Schema())
		require.NoError(b, err)
	}
	inserts := make([]*sql.Stmt, len(tables))
	for i, t := range tables {
		stmt, err := db.Prepare(t.insert)
		require.NoError(b, err)
		inserts[i] = stmt
	}
	transactions := n/1000 + 1
	return func(b *testing.B) {
		for i := range transactions {
			tx, err := db.Begin()
			require.NoError(b, err)
			for k, t := range tables {
				insert := tx.Stmt(inserts[k])
				for _, row := range t.rows[i*len(t.rows)/transactions : (i+1)*len(t.rows)/transactions] {
					_, err := insert.Exec(row...)
					require.NoError(b, err)
				}
			}
			require.NoError(b, tx.Commit())
		}
	}
}
