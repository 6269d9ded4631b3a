package reseller

import (
	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/partnerid"
)

// EnrollReseller makes a partner an indirect reseller of the program, with an account (R13). Issued by
// the reference feed.
type EnrollReseller struct {
	ResellerTenantID domain.TenantID `json:"resellerTenantId"`
	Name             string          `json:"name"`
	Country          string          `json:"country"`
	Region           string          `json:"region"`
	GlobalMPNID      *domain.MPNID   `json:"globalMpnId,omitzero"`
}

// CommandType is the name on the wire.
func (EnrollReseller) CommandType() string { return "EnrollReseller" }

// Target is the partner's stream.
func (c EnrollReseller) Target() domain.Stream { return Stream(c.ResellerTenantID) }

// Parties names the reseller.
func (c EnrollReseller) Parties() domain.Parties { return domain.Parties{Reseller: c.ResellerTenantID} }

// enroll refuses, in this order: reseller-already-enrolled, mpn-not-numeric, mpn-already-registered.
func enroll(s State, f *domain.Facts, c EnrollReseller) (domain.Decision, error) {
	if s.Enrolled {
		return domain.Decision{}, domain.Refuse(domain.ResellerAlreadyEnrolled)
	}
	e := ResellerEnrolled{ResellerTenantID: c.ResellerTenantID, Name: c.Name, Country: c.Country, Region: c.Region}
	var wanted []partnerid.Wanted
	if c.GlobalMPNID != nil {
		e.GlobalMPNID = *c.GlobalMPNID
		wanted = append(wanted, partnerid.Wanted{ID: *c.GlobalMPNID, Kind: partnerid.Global})
	}
	claims, err := partnerid.ClaimAll(f, c.Target(), wanted)
	if err != nil {
		return domain.Decision{}, err
	}
	return domain.Decision{Claims: claims, Events: []domain.Event{e}}, nil
}
