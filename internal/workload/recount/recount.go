// Package recount supports tests: it counts a state together from events in the plainest way, event after
// event, in maps. It shares no code with the read models nor with the credit rule, so that what both say is
// right because two ways lead to it. It is slow, and made for nothing else.
//
//	recount.go    the events of a point, in the order of their effect
//	ledger.go     what each of them does
//	document.go   the state as the document of the workload
//	facts.go      the state as single facts, as a difference is made of them
package recount

import (
	"cmp"
	"slices"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/customer"
	"github.com/partnerledger/partnerledger/projections"
)

// Point is a question placed in both times, as the workload's README §4 has it: AsOf is effective time, Known
// what was recorded by then.
type Point struct{ AsOf, Known domain.Instant }

// At counts what had taken effect by AsOf, as far as it was known at Known.
func At(events []projections.Event, p Point) *Ledger {
	l := newLedger(p)
	for _, e := range effective(events, p) {
		l.apply(e)
	}
	return l
}

// happened is an event with when it took effect.
type happened struct {
	at   domain.Instant
	seq  uint64
	by   string
	fact domain.Event
}

// effective are the events that are seen, in the order in which they took effect.
func effective(events []projections.Event, p Point) []happened {
	var seen []happened
	for _, e := range events {
		at := e.Meta.At
		if c, ok := e.Fact.(customer.ResellerOfRecordCorrected); ok {
			at = c.From
		}
		if e.Meta.At <= p.Known && at <= p.AsOf {
			seen = append(seen, happened{at: at, seq: e.Seq, by: e.Meta.Actor.UserPrincipalName, fact: e.Fact})
		}
	}
	slices.SortFunc(seen, func(a, b happened) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.seq, b.seq)) })
	return seen
}
