package sqldb_test

import (
	"context"
	"database/sql/driver"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/internal/sqlite"
	"github.com/partnerledger/partnerledger/projections/sqldb"
	"github.com/partnerledger/partnerledger/projections/sqldb/sqldbtest"
)

// written is how many rows each benchmark writes; they are like those of the timeline.
const written = 200_000

var wide = func() (columns []sqldb.BulkColumn) {
	columns = append(columns, sqldb.BulkColumn{Name: "seq"}, sqldb.BulkColumn{Name: "position"}, sqldb.BulkColumn{Name: "at"})
	for i := range 19 {
		columns = append(columns, sqldb.BulkColumn{Name: fmt.Sprintf("text_%02d", i), Text: true})
	}
	return append(columns, sqldb.BulkColumn{Name: "revision"})
}()

func wideSchema() string {
	var columns []string
	for i, c := range wide {
		kind := "BIGINT NOT NULL"
		if c.Text {
			kind = "TEXT NOT NULL"
		}
		if i == 0 {
			kind += " PRIMARY KEY"
		}
		columns = append(columns, c.Name+" "+kind)
	}
	return "CREATE TABLE wide (" + strings.Join(columns, ", ") + ");"
}

var wideRows = func() [][]any {
	rows := make([][]any, written)
	for i := range rows {
		row := []any{int64(i), int64(i * 100), int64(1627894245773 + i)}
		for c := range 19 {
			texts := []string{"", fmt.Sprintf("5c9f4a5e-0000-4000-8000-%012d", i%5000), fmt.Sprintf("Subscription %d was purchased", i), "SubscriptionPurchased"}
			row = append(row, texts[c%len(texts)])
		}
		rows[i] = append(row, int64(i%50))
	}
	return rows
}

// BenchmarkBulk writes rows in batches, each in one transaction.
func BenchmarkBulk(b *testing.B) {
	for name, write := range map[string]func(*sqldb.Tx, context.Context, sqldb.Bulk) error{"insert": (*sqldb.Tx).InsertRows, "upsert": (*sqldb.Tx).UpsertRows} {
		for _, size := range []int{1000, 10000} {
			b.Run(fmt.Sprintf("%s/%d", name, size), func(b *testing.B) {
				sqldbtest.Measure(b, func(b *testing.B, url string) {
					db := sqldbtest.Open(b, url)
					each(b, size, func(statement string) error {
						return db.Write(b.Context(), func(tx *sqldb.Tx) error { return tx.Script(b.Context(), statement) })
					}, func(rows [][]any) error {
						return db.Write(b.Context(), func(tx *sqldb.Tx) error {
							return write(tx, b.Context(), sqldb.Bulk{Table: "wide", Columns: wide, Keys: 1, Rows: rows})
						})
					})
				})
			})
		}
	}
}

// BenchmarkBulkCeiling writes the same with nothing between it and the driver: on SQLite statements of
// several rows with their arguments ready, on PostgreSQL COPY.
func BenchmarkBulkCeiling(b *testing.B) {
	for _, size := range []int{1000, 10000} {
		for _, atOnce := range []int{1, 16} {
			b.Run(fmt.Sprintf("%d/sqlite/%d", size, atOnce), func(b *testing.B) { ceilingOfSQLite(b, size, atOnce) })
		}
		b.Run(fmt.Sprintf("%d/postgres", size), func(b *testing.B) {
			sqldbtest.Measure(b, func(b *testing.B, url string) {
				if strings.HasPrefix(url, "postgres") {
					ceilingOfPostgres(b, url, size)
				}
			})
		})
	}
}

func ceilingOfSQLite(b *testing.B, size, atOnce int) {
	db := sqlite.Open(strings.TrimPrefix(sqldbtest.SQLite(b), "sqlite:"), "journal_mode(WAL)", "synchronous(NORMAL)", "cache_size(-32768)")
	defer db.Close()
	conn, err := db.Conn(b.Context())
	require.NoError(b, err)
	defer conn.Close()
	tuple := "(" + strings.TrimSuffix(strings.Repeat("?,", len(wide)), ",") + ")"
	text := "INSERT INTO wide VALUES " + strings.TrimSuffix(strings.Repeat(tuple+",", atOnce), ",")
	exec := func(statement string) error { _, err := conn.ExecContext(b.Context(), statement); return err }
	each(b, size, exec, func(rows [][]any) error {
		require.NoError(b, exec("BEGIN IMMEDIATE"))
		require.NoError(b, conn.Raw(func(c any) error {
			stmt, err := c.(driver.ConnPrepareContext).PrepareContext(b.Context(), text)
			require.NoError(b, err)
			defer stmt.Close()
			args := make([]driver.NamedValue, atOnce*len(wide))
			for i := range args {
				args[i].Ordinal = i + 1
			}
			for ; len(rows) >= atOnce; rows = rows[atOnce:] {
				for n, row := range rows[:atOnce] {
					for i, v := range row {
						args[n*len(wide)+i].Value = v
					}
				}
				if _, err := stmt.(driver.StmtExecContext).ExecContext(context.Background(), args); err != nil {
					return err
				}
			}
			return nil
		}))
		return exec("COMMIT")
	})
}

func ceilingOfPostgres(b *testing.B, url string, size int) {
	conn, err := pgx.Connect(b.Context(), url)
	require.NoError(b, err)
	defer conn.Close(context.Background())
	var names []string
	for _, c := range wide {
		names = append(names, c.Name)
	}
	each(b, size, func(statement string) error { _, err := conn.Exec(b.Context(), statement); return err }, func(rows [][]any) error {
		_, err := conn.CopyFrom(b.Context(), pgx.Identifier{"wide"}, names, pgx.CopyFromRows(rows))
		return err
	})
}

// each writes all rows in batches, and says what one row took.
func each(b *testing.B, size int, exec func(string) error, write func([][]any) error) {
	all := wideRows()
	for b.Loop() {
		b.StopTimer()
		require.NoError(b, exec("DROP TABLE IF EXISTS wide;"))
		require.NoError(b, exec(wideSchema()))
		b.StartTimer()
		for at := 0; at < len(all); at += size {
			require.NoError(b, write(all[at:at+size]))
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/written, "µs/row")
}
