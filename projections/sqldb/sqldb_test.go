package sqldb_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/projections/sqldb"
	"github.com/partnerledger/partnerledger/projections/sqldb/sqldbtest"
)

const schema = `
CREATE TABLE IF NOT EXISTS things (name TEXT NOT NULL PRIMARY KEY, n BIGINT NOT NULL, yes INTEGER NOT NULL, until BIGINT);
CREATE INDEX IF NOT EXISTS things_by_n ON things (n);
`

const upsert = `INSERT INTO things (name, n, yes, until) VALUES ($1, $2, $3, $4)
ON CONFLICT (name) DO UPDATE SET n = excluded.n, yes = excluded.yes, until = excluded.until;
`

func withThings(t *testing.T, url string) *sqldb.DB {
	db := sqldbtest.Open(t, url)
	write(t, db, func(tx *sqldb.Tx) error { return tx.Script(t.Context(), schema) })
	return db
}

func write(t *testing.T, db *sqldb.DB, fn func(*sqldb.Tx) error) {
	t.Helper()
	require.NoError(t, db.Write(t.Context(), fn))
}

func put(ctx context.Context, tx *sqldb.Tx, name domain.MPNID, n domain.Instant, until *domain.Instant) error {
	_, err := tx.Exec(ctx, upsert, name, n, n > 5, until)
	return err
}

func dump(t *testing.T, db *sqldb.DB) string {
	t.Helper()
	text, err := db.Dump(t.Context(), "things")
	require.NoError(t, err)
	return text
}

func TestTheLedgersTypesAreWrittenAndRead(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, url string) {
		db, end := withThings(t, url), domain.Instant(1627894245773)
		write(t, db, func(tx *sqldb.Tx) error {
			return errors.Join(put(t.Context(), tx, "b", 9, &end), put(t.Context(), tx, "a", 1, nil), put(t.Context(), tx, "", 2, nil),
				put(t.Context(), tx, "a", 3, nil))
		})
		require.Equal(t, "things (name, n, yes, until)\n\t\"\"\t2\t0\tNULL\n\t\"a\"\t3\t0\tNULL\n\t\"b\"\t9\t1\t1627894245773\n", dump(t, db))

		var total int64
		var last *domain.Instant
		require.NoError(t, db.QueryRow(t.Context(), "SELECT SUM(n), MAX(until) FROM things WHERE n >= $1", domain.Instant(2)).Scan(&total, &last))
		require.Equal(t, int64(14), total)
		require.Equal(t, end, *last)
	})
}

func TestPlaceholdersGoByNumber(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, url string) {
		db := withThings(t, url)
		write(t, db, func(tx *sqldb.Tx) error {
			_, err := tx.Exec(t.Context(), "INSERT INTO things (until, n, yes, name) VALUES ($4, $2, $3, $1)", "x", 7, true, 8)
			return err
		})
		require.Contains(t, dump(t, db), "\t\"x\"\t7\t1\t8\n")
	})
}

func TestAFailedTransactionLeavesNothing(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, url string) {
		db, mine := withThings(t, url), errors.New("mine")
		before := dump(t, db)
		require.ErrorIs(t, db.Write(t.Context(), func(tx *sqldb.Tx) error {
			require.NoError(t, put(t.Context(), tx, "a", 1, nil))
			return mine
		}), mine)
		require.Panics(t, func() {
			_ = db.Write(t.Context(), func(tx *sqldb.Tx) error {
				require.NoError(t, put(t.Context(), tx, "a", 1, nil))
				panic("in the middle")
			})
		})
		ctx, cancel := context.WithCancel(t.Context())
		require.ErrorIs(t, db.Write(ctx, func(tx *sqldb.Tx) error {
			require.NoError(t, put(ctx, tx, "a", 1, nil))
			cancel()
			return nil
		}), context.Canceled)
		require.Equal(t, before, dump(t, db))
		write(t, db, func(tx *sqldb.Tx) error { return put(t.Context(), tx, "after", 1, nil) })
	})
}

// PostgreSQL gives up the transaction at the first error, SQLite doesn't; neither may say "written"
// when it isn't.
func TestAnIgnoredErrorIsNotReportedAsWritten(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, url string) {
		db := withThings(t, url)
		err := db.Write(t.Context(), func(tx *sqldb.Tx) error {
			require.NoError(t, put(t.Context(), tx, "a", 1, nil))
			_, err := tx.Exec(t.Context(), "INSERT INTO things (name) VALUES ($1)", "b")
			require.Error(t, err)
			require.False(t, sqldb.Unavailable(err))
			return nil
		})
		require.Equal(t, err == nil, strings.Contains(dump(t, db), `"a"`))
	})
}

func TestASavepointUndoesItsPartAlone(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, url string) {
		db := withThings(t, url)
		write(t, db, func(tx *sqldb.Tx) error {
			require.NoError(t, put(t.Context(), tx, "kept", 1, nil))
			require.Error(t, tx.Savepoint(t.Context(), func() error {
				require.NoError(t, put(t.Context(), tx, "undone", 2, nil))
				_, err := tx.Exec(t.Context(), "INSERT INTO things (name) VALUES ($1)", "no n")
				return err
			}))
			return tx.Savepoint(t.Context(), func() error { return put(t.Context(), tx, "also kept", 3, nil) })
		})
		require.Equal(t, "things (name, n, yes, until)\n\t\"also kept\"\t3\t0\tNULL\n\t\"kept\"\t1\t0\tNULL\n", dump(t, db))
	})
}

func TestASnapshotSeesOneState(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, url string) {
		db := withThings(t, url)
		count := func(r sqldb.Reader) (n int) {
			require.NoError(t, r.QueryRow(t.Context(), "SELECT COUNT(*) FROM things").Scan(&n))
			return n
		}
		require.NoError(t, db.Snapshot(t.Context(), func(r sqldb.Reader) error {
			require.Equal(t, 0, count(r))
			write(t, db, func(tx *sqldb.Tx) error { return put(t.Context(), tx, "a", 1, nil) })
			require.Equal(t, 0, count(r))
			require.Equal(t, 1, count(db))
			return nil
		}))
		require.Equal(t, 1, count(db))
	})
}

func TestWritersOfTwoOpenDatabasesWaitForEachOther(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, url string) {
		a, b := withThings(t, url), sqldbtest.Open(t, url)
		write(t, a, func(tx *sqldb.Tx) error { return put(t.Context(), tx, "counter", 0, nil) })
		var group sync.WaitGroup
		for _, db := range []*sqldb.DB{a, b} {
			group.Go(func() {
				for range 50 {
					write(t, db, func(tx *sqldb.Tx) error {
						_, err := tx.Exec(t.Context(), "UPDATE things SET n = n + 1 WHERE name = $1", "counter")
						return err
					})
				}
			})
		}
		group.Wait()
		require.Contains(t, dump(t, a), "\t\"counter\"\t100\t")
	})
}

func TestFaultsAreToldApart(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, url string) {
		db := withThings(t, url)
		_, err := db.Query(t.Context(), "SELECT nothing FROM nowhere")
		require.Error(t, err)
		require.False(t, sqldb.Unavailable(err))
		require.Error(t, db.QueryRow(t.Context(), "SELECT nothing FROM nowhere").Scan(new(int)))
		require.ErrorContains(t, db.QueryRow(t.Context(), "SELECT n FROM things WHERE name = $1", domain.Personal{}).Scan(new(int)), "Personal")
		write(t, db, func(tx *sqldb.Tx) error {
			require.ErrorContains(t, tx.QueryRow(t.Context(), "SELECT n FROM things WHERE name = $1", domain.Personal{}).Scan(new(int)), "Personal")
			return nil
		})

		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err = db.Query(ctx, "SELECT 1")
		require.True(t, sqldb.Unavailable(err))
	})
}

// Ensure a connection that is cut is known for what it is, in whatever words the driver passes the network's error on,
// and that nothing else is.
func TestUnavailable_KnowsACutConnection(t *testing.T) {
	for _, err := range []error{io.EOF, io.ErrUnexpectedEOF, net.ErrClosed, driver.ErrBadConn, &net.OpError{Op: "read", Err: syscall.ECONNRESET}} {
		require.True(t, sqldb.Unavailable(fmt.Errorf("read one row: %w", err)), "%v", err)
	}
	require.False(t, sqldb.Unavailable(errors.New("unexpected EOF")))
	require.False(t, sqldb.Unavailable(sql.ErrNoRows))
}

func TestOpenRefusesWhatItDoesNotKnow(t *testing.T) {
	_, err := sqldb.Open(t.Context(), "mysql://somebody:secret@somewhere/db")
	require.ErrorContains(t, err, "mysql")
	require.NotContains(t, err.Error(), "secret")
	_, err = sqldb.Open(t.Context(), "postgres://somebody:secret@127.0.0.1:1/db")
	require.True(t, sqldb.Unavailable(err))
	require.NotContains(t, err.Error(), "secret")
}
