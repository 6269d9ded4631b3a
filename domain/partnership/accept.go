package partnership

import (
	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/partnerid"
	"github.com/partnerledger/partnerledger/domain/provider"
	"github.com/partnerledger/partnerledger/domain/reseller"
)

// AcceptPartnership says that the reseller followed the link, ticked the box and accepted (R10, R13,
// R21). It uses the request up; EstablishPartnership does the rest. A signed partner agreement isn't
// asked for: it is needed to transact, not to connect.
type AcceptPartnership struct {
	RequestID        domain.RequestID `json:"requestId"`
	ProviderTenantID domain.TenantID  `json:"providerTenantId"`
	ResellerTenantID domain.TenantID  `json:"resellerTenantId"`
	MPNID            domain.MPNID     `json:"mpnId"`
	Authorized       bool             `json:"authorized"`
}

// CommandType is the name on the wire.
func (AcceptPartnership) CommandType() string { return "AcceptPartnership" }

// Target is the request's stream.
func (c AcceptPartnership) Target() domain.Stream { return RequestStream(c.RequestID) }

// Parties names the provider and the accepting reseller.
func (c AcceptPartnership) Parties() domain.Parties {
	return domain.Parties{Provider: c.ProviderTenantID, Reseller: c.ResellerTenantID}
}

// accept refuses, in this order: request-not-found, request-not-open, authorization-not-given,
// account-not-found, reseller-not-enrolled, mpn-not-numeric, mpn-is-global-account, mpn-not-found,
// mpn-not-of-reseller, location-deleted, region-mismatch, reseller-deauthorized, reseller-suspended,
// partnership-already-active.
func accept(s RequestState, f *domain.Facts, at domain.Instant, c AcceptPartnership) (domain.Decision, error) {
	if err := answerable(s, c.ProviderTenantID, at); err != nil {
		return domain.Decision{}, err
	}
	if !c.Authorized {
		return domain.Decision{}, domain.Refuse(domain.AuthorizationNotGiven)
	}
	partner := reseller.Look(f, c.ResellerTenantID)
	if err := account(partner, c); err != nil {
		return domain.Decision{}, err
	}
	if err := location(partner, f, c); err != nil {
		return domain.Decision{}, err
	}
	if err := standing(partner, f, c); err != nil {
		return domain.Decision{}, err
	}
	return recorded(PartnershipRequestAccepted{RequestID: c.RequestID, ProviderTenantID: c.ProviderTenantID, ResellerTenantID: c.ResellerTenantID,
		MPNID: c.MPNID, Name: partner.Name, Country: partner.Locations[c.MPNID].Country})
}

func account(partner reseller.State, c AcceptPartnership) error {
	if !partner.Known() {
		return domain.Refuse(domain.AccountNotFound, string(c.ResellerTenantID))
	}
	if !partner.Enrolled {
		return domain.Refuse(domain.ResellerNotEnrolled, string(c.MPNID))
	}
	return nil
}

// location wants the id of an undeleted location of this very reseller.
func location(partner reseller.State, f *domain.Facts, c AcceptPartnership) error {
	if !c.MPNID.Numeric() {
		return domain.Refuse(domain.MPNNotNumeric)
	}
	id := partnerid.Look(f, c.MPNID)
	place, registered := partner.Locations[c.MPNID]
	switch {
	case id.Kind == partnerid.Global:
		return domain.Refuse(domain.MPNIsGlobalAccount)
	case !id.Claimed():
		return domain.Refuse(domain.MPNNotFound)
	case !registered:
		return domain.Refuse(domain.MPNNotOfReseller)
	case place.Deleted != nil:
		return domain.Refuse(domain.LocationDeleted)
	default:
		return nil
	}
}

func standing(partner reseller.State, f *domain.Facts, c AcceptPartnership) error {
	region := provider.Look(f, c.ProviderTenantID).Region
	switch {
	case partner.Region != region:
		return domain.Refuse(domain.RegionMismatch, string(c.MPNID), partner.Region, region, string(c.ProviderTenantID))
	case partner.Deauthorized != nil:
		return domain.Refuse(domain.ResellerDeauthorized)
	case partner.Suspended:
		return domain.Refuse(domain.ResellerSuspended)
	case Look(f, c.ProviderTenantID, c.ResellerTenantID).Active():
		return domain.Refuse(domain.PartnershipAlreadyActive)
	default:
		return nil
	}
}
