package customer

import (
	"maps"
	"slices"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/credit"
	"github.com/partnerledger/partnerledger/domain/legalhold"
)

// State is what decisions need to know of one customer; the zero State is a customer nobody has added.
type State struct {
	Added bool
	// ResellerTenantID is the reseller with which the customer is associated; empty for a direct customer.
	ResellerTenantID domain.TenantID
	Grants           map[GrantKey]Grant // those not revoked; some may have run out
	Orders           map[domain.OrderID]bool
	Subscriptions    map[domain.SubscriptionID]Subscription // ended ones too
	Holds            legalhold.Holds                        // on this customer; the provider may have more
	Erasure          *Erasure                               // that awaits approval
}

// Status is how a subscription stands.
type Status string

// The closed set of statuses; a cancelled subscription never comes back.
const (
	Active    Status = "active"
	Suspended Status = "suspended"
	Cancelled Status = "cancelled"
)

// Subscription is one subscription of the customer.
type Subscription struct {
	OfferID      string
	Quantity     int
	Status       Status
	TermDuration string
	BillingCycle string
	Purchased    domain.Instant
	Ended        *domain.Instant
	// Window is when the NCE windows opened last: at the purchase or at the latest renewal.
	Window  domain.Instant
	Support Support
	// Facts are those about the reseller of record, in the order in which they were recorded.
	Facts []credit.Fact
	lows  []low
}

// Support is who supports a subscription: the provider, or a reseller.
type Support struct {
	TenantID domain.TenantID
	MPNID    domain.MPNID
	Name     string
}

// Fold makes State of events.
var Fold = domain.Fold[State]{Category: Category, Clone: clone, Evolve: evolve}

// clone copies the maps. The slices within a subscription are never written in place: what grows them
// copies them, so that readers of an older state keep theirs.
func clone(s State) State {
	s.Grants, s.Orders, s.Subscriptions = maps.Clone(s.Grants), maps.Clone(s.Orders), maps.Clone(s.Subscriptions)
	return s
}

func evolve(s State, h domain.Happened) State {
	s.Holds, s.Erasure = s.Holds.After(h.Event), erasureAfter(s.Erasure, h.Event)
	switch e := h.Event.(type) {
	case CustomerAdded:
		s.Added = true
	case CustomerAssociatedWithReseller:
		s.ResellerTenantID = e.ResellerTenantID
	case CustomerDissociatedFromReseller:
		s.ResellerTenantID = ""
	case DelegatedAdminPrivilegesGranted:
		s.Grants = with(s.Grants, GrantKey{GranteeTenantID: e.GranteeTenantID, Kind: e.Kind}, Grant{ExpiresAt: e.ExpiresAt})
	case DelegatedAdminPrivilegesRevoked:
		delete(s.Grants, GrantKey{GranteeTenantID: e.GranteeTenantID, Kind: e.Kind})
	case OrderSubmitted:
		s.Orders = with(s.Orders, e.OrderID, true)
	}
	for _, c := range Changes(h) {
		s.Subscriptions = with(s.Subscriptions, c.SubscriptionID, s.Subscriptions[c.SubscriptionID].after(c))
	}
	return s
}

// after is the subscription once the change was made.
func (s Subscription) after(c Change) Subscription {
	if c.Begins {
		s.Purchased = c.At
	}
	if c.Begins || c.Renews {
		s.Window = c.At
	}
	if c.Quantity != 0 {
		s.lows = s.held(c.Quantity, c.At)
	}
	s.OfferID = said(c.OfferID, s.OfferID)
	s.Quantity = said(c.Quantity, s.Quantity)
	s.Status = said(c.Status, s.Status)
	s.TermDuration = said(c.TermDuration, s.TermDuration)
	s.BillingCycle = said(c.BillingCycle, s.BillingCycle)
	s.Support = said(c.Support, s.Support)
	if c.Status == Cancelled {
		s.Ended = &c.At
	}
	if c.Credit != nil {
		s.Facts = append(slices.Clip(s.Facts), *c.Credit)
	}
	return s
}

// said is the new value where one was said, else the one before.
func said[T comparable](now, before T) T {
	var nothing T
	if now == nothing {
		return before
	}
	return now
}

func with[K comparable, V any](m map[K]V, k K, v V) map[K]V {
	if m == nil {
		m = map[K]V{}
	}
	m[k] = v
	return m
}
