package sqldb

import (
	"context"
	"fmt"
	"strconv"
	"strings"
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
	if t.s.arrays {
		// ORDER is no part of what unnest promises, and none is needed here.
		return t.execArrays(ctx, b, len(b.Columns), head+"SELECT * FROM unnest("+b.arrays(len(b.Columns))+")"+conflict)
	}
	return t.inStatements(ctx, b, func(rows int) string { return head + "VALUES " + tuples(rows, len(b.Columns)) + conflict })
}

// DeleteRows removes the rows with these keys; the rows of the bulk need hold no more than the keys.
func (t *Tx) DeleteRows(ctx context.Context, b Bulk) error {
	head := "DELETE FROM " + b.Table + " WHERE (" + b.names(b.Keys) + ") IN ("
	b.Columns = b.Columns[:b.Keys]
	if t.s.arrays {
		return t.execArrays(ctx, b, b.Keys, head+"SELECT * FROM unnest("+b.arrays(b.Keys)+"))")
	}
	return t.inStatements(ctx, b, func(rows int) string { return head + "VALUES " + tuples(rows, b.Keys) + ")" })
}

// rowsAtOnce is how many rows a statement of SQLite takes: more gain little and are prepared for longer.
const rowsAtOnce = 32

// inStatements runs full statements first and single ones for the rest, so that two are prepared, not thirty.
func (t *Tx) inStatements(ctx context.Context, b Bulk, text func(rows int) string) error {
	many, one := text(rowsAtOnce), text(1)
	for rows := b.Rows; len(rows) > 0; {
		n, statement := 1, one
		if len(rows) >= rowsAtOnce {
			n, statement = rowsAtOnce, many
		}
		args := make([]any, 0, n*len(b.Columns))
		for _, row := range rows[:n] {
			args = append(args, row[:len(b.Columns)]...)
		}
		if _, err := t.Exec(ctx, statement, args...); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}

// tuples is ($1, $2), ($3, $4), …
func tuples(rows, columns int) string {
	var out strings.Builder
	for i := range rows * columns {
		switch {
		case i == 0:
			out.WriteString("($")
		case i%columns == 0:
			out.WriteString("), ($")
		default:
			out.WriteString(", $")
		}
		out.WriteString(strconv.Itoa(i + 1))
	}
	return out.String() + ")"
}

// arrays is $1::text[], $2::bigint[], …
func (b Bulk) arrays(columns int) string {
	list := make([]string, columns)
	for i := range list {
		kind := "bigint"
		if b.Columns[i].Text {
			kind = "text"
		}
		list[i] = "$" + strconv.Itoa(i+1) + "::" + kind + "[]"
	}
	return strings.Join(list, ", ")
}

// execArrays gives each column as one array, so that however many rows are one statement.
func (t *Tx) execArrays(ctx context.Context, b Bulk, columns int, statement string) error {
	args := make([]any, columns)
	for i := range args {
		if b.Columns[i].Text {
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

func columnOf[T any](rows [][]any, i int) []*T {
	out := make([]*T, len(rows))
	for n, row := range rows {
		if v, ok := row[i].(T); ok {
			out[n] = &v
		}
	}
	return out
}
