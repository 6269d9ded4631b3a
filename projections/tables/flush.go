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
	gone, fresh, changed := [][]any(nil), h.linesOnce(), [][]any(nil)
	var full slab[R]
	for _, keys := range [][]K{h.deferred, h.touched} {
		for _, key := range keys {
			e := h.rows[key]
			if e == nil || !e.dirty { // it was written since, or stands here twice
				continue
			}
			switch {
			case !e.absent && e.stored:
				changed = append(changed, full.row(e.row, h.table.columns))
			case !e.absent:
				fresh = append(fresh, full.row(e.row, h.table.columns))
			case e.stored:
				gone = append(gone, h.table.values(e.row, h.table.columns[:h.table.keys]))
			}
			h.settle(key, e)
		}
	}
	h.touched, h.deferred = h.touched[:0], nil
	h.add(to, gone, (*sqldb.Tx).DeleteRows)
	h.add(to, fresh, (*sqldb.Tx).InsertRows)
	h.add(to, changed, (*sqldb.Tx).UpsertRows)
}

// collectFinal gathers the rows that are complete and puts off the others.
func (h *held[K, R]) collectFinal(to *Changes) {
	fresh := h.linesOnce()
	var full slab[R]
	for _, key := range h.touched {
		e := h.rows[key]
		switch {
		case e == nil || !e.dirty:
		case e.stored || !e.absent && !h.table.isFinal(e.row):
			h.deferred = append(h.deferred, key)
			e.touched = false
		default:
			if !e.absent {
				fresh = append(fresh, full.row(e.row, h.table.columns))
			}
			h.settle(key, e)
		}
	}
	h.touched = h.touched[:0]
	h.add(to, fresh, (*sqldb.Tx).InsertRows)
}

// linesOnce are the rows of a table that nobody looks at.
func (h *held[K, R]) linesOnce() [][]any {
	var fresh [][]any
	var full slab[R]
	for _, r := range h.once {
		fresh = append(fresh, full.row(r, h.table.columns))
	}
	h.once = h.once[:0]
	return fresh
}

// slab makes rows of values out of pieces of memory, each twice as large as the one before.
type slab[R any] struct {
	free []any
	rows int
}

const slabRows = 128

func (s *slab[R]) row(r *R, columns []column) []any {
	n := len(columns)
	if len(s.free) < n {
		s.rows = min(max(1, 2*s.rows), slabRows)
		s.free = make([]any, n*s.rows)
	}
	out := s.free[:n:n]
	s.free = s.free[n:]
	fill(out, r, columns)
	return out
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
	e.dirty, e.touched, e.stored = false, false, !e.absent
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
