package projections

import (
	"context"
	"time"

	"github.com/partnerledger/partnerledger/eventstore"
)

// Commit is one projection's part in one transaction: rows and checkpoint, as they were committed.
type Commit struct {
	Projection string
	Events     int
	Began      time.Time
	Took       time.Duration // of the whole transaction, which others took part in
	Traced     []Traced      // those of its events whose command is traced; hardly ever any
}

// Traced is an event that carries the traceparent of its command.
type Traced struct {
	Traceparent string
	Position    eventstore.Position
}

// Watch has f told of every commit, soon after it. Call it before Run; f MUST return quickly, because
// the next batch waits for it.
func (r *Runner) Watch(f func(context.Context, Commit)) { r.watch = f }

// committed tells what was committed, given where the members were before.
func (r *Runner) committed(ctx context.Context, batch []arrival, members []*member, before []eventstore.Cursor, began time.Time) {
	if r.watch == nil {
		return
	}
	took, traced := time.Since(began), tracedOf(batch)
	for i, m := range members {
		if m.at.cursor == before[i] {
			continue
		}
		c := Commit{Projection: m.Name(), Events: int(m.at.cursor.NextSeq - before[i].NextSeq), Began: began, Took: took}
		for _, e := range traced {
			// What is built anew was traced when it happened.
			if m.at.state == Running && e.Position > before[i].Position && e.Position <= m.at.cursor.Position {
				c.Traced = append(c.Traced, e)
			}
		}
		r.watch(ctx, c)
	}
}

func tracedOf(batch []arrival) (traced []Traced) {
	for i := range batch {
		if tp := batch[i].Meta.Traceparent; tp != "" {
			traced = append(traced, Traced{Traceparent: tp, Position: batch[i].Position})
		}
	}
	return traced
}

// cursorsOf is where the members are.
func cursorsOf(members []*member) []eventstore.Cursor {
	list := make([]eventstore.Cursor, len(members))
	for i, m := range members {
		list[i] = m.at.cursor
	}
	return list
}
