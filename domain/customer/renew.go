package customer

import "github.com/partnerledger/partnerledger/domain"

// RenewSubscription begins a new term and opens the NCE windows again. Term and billing cycle are said
// only where they change.
type RenewSubscription struct {
	Key
	SubscriptionID domain.SubscriptionID `json:"subscriptionId"`
	TermDuration   string                `json:"termDuration,omitzero"`
	BillingCycle   string                `json:"billingCycle,omitzero"`
	Reason         string                `json:"reason,omitzero"`
}

// CommandType is the name on the wire.
func (RenewSubscription) CommandType() string { return "RenewSubscription" }

// renew refuses, in this order: customer-not-found, subscription-not-found, subscription-ended,
// subscription-suspended. Each renewal is recorded: each begins a term.
func renew(s State, c RenewSubscription) (domain.Decision, error) {
	sub, err := s.active(c.SubscriptionID)
	if err != nil {
		return domain.Decision{}, err
	}
	return recorded(SubscriptionRenewed{Key: c.Key, SubscriptionID: c.SubscriptionID, Reason: c.Reason,
		TermDuration: said(c.TermDuration, sub.TermDuration), BillingCycle: said(c.BillingCycle, sub.BillingCycle)})
}
