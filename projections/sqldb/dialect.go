package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/partnerledger/partnerledger/internal/sqlite"
)

// dialect is what differs between the databases beyond opening them.
type dialect struct {
	name            string
	begin, snapshot string
	// detached says that writing statements don't watch their context: they take microseconds, and the
	// driver would start a goroutine for each.
	detached bool
	// arrays says that a statement takes whole columns as arrays.
	arrays bool
	// address replaces the type of a column in scripts: SQLite stores a table by its key where that is one
	// INTEGER, which has 64 bits there.
	address *strings.Replacer
	// scriptLock is a statement that waits until no other transaction changes the schema.
	scriptLock string
	commit     func(context.Context, *sql.Conn) error
}

const (
	sqliteName   = "SQLite"
	postgresName = "PostgreSQL"
)

// busyMillis is how long a SQLite statement waits for the lock of another process.
const busyMillis = 10_000

// sqlitePragmas hold for every connection. NORMAL is enough with WAL: a power cut may take the last
// transactions, rows and checkpoint together, and they are applied again. Foreign keys are off because
// a read model believes its events. The WAL is copied into the database every 64 MiB: pages that change often
// are then copied once for many changes.
var sqlitePragmas = []string{
	fmt.Sprintf("busy_timeout(%d)", busyMillis), "journal_mode(WAL)", "synchronous(NORMAL)", "foreign_keys(0)",
	"cache_size(-65536)", "wal_autocheckpoint(16384)", "temp_store(MEMORY)", "journal_size_limit(134217728)",
}

func openSQLite(ctx context.Context, path string) (*DB, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("folder of the database: %w", err)
	}
	source := (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath()}).String()
	write := sqlite.Open(source, sqlitePragmas...)
	read := sqlite.Open(source, append(sqlitePragmas[:len(sqlitePragmas):len(sqlitePragmas)], "query_only(1)")...)
	write.SetMaxOpenConns(1)
	read.SetMaxOpenConns(maxReaders + maxSnapshots)
	read.SetMaxIdleConns(maxReaders + maxSnapshots)
	d := dialect{name: sqliteName, begin: "BEGIN IMMEDIATE", snapshot: "BEGIN", detached: true,
		address: strings.NewReplacer("BIGINT", "INTEGER"), commit: commitSQLite}
	return newDB(d, write, read, 1).reach(ctx)
}

func openPostgres(ctx context.Context, url string) (*DB, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("read the database URL: %w", err) // pgx leaves the password out
	}
	db := stdlib.OpenDB(*config)
	db.SetMaxOpenConns(maxReaders + maxSnapshots + maxWriters)
	db.SetMaxIdleConns(maxReaders + maxSnapshots + maxWriters)
	d := dialect{name: postgresName, begin: "BEGIN", snapshot: "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
		arrays: true, address: strings.NewReplacer(), scriptLock: "SELECT pg_advisory_xact_lock(7237128)", commit: commitPostgres} // any number that nobody else takes
	return newDB(d, db, db, maxWriters).reach(ctx)
}

func commitSQLite(ctx context.Context, conn *sql.Conn) error {
	_, err := conn.ExecContext(ctx, "COMMIT")
	return err
}

// errRolledBack says that PostgreSQL answered COMMIT with a rollback, which it doesn't call an error.
var errRolledBack = errors.New("a statement of the transaction had failed; nothing was written")

// commitPostgres asks the driver itself, because only there the answer to COMMIT can be seen.
func commitPostgres(ctx context.Context, conn *sql.Conn) error {
	return conn.Raw(func(driver any) error {
		tag, err := driver.(*stdlib.Conn).Conn().Exec(ctx, "COMMIT")
		if err == nil && strings.HasPrefix(tag.String(), "ROLLBACK") {
			err = errRolledBack
		}
		return err
	})
}
