package customer

import (
	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/credit"
)

// Where an id on record came from.
const (
	SourcePurchase = "purchase"
	SourceUpdate   = "update"
	SourceUpgrade  = "upgrade"
)

// AssignResellerToSubscription puts the reseller's id on record: its credit opens (R24, R26–R29, R33, R63).
type AssignResellerToSubscription struct {
	Key
	SubscriptionID domain.SubscriptionID `json:"subscriptionId"`
	MPNID          domain.MPNID          `json:"mpnId"`
}

// CommandType is the name on the wire.
func (AssignResellerToSubscription) CommandType() string { return "AssignResellerToSubscription" }

// assignReseller refuses, in this order: customer-not-found, subscription-not-found, subscription-ended,
// and what checkID refuses. The id that is on record under both policies already: nothing. Under one only
// it is recorded, because after a partnership was removed and re-established it opens credit again for
// whoever closes it on removal.
func assignReseller(s State, f *domain.Facts, c AssignResellerToSubscription) (domain.Decision, error) {
	sub, err := s.living(c.SubscriptionID)
	if err != nil {
		return domain.Decision{}, err
	}
	owner, err := c.checkID(f, c.MPNID, now)
	if err != nil {
		return domain.Decision{}, err
	}
	previous := c.onRecord(f, sub, credit.Keep)
	if previous == c.MPNID && c.onRecord(f, sub, credit.Close) == c.MPNID {
		return domain.Decision{}, nil
	}
	return recorded(ResellerOfRecordAssigned{Key: c.Key, SubscriptionID: c.SubscriptionID, MPNID: c.MPNID, ResellerTenantID: owner,
		PreviousMPNID: previous, Source: SourceUpdate, PartnerAgreementSigned: true})
}
