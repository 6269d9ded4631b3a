// Package legalhold keeps personal data from being erased while a court or an authority may want it: a hold on
// one customer of a provider, or on all of them.
//
//	(none) ── LegalHoldPlaced ──▶ held ── LegalHoldLifted ──▶ (none)
//
// A hold stands in the stream of what it holds (customer or provider), which every erasure looks at, so that
// neither can overtake the other. Several holds may lie on the same data; each is lifted by its own id. Holds
// are no part of the published vocabulary: they are placed in live business, by a way of their own.
package legalhold

import (
	"maps"
	"slices"
	"strings"

	"github.com/partnerledger/partnerledger/domain"
)

// The refusals of this package; they are no part of the published catalogue, like the commands themselves.
const (
	UnderLegalHold domain.Code = "under-legal-hold"
	HoldIDInUse    domain.Code = "hold-id-in-use"
	HoldNotFound   domain.Code = "hold-not-found"
	ReasonMissing  domain.Code = "reason-missing"
)

// Scope is what a hold is on: a customer of the provider, or without one the customers that it has, all of them.
type Scope struct {
	ProviderTenantID domain.TenantID `json:"providerTenantId"`
	CustomerTenantID domain.TenantID `json:"customerTenantId,omitzero"`
}

// The categories of the streams in which holds stand; packages provider and customer have the streams.
const (
	providerCategory = "provider"
	customerCategory = "customer"
)

// Target is the stream of what is held.
func (s Scope) Target() domain.Stream {
	if s.CustomerTenantID == "" {
		return domain.Stream{Category: providerCategory, ID: string(s.ProviderTenantID)}
	}
	return domain.Stream{Category: customerCategory, ID: string(s.ProviderTenantID) + "." + string(s.CustomerTenantID)}
}

// Parties names the provider and the customer.
func (s Scope) Parties() domain.Parties {
	return domain.Parties{Provider: s.ProviderTenantID, Customer: s.CustomerTenantID}
}

// PlaceLegalHold keeps personal data from being erased until the hold is lifted.
type PlaceLegalHold struct {
	Scope
	HoldID string `json:"holdId"`
	Reason string `json:"reason"`
}

// CommandType is the name on record.
func (PlaceLegalHold) CommandType() string { return "PlaceLegalHold" }

// LiftLegalHold ends a hold; others on the same data stay.
type LiftLegalHold struct {
	Scope
	HoldID string `json:"holdId"`
	Reason string `json:"reason"`
}

// CommandType is the name on record.
func (LiftLegalHold) CommandType() string { return "LiftLegalHold" }

// Grants are who may place and lift holds, and have contacts erased: those who head the provider's business.
var Grants = []domain.Grant{{Side: domain.ProviderSide, Roles: []domain.Role{domain.GlobalAdmin, domain.AdminAgent}}}

// Commands holds one empty example of each command of this package.
var Commands = []domain.Command{PlaceLegalHold{}, LiftLegalHold{}}

// Holds are the open holds of one stream, with the reason of each, by id.
type Holds map[string]string

// After gives the holds after an event; it copies them before it changes them.
func (h Holds) After(e domain.Event) Holds {
	switch e := e.(type) {
	case LegalHoldPlaced:
		changed := maps.Clone(h)
		if changed == nil {
			changed = Holds{}
		}
		changed[e.HoldID] = e.Reason
		return changed
	case LegalHoldLifted:
		changed := maps.Clone(h)
		delete(changed, e.HoldID)
		return changed
	}
	return h
}

// Refuse refuses under-legal-hold where there is an open hold.
func (h Holds) Refuse() error {
	if len(h) == 0 {
		return nil
	}
	id := slices.Min(slices.Collect(maps.Keys(h)))
	return domain.Refuse(UnderLegalHold).Says("The personal data is under legal hold (" + id + ": " + h[id] + "); it can be erased once every hold is lifted.")
}

// Decide decides on what is held, where that exists. It refuses, in this order: reason-missing; hold-id-in-use, or
// hold-not-found. A hold placed again for the same reason changes nothing.
func (h Holds) Decide(c domain.Command) (domain.Decision, error) {
	switch c := c.(type) {
	case PlaceLegalHold:
		return h.place(c)
	case LiftLegalHold:
		return h.lift(c)
	default:
		return domain.Decision{}, domain.NotMine("legal holds", c)
	}
}

func (h Holds) place(c PlaceLegalHold) (domain.Decision, error) {
	before, open := h[c.HoldID]
	switch {
	case strings.TrimSpace(c.Reason) == "":
		return domain.Decision{}, domain.Refuse(ReasonMissing).Says("Say why the data has to be kept; the reason stays on record.")
	case open && before == c.Reason:
		return domain.Decision{}, nil
	case open:
		return domain.Decision{}, domain.Refuse(HoldIDInUse).Says("There is a legal hold " + c.HoldID + " for another reason; give this one an id of its own.")
	}
	return domain.Decision{Events: []domain.Event{LegalHoldPlaced(c)}}, nil
}

func (h Holds) lift(c LiftLegalHold) (domain.Decision, error) {
	_, open := h[c.HoldID]
	switch {
	case strings.TrimSpace(c.Reason) == "":
		return domain.Decision{}, domain.Refuse(ReasonMissing).Says("Say why the data needn't be kept any longer; the reason stays on record.")
	case !open:
		return domain.Decision{}, domain.Refuse(HoldNotFound).Says("There is no open legal hold " + c.HoldID + " here.")
	}
	return domain.Decision{Events: []domain.Event{LegalHoldLifted(c)}}, nil
}
