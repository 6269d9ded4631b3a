package projections

import (
	"context"
	"fmt"

	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/projections/sqldb"
)

// Progress is how far a rebuild is.
type Progress struct {
	NextSeq uint64 // events applied
	Of      uint64 // events it has to catch up with, for now
}

// StoppedError says that a projection met a poison event.
type StoppedError struct {
	Name string
	Poison
}

// Error names the projection and the event.
func (e *StoppedError) Error() string {
	return fmt.Sprintf("projection %s stopped at event %s (position %d): %s", e.Name, e.Event, e.Position, e.Cause)
}

// Rebuild drops the rows of one projection and makes them anew from the first event on, while the
// others go on. It returns once the projection is level with the others and follows with them, or with
// *StoppedError. Until then its queries see the part that is made, and Wait waits.
//
// A rebuild broken off is taken up by the next Run. progress, which may be nil, is called after each batch.
func (r *Runner) Rebuild(ctx context.Context, name string, progress func(Progress)) error {
	m, due, err := r.clear(ctx, name)
	if err != nil {
		return fmt.Errorf("rebuild %s: %w", name, err)
	}
	if level, _, err := r.level(ctx, m, due); level || err != nil {
		return err
	}
	for batch, err := range r.batches(ctx, eventstore.Start, nil) {
		if err != nil {
			return fmt.Errorf("rebuild %s: %w", name, err)
		}
		level, now, err := r.rebuild(ctx, m, batch, due)
		if progress != nil && err == nil {
			progress(now)
		}
		if level || err != nil {
			return err
		}
	}
	return nil
}

// clear empties the projection and takes it out of the common run. It gives how far it was.
func (r *Runner) clear(ctx context.Context, name string) (*member, eventstore.Cursor, error) {
	if err := r.loadOnce(ctx); err != nil {
		return nil, eventstore.Start, err
	}
	r.turn.Lock()
	defer r.turn.Unlock()
	m, err := r.member(name)
	if err != nil {
		return nil, eventstore.Start, err
	}
	was := m.at.cursor
	var at checkpoint
	err = r.db.Write(ctx, func(tx *sqldb.Tx) (err error) {
		at, err = begin(ctx, tx, m, "", Rebuilding)
		return err
	})
	if err != nil {
		return nil, eventstore.Start, err
	}
	m.at = at
	r.announce(m)
	return m, was, nil
}

// loadOnce lets Rebuild work also where Run doesn't.
func (r *Runner) loadOnce(ctx context.Context) error {
	r.turn.Lock()
	loaded := r.members != nil
	r.turn.Unlock()
	if loaded {
		return nil
	}
	return r.load(ctx)
}

// rebuild applies one batch and tells whether the projection is level with the others.
func (r *Runner) rebuild(ctx context.Context, m *member, batch []arrival, due eventstore.Cursor) (bool, Progress, error) {
	r.turn.Lock()
	err := r.commit(ctx, batch, []*member{m})
	stopped := m.at.poison
	r.turn.Unlock()
	switch {
	case err != nil:
		return false, Progress{}, err
	case stopped != nil:
		return false, Progress{}, &StoppedError{m.Name(), *stopped}
	}
	return r.level(ctx, m, due)
}

// level lets the projection follow with the others once it has all that they have. They can't move
// meanwhile, and what it has beyond them it skips.
func (r *Runner) level(ctx context.Context, m *member, due eventstore.Cursor) (bool, Progress, error) {
	r.turn.Lock()
	defer r.turn.Unlock()
	for _, other := range r.members {
		if other.at.state == Running && other.at.cursor.Position > due.Position {
			due = other.at.cursor
		}
	}
	now := Progress{NextSeq: m.at.cursor.NextSeq, Of: max(due.NextSeq, m.at.cursor.NextSeq)}
	if m.at.cursor.Position < due.Position {
		return false, now, nil
	}
	to := m.at
	to.state = Running
	if err := r.db.Write(ctx, func(tx *sqldb.Tx) error { return move(ctx, tx, m, m.at, to) }); err != nil {
		return false, now, err
	}
	m.at = to
	r.announce(m)
	r.startOver() // where everything had stopped, nobody reads the events to come
	return true, now, nil
}
