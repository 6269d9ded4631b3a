package tables

import (
	"context"
	"fmt"
	"strings"

	"github.com/partnerledger/partnerledger/projections/sqldb"
)

// Definition is a table of any kind.
type Definition interface {
	// Name is the table's name in the schema.
	Name() string
	// Columns are its columns, of which the first keys are the primary key.
	Columns() (all []string, keys int)
	hold(physical string) holder
}

// holder is what a Rows holds of one table.
type holder interface {
	collect(to *Changes)
	collectFinal(to *Changes)
	load(ctx context.Context, r sqldb.Reader) error
	check(ctx context.Context, r sqldb.Reader) error
	forget()
	size() int
}

// Rows are the rows that one projection holds in memory while it folds events.
//
// What is in memory is the truth as of the last event folded: the rows of the database with all changes since.
// So a Rows MUST be the only writer of its tables, and MUST Forget everything when a transaction into which
// it flushed was not committed or when a fold broke off in the middle of an event. A Rows is for one goroutine.
type Rows struct {
	reader   sqldb.Reader
	complete bool
	byTable  map[Definition]holder
	inOrder  []holder
}

// New holds nothing yet. The tables' names in the database end with the suffix, which is empty for the live ones.
func New(definitions []Definition, suffix string) *Rows {
	rows := &Rows{byTable: map[Definition]holder{}}
	for _, d := range definitions {
		h := d.hold(d.Name() + suffix)
		rows.byTable[d] = h
		rows.inOrder = append(rows.inOrder, h)
	}
	return rows
}

// Through makes r the place where rows are looked up that aren't in memory: the present transaction.
func (rows *Rows) Through(r sqldb.Reader) { rows.reader = r }

// Empty says that the tables are empty, so that what isn't in memory isn't anywhere.
func (rows *Rows) Empty() {
	rows.Forget()
	rows.complete = true
}

// Load reads all rows that can still change, so that from now on what isn't in memory isn't anywhere.
func (rows *Rows) Load(ctx context.Context, r sqldb.Reader) error {
	rows.Forget()
	for _, h := range rows.inOrder {
		if err := h.load(ctx, r); err != nil {
			return err
		}
	}
	rows.complete = true
	return nil
}

// Check compares the columns that the tables have in the database with those described. It returns *Mismatch.
func (rows *Rows) Check(ctx context.Context, r sqldb.Reader) error {
	for _, h := range rows.inOrder {
		if err := h.check(ctx, r); err != nil {
			return err
		}
	}
	return nil
}

// Flush writes the rows that differ from the database.
func (rows *Rows) Flush(ctx context.Context, tx *sqldb.Tx) error {
	return rows.Collect().Write(ctx, tx)
}

// Collect gives the rows that differ from the database and takes them for written from here on.
func (rows *Rows) Collect() *Changes {
	c := &Changes{}
	for _, h := range rows.inOrder {
		h.collect(c)
	}
	return c
}

// CollectFinal gives the rows that are final and were never written, and takes them for written from here on. The
// others wait for Collect, however often they change until then: a rebuild so writes each row once, and only adds.
func (rows *Rows) CollectFinal() *Changes {
	c := &Changes{}
	for _, h := range rows.inOrder {
		h.collectFinal(c)
	}
	return c
}

// Forget drops everything, also what was never written.
func (rows *Rows) Forget() {
	rows.complete = false
	for _, h := range rows.inOrder {
		h.forget()
	}
}

// Size is how many rows are in memory.
func (rows *Rows) Size() int {
	n := 0
	for _, h := range rows.inOrder {
		n += h.size()
	}
	return n
}

// Mismatch says that a table of the database isn't what the program works on.
type Mismatch struct {
	Table    string
	Has, Due []string // columns
}

// Error names the table and both lists of columns.
func (m *Mismatch) Error() string {
	return fmt.Sprintf("table %s has the columns %s, and the program works on %s; rebuild the projection", m.Table,
		strings.Join(m.Has, ", "), strings.Join(m.Due, ", "))
}
