// Package upkeep is what people decide about the ledger's own read models, as far as it has to be on record
// for ever: that a read model passes over an event which it can't take in, and what a read model held as of an
// event, so that an auditor can make it again and compare.
//
//	(standing still at an event) ── ProjectionEventSkipped ──▶ passed over, now and in every rebuild
//	(made of N events)           ── ReadModelSealed ─────────▶ its digest is on record, as of exactly these events
//
// It is no business of the partners: its commands aren't in the vocabulary that is published, and come
// from those who keep the ledger running, by a way of their own.
package upkeep

import (
	"maps"

	"github.com/partnerledger/partnerledger/domain"
)

// Category is the category of the streams, one for each read model.
const Category = "projection"

// Stream is the stream of one read model.
func Stream(projection string) domain.Stream {
	return domain.Stream{Category: Category, ID: projection}
}

// Operator is the role of those who keep the ledger running. It allows nothing else, and nobody can submit
// a command of the vocabulary in it.
const Operator domain.Role = "LedgerOperator"

// Grants are who may issue the commands of this package: an operator, for whatever organization.
var Grants = []domain.Grant{{Side: domain.AnySide, Roles: []domain.Role{Operator}}}

// State is what was decided about one read model: the ids of the events that it passes over, and the last seal.
type State struct {
	Skipped map[string]bool
	Sealed  last
}

// last is a seal, as far as another one can be told from it.
type last struct {
	events  int64
	eventID string
	version int
	digest  string
}

// Fold makes State of events.
var Fold = domain.Fold[State]{Category: Category, Clone: clone, Evolve: evolve}

func clone(s State) State {
	s.Skipped = maps.Clone(s.Skipped)
	return s
}

func evolve(s State, h domain.Happened) State {
	switch e := h.Event.(type) {
	case ProjectionEventSkipped:
		if s.Skipped == nil {
			s.Skipped = map[string]bool{}
		}
		s.Skipped[e.EventID] = true
	case ReadModelSealed:
		s.Sealed = last{e.Events, e.EventID, e.Version, e.Digest}
	}
	return s
}

// Decide is the table of contents of what can be wished of a read model.
func Decide(s State, _ *domain.Facts, in domain.Intent) (domain.Decision, error) {
	switch c := in.Command.(type) {
	case SkipProjectionEvent:
		return skip(s, c)
	case SealReadModel:
		return seal(s, c)
	default:
		return domain.Decision{}, domain.NotMine(Category, in.Command)
	}
}

// Commands holds one empty example of each command of this package.
var Commands = []domain.Command{SkipProjectionEvent{}, SealReadModel{}}
