package projections

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/partnerledger/partnerledger/projections/sqldb"
)

// apply gives one batch to every projection that runs.
func (r *Runner) apply(ctx context.Context, batch []arrival) error {
	r.turn.Lock()
	defer r.turn.Unlock()
	var running []*member
	for _, m := range r.members {
		if m.at.state == Running {
			running = append(running, m)
		}
	}
	return r.commit(ctx, batch, running)
}

// commit applies a batch to these members in one transaction; the turn is held.
func (r *Runner) commit(ctx context.Context, batch []arrival, members []*member) error {
	after, before, began := make([]checkpoint, len(members)), cursorsOf(members), time.Now()
	err := r.db.Write(ctx, func(tx *sqldb.Tx) error {
		for i, m := range members {
			var err error
			if after[i], err = m.take(ctx, tx, batch); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("apply events up to position %d: %w", batch[len(batch)-1].Position, err)
	}
	for i, m := range members {
		m.at = after[i]
	}
	r.announce(members...)
	r.committed(ctx, batch, members, before, began)
	return nil
}

// take applies what the member doesn't have yet, and gives its checkpoint after that. It moves the
// checkpoint first: from then on no other projector can touch the same rows.
func (m *member) take(ctx context.Context, tx *sqldb.Tx, batch []arrival) (checkpoint, error) {
	batch = batch[m.has(batch):]
	if len(batch) == 0 {
		return m.at, nil
	}
	if batch[0].Seq != m.at.cursor.NextSeq { // it came back among the others after these were read
		return m.at, errAgain
	}
	to := m.after(batch)
	if err := move(ctx, tx, m, m.at, to); err != nil {
		return m.at, err
	}
	var done int
	err := tx.Savepoint(ctx, func() (err error) {
		done, err = m.applyAll(ctx, tx, batch)
		return err
	})
	if err == nil {
		return to, nil
	}
	if ctx.Err() != nil || sqldb.Unavailable(err) {
		return m.at, fmt.Errorf("projection %s: %w", m.Name(), err)
	}
	return m.stop(ctx, tx, batch, done, to, err)
}

// has is how many events of the batch the member has applied already.
func (m *member) has(batch []arrival) int {
	n, _ := slices.BinarySearchFunc(batch, m.at.cursor.Position+1, func(a arrival, p position) int { return int(a.Position - p) })
	return n
}

// after is the member's checkpoint once it has applied these events.
func (m *member) after(events []arrival) checkpoint {
	to := checkpoint{cursor: m.at.cursor, at: m.at.at, state: m.at.state}
	for _, e := range events {
		to.cursor, to.at = e.After(), max(to.at, e.Meta.At)
	}
	return to
}

// applyAll gives how many events were applied before the error.
func (m *member) applyAll(ctx context.Context, tx *sqldb.Tx, events []arrival) (int, error) {
	for i, e := range events {
		if err := m.applyOne(ctx, tx, e); err != nil {
			return i, err
		}
	}
	return len(events), nil
}

// applyOne makes a panic an error: it stops one projection, not the process.
func (m *member) applyOne(ctx context.Context, tx *sqldb.Tx, e arrival) (err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("panic: %v", fault)
		}
	}()
	if e.fault != nil {
		return e.fault
	}
	return m.Apply(ctx, tx, e.Event)
}

// stop leaves the member at the event before the poison one, with everything before it applied.
func (m *member) stop(ctx context.Context, tx *sqldb.Tx, batch []arrival, poison int, moved checkpoint, cause error) (checkpoint, error) {
	if _, err := m.applyAll(ctx, tx, batch[:poison]); err != nil {
		return m.at, fmt.Errorf("projection %s applied events and then could not apply them again: %w", m.Name(), err)
	}
	e := batch[poison]
	to := m.after(batch[:poison])
	to.state = Stopped
	to.poison = &Poison{Event: e.ID.String(), Position: e.Position, Cause: cause.Error()}
	return to, move(ctx, tx, m, moved, to)
}
