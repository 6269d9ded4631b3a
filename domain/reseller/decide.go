package reseller

import (
	"maps"
	"slices"

	"github.com/partnerledger/partnerledger/domain"
)

// Decide is the table of contents of what can be wished of a partner.
func Decide(s State, f *domain.Facts, in domain.Intent) (domain.Decision, error) {
	switch c := in.Command.(type) {
	case EnrollReseller:
		return enroll(s, f, c)
	case RegisterPartnerLocation:
		return locate(f, c)
	case DeletePartnerLocation:
		return deleteLocation(s, f, c)
	case SignPartnerAgreement:
		return sign(s, in.At, c)
	case SuspendReseller:
		return suspend(s, c)
	case ReinstateReseller:
		return reinstate(s, c)
	case DeauthorizeReseller:
		return deauthorize(s, c)
	default:
		return domain.Decision{}, domain.NotMine(Category, in.Command)
	}
}

// Commands holds one empty example of each command of this package.
var Commands = []domain.Command{EnrollReseller{}, RegisterPartnerLocation{}, DeletePartnerLocation{}, SignPartnerAgreement{},
	SuspendReseller{}, ReinstateReseller{}, DeauthorizeReseller{}}

func recorded(e domain.Event) (domain.Decision, error) {
	return domain.Decision{Events: []domain.Event{e}}, nil
}

// enrolled refuses, in this order: account-not-found, reseller-not-enrolled. The vendor's sentence of
// the latter names an MPN ID: the partner's lowest one, because the commands here name none.
func enrolled(s State, id domain.TenantID) error {
	if !s.Known() {
		return domain.Refuse(domain.AccountNotFound, string(id))
	}
	if !s.Enrolled {
		return domain.Refuse(domain.ResellerNotEnrolled, string(slices.Min(slices.Collect(maps.Keys(s.Locations)))))
	}
	return nil
}

// authorized refuses like enrolled, and then reseller-deauthorized.
func authorized(s State, id domain.TenantID) error {
	if err := enrolled(s, id); err != nil {
		return err
	}
	if s.Deauthorized != nil {
		return domain.Refuse(domain.ResellerDeauthorized)
	}
	return nil
}
