package projections_test

import (
	"fmt"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/projections"
	"github.com/partnerledger/partnerledger/projections/sqldb"
	"github.com/partnerledger/partnerledger/projections/sqldb/sqldbtest"
)

// Ensure analysts can read the read models at every time, also after a rebuild, and neither write nor read anything
// else. SQLite has no roles, and says so.
func TestAnalysts_ReadAndNothingElse(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, address string) {
		l := newLedger(100)
		one := &counter{name: "one", splits: true}
		role := fmt.Sprintf("Analyst-%d", time.Now().UnixNano())
		options := projections.Options{Analysts: role}
		d := openWith(t, address, l, options, one)
		if !d.db.Postgres() {
			require.ErrorContains(t, d.Run(t.Context()), "only PostgreSQL has roles")
			return
		}
		require.ErrorContains(t, d.Run(t.Context()), "a role that must exist")
		script(t, d.db, `CREATE ROLE "`+role+`" LOGIN; CREATE TABLE secrets (n BIGINT)`)
		d.start(t)
		d.await(t, l.head().Position)

		analyst := sqldbtest.Open(t, as(t, address, role))
		rows := func() (n int, err error) {
			return n, analyst.QueryRow(t.Context(), "SELECT COUNT(*) FROM one").Scan(&n)
		}
		check := func() {
			t.Helper()
			n, err := rows()
			require.NoError(t, err)
			require.Equal(t, 7, n)
			for _, forbidden := range []string{"INSERT INTO one VALUES ('x', 1, 1)", "UPDATE one SET n = 0", "DELETE FROM one", "DROP TABLE one",
				"SELECT * FROM secrets", "SELECT * FROM projection_orders", "SELECT * FROM projection_checkpoints"} {
				err := analyst.Write(t.Context(), func(tx *sqldb.Tx) error {
					_, err := tx.Exec(t.Context(), forbidden)
					return err
				})
				require.Regexp(t, "permission denied|must be owner", err, forbidden)
			}
		}
		check()
		for range 2 {
			_, err := d.Rebuild(t.Context(), "one")
			require.NoError(t, err)
			check()
		}
	})
}

func as(t *testing.T, address, role string) string {
	t.Helper()
	u, err := url.Parse(address)
	require.NoError(t, err)
	u.User = url.User(role)
	return u.String()
}

func script(t *testing.T, db *sqldb.DB, sql string) {
	t.Helper()
	require.NoError(t, db.Write(t.Context(), func(tx *sqldb.Tx) error { return tx.Script(t.Context(), sql) }))
}
