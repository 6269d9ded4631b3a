package projections

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/projections/sqldb"
)

// pollEvery is how often Wait looks at the checkpoints when another process moves them.
const pollEvery = 5 * time.Millisecond

// Models are the read models of one database: how far they are, whichever process brings them there.
// It is safe for concurrent use.
type Models struct {
	db          *sqldb.DB
	projections []Projection

	mu      sync.Mutex
	runners int                   // at work in this process
	local   map[string]checkpoint // as they last committed
	rates   map[string]*rate
	changed chan struct{} // closed when any of that changes
}

// NewModels names the read models of a database; a Runner fills them.
func NewModels(ctx context.Context, db *sqldb.DB, projections ...Projection) (*Models, error) {
	err := db.Write(ctx, func(tx *sqldb.Tx) error { return tx.Script(ctx, checkpointsSchema) })
	if err != nil {
		return nil, fmt.Errorf("make the table of checkpoints: %w", err)
	}
	return &Models{db: db, projections: projections, local: map[string]checkpoint{}, rates: map[string]*rate{}, changed: make(chan struct{})}, nil
}

// Reflected is what rows are made of: every ledger event up to Position.
type Reflected struct {
	Position eventstore.Position // Beginning if nothing is reflected yet
	NextSeq  uint64              // how many events that are
	At       domain.Instant      // latest recorded time among them
}

// NotReached says that the read models didn't reach a position in time; ask again. It wraps ctx's error.
type NotReached struct {
	Wanted, Reflected eventstore.Position
	Cause             error
}

// Error names both positions.
func (e *NotReached) Error() string {
	return fmt.Sprintf("the read models reflect position %d, not yet %d: %v", e.Reflected, e.Wanted, e.Cause)
}

// Unwrap gives ctx's error.
func (e *NotReached) Unwrap() error { return e.Cause }

// Reflects tells what all rows that r sees reflect: the least of the projections that aren't stopped.
func (m *Models) Reflects(ctx context.Context, r sqldb.Reader) (Reflected, error) {
	stored, err := m.stored(ctx, r)
	stored.Position = max(stored.Position, eventstore.Beginning)
	return stored, err
}

func (m *Models) stored(ctx context.Context, r sqldb.Reader) (Reflected, error) {
	all, err := readCheckpoints(ctx, r)
	if err != nil {
		return Reflected{}, err
	}
	return m.least(func(p Projection) (checkpoint, bool) {
		s, ok := all[p.Name()]
		return s.checkpoint, ok && s.makes(p) // rows of another version answer no question of this one
	}), nil
}

// ReflectsOf tells what the rows of one projection reflect, also if it is stopped.
func (m *Models) ReflectsOf(ctx context.Context, r sqldb.Reader, name string) (Reflected, error) {
	all, err := readCheckpoints(ctx, r)
	if err != nil {
		return Reflected{}, err
	}
	if s, ok := all[name]; ok {
		return s.reflected(), nil
	}
	return Reflected{Position: eventstore.Beginning}, nil
}

func (c checkpoint) reflected() Reflected {
	return Reflected{Position: c.cursor.Position, NextSeq: c.cursor.NextSeq, At: c.at}
}

// notMade is before every position: the tables of some read model aren't there yet, so nothing can be
// asked, not even of an empty log.
const notMade = eventstore.Beginning - 1

// least is the minimum over the projections that go on, or over all if none does.
func (m *Models) least(of func(p Projection) (checkpoint, bool)) Reflected {
	var moving, all *Reflected
	for _, p := range m.projections {
		cp, ok := of(p)
		if !ok {
			cp = checkpoint{cursor: eventstore.Cursor{Position: notMade}, state: Running}
		}
		r := cp.reflected()
		if cp.state != Stopped && (moving == nil || r.Position < moving.Position) {
			moving = &r
		}
		if all == nil || r.Position < all.Position {
			all = &r
		}
	}
	switch {
	case moving != nil:
		return *moving
	case all != nil:
		return *all
	default:
		return Reflected{Position: eventstore.Beginning}
	}
}

// Wait returns once all read models that aren't stopped reflect the position, or *NotReached when ctx
// ends first. It wakes with the commit in this process, and looks every few milliseconds otherwise.
func (m *Models) Wait(ctx context.Context, position eventstore.Position) error {
	timer := time.NewTimer(pollEvery)
	defer timer.Stop()
	for {
		now, changed, err := m.now(ctx)
		if err != nil || now.reflected.Position >= position {
			return err
		}
		var poll <-chan time.Time
		if !now.here {
			timer.Reset(pollEvery)
			poll = timer.C
		}
		select {
		case <-changed:
		case <-poll:
		case <-ctx.Done():
			return &NotReached{Wanted: position, Reflected: now.reflected.Position, Cause: ctx.Err()}
		}
	}
}

// present is what the read models reflect, and whether a runner of this process says so.
type present struct {
	reflected Reflected
	here      bool
}

func (m *Models) now(ctx context.Context) (present, <-chan struct{}, error) {
	m.mu.Lock()
	changed, here := m.changed, m.runners > 0
	local := m.least(func(p Projection) (checkpoint, bool) { cp, ok := m.local[p.Name()]; return cp, ok })
	m.mu.Unlock()
	if here {
		return present{local, true}, changed, nil
	}
	stored, err := m.stored(ctx, m.db)
	return present{stored, false}, changed, err
}

// announce tells what was committed and wakes everybody who waits.
func (m *Models) announce(members ...*member) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, c := range members {
		if m.rates[c.Name()] == nil {
			m.rates[c.Name()] = &rate{}
		}
		before, known := m.local[c.Name()]
		if known && c.at.cursor.NextSeq > before.cursor.NextSeq {
			m.rates[c.Name()].add(c.at.cursor.NextSeq - before.cursor.NextSeq)
		}
		m.local[c.Name()] = c.at
	}
	close(m.changed)
	m.changed = make(chan struct{})
}

// attend counts the runners of this process, whose commits announce themselves.
func (m *Models) attend(n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.runners += n
	close(m.changed)
	m.changed = make(chan struct{})
}
