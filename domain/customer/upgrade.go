package customer

import (
	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/credit"
	"github.com/partnerledger/partnerledger/domain/partnerid"
)

// UpgradeSubscription changes to a higher offer: the whole subscription, or with NewSubscriptionID only
// Quantity seats of it, which move to a new one (R58).
type UpgradeSubscription struct {
	Key
	SubscriptionID    domain.SubscriptionID `json:"subscriptionId"`
	ToOfferID         string                `json:"toOfferId"`
	ToOfferName       string                `json:"toOfferName"`
	Quantity          *int                  `json:"quantity,omitzero"`
	NewSubscriptionID domain.SubscriptionID `json:"newSubscriptionId,omitzero"`
	Channel           string                `json:"channel,omitzero"`
}

// CommandType is the name on the wire.
func (UpgradeSubscription) CommandType() string { return "UpgradeSubscription" }

// upgrade refuses, in this order: channel-not-allowed, customer-not-found, subscription-not-found,
// subscription-ended, subscription-suspended, downgrade-not-supported, subscription-id-in-use,
// quantity-out-of-range.
func upgrade(s State, f *domain.Facts, c UpgradeSubscription) (domain.Decision, error) {
	if c.Channel == azurePortal {
		return refused(domain.ChannelNotAllowed)
	}
	sub, err := s.active(c.SubscriptionID)
	if err != nil {
		return domain.Decision{}, err
	}
	if !upgradable(sub.OfferID, c.ToOfferID) {
		return refused(domain.DowngradeNotSupported)
	}
	e := SubscriptionUpgraded{Key: c.Key, SubscriptionID: c.SubscriptionID, FromOfferID: sub.OfferID, ToOfferID: c.ToOfferID,
		ToOfferName: c.ToOfferName, NewSubscriptionID: c.NewSubscriptionID, TermDuration: sub.TermDuration, BillingCycle: sub.BillingCycle,
		Channel: c.Channel}
	if c.NewSubscriptionID == "" {
		return c.full(sub, e)
	}
	return c.partial(s, f, sub, e)
}

// full takes all seats along, and the credit goes on. The very offer that it is already: nothing (only of
// one that isn't listed; of a listed one it is refused, as it ranks no higher).
func (c UpgradeSubscription) full(sub Subscription, e SubscriptionUpgraded) (domain.Decision, error) {
	if c.Quantity != nil && *c.Quantity != sub.Quantity {
		return refused(domain.QuantityOutOfRange)
	}
	if c.ToOfferID == sub.OfferID {
		return domain.Decision{}, nil
	}
	e.Moved = sub.Quantity
	return recorded(e)
}

// partial begins a new subscription with the reseller of record and the support contact of the old one,
// as they are and without any check; they are facts of their own, so that the new one can be read alone.
func (c UpgradeSubscription) partial(s State, f *domain.Facts, sub Subscription, e SubscriptionUpgraded) (domain.Decision, error) {
	if _, before := s.Subscriptions[c.NewSubscriptionID]; before {
		return refused(domain.SubscriptionIDInUse)
	}
	if c.Quantity == nil || *c.Quantity < 1 || *c.Quantity >= sub.Quantity {
		return refused(domain.QuantityOutOfRange)
	}
	e.Moved, e.Remaining = *c.Quantity, sub.Quantity-*c.Quantity
	events := []domain.Event{e}
	if id := c.onRecord(f, sub, credit.Keep); id != "" {
		events = append(events, ResellerOfRecordAssigned{Key: c.Key, SubscriptionID: c.NewSubscriptionID, MPNID: id,
			ResellerTenantID: partnerid.Look(f, id).TenantID, Source: SourceUpgrade})
	}
	return recorded(append(events, SupportContactAssigned{Key: c.Key, SubscriptionID: c.NewSubscriptionID,
		SupportTenantID: sub.Support.TenantID, SupportMPNID: sub.Support.MPNID, SupportName: sub.Support.Name})...)
}
