package provider

import "github.com/partnerledger/partnerledger/domain"

// These names and fields are the stored form. They are frozen: never rename, never reuse.

// ProviderRegistered makes an indirect provider and its profile known (R09).
type ProviderRegistered struct {
	ProviderTenantID domain.TenantID `json:"providerTenantId"`
	Name             string          `json:"name"`
	Country          string          `json:"country"`
	Region           string          `json:"region"`
	MPNID            domain.MPNID    `json:"mpnId"`
	GlobalMPNID      domain.MPNID    `json:"globalMpnId,omitzero"`
	PartnershipLink  string          `json:"partnershipLink"`
	Profile          Profile         `json:"profile"`
}

// EventType is the stored name, frozen.
func (ProviderRegistered) EventType() string { return "ProviderRegistered" }

// Profile is the provider's company profile: read here, changed only by the vendor's representative (R09).
type Profile struct {
	EmailDomain  string `json:"emailDomain"`
	Website      string `json:"website,omitzero"`
	AddressLine1 string `json:"addressLine1,omitzero"`
	City         string `json:"city,omitzero"`
	PostalCode   string `json:"postalCode,omitzero"`
	PhoneNumber  string `json:"phoneNumber,omitzero"`
}

// Events holds one filled example of each event of this package.
var Events = []domain.Event{
	ProviderRegistered{
		ProviderTenantID: "4b908c9a-e2eb-4713-a8c1-2d429a55b123", Name: "Northwind Distribution", Country: "DE", Region: "Europe",
		MPNID: "412648", GlobalMPNID: "420567", PartnershipLink: "https://partner.example/accept?token=bdc46f1d",
		Profile: Profile{EmailDomain: "northwind.example", Website: "https://www.northwind.example", AddressLine1: "Harbour 1",
			City: "Hamburg", PostalCode: "20095", PhoneNumber: "+49 40 1234"},
	},
}
