package sqldb

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// Bulk is many rows for one table. Values are string, int64 or nil.
type Bulk struct {
	Table   string
	Columns []BulkColumn
	Keys    int // the first columns are the primary key
	Rows    [][]any
}

// BulkColumn is a column and whether it holds texts or numbers.
type BulkColumn struct {
	Name string
	Text bool
}

// InsertRows adds rows; it fails where one is there already.
func (t *Tx) InsertRows(ctx context.Context, b Bulk) error { return t.writeRows(ctx, b, "") }

// UpsertRows adds rows, and replaces those that are there.
func (t *Tx) UpsertRows(ctx context.Context, b Bulk) error {
	var set []string
	for _, c := range b.Columns[b.Keys:] {
		set = append(set, c.Name+" = excluded."+c.Name)
	}
	if len(set) == 0 {
		return t.writeRows(ctx, b, b.onConflict()+"NOTHING")
	}
	return t.writeRows(ctx, b, b.onConflict()+"UPDATE SET "+strings.Join(set, ", "))
}

func (b Bulk) onConflict() string { return " ON CONFLICT (" + b.names(b.Keys) + ") DO " }

// names are the first n columns.
func (b Bulk) names(n int) string {
	list := make([]string, n)
	for i := range list {
		list[i] = b.Columns[i].Name
	}
	return strings.Join(list, ", ")
}

func (t *Tx) writeRows(ctx context.Context, b Bulk, conflict string) error {
	head := "INSERT INTO " + b.Table + " (" + b.names(len(b.Columns)) + ") "
	switch {
	case !t.s.arrays:
		return t.oneByOne(ctx, b, head+"VALUES "+tuple(len(b.Columns))+conflict)
	case conflict == "" && len(b.Rows) >= copied:
		return t.copyRows(ctx, b)
	default:
		// ORDER is no part of what unnest promises, and none is needed here.
		return t.execArrays(ctx, b, head+"SELECT * FROM unnest("+b.arrays()+")"+conflict)
	}
}

// DeleteRows removes the rows with these keys; the rows of the bulk need hold no more than the keys.
func (t *Tx) DeleteRows(ctx context.Context, b Bulk) error {
	head := "DELETE FROM " + b.Table + " WHERE (" + b.names(b.Keys) + ") "
	b.Columns = b.Columns[:b.Keys]
	if t.s.arrays {
		return t.execArrays(ctx, b, head+"IN (SELECT * FROM unnest("+b.arrays()+"))")
	}
	return t.oneByOne(ctx, b, head+"= "+tuple(b.Keys))
}

// tuple is (?, ?, …). SQLite's driver looks at the name of every placeholder that has one, each time.
func tuple(columns int) string {
	return "(" + strings.TrimSuffix(strings.Repeat("?, ", columns), ", ") + ")"
}

// oneByOne runs a statement of SQLite for each row, through the driver itself: database/sql would look at
// every value twice, and a statement of several rows takes as long for each.
func (t *Tx) oneByOne(ctx context.Context, b Bulk, text string) error {
	if len(b.Rows) < prepared {
		for _, row := range b.Rows {
			if _, err := t.Exec(ctx, text, row[:len(b.Columns)]...); err != nil {
				return err
			}
		}
		return nil
	}
	return t.s.conn.Raw(func(conn any) error {
		stmt, err := conn.(driver.ConnPrepareContext).PrepareContext(ctx, text)
		if err != nil {
			return err
		}
		return errors.Join(execRows(ctx, stmt.(driver.StmtExecContext), b), stmt.Close())
	})
}

func execRows(ctx context.Context, stmt driver.StmtExecContext, b Bulk) error {
	unwatched, args := context.WithoutCancel(ctx), make([]driver.NamedValue, len(b.Columns))
	for _, row := range b.Rows {
		if err := ctx.Err(); err != nil {
			return err
		}
		for i := range args {
			args[i] = driver.NamedValue{Ordinal: i + 1, Value: row[i]}
		}
		if _, err := stmt.ExecContext(unwatched, args); err != nil {
			return err
		}
	}
	return nil
}

// How many rows are worth it: a statement prepared for them alone on SQLite, a COPY on PostgreSQL.
const prepared, copied = 4, 100

// copyRows is the fastest way in that PostgreSQL has. As with INSERT, a row that is there is an error.
func (t *Tx) copyRows(ctx context.Context, b Bulk) error {
	names := make([]string, len(b.Columns))
	for i, c := range b.Columns {
		names[i] = c.Name
	}
	err := t.s.conn.Raw(func(conn any) error {
		_, err := conn.(*stdlib.Conn).Conn().CopyFrom(ctx, pgx.Identifier{b.Table}, names, pgx.CopyFromRows(b.Rows))
		return err
	})
	if err != nil {
		return fmt.Errorf("%d rows: %w", len(b.Rows), err)
	}
	return nil
}

// arrays is $1::text[], $2::bigint[], …
func (b Bulk) arrays() string {
	list := make([]string, len(b.Columns))
	for i, c := range b.Columns {
		kind := "bigint"
		if c.Text {
			kind = "text"
		}
		list[i] = "$" + strconv.Itoa(i+1) + "::" + kind + "[]"
	}
	return strings.Join(list, ", ")
}

// execArrays gives each column as one array, so that however many rows are one statement.
func (t *Tx) execArrays(ctx context.Context, b Bulk, statement string) error {
	args := make([]any, len(b.Columns))
	for i, c := range b.Columns {
		if c.Text {
			args[i] = columnOf[string](b.Rows, i)
		} else {
			args[i] = columnOf[int64](b.Rows, i)
		}
	}
	if _, err := t.Exec(ctx, statement, args...); err != nil {
		return fmt.Errorf("%d rows: %w", len(b.Rows), err)
	}
	return nil
}

// columnOf is one column, nil where it is NULL.
func columnOf[T any](rows [][]any, i int) []*T {
	values, out := make([]T, len(rows)), make([]*T, len(rows))
	for n, row := range rows {
		if v, ok := row[i].(T); ok {
			values[n], out[n] = v, &values[n]
		}
	}
	return out
}
