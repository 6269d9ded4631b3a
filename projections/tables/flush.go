package tables

import (
	"context"
	"fmt"
	"slices"

	"github.com/partnerledger/partnerledger/projections/sqldb"
)

// flush writes what differs: rows that are gone, then new ones, then changed ones, each in the order of keys.
func (h *held[K, R]) flush(ctx context.Context, tx *sqldb.Tx, all bool) error {
	var gone, fresh, changed [][]any
	var left []K
	for _, key := range h.dirty {
		e := h.rows[key]
		switch {
		case !all && !h.table.isFinal(e.row):
			left = append(left, key)
			continue
		case !e.absent && e.stored:
			changed = append(changed, h.table.values(e.row, h.table.columns))
		case !e.absent:
			fresh = append(fresh, h.table.values(e.row, h.table.columns))
		case e.stored:
			gone = append(gone, h.table.values(e.row, h.table.columns[:h.table.keys]))
		}
		h.settle(key, e)
	}
	h.dirty = left
	for _, part := range []struct {
		rows  [][]any
		write func(context.Context, sqldb.Bulk) error
	}{{gone, tx.DeleteRows}, {fresh, tx.InsertRows}, {changed, tx.UpsertRows}} {
		if len(part.rows) == 0 {
			continue
		}
		slices.SortFunc(part.rows, func(a, b []any) int { return compareKeys(a[:h.table.keys], b[:h.table.keys]) })
		if err := part.write(ctx, h.bulk(part.rows)); err != nil {
			return fmt.Errorf("write rows of %s: %w", h.physical, err)
		}
	}
	return nil
}

// settle notes that the database now says what is said here, and lets go what nobody will ask for.
func (h *held[K, R]) settle(key K, e *entry[R]) {
	e.dirty, e.stored = false, !e.absent
	if e.absent || h.table.isFinal(e.row) {
		delete(h.rows, key)
	}
}

func (h *held[K, R]) bulk(rows [][]any) sqldb.Bulk {
	b := sqldb.Bulk{Table: h.physical, Keys: h.table.keys, Rows: rows}
	for _, c := range h.table.columns {
		b.Columns = append(b.Columns, sqldb.BulkColumn{Name: c.name, Text: c.text})
	}
	return b
}

func (h *held[K, R]) check(ctx context.Context, r sqldb.Reader) error {
	rows, err := r.Query(ctx, "SELECT * FROM "+h.physical+" WHERE 1 = 0")
	if err != nil {
		return fmt.Errorf("look at table %s: %w", h.physical, err)
	}
	defer rows.Close()
	has, err := rows.Columns()
	if err != nil {
		return fmt.Errorf("look at table %s: %w", h.physical, err)
	}
	if due := names(h.table.columns); !slices.Equal(has, due) {
		return &Mismatch{Table: h.physical, Has: has, Due: due}
	}
	return rows.Err()
}
