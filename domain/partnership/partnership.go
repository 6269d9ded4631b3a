// Package partnership knows requests and partnerships. A request is answered once; a partnership is the
// tie of one provider and one reseller, with all its episodes for ever and at most one active.
//
//	request:      (none) ──▶ open ──▶ accepted | declined | withdrawn     (open for 30 days only)
//	partnership:  (none) ── PartnershipAccepted ──▶ active ── PartnershipRemoved ──▶ former ──▶ active …
package partnership

import (
	"slices"

	"github.com/partnerledger/partnerledger/domain"
)

// Category is the category of the streams of partnerships, one for each pair.
const Category = "partnership"

// Stream is the stream of one pair.
func Stream(provider, reseller domain.TenantID) domain.Stream {
	return domain.Stream{Category: Category, ID: string(provider) + "." + string(reseller)}
}

// State is the partnership of one pair; the zero State is a pair that never had one.
type State struct{ Episodes []Episode }

// Episode is one stretch of partnership, half-open: from its acceptance to its removal.
type Episode struct {
	RequestID domain.RequestID
	MPNID     domain.MPNID
	Since     domain.Moment
	Until     *domain.Moment // nil while active
}

// Active tells whether the partnership is active now (R10).
func (s State) Active() bool {
	return len(s.Episodes) > 0 && s.Episodes[len(s.Episodes)-1].Until == nil
}

// ActiveAt tells whether it was active after everything effective at or before t.
func (s State) ActiveAt(t domain.Instant) bool {
	return slices.ContainsFunc(s.Episodes, func(e Episode) bool {
		return e.Since.At <= t && (e.Until == nil || t < e.Until.At)
	})
}

// Look asks for the partnership of a pair.
func Look(f *domain.Facts, provider, reseller domain.TenantID) State {
	return domain.Look[State](f, Stream(provider, reseller))
}

// Fold makes State of events.
var Fold = domain.Fold[State]{Category: Category, Clone: clone, Evolve: evolve}

func clone(s State) State { s.Episodes = slices.Clone(s.Episodes); return s }

func evolve(s State, h domain.Happened) State {
	switch e := h.Event.(type) {
	case PartnershipAccepted:
		s.Episodes = append(s.Episodes, Episode{RequestID: e.RequestID, MPNID: e.MPNID, Since: h.Moment()})
	case PartnershipRemoved:
		moment := h.Moment()
		s.Episodes[len(s.Episodes)-1].Until = &moment
	}
	return s
}
