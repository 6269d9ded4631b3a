package customer

import "github.com/partnerledger/partnerledger/domain"

// SuspendSubscription stops the subscription for a while; its credit stays open.
type SuspendSubscription struct {
	Key
	SubscriptionID domain.SubscriptionID `json:"subscriptionId"`
	Reason         string                `json:"reason,omitzero"`
}

// CommandType is the name on the wire.
func (SuspendSubscription) CommandType() string { return "SuspendSubscription" }

// suspend refuses, in this order: customer-not-found, subscription-not-found, subscription-ended,
// status-change-not-allowed.
func suspend(s State, c SuspendSubscription) (domain.Decision, error) {
	sub, err := s.living(c.SubscriptionID)
	if err != nil {
		return domain.Decision{}, err
	}
	if sub.Status != Active {
		return refused(domain.StatusChangeNotAllowed)
	}
	return recorded(SubscriptionSuspended(c))
}
