// Package partnerid knows what an MPN ID is and whose: a reseller's location, a provider's own id or
// a global account. An id is claimed once in the whole ledger and never used again for another; its
// stream exists from then on, which is what makes it unique.
//
//	(none) ── PartnerIDClaimed ──▶ claimed
package partnerid

import "github.com/partnerledger/partnerledger/domain"

// Category is the category of the streams, one for each MPN ID.
const Category = "mpn"

// Kind is what an MPN ID stands for.
type Kind string

// The closed set of kinds.
const (
	Location Kind = "location"      // a partner location account (PLA) of a reseller
	Own      Kind = "provider"      // the location of an indirect provider itself
	Global   Kind = "globalAccount" // a headquarters' account, never on a subscription (R27)
)

// PartnerIDClaimed reserves the id for the fact that follows in the owner's stream.
type PartnerIDClaimed struct {
	MPNID    domain.MPNID    `json:"mpnId"`
	Kind     Kind            `json:"kind"`
	TenantID domain.TenantID `json:"tenantId"`
	// OwnerCategory is the category of the owner's stream: provider or reseller.
	OwnerCategory string `json:"ownerCategory"`
}

// EventType is the stored name, frozen.
func (PartnerIDClaimed) EventType() string { return "PartnerIDClaimed" }

// Reserves is the stream of the id.
func (e PartnerIDClaimed) Reserves() domain.Stream { return Stream(e.MPNID) }

// Claims is the owner's stream.
func (e PartnerIDClaimed) Claims() domain.Stream {
	return domain.Stream{Category: e.OwnerCategory, ID: string(e.TenantID)}
}

// Stream is the stream of one MPN ID.
func Stream(id domain.MPNID) domain.Stream { return domain.Stream{Category: Category, ID: string(id)} }

// State is what is known of one MPN ID; the zero State is an id nobody has claimed.
type State struct {
	Kind          Kind
	TenantID      domain.TenantID
	OwnerCategory string
}

// Claimed tells whether the id was ever claimed.
func (s State) Claimed() bool { return s.Kind != "" }

// Fold makes State of events.
var Fold = domain.Fold[State]{Category: Category, Evolve: evolve}

func evolve(s State, h domain.Happened) State {
	if e, ok := h.Event.(PartnerIDClaimed); ok {
		return State{Kind: e.Kind, TenantID: e.TenantID, OwnerCategory: e.OwnerCategory}
	}
	return s
}

// Look asks what an id is.
func Look(f *domain.Facts, id domain.MPNID) State { return domain.Look[State](f, Stream(id)) }

// Events holds one filled example of each event of this package.
var Events = []domain.Event{
	PartnerIDClaimed{MPNID: "4847383", Kind: Location, TenantID: "6628166e-221e-46b4-b97d-94d327067ed7", OwnerCategory: "reseller"},
}
