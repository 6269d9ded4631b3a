package fold

import (
	"context"
	"hash/maphash"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/outcome"
	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/projections/state"
)

// tally counts commands by what became of them. It is a state.Journal, as far as events tell, and only of what is
// within the point. Of commands that were accepted it keeps no more than a number, so that millions fit.
type tally struct {
	seed    maphash.Seed
	known   map[uint64]struct{} // the ids, hashed to be small
	counts  state.Counts
	refused []state.Refused // in the order recorded
	newest  domain.Instant
}

func newTally() tally { return tally{seed: maphash.MakeSeed(), known: map[uint64]struct{}{}} }

func (t *tally) add(fact domain.Event, meta eventstore.Metadata) {
	t.newest = max(t.newest, meta.At)
	id := maphash.String(t.seed, string(meta.CausationID))
	_, known := t.known[id]
	if _, claim := fact.(domain.Claim); claim || known {
		return
	}
	t.known[id] = struct{}{}
	t.counts.Commands++
	refused, ok := fact.(outcome.CommandRefused)
	if !ok {
		t.counts.Accepted++
		return
	}
	t.counts.Refused++
	command := meta.CausationID
	if refused.Code == domain.CommandIDReused {
		command = domain.CommandID(meta.CorrelationID) // the one that was said again
	}
	t.refused = append(t.refused, state.Refused{Line: t.counts.Commands, CommandID: command, Code: string(refused.Code)})
}

// Counts counts the commands.
func (t *tally) Counts(context.Context, domain.Instant) (state.Counts, error) { return t.counts, nil }

// Refused lists the refused ones among them.
func (t *tally) Refused(context.Context, domain.Instant) ([]state.Refused, error) {
	return append([]state.Refused{}, t.refused...), nil
}

// LastAt is the time of the newest event.
func (t *tally) LastAt(context.Context) (domain.Instant, bool, error) {
	return t.newest, t.counts.Commands > 0, nil
}
