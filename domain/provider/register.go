package provider

import (
	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/partnerid"
)

// RegisterProvider makes an indirect provider and its profile known. Issued by the reference feed.
type RegisterProvider struct {
	ProviderTenantID domain.TenantID `json:"providerTenantId"`
	Name             string          `json:"name"`
	Country          string          `json:"country"`
	Region           string          `json:"region"`
	MPNID            domain.MPNID    `json:"mpnId"`
	GlobalMPNID      *domain.MPNID   `json:"globalMpnId,omitzero"`
	PartnershipLink  string          `json:"partnershipLink"`
	Profile          Profile         `json:"profile"`
}

// CommandType is the name on the wire.
func (RegisterProvider) CommandType() string { return "RegisterProvider" }

// Target is the provider's stream.
func (c RegisterProvider) Target() domain.Stream { return Stream(c.ProviderTenantID) }

// Parties names the provider.
func (c RegisterProvider) Parties() domain.Parties {
	return domain.Parties{Provider: c.ProviderTenantID}
}

// register refuses, in this order: provider-already-registered, mpn-not-numeric, mpn-already-registered.
func register(s State, f *domain.Facts, c RegisterProvider) (domain.Decision, error) {
	if s.Registered {
		return domain.Decision{}, domain.Refuse(domain.ProviderAlreadyRegistered)
	}
	wanted := []partnerid.Wanted{{ID: c.MPNID, Kind: partnerid.Own}}
	if c.GlobalMPNID != nil {
		wanted = append(wanted, partnerid.Wanted{ID: *c.GlobalMPNID, Kind: partnerid.Global})
	}
	claims, err := partnerid.ClaimAll(f, Stream(c.ProviderTenantID), wanted)
	if err != nil {
		return domain.Decision{}, err
	}
	e := ProviderRegistered{ProviderTenantID: c.ProviderTenantID, Name: c.Name, Country: c.Country, Region: c.Region,
		MPNID: c.MPNID, PartnershipLink: c.PartnershipLink, Profile: c.Profile}
	if c.GlobalMPNID != nil {
		e.GlobalMPNID = *c.GlobalMPNID
	}
	return domain.Decision{Claims: claims, Events: []domain.Event{e}}, nil
}
