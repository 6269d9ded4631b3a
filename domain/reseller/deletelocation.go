package reseller

import (
	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/partnerid"
)

// DeletePartnerLocation ends a location for good; credit tied to it ceases to accrue. Issued by the
// reference feed. It names only the location: whose it is, is looked up.
type DeletePartnerLocation struct {
	MPNID domain.MPNID `json:"mpnId"`
}

// CommandType is the name on the wire.
func (DeletePartnerLocation) CommandType() string { return "DeletePartnerLocation" }

// Target is the stream of the id, because no partner is named; see Resolve.
func (c DeletePartnerLocation) Target() domain.Stream { return partnerid.Stream(c.MPNID) }

// Resolve is the stream of the partner whose location the id is, or Target where it is nobody's location.
func (c DeletePartnerLocation) Resolve(f *domain.Facts) domain.Stream {
	id := partnerid.Look(f, c.MPNID)
	if id.Kind != partnerid.Location {
		return c.Target()
	}
	return Stream(id.TenantID)
}

// Parties names nobody.
func (DeletePartnerLocation) Parties() domain.Parties { return domain.Parties{} }

// deleteLocation refuses, in this order: mpn-not-found, location-deleted. What is no location (a
// provider's own id, a global account, an id that nobody has) isn't found.
func deleteLocation(s State, f *domain.Facts, c DeletePartnerLocation) (domain.Decision, error) {
	location, found := s.Locations[c.MPNID]
	if !found {
		return domain.Decision{}, domain.Refuse(domain.MPNNotFound)
	}
	if location.Deleted != nil {
		return domain.Decision{}, domain.Refuse(domain.LocationDeleted)
	}
	return recorded(PartnerLocationDeleted{ResellerTenantID: partnerid.Look(f, c.MPNID).TenantID, MPNID: c.MPNID})
}
