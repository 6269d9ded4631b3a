package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// Tx is one transaction. Statements are prepared once per connection and used again, so that the hot
// ones cost little. A Tx is for one goroutine and ends with the function that got it.
type Tx struct {
	s *session
	// stuck is why a savepoint could not be undone; such a transaction is never committed.
	stuck error
}

// Exec runs a statement. Placeholders are $1, $2, … on every database.
func (t *Tx) Exec(ctx context.Context, query string, args ...any) (sql.Result, error) {
	ctx, stmt, args, err := t.ready(ctx, query, args)
	if err != nil {
		return nil, err
	}
	if stmt == nil {
		return t.s.conn.ExecContext(ctx, query, args...)
	}
	return stmt.ExecContext(ctx, args...)
}

// Query reads rows.
func (t *Tx) Query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	ctx, stmt, args, err := t.ready(ctx, query, args)
	if err != nil {
		return nil, err
	}
	if stmt == nil {
		return t.s.conn.QueryContext(ctx, query, args...)
	}
	return stmt.QueryContext(ctx, args...)
}

// QueryRow reads one row.
func (t *Tx) QueryRow(ctx context.Context, query string, args ...any) *sql.Row {
	ctx, stmt, args, err := t.ready(ctx, query, args)
	switch {
	case err != nil:
		return noRow(ctx, t.s.db, err)
	case stmt == nil:
		return t.s.conn.QueryRowContext(ctx, query, args...)
	default:
		return stmt.QueryRowContext(ctx, args...)
	}
}

func (t *Tx) ready(ctx context.Context, query string, args []any) (context.Context, *sql.Stmt, []any, error) {
	if err := ctx.Err(); err != nil {
		return ctx, nil, args, err
	}
	if t.s.detached {
		ctx = context.WithoutCancel(ctx)
	}
	stmt, args, err := t.s.cache.ready(ctx, query, args)
	return ctx, stmt, args, err
}

// Script runs several statements without arguments, as they stand in a schema file. Transactions that
// run scripts wait for each other: PostgreSQL lets two of them fail that make the same table at once.
func (t *Tx) Script(ctx context.Context, statements string) error {
	if t.s.scriptLock != "" {
		if _, err := t.s.conn.ExecContext(ctx, t.s.scriptLock); err != nil {
			return fmt.Errorf("wait for other scripts: %w", err)
		}
	}
	_, err := t.s.conn.ExecContext(ctx, t.s.address.Replace(statements))
	return err
}

// AddKey gives a table its primary key after it was filled; it fails where two rows have the same. SQLite can't add one
// and has a unique index, which is the same to it. Columns are separated by commas and MUST be NOT NULL.
func (t *Tx) AddKey(ctx context.Context, table, name, columns string) error {
	text := "CREATE UNIQUE INDEX " + name + " ON " + table + " (" + columns + ")"
	if t.s.name == postgresName {
		text = "ALTER TABLE " + table + " ADD CONSTRAINT " + name + " PRIMARY KEY (" + columns + ")"
	}
	_, err := t.s.conn.ExecContext(ctx, text)
	return err
}

// Alone waits until no other transaction changes the schema or this table, and lets none change them before this one
// ends. It MUST come before anything that others wait for. On SQLite a transaction that writes is alone anyway.
func (t *Tx) Alone(ctx context.Context, table string) error {
	if t.s.scriptLock == "" {
		return nil
	}
	for _, statement := range []string{t.s.scriptLock, "LOCK TABLE " + table + " IN SHARE ROW EXCLUSIVE MODE"} {
		if _, err := t.s.conn.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("wait for others at table %s: %w", table, err)
		}
	}
	return nil
}

// Savepoint runs fn; what it did is undone if it returns an error, and the transaction goes on. The
// error is fn's. A savepoint that can't be undone spoils the transaction: Write returns an error.
func (t *Tx) Savepoint(ctx context.Context, fn func() error) error {
	if _, err := t.Exec(ctx, "SAVEPOINT part"); err != nil {
		return fmt.Errorf("savepoint: %w", err)
	}
	if err := fn(); err != nil {
		t.undo(ctx)
		return err
	}
	_, err := t.Exec(ctx, "RELEASE SAVEPOINT part")
	return err
}

func (t *Tx) undo(ctx context.Context) {
	ctx = context.WithoutCancel(ctx)
	_, back := t.Exec(ctx, "ROLLBACK TO SAVEPOINT part")
	_, release := t.Exec(ctx, "RELEASE SAVEPOINT part")
	if err := errors.Join(back, release); err != nil {
		t.stuck = fmt.Errorf("undo a savepoint: %w", err)
	}
}
