package projections

import (
	"context"
	"fmt"
	"strings"

	"github.com/partnerledger/partnerledger/projections/sqldb"
	"github.com/partnerledger/partnerledger/projections/tables"
)

// Different says that a rebuilt projection isn't like the live one, which stays in place.
type Different struct {
	Name  string
	Table string
	// OnlyLive and OnlyRebuilt are how many rows one has and the other hasn't.
	OnlyLive, OnlyRebuilt int64
	Example               string // of such a row
}

// Error says where the two differ.
func (d *Different) Error() string {
	return fmt.Sprintf("%s rebuilt differs from the live one: in table %s %d rows are only in the live and %d only in the rebuilt one, such as %s; "+
		"the live one stays, the rebuilt one can be looked at in %s%s", d.Name, d.Table, d.OnlyLive, d.OnlyRebuilt, d.Example, d.Table, next.suffix())
}

// compare looks at every row of both builds in one snapshot. It returns *Different where they differ.
func (r *Runner) compare(ctx context.Context, m *member) (string, error) {
	var rows int64
	err := r.db.Snapshot(ctx, func(tx sqldb.Reader) error {
		for _, table := range m.Tables() {
			n, err := compareTable(ctx, tx, m.Name(), table)
			if err != nil {
				return err
			}
			rows += n
		}
		return nil
	})
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%d rows in %s are the same as they were", rows, counted(len(m.Tables()), "table")), nil
}

// compareTable gives how many rows there are. Keys are unique, so two tables of the same size hold the same rows
// if each row of the one is in the other.
func compareTable(ctx context.Context, tx sqldb.Reader, name string, table tables.Definition) (int64, error) {
	d := &Different{Name: name, Table: table.Name()}
	onlyLive, onlyRebuilt := lacking(table, live, next), lacking(table, next, live)
	var rows, rebuilt int64
	for _, q := range []struct {
		text string
		n    *int64
	}{{"SELECT COUNT(*) FROM " + table.Name(), &rows}, {"SELECT COUNT(*) FROM " + table.Name() + next.suffix(), &rebuilt},
		{"SELECT COUNT(*)" + onlyLive, &d.OnlyLive}} {
		if err := tx.QueryRow(ctx, q.text).Scan(q.n); err != nil {
			return 0, fmt.Errorf("compare table %s: %w", table.Name(), err)
		}
	}
	if d.OnlyLive == 0 && rows == rebuilt {
		return rows, nil
	}
	d.OnlyRebuilt = rebuilt - (rows - d.OnlyLive)
	such := onlyLive
	if d.OnlyLive == 0 {
		such = onlyRebuilt
	}
	var err error
	if d.Example, err = example(ctx, tx, "SELECT one.*"+such+" LIMIT 1"); err != nil {
		return 0, fmt.Errorf("compare table %s: %w", table.Name(), err)
	}
	return 0, d
}

// lacking is the FROM and WHERE of the rows of one build that the other hasn't. Each row is looked up by its key:
// a set operation would hold a whole table in memory.
func lacking(table tables.Definition, in, but build) string {
	columns, keys := table.Columns()
	var same []string
	for i, c := range columns {
		if i < keys {
			same = append(same, "other."+c+" = one."+c)
		} else {
			same = append(same, "other."+c+" IS NOT DISTINCT FROM one."+c)
		}
	}
	return " FROM " + table.Name() + in.suffix() + " one WHERE NOT EXISTS (SELECT 1 FROM " + table.Name() + but.suffix() + " other WHERE " +
		strings.Join(same, " AND ") + ")"
}

// example prints the first row of a query.
func example(ctx context.Context, tx sqldb.Reader, query string) (string, error) {
	rows, err := tx.Query(ctx, query)
	if err != nil {
		return "", err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil || !rows.Next() {
		return "", err
	}
	values, targets := make([]any, len(columns)), make([]any, len(columns))
	for i := range values {
		targets[i] = &values[i]
	}
	if err := rows.Scan(targets...); err != nil {
		return "", err
	}
	var out []string
	for i, c := range columns {
		if values[i] != nil {
			out = append(out, fmt.Sprintf("%s=%v", c, values[i]))
		}
	}
	return strings.Join(out, " "), rows.Err()
}

// counted is a number with its noun.
func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
