// Package provider knows the indirect providers: registered once by the reference feed, read-only
// afterwards; to change a profile one contacts the vendor's representative (R09).
//
//	(none) ── ProviderRegistered ──▶ registered
package provider

import (
	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/legalhold"
)

// Category is the category of the streams, one for each provider.
const Category = "provider"

// Stream is the stream of one provider.
func Stream(id domain.TenantID) domain.Stream {
	return domain.Stream{Category: Category, ID: string(id)}
}

// State is what is known of one provider; the zero State is a provider nobody has registered.
type State struct {
	Registered      bool
	Name            string
	Region          string
	MPNID           domain.MPNID
	GlobalMPNID     domain.MPNID
	PartnershipLink string
	EmailDomain     string
	Holds           legalhold.Holds // on the personal data of all its customers
}

// Fold makes State of events.
var Fold = domain.Fold[State]{Category: Category, Evolve: evolve}

func evolve(s State, h domain.Happened) State {
	s.Holds = s.Holds.After(h.Event)
	if e, ok := h.Event.(ProviderRegistered); ok {
		return State{Registered: true, Name: e.Name, Region: e.Region, MPNID: e.MPNID, GlobalMPNID: e.GlobalMPNID,
			PartnershipLink: e.PartnershipLink, EmailDomain: e.Profile.EmailDomain}
	}
	return s
}

// Look asks what is known of a provider.
func Look(f *domain.Facts, id domain.TenantID) State { return domain.Look[State](f, Stream(id)) }

// Decide is the table of contents of what can be wished of a provider.
func Decide(s State, f *domain.Facts, in domain.Intent) (domain.Decision, error) {
	switch c := in.Command.(type) {
	case RegisterProvider:
		return register(s, f, c)
	default:
		return domain.Decision{}, domain.NotMine(Category, in.Command)
	}
}

// DecideHold decides on legal holds on a provider's customers, all of them. That the provider is known was asked
// before.
func DecideHold(s State, _ *domain.Facts, in domain.Intent) (domain.Decision, error) {
	return s.Holds.Decide(in.Command)
}

// Commands holds one empty example of each command of this package.
var Commands = []domain.Command{RegisterProvider{}}
