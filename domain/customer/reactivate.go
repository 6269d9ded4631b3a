package customer

import "github.com/partnerledger/partnerledger/domain"

// ReactivateSubscription ends a suspension.
type ReactivateSubscription struct {
	Key
	SubscriptionID domain.SubscriptionID `json:"subscriptionId"`
	Reason         string                `json:"reason,omitzero"`
}

// CommandType is the name on the wire.
func (ReactivateSubscription) CommandType() string { return "ReactivateSubscription" }

// reactivate refuses, in this order: customer-not-found, subscription-not-found, subscription-ended,
// status-change-not-allowed.
func reactivate(s State, c ReactivateSubscription) (domain.Decision, error) {
	sub, err := s.living(c.SubscriptionID)
	if err != nil {
		return domain.Decision{}, err
	}
	if sub.Status != Suspended {
		return refused(domain.StatusChangeNotAllowed)
	}
	return recorded(SubscriptionReactivated(c))
}
