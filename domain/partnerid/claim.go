package partnerid

import "github.com/partnerledger/partnerledger/domain"

// Wanted is an id that a command wants to claim.
type Wanted struct {
	ID   domain.MPNID
	Kind Kind
}

// ClaimAll claims the ids for the owner's stream, or refuses: first mpn-not-numeric for any of them,
// then mpn-already-registered for any of them.
func ClaimAll(f *domain.Facts, owner domain.Stream, wanted []Wanted) ([]domain.Claim, error) {
	for _, w := range wanted {
		if !w.ID.Numeric() {
			return nil, domain.Refuse(domain.MPNNotNumeric)
		}
	}
	var claims []domain.Claim
	seen := map[domain.MPNID]bool{}
	for _, w := range wanted {
		if Look(f, w.ID).Claimed() || seen[w.ID] {
			return nil, domain.Refuse(domain.MPNAlreadyRegistered, string(w.ID))
		}
		seen[w.ID] = true
		claims = append(claims, PartnerIDClaimed{MPNID: w.ID, Kind: w.Kind, TenantID: domain.TenantID(owner.ID), OwnerCategory: owner.Category})
	}
	return claims, nil
}
