package projections

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"github.com/partnerledger/partnerledger/projections/sqldb"
	"github.com/partnerledger/partnerledger/projections/tables"
)

// member is one build of a projection, or a range of it, as it takes part: its checkpoint is what the last
// transaction wrote, its rows are those of that checkpoint.
type member struct {
	Projection
	build     build
	part      Range
	rows      *tables.Rows
	at        checkpoint
	skips     map[uuid.UUID]bool // events that are passed over, on record
	careful   bool               // the last batch could not be applied: event by event until it is found which one
	unguarded bool               // see Options.Unguarded
}

func newMember(p Projection, s stored) *member {
	return &member{Projection: p, build: s.build, part: s.part, at: s.checkpoint, rows: tables.New(p.Tables(), s.build.suffix())}
}

// rowsMax is how many rows a member that follows keeps in memory; then it forgets them all and looks up
// what it needs.
const rowsMax = 200_000

// trim is called after a commit.
func (m *member) trim() {
	if m.rows.Size() > rowsMax {
		m.rows.Forget()
	}
}

// fault is what an event did to a member: nobody else's trouble.
type fault struct {
	member *member
	cause  error
}

// Error names the projection.
func (f *fault) Error() string { return fmt.Sprintf("projection %s: %v", f.member.Name(), f.cause) }

// Unwrap gives the cause.
func (f *fault) Unwrap() error { return f.cause }

func isFault(err error) bool {
	_, is := errors.AsType[*fault](err)
	return is
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
	m.rows.Through(tx)
	if m.careful {
		return m.takeCarefully(ctx, tx, batch)
	}
	to := m.after(batch)
	if err := m.move(ctx, tx, to); err != nil {
		return m.at, err
	}
	for _, e := range batch {
		if err := m.fold(ctx, e); err != nil {
			return m.at, m.blame(ctx, err)
		}
	}
	if err := m.rows.Flush(ctx, tx); err != nil {
		return m.at, m.blame(ctx, err)
	}
	return to, nil
}

// blame tells what is the event's fault from what is the database's.
func (m *member) blame(ctx context.Context, err error) error {
	if ctx.Err() != nil || sqldb.Unavailable(err) {
		return fmt.Errorf("projection %s: %w", m.Name(), err)
	}
	return &fault{m, err}
}

// takeCarefully applies event by event, and stops before the one that can't be applied.
func (m *member) takeCarefully(ctx context.Context, tx *sqldb.Tx, batch []arrival) (checkpoint, error) {
	to := m.after(batch)
	if err := m.move(ctx, tx, to); err != nil {
		return m.at, err
	}
	for i, e := range batch {
		err := tx.Savepoint(ctx, func() error {
			if err := m.fold(ctx, e); err != nil {
				return err
			}
			return m.rows.Flush(ctx, tx)
		})
		if err == nil {
			continue
		}
		m.rows.Forget() // the event may be in there by half
		if ctx.Err() != nil || sqldb.Unavailable(err) {
			return m.at, fmt.Errorf("projection %s: %w", m.Name(), err)
		}
		stopped := m.after(batch[:i])
		stopped.state = Stopped
		stopped.poison = &Poison{Event: e.ID.String(), Position: e.Position, Cause: err.Error()}
		moved := *m
		moved.at = to
		return stopped, moved.move(ctx, tx, stopped)
	}
	return to, nil
}

// has is how many events of the batch the member has applied already.
func (m *member) has(batch []arrival) int {
	n, _ := slices.BinarySearchFunc(batch, m.at.cursor.Position+1, func(a arrival, p position) int { return int(a.Position - p) })
	return n
}

// after is the member's checkpoint once it has applied these events.
func (m *member) after(events []arrival) checkpoint {
	to := m.at
	to.poison = nil
	for _, e := range events {
		to.at = max(to.at, e.Meta.At)
	}
	if len(events) > 0 {
		last := events[len(events)-1]
		to.cursor, to.last = last.After(), last.Landmark()
	}
	return to
}

// fold makes a panic an error: it stops one projection, not the process.
func (m *member) fold(ctx context.Context, e arrival) (err error) {
	if !m.part.Has(e.Stream) || len(m.skips) > 0 && m.skips[e.ID] {
		return nil
	}
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("panic: %v", fault)
		}
	}()
	if e.fault != nil {
		return errors.New(e.fault.Error()) // what it wraps, an end of file say, must not pass for the database's fault
	}
	return m.Apply(ctx, m.rows, e.Event)
}
