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
	runners int                             // at work in this process
	local   map[string]map[Range]checkpoint // of live builds, as this process last committed them
	rates   map[string]*rate
	changed chan struct{} // closed when any of that changes
	ordered chan struct{} // has an item when an order was given in this process
	waiting int           // callers of Wait in this process
	hurry   chan struct{} // has an item when somebody began to wait
}

// NewModels names the read models of a database; a Runner fills them.
func NewModels(ctx context.Context, db *sqldb.DB, projections ...Projection) (*Models, error) {
	err := db.Write(ctx, func(tx *sqldb.Tx) error { return tx.Script(ctx, checkpointsSchema) })
	if err != nil {
		return nil, fmt.Errorf("make the table of checkpoints: %w", err)
	}
	return &Models{db: db, projections: projections, local: map[string]map[Range]checkpoint{}, rates: map[string]*rate{},
		changed: make(chan struct{}), ordered: make(chan struct{}, 1), hurry: make(chan struct{}, 1)}, nil
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
	return m.least(func(p Projection) (checkpoint, bool) { return whole(p, ofBuild(all, p.Name(), live)) }), nil
}

// whole is the checkpoint of a live build as one: that of the range that is farthest behind, stopped if one is.
// Rows of another version answer no question of this one.
func whole(p Projection, ranges []stored) (checkpoint, bool) {
	if len(ranges) == 0 || !ranges[0].makes(p) {
		return checkpoint{}, false
	}
	least := ranges[0].checkpoint
	for _, s := range ranges[1:] {
		least = lesser(least, s.checkpoint)
	}
	return least, true
}

// lesser is the one that stands still, else the one that is farther behind.
func lesser(a, b checkpoint) checkpoint {
	if a.state == Stopped && b.state != Stopped || a.state == b.state && a.cursor.Position <= b.cursor.Position {
		return a
	}
	return b
}

// ReflectsOf tells what the rows of one projection reflect, also if it is stopped.
func (m *Models) ReflectsOf(ctx context.Context, r sqldb.Reader, name string) (Reflected, error) {
	all, err := readCheckpoints(ctx, r)
	if err != nil {
		return Reflected{}, err
	}
	least := Reflected{Position: eventstore.Beginning}
	for i, s := range ofBuild(all, name, live) {
		if now := s.reflected(); i == 0 || now.Position < least.Position {
			least = now
		}
	}
	return least, nil
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
	if now, _, err := m.now(ctx); err != nil || now.reflected.Position >= position {
		return err
	}
	m.wait(1)
	defer m.wait(-1)
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

// wait counts who waits; a batch that gathers is written at once when somebody begins to.
func (m *Models) wait(n int) {
	m.mu.Lock()
	m.waiting += n
	m.mu.Unlock()
	if n > 0 {
		select {
		case m.hurry <- struct{}{}:
		default:
		}
	}
}

func (m *Models) awaited() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.waiting > 0
}

// present is what the read models reflect, and whether a runner of this process says so.
type present struct {
	reflected Reflected
	here      bool
}

func (m *Models) now(ctx context.Context) (present, <-chan struct{}, error) {
	m.mu.Lock()
	changed, here := m.changed, m.runners > 0
	local := m.least(func(p Projection) (checkpoint, bool) {
		cp, covered := m.localWhole(p.Name())
		here = here && covered
		return cp, covered
	})
	m.mu.Unlock()
	if here {
		return present{local, true}, changed, nil
	}
	stored, err := m.stored(ctx, m.db)
	return present{stored, false}, changed, err
}

// localWhole is the checkpoint of a live build, if this process has all ranges of it; the mutex is held.
func (m *Models) localWhole(name string) (least checkpoint, covered bool) {
	partitions := 0
	for part, cp := range m.local[name] {
		if partitions == 0 {
			least = cp
		}
		least = lesser(least, cp)
		partitions += part.Last - part.First + 1
	}
	return least, partitions == eventstore.Partitions
}

// announce tells what was committed and wakes everybody who waits.
func (m *Models) announce(members ...*member) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, c := range members {
		if c.build != live {
			continue
		}
		if m.rates[c.Name()] == nil {
			m.rates[c.Name()] = &rate{}
		}
		if m.local[c.Name()] == nil {
			m.local[c.Name()] = map[Range]checkpoint{}
		}
		before, known := m.local[c.Name()][c.part]
		if known && c.at.cursor.NextSeq > before.cursor.NextSeq {
			m.rates[c.Name()].add(c.at.cursor.NextSeq - before.cursor.NextSeq)
		}
		m.local[c.Name()][c.part] = c.at
	}
	close(m.changed)
	m.changed = make(chan struct{})
}

// disown forgets what this process had of a projection, because ranges of it come or go.
func (m *Models) disown(name string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.local, name)
}

// attend counts the runners of this process, whose commits announce themselves.
func (m *Models) attend(n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.runners += n
	close(m.changed)
	m.changed = make(chan struct{})
}
