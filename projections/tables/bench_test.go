package tables_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/projections/sqldb"
	"github.com/partnerledger/partnerledger/projections/sqldb/sqldbtest"
	"github.com/partnerledger/partnerledger/projections/tables"
)

// line is a row as wide as those of the timeline.
type line struct {
	Seq      uint64 `sql:"seq,key"`
	Position uint64 `sql:"position"`
	At       int64  `sql:"at"`
	T00      string `sql:"t00"`
	T01      owner  `sql:"t01"`
	T02      string `sql:"t02"`
	T03      string `sql:"t03"`
	T04      string `sql:"t04"`
	T05      owner  `sql:"t05"`
	T06      string `sql:"t06"`
	T07      string `sql:"t07"`
	T08      string `sql:"t08"`
	T09      owner  `sql:"t09"`
	T10      string `sql:"t10"`
	T11      string `sql:"t11"`
	T12      string `sql:"t12"`
	T13      owner  `sql:"t13"`
	T14      string `sql:"t14"`
	T15      string `sql:"t15"`
	T16      string `sql:"t16"`
	T17      owner  `sql:"t17"`
	T18      string `sql:"t18"`
	Revision uint64 `sql:"revision"`
}

var lineTable = tables.Of("lines", func(l *line) uint64 { return l.Seq }).Once()

const lineSchema = `CREATE TABLE lines (seq BIGINT NOT NULL PRIMARY KEY, position BIGINT, at BIGINT, t00 TEXT, t01 TEXT, t02 TEXT, t03 TEXT,
  t04 TEXT, t05 TEXT, t06 TEXT, t07 TEXT, t08 TEXT, t09 TEXT, t10 TEXT, t11 TEXT, t12 TEXT, t13 TEXT, t14 TEXT, t15 TEXT, t16 TEXT, t17 TEXT,
  t18 TEXT, revision BIGINT);`

// BenchmarkFlush makes rows and writes them, in batches; what it takes above sqldb's BenchmarkBulk is the
// work of this package.
func BenchmarkFlush(b *testing.B) {
	for _, size := range []int{1000, 10000} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			sqldbtest.Measure(b, func(b *testing.B, url string) {
				db, rows, seq := sqldbtest.Open(b, url), tables.New([]tables.Definition{lineTable}, ""), 0
				require.NoError(b, db.Write(b.Context(), func(tx *sqldb.Tx) error { return tx.Script(b.Context(), lineSchema) }))
				rows.Empty()
				for b.Loop() {
					insertLines(b, rows, seq, size)
					require.NoError(b, db.Write(b.Context(), func(tx *sqldb.Tx) error { return rows.Flush(b.Context(), tx) }))
					seq += size
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/1000/float64(seq), "µs/row")
			})
		})
	}
}

// BenchmarkCollect is BenchmarkFlush without a database.
func BenchmarkCollect(b *testing.B) {
	rows, seq := tables.New([]tables.Definition{lineTable}, ""), 0
	rows.Empty()
	b.ReportAllocs()
	for b.Loop() {
		insertLines(b, rows, seq, 1000)
		rows.Collect()
		seq += 1000
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/1000/float64(seq), "µs/row")
}

func insertLines(b *testing.B, rows *tables.Rows, from, n int) {
	for seq := from; seq < from+n; seq++ {
		require.NoError(b, lineTable.Insert(rows, &line{Seq: uint64(seq), Position: uint64(seq) * 100, At: 1627894245773, T00: "SubscriptionPurchased",
			T01: "5c9f4a5e-0000-4000-8000-000000000001", T02: "Subscription was purchased", T04: "SubscriptionPurchased",
			T05: "5c9f4a5e-0000-4000-8000-000000000001", T06: "Subscription was purchased", T08: "SubscriptionPurchased",
			T09: "5c9f4a5e-0000-4000-8000-000000000001", T10: "Subscription was purchased", T12: "SubscriptionPurchased",
			T13: "5c9f4a5e-0000-4000-8000-000000000001", T14: "Subscription was purchased", T16: "SubscriptionPurchased",
			T17: "5c9f4a5e-0000-4000-8000-000000000001", T18: "Subscription was purchased", Revision: 7}))
	}
}
