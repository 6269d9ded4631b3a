package customer

import "github.com/partnerledger/partnerledger/domain"

// CancelSubscription ends the subscription and its credit.
type CancelSubscription struct {
	Key
	SubscriptionID domain.SubscriptionID `json:"subscriptionId"`
	Reason         string                `json:"reason,omitzero"`
}

// CommandType is the name on the wire.
func (CancelSubscription) CommandType() string { return "CancelSubscription" }

// cancel refuses, in this order: customer-not-found, subscription-not-found, subscription-ended,
// cancellation-window-passed (NCE only). A suspended subscription may be cancelled too.
func cancel(s State, at domain.Instant, c CancelSubscription) (domain.Decision, error) {
	sub, err := s.living(c.SubscriptionID)
	if err != nil {
		return domain.Decision{}, err
	}
	if nce(sub.OfferID) && !sub.windowOpen(at) {
		return refused(domain.CancellationWindowPassed)
	}
	return recorded(SubscriptionCancelled(c))
}
