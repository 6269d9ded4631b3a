package customer

import "github.com/partnerledger/partnerledger/domain"

// ChangeQuantity changes the number of licences (R58, R59). ExpectedQuantity is the number that the user saw.
type ChangeQuantity struct {
	Key
	SubscriptionID   domain.SubscriptionID `json:"subscriptionId"`
	Quantity         int                   `json:"quantity"`
	ExpectedQuantity *int                  `json:"expectedQuantity,omitzero"`
	Channel          string                `json:"channel,omitzero"`
}

// CommandType is the name on the wire.
func (ChangeQuantity) CommandType() string { return "ChangeQuantity" }

// changeQuantity refuses, in this order: channel-not-allowed, customer-not-found, subscription-not-found,
// subscription-ended, subscription-suspended, stale-version, quantity-out-of-range, reduction-window-passed.
// The number that it is already: nothing.
func changeQuantity(s State, at domain.Instant, c ChangeQuantity) (domain.Decision, error) {
	if c.Channel == azurePortal {
		return refused(domain.ChannelNotAllowed)
	}
	sub, err := s.active(c.SubscriptionID)
	switch {
	case err != nil:
		return domain.Decision{}, err
	case c.ExpectedQuantity != nil && *c.ExpectedQuantity != sub.Quantity:
		return refused(domain.StaleVersion)
	case !inRange(sub.OfferID, c.Quantity):
		return refused(domain.QuantityOutOfRange)
	case c.Quantity < sub.floor(at):
		return refused(domain.ReductionWindowPassed)
	case c.Quantity == sub.Quantity:
		return domain.Decision{}, nil
	}
	return recorded(QuantityChanged{Key: c.Key, SubscriptionID: c.SubscriptionID, Old: sub.Quantity, New: c.Quantity, Channel: c.Channel})
}
