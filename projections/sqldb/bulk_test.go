package sqldb_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/projections/sqldb"
	"github.com/partnerledger/partnerledger/projections/sqldb/sqldbtest"
)

// bulkOf is for the table of things; each row gets nothing but what is given.
func bulkOf(rows ...[]any) sqldb.Bulk {
	return sqldb.Bulk{Table: "things", Keys: 1, Rows: rows, Columns: []sqldb.BulkColumn{{Name: "name", Text: true}, {Name: "n"}, {Name: "yes"}, {Name: "until"}}}
}

// numbered are n rows in order; every third lasts.
func numbered(n int, yes int64) sqldb.Bulk {
	rows := make([][]any, n)
	for i := range rows {
		rows[i] = []any{fmt.Sprintf("thing %06d", i), int64(i), yes, any(int64(-i))}
		if i%3 == 0 {
			rows[i][3] = nil
		}
	}
	return bulkOf(rows...)
}

// dumped is what the table of things holds when it holds these rows.
func dumped(rows [][]any) string {
	var lines []string
	for _, row := range rows {
		until := "NULL"
		if row[3] != nil {
			until = fmt.Sprint(row[3])
		}
		lines = append(lines, fmt.Sprintf("\t%q\t%d\t%d\t%s\n", row[0], row[1], row[2], until))
	}
	slices.Sort(lines)
	return "things (name, n, yes, until)\n" + strings.Join(lines, "")
}

// TestBulksOfAnySizeAreWritten with numbers of rows around those that one statement takes.
func TestBulksOfAnySizeAreWritten(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, url string) {
		db := withThings(t, url)
		for _, n := range []int{0, 1, 31, 32, 33, 1000, 5001} {
			b := numbered(n, 0)
			write(t, db, func(tx *sqldb.Tx) error { return tx.InsertRows(t.Context(), b) })
			require.True(t, dumped(b.Rows) == dump(t, db), "%d inserted", n)

			more := numbered(n+33, 1)
			write(t, db, func(tx *sqldb.Tx) error { return tx.UpsertRows(t.Context(), more) })
			require.True(t, dumped(more.Rows) == dump(t, db), "%d upserted", n)

			gone := bulkOf(more.Rows[5:]...)
			for i := range gone.Rows {
				gone.Rows[i] = gone.Rows[i][:1]
			}
			write(t, db, func(tx *sqldb.Tx) error { return tx.DeleteRows(t.Context(), gone) })
			require.Equal(t, dumped(more.Rows[:5]), dump(t, db), "%d deleted", n)
			write(t, db, func(tx *sqldb.Tx) error { _, err := tx.Exec(t.Context(), "DELETE FROM things"); return err })
		}
	})
}

// TestInsertedRowsMustBeNew: a row that is there fails the whole transaction, wherever it stands in the bulk.
func TestInsertedRowsMustBeNew(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, url string) {
		db := withThings(t, url)
		for _, at := range []int{0, 31, 2999} {
			there := bulkOf(numbered(3000, 1).Rows[at])
			write(t, db, func(tx *sqldb.Tx) error { return tx.UpsertRows(t.Context(), there) })
			before := dump(t, db)
			err := db.Write(t.Context(), func(tx *sqldb.Tx) error { return tx.InsertRows(t.Context(), numbered(3000, 0)) })
			require.Error(t, err)
			require.False(t, sqldb.Unavailable(err))
			require.Equal(t, before, dump(t, db))
			write(t, db, func(tx *sqldb.Tx) error { return tx.DeleteRows(t.Context(), there) })
		}
	})
}

// TestATextThatADatabaseCannotHoldIsAnError on PostgreSQL, whose texts are UTF-8 without NUL; SQLite takes it as it is.
func TestATextThatADatabaseCannotHoldIsAnError(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, url string) {
		db := withThings(t, url)
		for name, text := range map[string]string{"nul": "a\x00b", "utf-8": "a\xff\xfeb"} {
			for size, b := range map[string]sqldb.Bulk{"one": bulkOf([]any{text, int64(1), int64(0), nil}), "many": numbered(3000, 0)} {
				b.Rows[len(b.Rows)-1][0] = text
				err := db.Write(t.Context(), func(tx *sqldb.Tx) error { return tx.InsertRows(t.Context(), b) })
				if !db.Postgres() {
					require.NoError(t, err, "%s %s", name, size)
					require.Contains(t, dump(t, db), fmt.Sprintf("\t%q\t", text))
					write(t, db, func(tx *sqldb.Tx) error { return tx.DeleteRows(t.Context(), b) })
					continue
				}
				require.ErrorContains(t, err, "UTF8", "%s %s", name, size)
				require.False(t, sqldb.Unavailable(err))
				require.Equal(t, dumped(nil), dump(t, db))
			}
		}
	})
}

// TestArraysAreNotTakenApart gives PostgreSQL what its text form of an array would have to quote.
func TestArraysAreNotTakenApart(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, url string) {
		db := withThings(t, url)
		var rows [][]any
		for _, text := range []string{"", "NULL", "null", "{}", `{"a",b}`, `\`, `"`, ",", " a ", "a\tb\nc\rd", `\N`, `\.`, "\u00a0\u2028é漢😀"} {
			rows = append(rows, []any{text, int64(-1 << 63), int64(1), int64(1<<63 - 1)})
		}
		for _, n := range []int{0, 3000} { // few and many may go different ways
			b := bulkOf(slices.Concat(rows, numbered(n, 0).Rows)...)
			write(t, db, func(tx *sqldb.Tx) error { return tx.InsertRows(t.Context(), b) })
			require.True(t, dumped(b.Rows) == dump(t, db), "the rows are others")
			write(t, db, func(tx *sqldb.Tx) error { return tx.DeleteRows(t.Context(), b) })
			require.Equal(t, dumped(nil), dump(t, db))
		}
	})
}

// TestABulkBreaksOffWithItsContext and leaves a connection that works.
func TestABulkBreaksOffWithItsContext(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, url string) {
		db := withThings(t, url)
		for _, n := range []int{1, 3000} {
			require.ErrorIs(t, db.Write(t.Context(), func(tx *sqldb.Tx) error {
				ctx, cancel := context.WithCancel(t.Context())
				cancel()
				return tx.InsertRows(ctx, numbered(n, 0))
			}), context.Canceled)
			require.Equal(t, dumped(nil), dump(t, db))
		}
		if !db.Postgres() { // where a COPY watches the context by itself, here each row looks
			mine := errors.New("mine")
			require.ErrorIs(t, db.Write(t.Context(), func(tx *sqldb.Tx) error {
				require.ErrorIs(t, tx.InsertRows(&ending{Context: t.Context(), after: 100}, numbered(3000, 0)), context.Canceled)
				return mine
			}), mine)
			require.Equal(t, dumped(nil), dump(t, db))
		}
		write(t, db, func(tx *sqldb.Tx) error { return tx.InsertRows(t.Context(), numbered(3000, 0)) })
		require.True(t, dumped(numbered(3000, 0).Rows) == dump(t, db), "the rows are others")
	})
}

// ending is a context that ends once it was asked a number of times.
type ending struct {
	context.Context
	after int
}

// Err counts.
func (e *ending) Err() error {
	if e.after--; e.after < 0 {
		return context.Canceled
	}
	return nil
}
