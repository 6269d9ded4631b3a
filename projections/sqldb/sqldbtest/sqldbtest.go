// Package sqldbtest opens fresh databases for tests: SQLite always, PostgreSQL where LEDGER_TEST_POSTGRES
// names a server. A test that passes on one says nothing about the other, so all run on both.
package sqldbtest

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/partnerledger/partnerledger/projections/sqldb"
)

// Variable is the environment variable that holds the postgres:// URL.
const Variable = "LEDGER_TEST_POSTGRES"

// Each runs the test once for each kind of database, in a subtest of its own with an empty database.
func Each(t *testing.T, test func(t *testing.T, url string)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { test(t, SQLite(t)) })
	if server := os.Getenv(Variable); server != "" {
		t.Run("postgres", func(t *testing.T) { test(t, postgres(t, server)) })
	}
}

// Measure is Each for benchmarks.
func Measure(b *testing.B, run func(b *testing.B, url string)) {
	b.Helper()
	b.Run("sqlite", func(b *testing.B) { run(b, SQLite(b)) })
	if server := os.Getenv(Variable); server != "" {
		b.Run("postgres", func(b *testing.B) { run(b, postgres(b, server)) })
	}
}

// Open opens the database and closes it after the test.
func Open(t testing.TB, url string) *sqldb.DB {
	t.Helper()
	db, err := sqldb.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// SQLite gives the URL of a new file.
func SQLite(t testing.TB) string { return "sqlite:" + filepath.Join(t.TempDir(), "read models.db") }

// Postgres gives the URL of a new schema on the server that Variable names.
func Postgres(t testing.TB) string { t.Helper(); return postgres(t, os.Getenv(Variable)) }

// postgres gives the URL of a new schema on the server; schemas of tests stay until the server is thrown away.
func postgres(t testing.TB, server string) string {
	t.Helper()
	name := fmt.Sprintf("t%d_%s", time.Now().UnixNano(), strings.Map(letters, strings.ToLower(t.Name())))
	name = name[:min(len(name), 60)]
	admin, err := sqldb.Open(t.Context(), server)
	if err != nil {
		t.Fatal(err)
	}
	script(t, admin, "CREATE SCHEMA "+name)
	if err := admin.Close(); err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set("search_path", name)
	u.RawQuery = q.Encode()
	return u.String()
}

func letters(r rune) rune {
	if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
		return r
	}
	return '_'
}

func script(t testing.TB, db *sqldb.DB, sql string) {
	t.Helper()
	if err := db.Write(t.Context(), func(tx *sqldb.Tx) error { return tx.Script(t.Context(), sql) }); err != nil {
		t.Fatal(err)
	}
}
