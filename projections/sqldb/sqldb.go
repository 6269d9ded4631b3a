// Package sqldb opens the databases of read models: SQLite under the data directory, or PostgreSQL by URL.
// Both speak the same SQL files; what differs stands here and nowhere else.
package sqldb

import (
	"context"
	"database/sql"
)

// Reader is what a query needs: the database, or one transaction of it.
type Reader interface {
	Query(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRow(ctx context.Context, query string, args ...any) *sql.Row
}

// DB is one open database.
type DB struct{ db *sql.DB }

// Tx is one transaction. Statements are prepared once per database and used again.
type Tx struct {
	tx *sql.Tx
	db *DB
}

// Exec runs a statement. Placeholders are $1, $2, … on every database.
func (t *Tx) Exec(ctx context.Context, query string, args ...any) (sql.Result, error) {
	return t.tx.ExecContext(ctx, query, args...)
}

// Query reads rows.
func (t *Tx) Query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return t.tx.QueryContext(ctx, query, args...)
}

// QueryRow reads one row.
func (t *Tx) QueryRow(ctx context.Context, query string, args ...any) *sql.Row {
	return t.tx.QueryRowContext(ctx, query, args...)
}
