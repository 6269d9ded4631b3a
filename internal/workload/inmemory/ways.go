package inmemory

import (
	"bytes"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/internal/workload"
	"github.com/partnerledger/partnerledger/projections"
	"github.com/partnerledger/partnerledger/projections/sqldb"
	"github.com/partnerledger/partnerledger/projections/sqldb/sqldbtest"
	"github.com/partnerledger/partnerledger/projections/tables"
)

// PlayTiny plays a tiny business in which every edge case happens.
func PlayTiny(ctx context.Context) (*Ledger, error) {
	var lines bytes.Buffer
	if _, err := workload.Generate(ctx, workload.Options{Seed: 1, Size: workload.Tiny, EdgeCases: true}, &lines); err != nil {
		return nil, err
	}
	l, err := New()
	if err != nil {
		return nil, err
	}
	return l, l.Play(ctx, &lines)
}

// empty is a table without rows in a dump: its head is followed by no row.
var empty = regexp.MustCompile(`(?m)^\w+ \(.*\)\n(\w|\z)`)

// TestWays folds the events of a tiny business, and then the others, in every way in which rows come into
// memory and leave it, on each kind of database, and wants the same rows. A row that is called final too
// early, an index that says one thing in Go and another in SQL, and a stream that looks at the rows of
// another make a difference.
func TestWays(t *testing.T, p projections.Projection, others ...[]projections.Event) {
	t.Helper()
	l, err := PlayTiny(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	events, err := l.Events(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	untested := empty.FindAllString(sameInEveryWay(t, p, events), -1)
	for _, events := range others {
		also := empty.FindAllString(sameInEveryWay(t, p, events), -1)
		untested = slices.DeleteFunc(untested, func(table string) bool { return !slices.Contains(also, table) })
	}
	for _, table := range untested {
		t.Errorf("nothing is tested of an empty table: %s", table)
	}
}

func sameInEveryWay(t *testing.T, p projections.Projection, events []projections.Event) (rows string) {
	t.Helper()
	want := folded(t, sqldbtest.SQLite(t), p, events, allAtOnce)
	ways := map[string]way{"everything looked up": lookedUp, "nothing final in memory": complete(1), "rebuilt": complete(50), "loaded on the way": loaded}
	if s, ok := p.(projections.Splitting); ok && s.Splits() {
		ways["shared out by streams"] = sharedOut
	}
	for name, fold := range ways {
		t.Run(name, func(t *testing.T) {
			sqldbtest.Each(t, func(t *testing.T, url string) {
				if difference := firstDifference(want, folded(t, url, p, events, fold)); difference != "" {
					t.Error(difference)
				}
			})
		})
	}
	return want
}

// way folds events in one transaction.
type way func(ctx context.Context, tx *sqldb.Tx, p projections.Projection, events []projections.Event) error

func folded(t *testing.T, url string, p projections.Projection, events []projections.Event, fold way) string {
	t.Helper()
	db := sqldbtest.Open(t, url)
	if err := Prepare(t.Context(), db, p); err != nil {
		t.Fatal(err)
	}
	if err := db.Write(t.Context(), func(tx *sqldb.Tx) error { return fold(t.Context(), tx, p, events) }); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, table := range p.Tables() {
		names = append(names, table.Name())
	}
	dump, err := db.Dump(t.Context(), names...)
	if err != nil {
		t.Fatal(err)
	}
	return dump
}

func firstDifference(want, got string) string {
	wanted, given := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i, line := range wanted {
		if i >= len(given) || given[i] != line {
			return fmt.Sprintf("line %d should be\n%s\nand is\n%s", i+1, line, strings.Join(given[min(i, len(given)):min(i+1, len(given))], ""))
		}
	}
	return strings.Join(given[len(wanted):], "\n")
}

// allAtOnce remembers nothing of what was folded before: what is there already is looked up.
func allAtOnce(ctx context.Context, tx *sqldb.Tx, p projections.Projection, events []projections.Event) error {
	rows := tables.New(p.Tables(), "")
	rows.Through(tx)
	return inBatches(ctx, tx, rows, p, events, max(1, len(events)))
}

// lookedUp remembers nothing from one event to the next.
func lookedUp(ctx context.Context, tx *sqldb.Tx, p projections.Projection, events []projections.Event) error {
	for one := range slices.Chunk(events, 1) {
		if err := allAtOnce(ctx, tx, p, one); err != nil {
			return err
		}
	}
	return nil
}

// complete looks nothing up, as a rebuild does; what is final leaves the memory with every batch.
func complete(batch int) way {
	return func(ctx context.Context, tx *sqldb.Tx, p projections.Projection, events []projections.Event) error {
		rows := tables.New(p.Tables(), "")
		rows.Empty()
		return inBatches(ctx, tx, rows, p, events, batch)
	}
}

// loaded goes on a few times as a rebuild does that was interrupted.
func loaded(ctx context.Context, tx *sqldb.Tx, p projections.Projection, events []projections.Event) error {
	const stretch = 333
	for part := range slices.Chunk(events, stretch) {
		rows := tables.New(p.Tables(), "")
		if err := rows.Load(ctx, tx); err != nil {
			return err
		}
		if err := inBatches(ctx, tx, rows, p, part, 10); err != nil {
			return err
		}
	}
	return nil
}

// sharedOut gives each partition of the streams to somebody who knows nothing of the others.
func sharedOut(ctx context.Context, tx *sqldb.Tx, p projections.Projection, events []projections.Event) error {
	var shares [eventstore.Partitions][]projections.Event
	for _, e := range events {
		n := eventstore.Partition(e.Stream)
		shares[n] = append(shares[n], e)
	}
	for _, share := range shares {
		if err := complete(50)(ctx, tx, p, share); err != nil {
			return err
		}
	}
	return nil
}

func inBatches(ctx context.Context, tx *sqldb.Tx, rows *tables.Rows, p projections.Projection, events []projections.Event, batch int) error {
	for part := range slices.Chunk(events, batch) {
		for _, e := range part {
			if err := p.Apply(ctx, rows, e); err != nil {
				return fmt.Errorf("%s: event %d, %s: %w", p.Name(), e.Seq, e.Type, err)
			}
		}
		if err := rows.Flush(ctx, tx); err != nil {
			return fmt.Errorf("%s: %w", p.Name(), err)
		}
	}
	return nil
}
