package projections

import (
	"context"
	"fmt"
	"time"

	"github.com/partnerledger/partnerledger/projections/sqldb"
)

// beat gives signs of life. One that is lost does no harm: if another takes over, the guard of the checkpoint
// sees to it that only one of the two writes.
func (r *Runner) beat(ctx context.Context) {
	ticker := time.NewTicker(r.options.Patience / 4)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			err := r.db.Write(ctx, func(tx *sqldb.Tx) error { _, err := tx.Exec(ctx, enrol, r.id); return err })
			if err != nil && ctx.Err() == nil {
				r.options.Logger.Warn("no sign of life could be given", "error", err)
			}
		}
	}
}

// leave lets others take over at once.
func (r *Runner) leave(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	_ = r.db.Write(ctx, func(tx *sqldb.Tx) error {
		_, err := tx.Exec(ctx, "DELETE FROM projectors WHERE holder = $1", r.id)
		return err
	}) // else they wait for a sign of life that doesn't come
}

const selectBeats = `SELECT c.name, c.first_partition, c.last_partition, p.holder, p.beats
FROM projection_checkpoints c JOIN projectors p ON p.holder = c.holder
WHERE c.build = 'live' AND c.holder <> $1`

// standBy returns once nobody who gives signs of life holds what this run wants.
func (r *Runner) standBy(ctx context.Context) error {
	if !r.options.Shared {
		return nil
	}
	seen, since := map[string]int64{}, time.Now()
	for {
		holders, err := r.holders(ctx)
		if err != nil {
			return err
		}
		if len(holders) == 0 {
			return nil
		}
		for holder, beats := range holders {
			if before, known := seen[holder]; !known || before != beats {
				seen[holder], since = beats, time.Now()
			}
		}
		if time.Since(since) > r.options.Patience {
			r.options.Logger.Warn("the other projector gives no sign of life; taking over")
			return nil
		}
		select {
		case <-time.After(r.options.Patience / 16):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// holders are the others that hold what this run wants, with their signs of life.
func (r *Runner) holders(ctx context.Context) (map[string]int64, error) {
	rows, err := r.db.Query(ctx, selectBeats, r.id)
	if err != nil {
		return nil, fmt.Errorf("look for other projectors: %w", err)
	}
	defer rows.Close()
	found := map[string]int64{}
	for rows.Next() {
		var name, holder string
		var part Range
		var beats int64
		if err := rows.Scan(&name, &part.First, &part.Last, &holder, &beats); err != nil {
			return nil, fmt.Errorf("look for other projectors: %w", err)
		}
		for _, p := range r.projections {
			if want, ours := r.want(p); ours && p.Name() == name && want.overlaps(part) {
				found[holder] = beats
			}
		}
	}
	return found, rows.Err()
}
