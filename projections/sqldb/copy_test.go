package sqldb_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/projections/sqldb"
	"github.com/partnerledger/partnerledger/projections/sqldb/sqldbtest"
)

var listing = sqldb.Listing{Table: "things", Columns: []string{"yes", "name", "until"}, By: []string{"name"}}

func copyOf(t *testing.T, db *sqldb.DB, l sqldb.Listing) (string, int64, error) {
	t.Helper()
	var out bytes.Buffer
	var rows int64
	err := db.Snapshot(t.Context(), func(r sqldb.Reader) (err error) {
		rows, err = sqldb.Copy(t.Context(), r, &out, l)
		return err
	})
	return out.String(), rows, err
}

// Ensure SQLite's copy is the very text that PostgreSQL writes: sorted by bytes and not as in a dictionary, with every
// byte that COPY writes otherwise.
func TestCopy_IsThatOfPostgreSQL(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, url string) {
		db := withThings(t, url)
		if db.Postgres() { // whose own order is that of a dictionary here, wherever the server was made
			write(t, db, func(tx *sqldb.Tx) error {
				return tx.Script(t.Context(), `ALTER TABLE things ALTER COLUMN name TYPE TEXT COLLATE "und-x-icu"`)
			})
		}
		write(t, db, func(tx *sqldb.Tx) error {
			for i, name := range []string{"b", "B", "a\tb", "ä", "", "a\\N", "x\r\n\b\f\v", `"quoted", 'too'`, "z→\U0001F642", `\N`} {
				if _, err := tx.Exec(t.Context(), upsert, name, i, i%2 == 0, nil); err != nil {
					return err
				}
			}
			_, err := tx.Exec(t.Context(), upsert, "c", -1, true, int64(-1627894245773))
			return err
		})
		text, rows, err := copyOf(t, db, listing)
		require.NoError(t, err)
		require.EqualValues(t, 11, rows)
		require.Equal(t, "1\t\t\\N\n"+
			"0\t\"quoted\", 'too'\t\\N\n"+
			"0\tB\t\\N\n"+
			"0\t\\\\N\t\\N\n"+
			"1\ta\\tb\t\\N\n"+
			"0\ta\\\\N\t\\N\n"+
			"1\tb\t\\N\n"+
			"1\tc\t-1627894245773\n"+
			"1\tx\\r\\n\\b\\f\\v\t\\N\n"+
			"1\tz→\U0001F642\t\\N\n"+
			"0\tä\t\\N\n", text)
	})
}

// Ensure a copy that can't be made says so.
func TestCopy_Refuses(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, url string) {
		db := withThings(t, url)
		_, err := sqldb.Copy(t.Context(), db, &bytes.Buffer{}, listing)
		require.ErrorContains(t, err, "only a snapshot")
		other := listing
		other.Table = "others"
		_, _, err = copyOf(t, db, other)
		require.ErrorContains(t, err, "copy table others")
		text, rows, err := copyOf(t, db, listing)
		require.NoError(t, err)
		require.Zero(t, rows)
		require.Empty(t, text)
	})
	db := withThings(t, sqldbtest.SQLite(t))
	write(t, db, func(tx *sqldb.Tx) error {
		return tx.Script(t.Context(), "INSERT INTO things VALUES (x'61', 1, 1, NULL)")
	})
	_, _, err := copyOf(t, db, listing)
	require.ErrorContains(t, err, "which no read model writes", "bytes aren't the text that they look like")
}
