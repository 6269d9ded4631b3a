package projections

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/projections/sqldb"
	"github.com/partnerledger/partnerledger/projections/tables"
)

// StoppedError says that a projection met a poison event.
type StoppedError struct {
	Name string
	Poison
}

// Error names the projection and the event.
func (e *StoppedError) Error() string {
	return fmt.Sprintf("projection %s stopped at event %s (position %d): %s", e.Name, e.Event, e.Position, e.Cause)
}

// chunkSize is how many events a rebuild folds before the rows that became final are written in one transaction. A
// larger one costs less for each event, but the live projections wait for it on SQLite.
var chunkSize = 20_000

// crew are the builds that one pass over the ledger makes.
type crew struct {
	*Runner
	members []*member
	orders  []Order
	begun   time.Time
	first   uint64 // events whose rows were written before this pass
}

// chunk is a stretch of the ledger on its way through a rebuild: read, then decoded and folded while the next
// is read, then written while the next is folded.
type chunk struct {
	events  []arrival
	changes []*tables.Changes // of each member
	to      []checkpoint
}

// rebuild makes new builds of the projections beside the live ones, in one pass over the ledger; then each is
// brought level, compared with the live one and takes its place. Until then queries notice nothing.
//
// The pass holds the state in memory and writes a row once it is final; what is left is written at the end. So rows
// are only added, into tables without keys and indexes, and a checkpoint counts final rows alone. A rebuild that was
// broken off folds again what comes before its checkpoint, and writes nothing until it is there.
func (r *Runner) rebuild(ctx context.Context, orders []Order) error {
	c := &crew{Runner: r, begun: time.Now()}
	for _, o := range orders {
		m, err := r.enlist(ctx, o)
		if err != nil {
			if err := r.close(ctx, o, "", err); err != nil {
				return err
			}
			continue
		}
		c.members, c.orders = append(c.members, m), append(c.orders, o)
	}
	if len(c.members) == 0 {
		return nil
	}
	c.first = c.lowest().NextSeq
	err := c.applyAll(ctx)
	for i, m := range c.members {
		var report string
		failure := err
		if failure == nil {
			report, failure = r.finish(ctx, c.orders[i], m)
		}
		if err := r.close(ctx, c.orders[i], report, failure); err != nil {
			return err
		}
	}
	return nil
}

// enlist makes an empty build, or takes up the one that was begun.
func (r *Runner) enlist(ctx context.Context, o Order) (*member, error) {
	p, err := r.projection(o.Name)
	if err != nil {
		return nil, err
	}
	var m *member
	err = r.db.Write(ctx, func(tx *sqldb.Tx) error {
		all, err := lockCheckpoints(ctx, tx)
		if err != nil {
			return err
		}
		begun := ofBuild(all, p.Name(), next)
		if o.Status == Underway && len(begun) == 1 && begun[0].makes(p) && (begun[0].state == Rebuilding || begun[0].state == Rebuilt) {
			if err := r.hold(ctx, tx, &begun[0]); err != nil {
				return err
			}
			m = newMember(p, begun[0])
			if begun[0].state == Rebuilding {
				m.rows.Empty()
			}
			return nil
		}
		if err := begin(ctx, tx, p, next, "", r.id, Rebuilding); err != nil {
			return err
		}
		m = newMember(p, stored{name: p.Name(), build: next, part: Whole, checkpoint: start(r.id, Rebuilding)})
		m.rows.Empty()
		_, err = tx.Exec(ctx, `UPDATE projection_orders SET status = $2 WHERE id = $1`, o.ID, Underway)
		return err
	})
	if err != nil {
		return nil, err
	}
	return m, r.instruct(ctx, m)
}

func (r *Runner) projection(name string) (Projection, error) {
	for _, p := range r.projections {
		if p.Name() == name {
			return p, nil
		}
	}
	return nil, fmt.Errorf("%q: %w", name, ErrNoProjection)
}

func (c *crew) lowest() eventstore.Cursor {
	low := c.members[0].at.cursor
	for _, m := range c.members {
		if m.at.cursor.Position < low.Position {
			low = m.at.cursor
		}
	}
	return low
}

// goal is how far the live builds are: as far as a rebuild has to come by itself.
func (r *Runner) goal() eventstore.Cursor {
	r.turn.Lock()
	defer r.turn.Unlock()
	goal := eventstore.Start
	for _, m := range r.members {
		if m.at.cursor.Position > goal.Position {
			goal = m.at.cursor
		}
	}
	return goal
}

// applyAll brings the crew to where the live builds are: reading, folding and writing go on side by side.
func (c *crew) applyAll(ctx context.Context) error {
	goal := c.goal()
	for _, m := range c.members {
		if m.at.cursor.Position > goal.Position {
			goal = m.at.cursor
		}
	}
	if len(c.filling()) == 0 || goal.Position <= eventstore.Start.Position {
		return nil
	}
	group, ctx := errgroup.WithContext(ctx)
	raw, folded := make(chan []eventstore.Sequenced, 1), make(chan chunk, 1)
	group.Go(func() error { defer close(raw); return c.readChunks(ctx, goal, raw) })
	group.Go(func() error { defer close(folded); return c.foldChunks(ctx, raw, folded) })
	group.Go(func() error {
		for f := range folded {
			if err := c.write(ctx, f, goal); err != nil {
				return err
			}
		}
		return ctx.Err()
	})
	return group.Wait()
}

// readChunks gives the events up to the goal.
func (c *crew) readChunks(ctx context.Context, goal eventstore.Cursor, out chan<- []eventstore.Sequenced) error {
	from := eventstore.Start
	events := make([]eventstore.Sequenced, 0, chunkSize)
	for e, err := range c.source.Events(ctx, from) {
		if err != nil {
			return fmt.Errorf("read events after position %d: %w", from.Position, err)
		}
		if err := due(from, e); err != nil {
			return err
		}
		from, events = e.After(), append(events, e)
		last := from.Position >= goal.Position
		if len(events) < chunkSize && !last {
			continue
		}
		select {
		case out <- events:
		case <-ctx.Done():
			return ctx.Err()
		}
		if last {
			return nil
		}
		events = make([]eventstore.Sequenced, 0, chunkSize)
	}
	return fmt.Errorf("the source ended after position %d", from.Position)
}

// filling are the numbers of the members whose rows aren't all written.
func (c *crew) filling() (numbers []int) {
	for i, m := range c.members {
		if m.at.state == Rebuilding {
			numbers = append(numbers, i)
		}
	}
	return numbers
}

// foldChunks decodes events and folds them, each member for itself.
func (c *crew) foldChunks(ctx context.Context, in <-chan []eventstore.Sequenced, out chan<- chunk) error {
	filling, at, written := c.filling(), make([]checkpoint, len(c.members)), make([]eventstore.Cursor, len(c.members))
	for i, m := range c.members {
		at[i], written[i] = m.at, m.at.cursor
		at[i].cursor = eventstore.Start
	}
	for events := range in {
		f := chunk{events: c.decodeAll(events), changes: make([]*tables.Changes, len(c.members)), to: slices.Clone(at)}
		var group errgroup.Group
		for _, i := range filling {
			group.Go(func() (err error) {
				f.changes[i], f.to[i], err = c.members[i].foldAll(ctx, f.events, at[i], written[i])
				return err
			})
		}
		if err := group.Wait(); err != nil {
			return err
		}
		at = f.to
		select {
		case out <- f:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return ctx.Err()
}

// foldAll folds what comes after a checkpoint and gives the final rows that are to be written: not those up to the
// cursor that was reached before.
func (m *member) foldAll(ctx context.Context, events []arrival, at checkpoint, written eventstore.Cursor) (*tables.Changes, checkpoint, error) {
	was := member{at: at} // m's own checkpoint belongs to the writer, which is behind
	events = events[was.has(events):]
	for _, e := range events {
		if err := m.fold(ctx, e); err != nil {
			if err := m.blame(ctx, err); !isFault(err) {
				return nil, at, err
			}
			return nil, at, &StoppedError{m.Name(), Poison{Event: e.ID.String(), Position: e.Position, Cause: err.Error()}}
		}
		if e.Position == written.Position {
			m.rows.CollectFinal()
		}
	}
	return m.rows.CollectFinal(), was.after(events), nil
}

// write writes a chunk and the checkpoints in one transaction.
func (c *crew) write(ctx context.Context, f chunk, goal eventstore.Cursor) error {
	var ahead []int
	for _, i := range c.filling() {
		if f.to[i].cursor.Position > c.members[i].at.cursor.Position {
			ahead = append(ahead, i)
		}
	}
	if len(ahead) == 0 {
		return nil
	}
	err := c.db.Write(ctx, func(tx *sqldb.Tx) error {
		for _, i := range ahead {
			m := c.members[i]
			if err := m.move(ctx, tx, f.to[i]); err != nil {
				return err
			}
			if err := f.changes[i].Write(ctx, tx); err != nil {
				return fmt.Errorf("projection %s: %w", m.Name(), err)
			}
		}
		return c.tell(ctx, tx, "applying", f.to[ahead[0]].cursor.NextSeq, goal.NextSeq)
	})
	if err != nil {
		return fmt.Errorf("rebuild up to position %d: %w", f.events[len(f.events)-1].Position, err)
	}
	for _, i := range ahead {
		c.members[i].at = f.to[i]
	}
	return nil
}

// settle writes the rows of a build that can still change, which were only in memory until now, and makes its keys and
// indexes.
func (r *Runner) settle(ctx context.Context, m *member) error {
	if m.at.state == Rebuilt {
		return nil
	}
	to := m.at
	to.state = Rebuilt
	err := r.db.Write(ctx, func(tx *sqldb.Tx) error {
		if err := m.move(ctx, tx, to); err != nil {
			return err
		}
		if err := m.rows.Flush(ctx, tx); err != nil {
			return fmt.Errorf("write what is in memory of %s: %w", m.Name(), err)
		}
		return makeIndexes(ctx, tx, m, next)
	})
	if err == nil {
		m.at = to
	}
	return err
}

const tellOrder = `UPDATE projection_orders SET phase = $2, events = $3, of_events = $4, rate = $5 WHERE id = $1`

// tell shows progress to whoever asks.
func (c *crew) tell(ctx context.Context, tx *sqldb.Tx, phase string, events, of uint64) error {
	var rate uint64
	if took := time.Since(c.begun).Seconds(); took > 0 && events > c.first {
		rate = uint64(float64(events-c.first) / took)
	}
	for _, o := range c.orders {
		if _, err := tx.Exec(ctx, tellOrder, o.ID, phase, events, max(of, events), rate); err != nil {
			return fmt.Errorf("tell the progress of a rebuild: %w", err)
		}
	}
	return nil
}

// Rebuild makes a projection anew beside the live one and returns once it has taken its place. It is what
// an order does, for callers that wait.
func (r *Runner) Rebuild(ctx context.Context, name string) (Order, error) {
	id, err := r.Order(ctx, name, OrderRebuild)
	if err != nil {
		return Order{}, err
	}
	return r.Await(ctx, id)
}

// ErrOrderFailed says that an order could not be carried out; its report says why.
var ErrOrderFailed = errors.New("the order could not be carried out")

// Await returns once an order is carried out; the error is ErrOrderFailed if that failed.
func (m *Models) Await(ctx context.Context, id string) (Order, error) {
	for {
		orders, err := m.Orders(ctx, m.db)
		if err != nil {
			return Order{}, err
		}
		for _, o := range orders {
			switch {
			case o.ID == id && o.Status == Failed:
				return o, fmt.Errorf("%w: %s", ErrOrderFailed, o.Report)
			case o.ID == id && o.Status == Done:
				return o, nil
			}
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-ctx.Done():
			return Order{}, ctx.Err()
		}
	}
}
