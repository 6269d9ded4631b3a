package customer

import (
	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/credit"
	"github.com/partnerledger/partnerledger/domain/partnerid"
	"github.com/partnerledger/partnerledger/domain/partnership"
	"github.com/partnerledger/partnerledger/domain/provider"
	"github.com/partnerledger/partnerledger/domain/reseller"
)

// now is later than everything known: a partner looked at now is looked at as it stands.
const now = domain.MaxInstant

// checkID refuses an id that may not be on record, in this order: mpn-not-numeric, mpn-is-providers-own,
// mpn-is-global-account, mpn-not-found, mpn-not-a-reseller, location-deleted, partnership-not-active,
// reseller-deauthorized, reseller-suspended, partner-agreement-not-signed. Else it gives whose id it is.
//
// Location, partnership and authorization are looked at as they stood at the moment given, for which a
// suspension is no obstacle unless it is now. The agreement is looked at as it stands (R28).
func (k Key) checkID(f *domain.Facts, id domain.MPNID, at domain.Instant) (domain.TenantID, error) {
	if !id.Numeric() {
		return "", domain.Refuse(domain.MPNNotNumeric)
	}
	claimed := partnerid.Look(f, id)
	switch claimed.Kind {
	case partnerid.Own:
		return "", domain.Refuse(domain.MPNIsProvidersOwn)
	case partnerid.Global:
		return "", domain.Refuse(domain.MPNIsGlobalAccount)
	case partnerid.Location:
		return claimed.TenantID, k.checkLocation(f, id, claimed.TenantID, at)
	default:
		return "", domain.Refuse(domain.MPNNotFound)
	}
}

func (k Key) checkLocation(f *domain.Facts, id domain.MPNID, owner domain.TenantID, at domain.Instant) error {
	partner := reseller.Look(f, owner)
	tie := partnership.Look(f, k.ProviderTenantID, owner)
	region := provider.Look(f, k.ProviderTenantID).Region
	location, found := partner.Locations[id]
	switch {
	case !found:
		return domain.Refuse(domain.MPNNotFound)
	case !partner.Enrolled:
		return domain.Refuse(domain.MPNNotAReseller)
	case happened(location.Deleted, at):
		return domain.Refuse(domain.LocationDeleted)
	case !tie.ActiveAt(at):
		return domain.Refuse(domain.PartnershipNotActive)
	case happened(partner.Deauthorized, at):
		return domain.Refuse(domain.ResellerDeauthorized)
	case at == now && partner.Suspended:
		return domain.Refuse(domain.ResellerSuspended)
	case !partner.Signed(region):
		return domain.Refuse(domain.PartnerAgreementNotSigned, string(id))
	default:
		return nil
	}
}

// happened tells whether it was so after everything effective at or before at.
func happened(m *domain.Moment, at domain.Instant) bool { return m != nil && m.At <= at }

// checkReseller refuses, in this order: partnership-not-active, reseller-deauthorized, reseller-suspended.
func (k Key) checkReseller(f *domain.Facts, id domain.TenantID) error {
	partner := reseller.Look(f, id)
	switch {
	case !partnership.Look(f, k.ProviderTenantID, id).Active():
		return domain.Refuse(domain.PartnershipNotActive)
	case partner.Deauthorized != nil:
		return domain.Refuse(domain.ResellerDeauthorized)
	case partner.Suspended:
		return domain.Refuse(domain.ResellerSuspended)
	default:
		return nil
	}
}

// onRecord is the id on record now under the policy; there may be none.
//
// What was effective last decides: only its id can still be on record, and whatever became of the other
// partners changes nothing. So no others are looked at, however many the subscription has had.
func (k Key) onRecord(f *domain.Facts, s Subscription, policy credit.Policy) domain.MPNID {
	var last credit.Fact
	for i, fact := range s.Facts {
		if i == 0 || !fact.Effective.Before(last.Effective) {
			last = fact
		}
	}
	if last.MPNID == "" {
		return ""
	}
	partners := map[domain.MPNID]credit.Partner{last.MPNID: k.partner(f, last.MPNID)}
	id, _ := credit.Now(credit.Intervals(policy, []credit.Fact{last}, partners))
	return id
}

// partner is what the credit rule has to know of the partner behind an id.
func (k Key) partner(f *domain.Facts, id domain.MPNID) credit.Partner {
	owner := partnerid.Look(f, id).TenantID
	known := reseller.Look(f, owner)
	p := credit.Partner{LocationDeleted: known.Locations[id].Deleted, Deauthorized: known.Deauthorized}
	for _, e := range partnership.Look(f, k.ProviderTenantID, owner).Episodes {
		p.Episodes = append(p.Episodes, credit.Episode{Since: e.Since, Until: e.Until})
	}
	return p
}
