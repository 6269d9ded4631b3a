package reseller

import (
	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/partnerid"
)

// RegisterPartnerLocation makes a partner location account (PLA) known; the partner need not be enrolled
// (yet). Issued by the reference feed.
type RegisterPartnerLocation struct {
	ResellerTenantID domain.TenantID `json:"resellerTenantId"`
	MPNID            domain.MPNID    `json:"mpnId"`
	Name             string          `json:"name"`
	Country          string          `json:"country"`
}

// CommandType is the name on the wire.
func (RegisterPartnerLocation) CommandType() string { return "RegisterPartnerLocation" }

// Target is the partner's stream.
func (c RegisterPartnerLocation) Target() domain.Stream { return Stream(c.ResellerTenantID) }

// Parties names the reseller.
func (c RegisterPartnerLocation) Parties() domain.Parties {
	return domain.Parties{Reseller: c.ResellerTenantID}
}

// locate refuses, in this order: mpn-not-numeric, mpn-already-registered. A deleted location keeps its id.
func locate(f *domain.Facts, c RegisterPartnerLocation) (domain.Decision, error) {
	claims, err := partnerid.ClaimAll(f, c.Target(), []partnerid.Wanted{{ID: c.MPNID, Kind: partnerid.Location}})
	if err != nil {
		return domain.Decision{}, err
	}
	e := PartnerLocationRegistered{ResellerTenantID: c.ResellerTenantID, MPNID: c.MPNID, Name: c.Name, Country: c.Country}
	return domain.Decision{Claims: claims, Events: []domain.Event{e}}, nil
}
