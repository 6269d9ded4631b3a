package projections

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/partnerledger/partnerledger/internal/deathpoint"
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

// commit applies a batch to these members in one transaction; the turn is held. Where an event can't be
// applied to one of them nothing is written, and the batch is applied again, to that one event by event.
func (r *Runner) commit(ctx context.Context, batch []arrival, members []*member) error {
	for range len(members) + 1 {
		err := r.commitOnce(ctx, batch, members)
		poisoned, ok := errors.AsType[*fault](err)
		if !ok {
			return err
		}
		poisoned.member.careful = true
		defer func() { poisoned.member.careful = false }()
	}
	return fmt.Errorf("a batch up to position %d can't be applied", batch[len(batch)-1].Position)
}

func (r *Runner) commitOnce(ctx context.Context, batch []arrival, members []*member) error {
	deathpoint.Pass("batch.before")
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
		for _, m := range members {
			m.rows.Forget()
		}
		return fmt.Errorf("apply events up to position %d: %w", batch[len(batch)-1].Position, err)
	}
	deathpoint.Pass("batch.after")
	for i, m := range members {
		m.at = after[i]
		m.trim()
	}
	r.announce(members...)
	r.committed(ctx, batch, members, before, began)
	return nil
}
