package projections_test

import (
	"errors"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/domain/vocabulary"
	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/internal/workload"
	"github.com/partnerledger/partnerledger/projections"
	"github.com/partnerledger/partnerledger/projections/sqldb"
	"github.com/partnerledger/partnerledger/projections/sqldb/sqldbtest"
)

// BenchmarkRebuild measures events a second when all read models are made from a ledger in memory: first by
// following it, then by a rebuild of all beside the live ones. What the rebuild is compared with writes the
// finished rows alone, with no events to decode and nothing to fold: tables without keys and indexes, rows in the order
// of their keys, the rows of twenty thousand events in a transaction, keys and indexes last. LEDGER_BENCH_COMMANDS=900000 makes a
// million events; the short form has eight thousand commands.
func BenchmarkRebuild(b *testing.B) {
	commands := 8000
	if given := os.Getenv("LEDGER_BENCH_COMMANDS"); given != "" {
		var err error
		commands, err = strconv.Atoi(given)
		require.NoError(b, err)
	}
	size := workload.Medium
	if commands > 300_000 {
		size = workload.Large
	}
	l := recorded(b, workload.Options{Seed: 1, Size: size, Limit: commands})
	sqldbtest.Measure(b, func(b *testing.B, url string) {
		for b.Loop() {
			rebuildOnce(b, l, url)
		}
	})
}

func rebuildOnce(b *testing.B, l *ledger, url string) {
	db := sqldbtest.Open(b, url)
	models, err := projections.NewModels(b.Context(), db, allModels()...)
	require.NoError(b, err)
	d := &desk{projections.NewRunner(models, l, eventstore.NewCodec(vocabulary.Events(), nil), projections.Options{}), db}
	n := float64(len(l.events))
	stop := d.startIn(b)
	following := took(func() { require.NoError(b, d.Wait(b.Context(), l.head().Position)) })
	var names []string
	for _, p := range allModels() {
		names = append(names, p.Name())
	}
	var applied time.Duration
	rebuilding := took(func() {
		began := time.Now()
		ids, err := d.OrderAll(b.Context(), projections.OrderRebuild, names...)
		require.NoError(b, err)
		for applied == 0 {
			orders, err := d.Orders(b.Context(), db)
			require.NoError(b, err)
			if o := orders[0]; o.Phase != "" && o.Phase != "applying" || o.Status == projections.Done || o.Status == projections.Failed {
				applied = time.Since(began)
			}
			<-time.After(5 * time.Millisecond)
		}
		for _, id := range ids {
			_, err := d.Await(b.Context(), id)
			require.NoError(b, err)
		}
	})
	rows := finished(b, db)
	require.Error(b, stop())
	require.NoError(b, db.Close())
	writing, indexing := writeFinished(b, url, rows)
	b.ReportMetric(n/following.Seconds(), "following/s")
	b.ReportMetric(n/applied.Seconds(), "applied/s")
	b.ReportMetric(n/rebuilding.Seconds(), "exchanged/s")
	b.ReportMetric(n/writing.Seconds(), "raw/s")
	b.ReportMetric(n/(writing+indexing).Seconds(), "raw-indexed/s")
	b.ReportMetric(writing.Seconds()/applied.Seconds(), "applied-of-raw")
	b.ReportMetric(n, "events")
	b.ReportMetric(0, "ns/op")
}

func took(do func()) time.Duration {
	began := time.Now()
	do()
	return time.Since(began)
}

// finished are the rows of every table, as bulks.
func finished(b *testing.B, db *sqldb.DB) (bulks []sqldb.Bulk) {
	for _, p := range allModels() {
		for _, t := range p.Tables() {
			rows, err := db.Query(b.Context(), "SELECT * FROM "+t.Name())
			require.NoError(b, err)
			columns, err := rows.Columns()
			require.NoError(b, err)
			kinds, err := rows.ColumnTypes()
			require.NoError(b, err)
			bulk := sqldb.Bulk{Table: t.Name(), Keys: 1}
			for i, name := range columns {
				bulk.Columns = append(bulk.Columns, sqldb.BulkColumn{Name: name, Text: kinds[i].DatabaseTypeName() == "TEXT"})
			}
			for rows.Next() {
				row, targets := make([]any, len(columns)), make([]any, len(columns))
				for i := range row {
					targets[i] = &row[i]
				}
				require.NoError(b, rows.Scan(targets...))
				bulk.Rows = append(bulk.Rows, row)
			}
			require.NoError(b, errors.Join(rows.Err(), rows.Close()))
			bulks = append(bulks, bulk)
		}
	}
	return bulks
}

// writeFinished writes the rows into another database.
func writeFinished(b *testing.B, url string, bulks []sqldb.Bulk) (writing, indexing time.Duration) {
	if !strings.HasPrefix(url, "postgres") {
		url = sqldbtest.SQLite(b)
	}
	db := sqldbtest.Open(b, url)
	defer func() { require.NoError(b, db.Close()) }()
	script := func(indexes bool) {
		require.NoError(b, db.Write(b.Context(), func(tx *sqldb.Tx) error {
			for _, p := range allModels() {
				for statement := range strings.SplitAfterSeq(p.Schema(), ";\n") {
					if err := prepare(b, tx, statement, indexes); err != nil {
						return err
					}
				}
			}
			return nil
		}))
	}
	script(false)
	writing = took(func() { writeBulks(b, db, bulks) })
	indexing = took(func() { script(true) })
	return writing, indexing
}

// prepare makes a table anew without a key or, once it is full, its key or index.
func prepare(b *testing.B, tx *sqldb.Tx, statement string, indexes bool) error {
	if strings.Contains(statement, "INDEX IF NOT EXISTS") {
		if indexes {
			return tx.Script(b.Context(), statement)
		}
		return nil
	}
	table := madeTable.FindStringSubmatch(statement)
	if table == nil {
		return nil
	}
	heap, key := projections.Heap(statement)
	switch {
	case !indexes:
		return tx.Script(b.Context(), "DROP TABLE IF EXISTS "+table[1]+"; "+heap)
	case key != "":
		return tx.AddKey(b.Context(), table[1], table[1]+"_key", key)
	}
	return nil
}

var madeTable = regexp.MustCompile(`CREATE TABLE IF NOT EXISTS (\w+)`)

func writeBulks(b *testing.B, db *sqldb.DB, bulks []sqldb.Bulk) {
	most := 0
	for _, bulk := range bulks {
		most = max(most, len(bulk.Rows))
	}
	transactions := most/20_000 + 1
	for i := range transactions {
		require.NoError(b, db.Write(b.Context(), func(tx *sqldb.Tx) error {
			for _, bulk := range bulks {
				bulk.Rows = bulk.Rows[i*len(bulk.Rows)/transactions : (i+1)*len(bulk.Rows)/transactions]
				if err := tx.InsertRows(b.Context(), bulk); err != nil {
					return err
				}
			}
			return nil
		}))
	}
}
