package sqldb

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Dump writes the tables in one canonical form: each with its columns, and its rows sorted by all
// columns as they are printed. Two read models are equal if and only if their dumps are.
//
// It holds everything in memory and is meant for comparisons, not for exports.
func (d *DB) Dump(ctx context.Context, tables ...string) (string, error) {
	var out strings.Builder
	err := d.Snapshot(ctx, func(r Reader) error {
		for _, table := range tables {
			if err := dumpTable(ctx, r, table, &out); err != nil {
				return fmt.Errorf("dump %s: %w", table, err)
			}
		}
		return nil
	})
	return out.String(), err
}

func dumpTable(ctx context.Context, r Reader, table string, out *strings.Builder) error {
	rows, err := r.Query(ctx, "SELECT * FROM "+table)
	if err != nil {
		return err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return err
	}
	lines, err := dumpRows(rows, len(columns))
	if err != nil {
		return err
	}
	slices.Sort(lines)
	fmt.Fprintf(out, "%s (%s)\n", table, strings.Join(columns, ", "))
	for _, line := range lines {
		out.WriteString(line)
	}
	return nil
}

func dumpRows(rows *sql.Rows, columns int) ([]string, error) {
	values, targets := make([]any, columns), make([]any, columns)
	for i := range values {
		targets[i] = &values[i]
	}
	var lines []string
	for rows.Next() {
		if err := rows.Scan(targets...); err != nil {
			return nil, err
		}
		lines = append(lines, dumpRow(values))
	}
	return lines, rows.Err()
}

func dumpRow(values []any) string {
	var line strings.Builder
	for _, v := range values {
		line.WriteByte('\t')
		switch v := v.(type) {
		case nil:
			line.WriteString("NULL")
		case string:
			line.WriteString(strconv.Quote(v))
		default:
			fmt.Fprint(&line, v)
		}
	}
	line.WriteByte('\n')
	return line.String()
}
