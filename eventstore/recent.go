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
	older  Outcomes
	mu     sync.Mutex
	byID   map[domain.CommandID]Outcome
	sweep  int                        // size at which to drop what the read models have
	traces map[domain.CommandID]trace // of commands that any writer handled; none are kept for a sole one
	// reflects is what the read models are known to have: nothing that is older is a trace.
	reflects Position
}

func newRecentOutcomes(older Outcomes, sole bool) *recentOutcomes {
	r := &recentOutcomes{older: older, byID: map[domain.CommandID]Outcome{}, traces: map[domain.CommandID]trace{}, reflects: Beginning}
	if sole {
		r.sweep = recentMax
	}
	return r
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
	due := len(r.byID)+len(r.traces) >= r.sweep
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
	for id, t := range r.traces {
		if t.position <= known {
			delete(r.traces, id)
		}
	}
	r.reflects = max(r.reflects, known)
	r.sweep = max(recentMax, 2*(len(r.byID)+len(r.traces)))
	return nil
}
