package eventstore

import (
	"context"
	"sync"

	"github.com/partnerledger/partnerledger/domain"
)

// recentMax is how many outcomes are kept before those are dropped that the read models have.
const recentMax = 50_000

// recentOutcomes bridges the time between an append and its arrival in the read models: a command said
// again at once is recognized here, later there.
type recentOutcomes struct {
	older Outcomes
	mu    sync.Mutex
	byID  map[domain.CommandID]Outcome
	sweep int // size at which to drop what the read models have
}

func newRecentOutcomes(older Outcomes) *recentOutcomes {
	return &recentOutcomes{older: older, byID: map[domain.CommandID]Outcome{}, sweep: recentMax}
}

func (r *recentOutcomes) add(o Outcome) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.byID[o.CommandID] = o
}

func (r *recentOutcomes) find(ctx context.Context, id domain.CommandID) (Outcome, bool, error) {
	if err := r.drop(ctx); err != nil {
		return Outcome{}, false, err
	}
	r.mu.Lock()
	o, ok := r.byID[id]
	r.mu.Unlock()
	if ok {
		return o, true, nil
	}
	return r.older.Outcome(ctx, id)
}

// drop forgets what the read models know. Where they lag far behind, the next sweep comes later rather
// than at every command.
func (r *recentOutcomes) drop(ctx context.Context) error {
	r.mu.Lock()
	due := len(r.byID) >= r.sweep
	r.mu.Unlock()
	if !due {
		return nil
	}
	known, err := r.older.Reflects(ctx)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for id, o := range r.byID {
		if o.Position <= known {
			delete(r.byID, id)
		}
	}
	r.sweep = max(recentMax, 2*len(r.byID))
	return nil
}
