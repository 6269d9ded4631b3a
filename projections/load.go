package projections

import (
	"context"
	"fmt"
	"slices"

	"github.com/partnerledger/partnerledger/projections/sqldb"
)

// want is the range of a projection that this process applies; none where another process does.
func (r *Runner) want(p Projection) (Range, bool) {
	if s, ok := p.(Splitting); ok && s.Splits() {
		return r.options.Partitions, true
	}
	return Whole, r.options.Partitions.First == 0
}

// load makes the tables of new and changed projections, takes hold of this process's ranges of them, and reads
// where they are.
func (r *Runner) load(ctx context.Context) error {
	r.turn.Lock()
	defer r.turn.Unlock()
	var members []*member
	err := r.db.Write(ctx, func(tx *sqldb.Tx) error {
		members = members[:0]
		if err := tx.Script(ctx, checkpointsSchema); err != nil { // waits for another process that makes tables
			return err
		}
		all, err := lockCheckpoints(ctx, tx)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, enrol, r.id); err != nil {
			return fmt.Errorf("enrol: %w", err)
		}
		for _, p := range r.projections {
			if part, ours := r.want(p); ours {
				loaded, err := r.resume(ctx, tx, p, part, all)
				if err != nil {
					return err
				}
				members = append(members, loaded...)
				if err := r.grant(ctx, tx, p); err != nil {
					return err
				}
			}
		}
		_, err = tx.Exec(ctx, forgetTheDead, r.id)
		return err
	})
	if err != nil {
		return fmt.Errorf("load the checkpoints: %w", err)
	}
	for _, m := range members {
		m.unguarded = r.options.Unguarded
		if err := r.instruct(ctx, m); err != nil {
			return err
		}
	}
	r.members = members
	for _, p := range r.projections {
		r.disown(p.Name())
	}
	r.announce(members...)
	return nil
}

const enrol = `INSERT INTO projectors (holder, beats) VALUES ($1, 1) ON CONFLICT (holder) DO UPDATE SET beats = projectors.beats + 1`

// forgetTheDead removes runs that hold nothing any more.
const forgetTheDead = `DELETE FROM projectors WHERE holder <> $1 AND holder NOT IN (SELECT holder FROM projection_checkpoints)`

// resume gives the members from which a projection goes on.
func (r *Runner) resume(ctx context.Context, tx *sqldb.Tx, p Projection, part Range, all []stored) ([]*member, error) {
	rows := ofBuild(all, p.Name(), live)
	if len(rows) == 0 || !rows[0].makes(p) {
		return r.makeNew(ctx, tx, p, part, rows)
	}
	var members []*member
	for _, s := range rows {
		if !s.part.overlaps(part) {
			continue
		}
		own, err := r.cut(ctx, tx, p, s, part)
		if err != nil {
			return nil, err
		}
		if err := r.hold(ctx, tx, &own); err != nil {
			return nil, err
		}
		m := newMember(p, own)
		if err := m.rows.Check(ctx, tx); err != nil {
			return nil, err
		}
		members = append(members, m)
	}
	return r.join(ctx, tx, members)
}

// makeNew begins a projection that has no tables yet, or those of another version.
func (r *Runner) makeNew(ctx context.Context, tx *sqldb.Tx, p Projection, part Range, rows []stored) ([]*member, error) {
	old := ""
	if len(rows) > 0 {
		old = rows[0].tables
	}
	if err := begin(ctx, tx, p, live, old, r.id, Running); err != nil {
		return nil, err
	}
	s := stored{name: p.Name(), build: live, part: Whole, checkpoint: start(r.id, Running)}
	s, err := r.cut(ctx, tx, p, s, part)
	if err != nil {
		return nil, err
	}
	m := newMember(p, s)
	if err := m.rows.Check(ctx, tx); err != nil {
		return nil, err
	}
	m.rows.Empty()
	return []*member{m}, nil
}

const shrink = `UPDATE projection_checkpoints SET first_partition = $4, last_partition = $5
WHERE name = $1 AND build = $2 AND first_partition = $3`

// cut splits a stored range so that none of it reaches out of the part that is wanted, and gives what is in it.
// What is cut off stays where it is for whoever wants it.
func (r *Runner) cut(ctx context.Context, tx *sqldb.Tx, p Projection, s stored, part Range) (stored, error) {
	if s.part.within(part) {
		return s, nil
	}
	own := Range{max(s.part.First, part.First), min(s.part.Last, part.Last)}
	if _, err := tx.Exec(ctx, shrink, s.name, s.build, s.part.First, own.First, own.Last); err != nil {
		return s, fmt.Errorf("split the checkpoint of %s: %w", s.name, err)
	}
	for _, rest := range []Range{{s.part.First, own.First - 1}, {own.Last + 1, s.part.Last}} {
		if rest.First > rest.Last {
			continue
		}
		left := s.checkpoint
		left.holder = ""
		if err := insertRow(ctx, tx, p, s.build, rest, left); err != nil {
			return s, err
		}
	}
	s.part = own
	return s, nil
}

const takeHold = `UPDATE projection_checkpoints SET holder = $4 WHERE name = $1 AND build = $2 AND first_partition = $3`

// hold makes this run the only one that can move the checkpoint.
func (r *Runner) hold(ctx context.Context, tx *sqldb.Tx, s *stored) error {
	if _, err := tx.Exec(ctx, takeHold, s.name, s.build, s.part.First, r.id); err != nil {
		return fmt.Errorf("take hold of %s: %w", s.name, err)
	}
	s.holder = r.id
	return nil
}

const dropRange = `DELETE FROM projection_checkpoints WHERE name = $1 AND build = $2 AND first_partition = $3`

// join makes one range of neighbours that are level.
func (r *Runner) join(ctx context.Context, tx *sqldb.Tx, members []*member) ([]*member, error) {
	var out []*member
	for _, m := range members {
		if len(out) == 0 {
			out = append(out, m)
			continue
		}
		before := out[len(out)-1]
		level := before.at.state == Running && m.at.state == Running && before.at.cursor == m.at.cursor && before.part.Last+1 == m.part.First
		if !level {
			out = append(out, m)
			continue
		}
		if _, err := tx.Exec(ctx, dropRange, m.Name(), m.build, m.part.First); err != nil {
			return nil, fmt.Errorf("join the checkpoints of %s: %w", m.Name(), err)
		}
		if _, err := tx.Exec(ctx, shrink, m.Name(), m.build, before.part.First, before.part.First, m.part.Last); err != nil {
			return nil, fmt.Errorf("join the checkpoints of %s: %w", m.Name(), err)
		}
		before.part.Last = m.part.Last
	}
	return out, nil
}

func ofBuild(all []stored, name string, b build) []stored {
	return slices.DeleteFunc(slices.Clone(all), func(s stored) bool { return s.name != name || s.build != b })
}
