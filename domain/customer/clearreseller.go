package customer

import (
	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/credit"
)

// ClearResellerFromSubscription leaves nobody on record from now on.
type ClearResellerFromSubscription struct {
	Key
	SubscriptionID domain.SubscriptionID `json:"subscriptionId"`
	Reason         string                `json:"reason,omitzero"`
}

// CommandType is the name on the wire.
func (ClearResellerFromSubscription) CommandType() string { return "ClearResellerFromSubscription" }

// clearReseller refuses, in this order: customer-not-found, subscription-not-found, subscription-ended,
// no-reseller-of-record. After a deleted location or a lost authorization there is none.
func clearReseller(s State, f *domain.Facts, c ClearResellerFromSubscription) (domain.Decision, error) {
	sub, err := s.living(c.SubscriptionID)
	if err != nil {
		return domain.Decision{}, err
	}
	previous := c.onRecord(f, sub, credit.Keep)
	if previous == "" {
		return refused(domain.NoResellerOfRecord)
	}
	return recorded(ResellerOfRecordCleared{Key: c.Key, SubscriptionID: c.SubscriptionID, PreviousMPNID: previous, Reason: c.Reason})
}
