package tables

import (
	"context"
	"fmt"
	"slices"

	"github.com/partnerledger/partnerledger/projections/sqldb"
)

// Changes are rows on their way to the database.
type Changes struct{ parts []part }

// part is the rows of one table to which one thing is done.
type part struct {
	bulk sqldb.Bulk
	how  func(*sqldb.Tx, context.Context, sqldb.Bulk) error
}

// Write writes the rows: of each table first those that are gone, then new ones, then changed ones, in the
// order of their keys.
func (c *Changes) Write(ctx context.Context, tx *sqldb.Tx) error {
	for _, p := range c.parts {
		if err := p.how(tx, ctx, p.bulk); err != nil {
			return fmt.Errorf("write rows of %s: %w", p.bulk.Table, err)
		}
	}
	return nil
}

// collect gathers what differs.
func (h *held[K, R]) collect(to *Changes) {
	var gone, fresh, changed [][]any
	for _, key := range h.dirty {
		e := h.rows[key]
		switch {
		case !e.absent && e.stored:
			changed = append(changed, h.table.values(e.row, h.table.columns))
		case !e.absent:
			fresh = append(fresh, h.table.values(e.row, h.table.columns))
		case e.stored:
			gone = append(gone, h.table.values(e.row, h.table.columns[:h.table.keys]))
		}
		h.settle(key, e)
	}
	h.dirty = h.dirty[:0]
	h.add(to, gone, (*sqldb.Tx).DeleteRows)
	h.add(to, fresh, (*sqldb.Tx).InsertRows)
	h.add(to, changed, (*sqldb.Tx).UpsertRows)
}

func (h *held[K, R]) add(to *Changes, rows [][]any, how func(*sqldb.Tx, context.Context, sqldb.Bulk) error) {
	if len(rows) == 0 {
		return
	}
	slices.SortFunc(rows, func(a, b []any) int { return compareKeys(a[:h.table.keys], b[:h.table.keys]) })
	to.parts = append(to.parts, part{h.bulk(rows), how})
}

// settle notes that the database says what is said here, and lets go what nobody will ask for.
func (h *held[K, R]) settle(key K, e *entry[R]) {
	e.dirty, e.stored = false, !e.absent
	if !e.absent && h.table.isFinal(e.row) {
		e.absent = true // here, that is: nobody looks
		h.file(e)
	}
	if e.absent {
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
