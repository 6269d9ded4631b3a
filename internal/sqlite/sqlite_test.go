package sqlite_test

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/internal/sqlite"
)

// Ensure $2 is the second argument wherever it stands, in every way to run a statement, and that a $ without a
// number is itself.
func TestPlaceholdersGoByTheirNumber(t *testing.T) {
	t.Log(sqlite.Engine)
	db := sqlite.Open(":memory:")
	defer db.Close()
	db.SetMaxOpenConns(1)
	_, err := db.Exec("CREATE TABLE pairs (a TEXT, b TEXT)")
	require.NoError(t, err)
	_, err = db.Exec("INSERT INTO pairs (b, a) VALUES ($2, $1)", "one", "two")
	require.NoError(t, err)
	stmt, err := db.Prepare("INSERT INTO pairs (b, a) VALUES ($2, '$all ' || $1)")
	require.NoError(t, err)
	_, err = stmt.Exec("three", "four")
	require.NoError(t, err)
	require.NoError(t, stmt.Close())
	rows, err := db.Query("SELECT a, b FROM pairs WHERE b IN ($2, $1) ORDER BY b DESC", "four", "two")
	require.NoError(t, err)
	defer rows.Close()
	var got [][2]string
	for rows.Next() {
		var pair [2]string
		require.NoError(t, rows.Scan(&pair[0], &pair[1]))
		got = append(got, pair)
	}
	require.NoError(t, rows.Err())
	require.Equal(t, [][2]string{{"one", "two"}, {"$all three", "four"}}, got)
}

// Ensure a fault of the file is told from one of the statement, and that a pragma that means nothing to SQLite's
// grammar is no connection.
func TestWhoseFaultItIs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	holder, waiter := sqlite.Open(path, "journal_mode(WAL)"), sqlite.Open(path, "busy_timeout(1)")
	defer holder.Close()
	defer waiter.Close()
	_, err := holder.Exec("CREATE TABLE t (a INTEGER PRIMARY KEY)")
	require.NoError(t, err)
	conn, err := holder.Conn(t.Context())
	require.NoError(t, err)
	defer conn.Close()
	_, err = conn.ExecContext(t.Context(), "BEGIN IMMEDIATE")
	require.NoError(t, err)
	_, err = waiter.Exec("INSERT INTO t VALUES (1)")
	require.True(t, sqlite.Unavailable(err), err)
	primary, ok := sqlite.Code(err)
	require.True(t, ok)
	require.Equal(t, 5, primary)
	_, err = conn.ExecContext(t.Context(), "COMMIT")
	require.NoError(t, err)

	_, err = waiter.Exec("INSERT INTO t VALUES (1), (1)")
	require.Error(t, err)
	require.False(t, sqlite.Unavailable(err), err)
	_, ok = sqlite.Code(context.Canceled)
	require.False(t, ok)
	require.ErrorContains(t, sqlite.Open(path, "no pragma").Ping(), "no pragma")
}
