package tables_test

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/partnerledger/partnerledger/projections/sqldb"
	"github.com/partnerledger/partnerledger/projections/sqldb/sqldbtest"
	"github.com/partnerledger/partnerledger/projections/tables"
)

// TestRowsEqualANaiveModel does the same to rows and to a plain map, in batches of which some break off and
// between which the memory is sometimes dropped or loaded whole: what is found on the way and what is in
// the database after each batch are the same.
func TestRowsEqualANaiveModel(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, url string) {
		db := withThings(t, url)
		rapid.Check(t, func(rt *rapid.T) {
			require.NoError(rt, db.Write(t.Context(), func(tx *sqldb.Tx) error {
				_, err := tx.Exec(t.Context(), "DELETE FROM things")
				return err
			}))
			trial := &trial{T: rt, t: t, db: db, rows: tables.New(all, ""), model: map[thingKey]thing{}}
			if rapid.Bool().Draw(rt, "empty") {
				trial.rows.Empty()
			}
			for range rapid.IntRange(1, 6).Draw(rt, "batches") {
				trial.batch()
			}
		})
	})
}

// trial is one run: the rows, and the model of what they must be.
type trial struct {
	*rapid.T
	t     *testing.T
	db    *sqldb.DB
	rows  *tables.Rows
	model map[thingKey]thing
}

var errBroken = errors.New("the batch breaks off")

// batch folds in one transaction, then looks what the database says.
func (r *trial) batch() {
	before, breaks := maps.Clone(r.model), rapid.IntRange(0, 4).Draw(r.T, "breaks") == 0
	err := r.db.Write(r.t.Context(), func(tx *sqldb.Tx) error {
		r.rows.Through(tx)
		for range rapid.IntRange(0, 12).Draw(r.T, "steps") {
			rapid.SampledFrom([]func(){r.insert, r.change, r.change, r.remove, r.get, r.find, r.findOpen, func() { r.flush(tx) }}).Draw(r.T, "step")()
		}
		r.flush(tx)
		if breaks {
			return errBroken
		}
		return nil
	})
	if breaks {
		require.ErrorIs(r, err, errBroken)
		r.rows.Forget()
		r.model = before
	} else {
		require.NoError(r, err)
	}
	text, err := r.db.Dump(r.t.Context(), "things")
	require.NoError(r, err)
	_, body, _ := strings.Cut(text, "\n")
	require.Equal(r, r.dump(), body)
	switch rapid.SampledFrom([]string{"go on", "forget", "load"}).Draw(r.T, "then") {
	case "forget":
		r.rows.Forget()
	case "load":
		require.NoError(r, r.db.Snapshot(r.t.Context(), func(reader sqldb.Reader) error { return r.rows.Load(r.t.Context(), reader) }))
	}
}

func (r *trial) flush(tx *sqldb.Tx) { require.NoError(r, r.rows.Flush(r.t.Context(), tx)) }

// key draws one of few keys; ok says that the fold may look at it, for what is done nobody looks at.
func (r *trial) key() (k thingKey, ok bool) {
	k = thingKey{owner(rapid.SampledFrom([]string{"", "a", "b"}).Draw(r.T, "owner")), rapid.Int64Range(-2, 2).Draw(r.T, "n")}
	return k, !r.model[k].Done
}

// filled draws what isn't key; few values, so that rows come into the same places of indexes.
func (r *trial) filled(k thingKey) thing {
	maybe := func(label string) *int64 {
		return rapid.SampledFrom([]*int64{nil, pointer(int64(0)), pointer(int64(3))}).Draw(r.T, label)
	}
	row := thing{Owner: k.owner, N: k.n, Name: rapid.SampledFrom([]string{"", "x", "y"}).Draw(r.T, "name"), Yes: rapid.Bool().Draw(r.T, "yes"),
		Place: rapid.Uint64Range(0, 2).Draw(r.T, "place"), Until: maybe("until"), Size: rapid.Uint64Range(0, 1).Draw(r.T, "size"),
		Flag: rapid.Bool().Draw(r.T, "flag"), Done: rapid.IntRange(0, 9).Draw(r.T, "done") == 0}
	if seats := maybe("seats"); seats != nil {
		row.Seats = pointer(int(*seats))
	}
	if sure := maybe("maybe"); sure != nil {
		row.Maybe = pointer(*sure > 0)
	}
	return row
}

func (r *trial) insert() {
	k, ok := r.key()
	if !ok {
		return
	}
	row, has := r.filled(k), r.look(k) != nil
	err := things.Insert(r.rows, &row)
	require.Equal(r, has, errors.Is(err, tables.ErrTwice))
	if !has {
		require.NoError(r, err)
		r.model[k] = row
	}
}

func (r *trial) change() {
	if k, row := r.some(); row != nil {
		*row = r.filled(k)
		things.Change(r.rows, row)
		r.model[k] = *row
	}
}

func (r *trial) remove() {
	if k, row := r.some(); row != nil {
		things.Delete(r.rows, row)
		delete(r.model, k)
	}
}

func (r *trial) get() { r.some() }

// some is a row, nil where there is none under the key that was drawn.
func (r *trial) some() (thingKey, *thing) {
	k, ok := r.key()
	if !ok {
		return k, nil
	}
	return k, r.look(k)
}

func (r *trial) look(k thingKey) *thing {
	row, err := things.Get(r.t.Context(), r.rows, &thing{Owner: k.owner, N: k.n})
	require.NoError(r, err)
	want, has := r.model[k]
	require.Equal(r, has, row != nil)
	if has {
		require.Equal(r, want, *row)
	}
	return row
}

func (r *trial) find() {
	of := owner(rapid.SampledFrom([]string{"", "a", "b"}).Draw(r.T, "owner"))
	found, err := thingsOf.Find(r.t.Context(), r.rows, &thing{Owner: of})
	require.NoError(r, err)
	r.sameRows(found, func(t thing) bool { return t.Owner == of && !t.Done })
}

func (r *trial) findOpen() {
	called := rapid.SampledFrom([]string{"x", "y"}).Draw(r.T, "name")
	found, err := openBy.Find(r.t.Context(), r.rows, &thing{Name: called})
	require.NoError(r, err)
	r.sameRows(found, func(t thing) bool { return t.Name == called && t.open() })
}

func (r *trial) sameRows(found []*thing, want func(thing) bool) {
	var got, due []thing
	for _, row := range found {
		got = append(got, *row)
	}
	for _, row := range r.model {
		if want(row) {
			due = append(due, row)
		}
	}
	slices.SortFunc(due, func(a, b thing) int { return cmp.Or(cmp.Compare(a.Owner, b.Owner), cmp.Compare(a.N, b.N)) })
	require.Equal(r, due, got)
}

// dump is what the database must say.
func (r *trial) dump() string {
	var lines []string
	for _, t := range r.model {
		line := fmt.Sprintf("\t%q\t%d\t%s\t%s\t%s\t%s\t%d\t%s\t%s\t%s\t%s\n", t.Owner, t.N, orNull(t.Name != "", fmt.Sprintf("%q", t.Name)), bit(t.Yes),
			optional(t.Maybe, bit), optional(t.Seats, number), t.Place, optional(t.Until, number),
			orNull(t.Size != 0, fmt.Sprint(t.Size)), orNull(t.Flag, "1"), bit(t.Done))
		lines = append(lines, line)
	}
	slices.Sort(lines)
	return strings.Join(lines, "")
}

func orNull(has bool, text string) string {
	if has {
		return text
	}
	return "NULL"
}

func optional[V any](v *V, text func(V) string) string {
	if v == nil {
		return "NULL"
	}
	return text(*v)
}

func number[N int | int64](n N) string { return fmt.Sprint(n) }

func bit(yes bool) string {
	if yes {
		return "1"
	}
	return "0"
}
