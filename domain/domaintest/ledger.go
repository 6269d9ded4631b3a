package domaintest

import (
	"fmt"

	"github.com/partnerledger/partnerledger/domain"
)

// ledger is all that is recorded, folded by stream.
type ledger struct {
	rules  Rules
	states map[domain.Stream]any
	place  domain.Place
}

// maxAsked is how often a decision may ask for more facts; a decision that asks more often never ends.
const maxAsked = 100

func (l *ledger) record(stream domain.Stream, at domain.Instant, e domain.Event) error {
	fold, err := l.rules.fold(stream)
	if err != nil {
		return err
	}
	l.place++
	l.states[stream] = fold.ApplyAny(l.state(stream, fold), domain.Happened{At: at, Place: l.place, Event: e})
	return nil
}

// apply records what was decided: the claims in streams of their own, the events in the target.
func (l *ledger) apply(target domain.Stream, at domain.Instant, d domain.Decision) error {
	for _, claim := range d.Claims {
		if err := l.record(claim.Reserves(), at, claim); err != nil {
			return err
		}
	}
	for _, e := range d.Events {
		if err := l.record(target, at, e); err != nil {
			return err
		}
	}
	return nil
}

func (l *ledger) state(stream domain.Stream, fold domain.AnyFold) any {
	if state, ok := l.states[stream]; ok {
		return state
	}
	return fold.Empty()
}

func (r Rules) fold(stream domain.Stream) (domain.AnyFold, error) {
	for _, fold := range r.Folds {
		if fold.StreamCategory() == stream.Category {
			return fold, nil
		}
	}
	return nil, fmt.Errorf("the rules hold no fold for stream %s", stream)
}

// decide decides as whoever runs decisions must: what was asked for is fetched, and the decision runs again.
func (l *ledger) decide(c Case, id domain.CommandID) (domain.Decision, domain.Stream, error) {
	facts := domain.NewFacts(nil)
	in := domain.Intent{ID: id, At: c.At, Actor: c.Actor, Command: c.When}
	for range maxAsked {
		decision, failure := l.rules.Decide(facts, in)
		target := domain.TargetOf(facts, c.When)
		missing := facts.Missing()
		if len(missing) == 0 {
			return decision, target, failure
		}
		for _, stream := range missing {
			fold, err := l.rules.fold(stream)
			if err != nil {
				return domain.Decision{}, target, err
			}
			facts.Know(stream, l.state(stream, fold))
		}
		facts.Again()
	}
	return domain.Decision{}, domain.Stream{}, fmt.Errorf("the decision asked for more facts %d times", maxAsked)
}
