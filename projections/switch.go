package projections

import (
	"context"
	"fmt"

	"github.com/partnerledger/partnerledger/projections/sqldb"
)

// finish writes the rest of a rebuilt projection, brings it level with the live one, compares the two row by
// row, and puts it in the live one's place.
func (r *Runner) finish(ctx context.Context, o Order, m *member) (string, error) {
	if err := r.phase(ctx, o, "indexing"); err != nil {
		return "", err
	}
	if err := r.settle(ctx, m); err != nil {
		return "", err
	}
	alongside, err := r.bringLevel(ctx, m)
	if err != nil {
		return "", err
	}
	report := "nothing to compare with: the one before stands still"
	if alongside {
		if err := r.phase(ctx, o, "comparing"); err != nil {
			return "", err
		}
		if report, err = r.compare(ctx, m); err != nil {
			r.dismiss(m)
			return "", err
		}
	}
	return report, r.exchange(ctx, m)
}

func (r *Runner) phase(ctx context.Context, o Order, phase string) error {
	return r.db.Write(ctx, func(tx *sqldb.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE projection_orders SET phase = $2 WHERE id = $1`, o.ID, phase)
		return err
	})
}

// bringLevel takes hold of all of the live build, and lets the new one follow in the same transactions, so that
// from then on both always reflect the same position. It gives false where the live one stands still.
func (r *Runner) bringLevel(ctx context.Context, m *member) (bool, error) {
	if err := r.gatherRanges(ctx, m); err != nil {
		return false, err
	}
	r.turn.Lock()
	to := m.at
	to.state = Running
	err := r.db.Write(ctx, func(tx *sqldb.Tx) error { return m.move(ctx, tx, to) })
	if err == nil {
		m.at = to
		r.members = append(r.members, m)
	}
	r.turn.Unlock()
	if err != nil {
		return false, err
	}
	r.startOver() // it may be behind or ahead of what is being read
	return r.waitLevel(ctx, m)
}

// waitLevel waits until the new build and all of the live one reflect the same position.
func (r *Runner) waitLevel(ctx context.Context, m *member) (bool, error) {
	for {
		r.mu.Lock()
		changed := r.changed
		r.mu.Unlock()
		r.turn.Lock()
		level, still := true, m.at.state == Stopped
		for _, l := range r.of(m.Name()) {
			level = level && l.at.cursor == m.at.cursor
			still = still || l.at.state == Stopped
		}
		poison := m.at.poison
		r.turn.Unlock()
		switch {
		case poison != nil:
			r.dismiss(m)
			return false, &StoppedError{m.Name(), *poison}
		case level || still:
			return level, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return false, ctx.Err()
		}
	}
}

// gatherRanges takes hold of the ranges of the live build that other processes have. They stand by until the
// exchange is over.
func (r *Runner) gatherRanges(ctx context.Context, m *member) error {
	r.turn.Lock()
	defer r.turn.Unlock()
	mine := r.of(m.Name())
	if len(mine) == 1 && mine[0].part == Whole {
		return nil
	}
	var gathered []*member
	err := r.db.Write(ctx, func(tx *sqldb.Tx) error {
		all, err := lockCheckpoints(ctx, tx)
		if err != nil {
			return err
		}
		gathered, err = r.resume(ctx, tx, m.Projection, Whole, all)
		return err
	})
	if err != nil {
		return err
	}
	r.replace(m.Name(), gathered)
	return nil
}

// replace puts these in the place of all members of a projection; the turn is held.
func (r *Runner) replace(name string, by []*member) {
	var left []*member
	for _, m := range r.members {
		if m.Name() != name {
			left = append(left, m)
		}
	}
	for _, m := range by {
		m.unguarded = r.options.Unguarded
	}
	r.members = append(left, by...)
	r.disown(name)
	r.announce(by...)
}

// dismiss lets a new build follow no more; its tables stay, to be looked at.
func (r *Runner) dismiss(m *member) {
	r.turn.Lock()
	defer r.turn.Unlock()
	for i, other := range r.members {
		if other == m {
			r.members = append(r.members[:i:i], r.members[i+1:]...)
			return
		}
	}
}

// exchange puts the new build in the live one's place, which is kept as the one before, in one transaction.
func (r *Runner) exchange(ctx context.Context, m *member) error {
	r.turn.Lock()
	defer r.turn.Unlock()
	return r.swap(ctx, m.Projection, func(tx *sqldb.Tx, all []stored) error {
		for _, l := range r.of(m.Name()) {
			kept := l.at
			kept.state, kept.poison = Kept, nil
			if err := l.move(ctx, tx, kept); err != nil {
				return err
			}
		}
		if old := ofBuild(all, m.Name(), prior); len(old) > 0 {
			if err := dropBuild(ctx, tx, m, prior, old[0].tables); err != nil {
				return err
			}
		}
		if err := rename(ctx, tx, m, live, prior); err != nil {
			return err
		}
		return rename(ctx, tx, m, next, live)
	})
}

// swap changes which build is the live one and takes up the new one; the turn is held.
func (r *Runner) swap(ctx context.Context, p Projection, change func(tx *sqldb.Tx, all []stored) error) error {
	var fresh []*member
	err := r.db.Write(ctx, func(tx *sqldb.Tx) error {
		all, err := lockCheckpoints(ctx, tx)
		if err != nil {
			return err
		}
		if err := change(tx, all); err != nil {
			return err
		}
		if all, err = readCheckpoints(ctx, tx); err != nil {
			return err
		}
		part, _ := r.want(p)
		if fresh, err = r.resume(ctx, tx, p, part, all); err != nil {
			return err
		}
		return r.grant(ctx, tx, p)
	})
	if err != nil {
		return err
	}
	for _, m := range fresh {
		if err := r.instruct(ctx, m); err != nil {
			return err
		}
	}
	r.replace(p.Name(), fresh)
	r.startOver()
	return nil
}

// rollback puts the build before in the live one's place again; it goes on from where it was left.
func (r *Runner) rollback(ctx context.Context, name string) (string, error) {
	p, err := r.projection(name)
	if err != nil {
		return "", err
	}
	r.turn.Lock()
	defer r.turn.Unlock()
	err = r.swap(ctx, p, func(tx *sqldb.Tx, all []stored) error {
		old := ofBuild(all, name, prior)
		if len(old) == 0 || !old[0].makes(p) {
			return fmt.Errorf("no build of %s from before is kept that this version of the program could use", name)
		}
		if begun := ofBuild(all, name, next); len(begun) > 0 {
			if err := dropBuild(ctx, tx, p, next, begun[0].tables); err != nil {
				return err
			}
		}
		for _, step := range []struct{ from, to build }{{live, next}, {prior, live}, {next, prior}} {
			if err := rename(ctx, tx, p, step.from, step.to); err != nil {
				return err
			}
		}
		_, err := tx.Exec(ctx, `UPDATE projection_checkpoints SET status = CASE WHEN build = 'live' THEN 'running' ELSE 'kept' END,
  stopped_event = NULL, stopped_position = NULL, error = NULL WHERE name = $1`, name)
		return err
	})
	return "the build before is live again and catches up", err
}

// drop removes the build that was kept.
func (r *Runner) drop(ctx context.Context, name string) error {
	p, err := r.projection(name)
	if err != nil {
		return err
	}
	return r.db.Write(ctx, func(tx *sqldb.Tx) error {
		all, err := lockCheckpoints(ctx, tx)
		if err != nil {
			return err
		}
		old := ofBuild(all, name, prior)
		if len(old) == 0 {
			return fmt.Errorf("no build of %s from before is kept", name)
		}
		return dropBuild(ctx, tx, p, prior, old[0].tables)
	})
}
