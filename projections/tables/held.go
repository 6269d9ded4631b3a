package tables

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/partnerledger/partnerledger/projections/sqldb"
)

// ErrTwice says that a fold makes a row that is there already.
var ErrTwice = errors.New("the row is there already")

// entry is one row in memory, or the knowledge that there is none.
type entry[R any] struct {
	row     *R    // nil where none was ever seen
	absent  bool  // there is no such row, whatever the database says
	stored  bool  // the database has a row with this key
	dirty   bool  // the database doesn't say what is said here
	touched bool  // it is listed among those that became so since rows were last collected
	places  []any // where in each index the row is filed, nil where it isn't
}

// held is what a Rows holds of one table.
type held[K comparable, R any] struct {
	table    *Table[K, R]
	physical string
	rows     map[K]*entry[R]
	touched  []K  // became dirty since rows were last collected
	deferred []K  // became so before, and was put off
	once     []*R // new rows of a table that nobody looks at
	indexes  []map[any][]*R
	known    []map[any]bool // of each index, the keys whose rows are all in memory

	selectByKey string
	selectAll   string
	selectBy    []string // of each index, once it was used
}

func (t *Table[K, R]) hold(physical string) holder {
	h := &held[K, R]{table: t, physical: physical}
	h.selectAll = "SELECT " + strings.Join(names(t.columns), ", ") + " FROM " + physical
	h.selectByKey = h.selectAll + " WHERE " + equal(t.columns[:t.keys])
	h.selectBy = make([]string, len(t.indexes))
	h.forget()
	return h
}

func names(columns []column) []string {
	out := make([]string, len(columns))
	for i, c := range columns {
		out[i] = c.name
	}
	return out
}

// equal is the condition that these columns have the values $1, $2, …
func equal(columns []column) string {
	out := make([]string, len(columns))
	for i, c := range columns {
		out[i] = c.name + " = $" + strconv.Itoa(i+1)
	}
	return strings.Join(out, " AND ")
}

func (h *held[K, R]) forget() {
	h.rows, h.touched, h.deferred, h.once = map[K]*entry[R]{}, nil, nil, nil
	h.indexes, h.known = make([]map[any][]*R, len(h.table.indexes)), make([]map[any]bool, len(h.table.indexes))
	for i := range h.indexes {
		h.indexes[i], h.known[i] = map[any][]*R{}, map[any]bool{}
	}
}

func (h *held[K, R]) size() int { return len(h.rows) + len(h.once) }

func (t *Table[K, R]) in(rows *Rows) *held[K, R] { return rows.byTable[t].(*held[K, R]) }

// Get finds the row with the key of the probe, or nil where there is none. What is changed in it counts once
// Change is called.
func (t *Table[K, R]) Get(ctx context.Context, rows *Rows, probe *R) (*R, error) {
	h, key := t.in(rows), t.key(probe)
	if e, ok := h.rows[key]; ok {
		if e.absent {
			return nil, nil
		}
		return e.row, nil
	}
	if rows.complete {
		return nil, nil
	}
	if err := h.read(ctx, rows.reader, h.selectByKey, t.values(probe, t.columns[:t.keys]), h.take); err != nil {
		return nil, err
	}
	if e, ok := h.rows[key]; ok {
		return e.row, nil
	}
	h.rows[key] = &entry[R]{absent: true}
	return nil, nil
}

// Find gives the rows that are in the index under the columns of the probe, in the order of their keys.
func (x *Index[I, K, R]) Find(ctx context.Context, rows *Rows, probe *R) ([]*R, error) {
	h, place := x.table.in(rows), any(x.key(probe))
	if !rows.complete && !h.known[x.number][place] {
		err := h.read(ctx, rows.reader, x.text(h), x.table.values(probe, x.columns), func(r *R) {
			if _, ok := h.rows[x.table.key(r)]; !ok { // what is in memory is newer
				h.take(r)
			}
		})
		if err != nil {
			return nil, err
		}
		h.known[x.number][place] = true
	}
	return h.sorted(h.indexes[x.number][place]), nil
}

// One is Find where the index can hold one row for each place; nil where there is none.
func (x *Index[I, K, R]) One(ctx context.Context, rows *Rows, probe *R) (*R, error) {
	found, err := x.Find(ctx, rows, probe)
	switch {
	case err != nil || len(found) == 0:
		return nil, err
	case len(found) > 1:
		return nil, fmt.Errorf("table %s: %d rows where there can be one", x.table.name, len(found))
	}
	return found[0], nil
}

func (x *Index[I, K, R]) text(h *held[K, R]) string {
	if h.selectBy[x.number] == "" {
		text := h.selectAll + " WHERE " + equal(x.columns)
		if x.where != "" {
			text += " AND " + x.where
		}
		h.selectBy[x.number] = text
	}
	return h.selectBy[x.number]
}

// sorted gives the rows in the order of their keys.
func (h *held[K, R]) sorted(list []*R) []*R {
	if len(list) < 2 {
		return slices.Clone(list)
	}
	type keyed struct {
		key []any
		row *R
	}
	all := make([]keyed, len(list))
	for i, r := range list {
		all[i] = keyed{h.table.values(r, h.table.columns[:h.table.keys]), r}
	}
	slices.SortFunc(all, func(a, b keyed) int { return compareKeys(a.key, b.key) })
	out := make([]*R, len(all))
	for i, k := range all {
		out[i] = k.row
	}
	return out
}

func compareKeys(a, b []any) int {
	for i := range a {
		var c int
		switch x := a[i].(type) {
		case string:
			c = strings.Compare(x, b[i].(string))
		case int64:
			c = cmp.Compare(x, b[i].(int64))
		}
		if c != 0 {
			return c
		}
	}
	return 0
}

// Insert adds a row. It returns ErrTwice where memory shows that the row is there; where only the database
// knows, and of a table that says Once, the flush fails.
func (t *Table[K, R]) Insert(rows *Rows, r *R) error {
	h := t.in(rows)
	if t.once {
		h.once = append(h.once, r)
		return nil
	}
	key := t.key(r)
	e, ok := h.rows[key]
	if ok && !e.absent {
		return fmt.Errorf("table %s: %w: %v", t.name, ErrTwice, key)
	}
	if !ok {
		e = &entry[R]{}
		h.rows[key] = e
	}
	e.row, e.absent = r, false
	h.touch(key, e)
	h.file(e)
	return nil
}

// Change notes that a row from Get or Find was changed. The key columns MUST stay as they are.
func (t *Table[K, R]) Change(rows *Rows, r *R) {
	h, key := t.in(rows), t.key(r)
	e := h.rows[key]
	h.touch(key, e)
	h.file(e)
}

// Delete removes a row from Get or Find.
func (t *Table[K, R]) Delete(rows *Rows, r *R) {
	h, key := t.in(rows), t.key(r)
	e := h.rows[key]
	e.absent = true
	h.touch(key, e)
	h.file(e)
}

func (h *held[K, R]) touch(key K, e *entry[R]) {
	e.dirty = true
	if !e.touched {
		e.touched = true
		h.touched = append(h.touched, key)
	}
}

// take keeps a row of the database.
func (h *held[K, R]) take(r *R) {
	e := &entry[R]{row: r, stored: true}
	h.rows[h.table.key(r)] = e
	h.file(e)
}

// file puts a row where it belongs in each index, and takes it from where it doesn't belong any more.
func (h *held[K, R]) file(e *entry[R]) {
	if e.places == nil && len(h.indexes) > 0 {
		e.places = make([]any, len(h.indexes))
	}
	for i, x := range h.table.indexes {
		var now any
		if place, in := x.place(e.row); in && !e.absent {
			now = place
		}
		if before := e.places[i]; before != now {
			h.move(h.indexes[i], e.row, before, now)
			e.places[i] = now
		}
	}
}

func (h *held[K, R]) move(index map[any][]*R, r *R, from, to any) {
	if from != nil {
		list := index[from]
		at, last := slices.Index(list, r), len(list)-1
		list[at], list[last] = list[last], nil
		index[from] = list[:last]
		if last == 0 {
			delete(index, from)
		}
	}
	if to != nil {
		index[to] = append(index[to], r)
	}
}

// read gives each row that the query finds to the function.
func (h *held[K, R]) read(ctx context.Context, r sqldb.Reader, text string, args []any, each func(*R)) error {
	rows, err := r.Query(ctx, text, args...)
	if err != nil {
		return fmt.Errorf("look up rows of %s: %w", h.physical, err)
	}
	defer rows.Close()
	for rows.Next() {
		row := new(R)
		if err := rows.Scan(h.table.targets(row)...); err != nil {
			return fmt.Errorf("look up rows of %s: %w", h.physical, err)
		}
		each(row)
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("look up rows of %s: %w", h.physical, err)
	}
	return nil
}

func (h *held[K, R]) load(ctx context.Context, r sqldb.Reader) error {
	if h.table.once {
		return nil
	}
	return h.read(ctx, r, h.selectAll, nil, func(row *R) {
		if !h.table.isFinal(row) {
			h.take(row)
		}
	})
}
