package projections

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/projections/sqldb"
)

// Runner brings the read models of one database up to date and keeps them so.
//
// Each batch is one transaction: the rows of all projections and their checkpoints, each moved only
// from where it was. So a crash at any moment, or a second projector, changes nothing about the rows.
//
// A database holds one version of each projection. A new version beside the live one is the same
// Runner on a second database (a file, a schema of PostgreSQL), to which queries switch when it is done.
type Runner struct {
	*Models
	source Source
	codec  *eventstore.Codec

	turn    sync.Mutex // one batch, or one change of who takes part, at a time
	members []*member
	again   chan struct{} // has an item when a member wants events that went by
	watch   func(context.Context, Commit)
}

// member is a projection as it takes part: its checkpoint is what the last transaction wrote.
type member struct {
	Projection
	at checkpoint
}

// NewRunner fills these models from the source. The codec needs no sealer: personal texts stay sealed.
func NewRunner(models *Models, source Source, codec *eventstore.Codec) *Runner {
	return &Runner{Models: models, source: source, codec: codec, again: make(chan struct{}, 1)}
}

// errAgain ends following in order to begin again from the lowest checkpoint.
var errAgain = errors.New("a projection wants earlier events")

// Run applies events until ctx ends or something is wrong that isn't an event's fault: the source's
// error; the database's (see sqldb.Unavailable); ErrCheckpointMoved. Run may then be called again and
// goes on where the database says it was. One Runner runs once at a time.
func (r *Runner) Run(ctx context.Context) error {
	if err := r.load(ctx); err != nil {
		return err
	}
	r.attend(1)
	defer r.attend(-1)
	for {
		if err := r.follow(ctx); !errors.Is(err, errAgain) {
			return err
		}
	}
}

// load makes the tables of new and changed projections and reads where the others are.
func (r *Runner) load(ctx context.Context) error {
	r.turn.Lock()
	defer r.turn.Unlock()
	var members []*member
	err := r.db.Write(ctx, func(tx *sqldb.Tx) error {
		members = members[:0]
		if err := tx.Script(ctx, checkpointsSchema); err != nil { // waits for another process that makes tables
			return err
		}
		all, err := readCheckpoints(ctx, tx)
		if err != nil {
			return err
		}
		for _, p := range r.projections {
			s, known := all[p.Name()]
			at, err := r.resume(ctx, tx, p, s, known)
			if err != nil {
				return err
			}
			members = append(members, &member{p, at})
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("load the checkpoints: %w", err)
	}
	r.adopt(members)
	return nil
}

// adopt takes the checkpoints over. A member stays the same one, because Rebuild may be at work on it.
func (r *Runner) adopt(loaded []*member) {
	if r.members == nil {
		r.members = loaded
	}
	for i, m := range loaded {
		r.members[i].at = m.at
	}
	r.announce(r.members...)
}

// resume gives the checkpoint from which a projection goes on; a rebuild that was broken off goes on too.
func (r *Runner) resume(ctx context.Context, tx *sqldb.Tx, p Projection, s stored, known bool) (checkpoint, error) {
	if !known || !s.makes(p) {
		return begin(ctx, tx, p, s.tables, Running)
	}
	if s.state != Rebuilding {
		return s.checkpoint, nil
	}
	at := s.checkpoint
	at.state = Running
	return at, move(ctx, tx, p, s.checkpoint, at)
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

// Retry lets a stopped projection go on at the event that stopped it. It does nothing to one that runs.
func (r *Runner) Retry(ctx context.Context, name string) error {
	if err := r.retry(ctx, name); err != nil {
		return err
	}
	r.startOver()
	return nil
}

// startOver makes Run read again from the lowest checkpoint.
func (r *Runner) startOver() {
	select {
	case r.again <- struct{}{}:
	default: // somebody asked already
	}
}

func (r *Runner) retry(ctx context.Context, name string) error {
	r.turn.Lock()
	defer r.turn.Unlock()
	m, err := r.member(name)
	if err != nil || m.at.state != Stopped {
		return err
	}
	to := checkpoint{cursor: m.at.cursor, at: m.at.at, state: Running}
	if err := r.db.Write(ctx, func(tx *sqldb.Tx) error { return move(ctx, tx, m, m.at, to) }); err != nil {
		return err
	}
	m.at = to
	r.announce(m)
	return nil
}

// member finds a projection that takes part; the turn is held.
func (r *Runner) member(name string) (*member, error) {
	for _, m := range r.members {
		if m.Name() == name {
			return m, nil
		}
	}
	return nil, fmt.Errorf("there is no projection %q at work", name)
}
