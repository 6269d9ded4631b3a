package customer

import (
	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/partnership"
	"github.com/partnerledger/partnerledger/domain/provider"
	"github.com/partnerledger/partnerledger/domain/reseller"
)

// AssignSupportContact changes who supports the subscription: the provider, or a reseller (R25, R34, R66).
type AssignSupportContact struct {
	Key
	SubscriptionID  domain.SubscriptionID `json:"subscriptionId"`
	SupportTenantID domain.TenantID       `json:"supportTenantId"`
	SupportMPNID    domain.MPNID          `json:"supportMpnId"`
	Name            string                `json:"name"`
}

// CommandType is the name on the wire.
func (AssignSupportContact) CommandType() string { return "AssignSupportContact" }

// assignSupport refuses, in this order: customer-not-found, subscription-not-found, subscription-ended,
// mpn-not-numeric, support-contact-not-a-partner. The contact that it is already: nothing.
func assignSupport(s State, f *domain.Facts, c AssignSupportContact) (domain.Decision, error) {
	sub, err := s.living(c.SubscriptionID)
	if err != nil {
		return domain.Decision{}, err
	}
	if !c.SupportMPNID.Numeric() {
		return refused(domain.MPNNotNumeric)
	}
	if !c.mayBe(f) {
		return refused(domain.SupportContactNotAPartner)
	}
	if sub.Support == (Support{TenantID: c.SupportTenantID, MPNID: c.SupportMPNID, Name: c.Name}) {
		return domain.Decision{}, nil
	}
	return recorded(SupportContactAssigned{Key: c.Key, SubscriptionID: c.SubscriptionID, SupportTenantID: c.SupportTenantID,
		SupportMPNID: c.SupportMPNID, SupportName: c.Name, PreviousSupportTenantID: sub.Support.TenantID})
}

// mayBe tells whether the contact is the provider with its own id, or a reseller with an active partnership
// and a location that isn't deleted. A suspended reseller may be it.
func (c AssignSupportContact) mayBe(f *domain.Facts) bool {
	if c.SupportTenantID == c.ProviderTenantID {
		return provider.Look(f, c.ProviderTenantID).MPNID == c.SupportMPNID
	}
	location, found := reseller.Look(f, c.SupportTenantID).Locations[c.SupportMPNID]
	tie := partnership.Look(f, c.ProviderTenantID, c.SupportTenantID)
	return found && location.Deleted == nil && tie.Active()
}
