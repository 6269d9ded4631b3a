// Package sqldb opens the databases of read models: SQLite under the data directory, or PostgreSQL by URL.
// Both speak the same SQL files; what differs stands here and nowhere else.
//
// # The SQL that both understand
//
//   - Placeholders are $1, $2, …, each with an argument of its own.
//   - Columns are BIGINT, INTEGER or TEXT. A time is BIGINT, domain.Instant in milliseconds; an interval
//     that is still open has NULL for its end; a yes or no is INTEGER 1 or 0 (a Go bool may be passed).
//   - Tables and indexes are made with IF NOT EXISTS; rows with INSERT … ON CONFLICT (…) DO UPDATE.
//   - Rows MUST be closed before the next statement of the same transaction.
//
// Two processes may open the same database. Neither can corrupt it; that both don't apply the same
// events is for the conditional checkpoint of package projections to see to.
package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/partnerledger/partnerledger/internal/deathpoint"
)

// Reader is what a query needs: the database, or one transaction of it.
type Reader interface {
	Query(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRow(ctx context.Context, query string, args ...any) *sql.Row
}

// How many connections of each use may be open at once. SQLite has one writer by nature.
const (
	maxReaders   = 8 // for single queries
	maxSnapshots = 4 // for transactions that read
	maxWriters   = 4 // for transactions that write, on PostgreSQL
)

// DB is one open database. It is safe for concurrent use.
type DB struct {
	read      *sql.DB
	closers   []*sql.DB
	cache     *statements // of read
	writers   *sessions
	snapshots *sessions
	dialect   dialect
}

// Open opens the database: "sqlite:PATH" or a plain path for SQLite, made where it doesn't exist, or
// "postgres://…". The database is reached before Open returns.
func Open(ctx context.Context, url string) (*DB, error) {
	scheme, _, isURL := strings.Cut(url, "://")
	switch {
	case isURL && (scheme == "postgres" || scheme == "postgresql"):
		return openPostgres(ctx, url)
	case isURL:
		return nil, fmt.Errorf("database %q is neither a path nor a postgres:// URL", scheme)
	default:
		return openSQLite(ctx, strings.TrimPrefix(url, "sqlite:"))
	}
}

func newDB(d dialect, write, read *sql.DB, writers int) *DB {
	db := &DB{dialect: d, read: read, cache: newStatements(read), closers: []*sql.DB{read}}
	if write != read {
		db.closers = append(db.closers, write)
	}
	db.writers = newSessions(write, writers, d)
	d.detached = false // what reads for long must be possible to break off
	db.snapshots = newSessions(read, maxSnapshots, d)
	return db
}

// reach makes sure that the database answers, first for writing: that is what makes a new one.
func (d *DB) reach(ctx context.Context) (*DB, error) {
	err := d.Write(ctx, func(*Tx) error { return nil })
	if err == nil {
		err = d.read.PingContext(ctx)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open the %s database: %w", d.dialect.name, err), d.Close())
	}
	return d, nil
}

// Close ends all connections; it waits for no transaction.
func (d *DB) Close() error {
	errs := []error{d.writers.close(), d.snapshots.close(), d.cache.close()}
	for _, c := range d.closers {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}

// Query reads rows. The statement is prepared once and used again.
func (d *DB) Query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	stmt, args, err := d.cache.ready(ctx, query, args)
	if err != nil {
		return nil, err
	}
	if stmt == nil {
		return d.read.QueryContext(ctx, query, args...)
	}
	return stmt.QueryContext(ctx, args...)
}

// QueryRow reads one row.
func (d *DB) QueryRow(ctx context.Context, query string, args ...any) *sql.Row {
	stmt, args, err := d.cache.ready(ctx, query, args)
	switch {
	case err != nil:
		return noRow(ctx, d.read, err)
	case stmt == nil:
		return d.read.QueryRowContext(ctx, query, args...)
	default:
		return stmt.QueryRowContext(ctx, args...)
	}
}

// noRow is a row whose Scan gives the error. database/sql makes one only for a context that has ended.
func noRow(ctx context.Context, db *sql.DB, err error) *sql.Row {
	return db.QueryRowContext(ended{ctx, err}, "")
}

type ended struct {
	context.Context
	err error
}

// Done is closed.
func (ended) Done() <-chan struct{} {
	done := make(chan struct{})
	close(done)
	return done
}

// Err is why.
func (e ended) Err() error { return e.err }

// Write runs fn in one transaction: what it did is durable once Write returns nil, and undone if it
// returns an error. On SQLite all writers of all processes wait for each other.
//
// If the connection breaks during the commit, Write returns an error though the rows may be written.
func (d *DB) Write(ctx context.Context, fn func(*Tx) error) error {
	s, err := d.writers.take(ctx)
	if err != nil {
		return err
	}
	defer d.writers.give(s)
	err = s.transact(ctx, d.dialect.begin, func(tx *Tx) error {
		if err := fn(tx); err != nil {
			return err
		}
		deathpoint.Pass("commit.before")
		return nil
	})
	if err == nil {
		deathpoint.Pass("commit.after")
	}
	return err
}

// Snapshot runs fn in one transaction that only reads: all its queries see the same state.
func (d *DB) Snapshot(ctx context.Context, fn func(Reader) error) error {
	s, err := d.snapshots.take(ctx)
	if err != nil {
		return err
	}
	defer d.snapshots.give(s)
	return s.transact(ctx, d.dialect.snapshot, func(tx *Tx) error { return fn(tx) })
}

// Postgres tells which of the two it is, for the few texts that name it; SQL doesn't ask.
func (d *DB) Postgres() bool { return d.dialect.name == postgresName }
