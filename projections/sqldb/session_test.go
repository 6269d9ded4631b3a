package sqldb_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/projections/sqldb"
	"github.com/partnerledger/partnerledger/projections/sqldb/sqldbtest"
)

// patience is when a test that waits for a lock gives up.
const patience = 15 * time.Second

// writesSoon wants the database to take a row that a transaction which failed had written, too.
func writesSoon(t *testing.T, db *sqldb.DB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	require.NoError(t, db.Write(ctx, func(tx *sqldb.Tx) error { return put(ctx, tx, "contested", 1, nil) }))
}

// Ensure a transaction that took longer than a commit may take is committed all the same.
func TestWrite_MayTakeLongerThanItsCommit(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, url string) {
		const ending = 2 * time.Second
		db := withThings(t, url)
		db.EndIn(ending)
		write(t, db, func(tx *sqldb.Tx) error {
			longer, cancel := context.WithTimeout(t.Context(), ending)
			defer cancel()
			<-longer.Done()
			return put(t.Context(), tx, "late", 1, nil)
		})
		require.Contains(t, dump(t, db), `"late"`)
	})
}

// Ensure a transaction whose commit does not end in time is undone, and locks nothing any more.
func TestWrite_LetsGoWhenACommitDoesNotEnd(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, url string) {
		db, other := withThings(t, url), sqldbtest.Open(t, url)
		db.LoseCommits(200 * time.Millisecond)
		err := db.Write(t.Context(), func(tx *sqldb.Tx) error { return put(t.Context(), tx, "contested", 7, nil) })
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.True(t, sqldb.Unavailable(err))
		require.NotContains(t, dump(t, other), "contested")
		writesSoon(t, other)
	})
}

// Ensure a connection that is dropped in the middle of a transaction locks nothing any more, though it had prepared
// statements; and that whoever comes next has a new one.
func TestWrite_LetsGoWithADroppedConnection(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, url string) {
		db, other := withThings(t, url), sqldbtest.Open(t, url)
		writesSoon(t, db) // prepares
		undo := db.BeginWith("DELETE FROM things; SELECT no_such_function()")
		require.ErrorContains(t, db.Write(t.Context(), nil), "no_such_function")
		undo()
		require.Contains(t, dump(t, other), "contested")
		writesSoon(t, other)
		writesSoon(t, db)
	})
}

// Ensure a snapshot that is dropped doesn't hold on to what it saw: SQLite could not empty its log any more.
func TestSnapshot_LetsGoWithADroppedConnection(t *testing.T) {
	db := withThings(t, sqldbtest.SQLite(t))
	writesSoon(t, db)
	count := func(r sqldb.Reader) error {
		return r.QueryRow(t.Context(), "SELECT COUNT(*) FROM things").Scan(new(int))
	}
	for range 4 { // each session prepares
		require.NoError(t, db.Snapshot(t.Context(), count))
	}
	undo := db.BeginWith("SELECT COUNT(*) FROM things; SELECT no_such_function()")
	require.ErrorContains(t, db.Snapshot(t.Context(), count), "no_such_function")
	undo()
	write(t, db, func(tx *sqldb.Tx) error { return put(t.Context(), tx, "later", 1, nil) })
	var busy, pages, copied int
	require.NoError(t, db.QueryRow(t.Context(), "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &pages, &copied))
	require.Zero(t, busy, "somebody still reads an older state")
}

// Ensure that PostgreSQL, too, is rid of a transaction whose COMMIT it is still working on when the time is over.
func TestWrite_LetsGoWhenPostgresDoesNotEndACommit(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, url string) {
		db, other := withThings(t, url), sqldbtest.Open(t, url)
		if !db.Postgres() {
			return // its COMMIT waits for nobody
		}
		write(t, db, func(tx *sqldb.Tx) error {
			return tx.Script(t.Context(), `CREATE TABLE waiting (n BIGINT);
				CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_advisory_xact_lock(3, 41); RETURN NULL; END';
				CREATE CONSTRAINT TRIGGER waits AFTER INSERT ON waiting DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION wait()`)
		})
		db.EndIn(time.Second)
		write(t, other, func(tx *sqldb.Tx) error {
			_, err := tx.Exec(t.Context(), "SELECT pg_advisory_xact_lock(3, 41)")
			require.NoError(t, err)
			require.ErrorIs(t, db.Write(t.Context(), func(tx *sqldb.Tx) error {
				_, err := tx.Exec(t.Context(), "INSERT INTO waiting VALUES (1)")
				require.NoError(t, err)
				return put(t.Context(), tx, "contested", 7, nil)
			}), context.DeadlineExceeded)
			writesSoon(t, db)
			return nil
		})
		require.NotContains(t, dump(t, db), "\t7\t")
	})
}
