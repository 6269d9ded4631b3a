package customer

import "github.com/partnerledger/partnerledger/domain"

// PlaceOrder adds subscriptions to an existing customer, all or none (R58, R62–R65).
type PlaceOrder struct {
	Key
	OrderID domain.OrderID `json:"orderId"`
	Lines   []OrderLine    `json:"lines"`
	Channel string         `json:"channel,omitzero"`
}

// CommandType is the name on the wire.
func (PlaceOrder) CommandType() string { return "PlaceOrder" }

// placeOrder refuses, in this order: channel-not-allowed, customer-not-found, and what buy refuses.
func placeOrder(s State, f *domain.Facts, c PlaceOrder) (domain.Decision, error) {
	if c.Channel == azurePortal {
		return refused(domain.ChannelNotAllowed)
	}
	if err := s.known(); err != nil {
		return domain.Decision{}, err
	}
	events, err := s.buy(f, c.Key, Order{OrderID: c.OrderID, Lines: c.Lines}, c.Channel)
	return domain.Decision{Events: events}, err
}
