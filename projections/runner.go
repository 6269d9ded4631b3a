package projections

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/projections/sqldb"
)

// Options of a Runner; the zero value is right for a process that has the database for itself.
type Options struct {
	// Partitions are those for which this process applies events to projections that can be split. The others
	// are whole, and applied where partition 0 is. The zero value is all partitions.
	Partitions Range
	// Shared says that other projectors may be at work on the database. A Runner then stands by while another
	// is alive that holds what it wants, and takes over a few seconds after the other's death.
	Shared bool
	// Patience is how long a run that stands by waits for a sign of life; default 3 seconds.
	Patience time.Duration
	// Skips gives the events that people have decided a projection passes over; nil for none.
	Skips func(ctx context.Context, projection string) ([]uuid.UUID, error)
	// Holds tells whether the log still has an event that was applied; nil not to ask. Its error ends Run.
	Holds func(ctx context.Context, l eventstore.Landmark) error
	// Analysts is the role of PostgreSQL that may read the tables of the read models; empty for none. It is not
	// taken back from a role that isn't named any more.
	Analysts string
	// Unguarded makes checkpoints move from wherever they are. It is for the fault campaign, which MUST turn
	// red without the guard.
	Unguarded bool
	Logger    *slog.Logger
}

// Runner brings the read models of one database up to date and keeps them so.
//
// Each batch is one transaction: the rows of all projections and their checkpoints, each moved only
// from where it was. So a crash at any moment, or a second projector, changes nothing about the rows.
type Runner struct {
	*Models
	source  Source
	codec   *eventstore.Codec
	options Options
	id      string // of this run, where others may be at work too

	turn    sync.Mutex // one batch, or one change of who takes part, at a time
	members []*member
	again   chan struct{} // has an item when a member wants events that went by
	watch   func(context.Context, Commit)
}

// NewRunner fills these models from the source. The codec needs no sealer: personal texts stay sealed.
func NewRunner(models *Models, source Source, codec *eventstore.Codec, options Options) *Runner {
	if options.Partitions == (Range{}) {
		options.Partitions = Whole
	}
	if options.Patience == 0 {
		options.Patience = 3 * time.Second
	}
	if options.Logger == nil {
		options.Logger = slog.Default()
	}
	r := &Runner{Models: models, source: source, codec: codec, options: options, id: "alone", again: make(chan struct{}, 1)}
	if options.Shared {
		r.id = uuid.NewString()
	}
	return r
}

// errAgain ends following in order to begin again from the lowest checkpoint.
var errAgain = errors.New("a projection wants earlier events")

// Run applies events and carries out orders until ctx ends or something is wrong that isn't an event's fault:
// the source's error; the database's (see sqldb.Unavailable); eventstore.ErrWentBack; ErrCheckpointMoved,
// unless the database is shared, for then Run stands by. Run may be called again and goes on where the
// database says it was. One Runner runs once at a time.
func (r *Runner) Run(ctx context.Context) error {
	for {
		err := r.runOnce(ctx)
		if ctx.Err() != nil || !r.options.Shared || !errors.Is(err, ErrCheckpointMoved) {
			return err
		}
		r.options.Logger.Info("another projector has taken over; standing by")
	}
}

func (r *Runner) runOnce(ctx context.Context) error {
	if err := r.standBy(ctx); err != nil {
		return err
	}
	defer r.leave(context.WithoutCancel(ctx))
	if err := r.load(ctx); err != nil {
		return err
	}
	if err := r.recognize(ctx); err != nil {
		return err
	}
	r.attend(1)
	defer r.attend(-1)
	return r.work(ctx)
}

// work follows the ledger, and beside that gives signs of life and carries out orders.
func (r *Runner) work(ctx context.Context) error {
	ctx, stop := context.WithCancelCause(ctx)
	var beside sync.WaitGroup
	defer beside.Wait()
	defer stop(nil)
	if r.options.Shared {
		beside.Go(func() { r.beat(ctx) })
	}
	beside.Go(func() {
		if err := r.carryOut(ctx); err != nil && ctx.Err() == nil {
			stop(err)
		}
	})
	for {
		err := r.follow(ctx)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if !errors.Is(err, errAgain) {
			return err
		}
	}
}

// recognize makes sure that the log still has what the rows are made of.
func (r *Runner) recognize(ctx context.Context) error {
	if r.options.Holds == nil {
		return nil
	}
	for _, m := range r.members {
		if m.at.last.ID == uuid.Nil {
			continue
		}
		if err := r.options.Holds(ctx, m.at.last); err != nil {
			return fmt.Errorf("projection %s: %w", m.Name(), err)
		}
	}
	return nil
}

// follow applies what comes after the lowest checkpoint; each projection skips what it has.
func (r *Runner) follow(ctx context.Context) error {
	from, any := r.lowest()
	if !any { // every projection is stopped: nothing to do until somebody retries
		select {
		case <-r.again:
			return errAgain
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	for batch, err := range r.batches(ctx, from, r.again) {
		if err != nil {
			return err
		}
		if err := r.apply(ctx, batch); err != nil {
			return err
		}
		if _, any := r.lowest(); !any {
			return errAgain
		}
	}
	return errors.New("the source ended without an error")
}

// lowest is the cursor of the projection that is farthest behind; any is false where none runs.
func (r *Runner) lowest() (from eventstore.Cursor, any bool) {
	r.turn.Lock()
	defer r.turn.Unlock()
	for _, m := range r.members {
		if m.at.state == Running && (!any || m.at.cursor.Position < from.Position) {
			from, any = m.at.cursor, true
		}
	}
	return from, any
}

// startOver makes Run read again from the lowest checkpoint.
func (r *Runner) startOver() {
	select {
	case r.again <- struct{}{}:
	default: // somebody asked already
	}
}

// Retry lets a stopped projection go on at the event that stopped it. It does nothing to one that runs.
func (r *Runner) Retry(ctx context.Context, name string) error {
	if err := r.retry(ctx, name); err != nil {
		return err
	}
	r.startOver()
	return nil
}

func (r *Runner) retry(ctx context.Context, name string) error {
	r.turn.Lock()
	defer r.turn.Unlock()
	members := r.of(name)
	if len(members) == 0 {
		return fmt.Errorf("there is no projection %q at work", name)
	}
	for _, m := range members {
		if err := r.instruct(ctx, m); err != nil {
			return err
		}
		if m.at.state != Stopped {
			continue
		}
		to := m.at
		to.state, to.poison = Running, nil
		if err := r.db.Write(ctx, func(tx *sqldb.Tx) error { return m.move(ctx, tx, to) }); err != nil {
			return err
		}
		m.at = to
		m.rows.Forget()
		r.announce(m)
	}
	return nil
}

// instruct tells a member what it is to pass over.
func (r *Runner) instruct(ctx context.Context, m *member) error {
	if r.options.Skips == nil {
		return nil
	}
	ids, err := r.options.Skips(ctx, m.Name())
	if err != nil {
		return fmt.Errorf("events that %s passes over: %w", m.Name(), err)
	}
	m.skips = make(map[uuid.UUID]bool, len(ids))
	for _, id := range ids {
		m.skips[id] = true
	}
	return nil
}

// of finds the members of a live projection; the turn is held.
func (r *Runner) of(name string) (found []*member) {
	for _, m := range r.members {
		if m.Name() == name && m.build == live {
			found = append(found, m)
		}
	}
	return found
}
