package fold

import (
	"context"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/outcome"
	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/projections/state"
)

// tally counts commands by what became of them. It is a state.Journal, as far as events tell.
type tally struct {
	known    map[domain.CommandID]bool
	outcomes []commandOutcome // in the order recorded
	newest   domain.Instant
}

type commandOutcome struct {
	at      domain.Instant
	id      domain.CommandID
	refused domain.Code // empty: accepted
}

func (t *tally) add(fact domain.Event, meta eventstore.Metadata) {
	t.newest = max(t.newest, meta.At)
	if _, claim := fact.(domain.Claim); claim || t.known[meta.CausationID] {
		return
	}
	t.known[meta.CausationID] = true
	o := commandOutcome{at: meta.At, id: meta.CausationID}
	if refused, ok := fact.(outcome.CommandRefused); ok {
		o.refused = refused.Code
	}
	if o.refused == domain.CommandIDReused {
		o.id = domain.CommandID(meta.CorrelationID) // the one that was said again
	}
	t.outcomes = append(t.outcomes, o)
}

// Counts counts the commands up to the instant.
func (t *tally) Counts(_ context.Context, until domain.Instant) (c state.Counts, err error) {
	for _, o := range t.outcomes {
		switch {
		case o.at > until:
			continue
		case o.refused == "":
			c.Accepted++
		default:
			c.Refused++
		}
		c.Commands++
	}
	return c, nil
}

// Refused lists the refused ones among them.
func (t *tally) Refused(_ context.Context, until domain.Instant) ([]state.Refused, error) {
	refused := []state.Refused{}
	for i, o := range t.outcomes {
		if o.refused != "" && o.at <= until {
			refused = append(refused, state.Refused{Line: int64(i + 1), CommandID: o.id, Code: string(o.refused)})
		}
	}
	return refused, nil
}

// LastAt is the time of the newest event.
func (t *tally) LastAt(context.Context) (domain.Instant, bool, error) {
	return t.newest, len(t.outcomes) > 0, nil
}
