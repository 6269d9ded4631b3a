package customer

import (
	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/partnerid"
	"github.com/partnerledger/partnerledger/domain/partnership"
	"github.com/partnerledger/partnerledger/domain/provider"
	"github.com/partnerledger/partnerledger/domain/reseller"
)

// Order is what is bought at once: all of it or nothing (R52).
type Order struct {
	OrderID domain.OrderID `json:"orderId"`
	Lines   []OrderLine    `json:"lines"`
}

// OrderLine is one subscription wanted. MPNID is the reseller of record; without it there is none.
type OrderLine struct {
	SubscriptionID domain.SubscriptionID `json:"subscriptionId"`
	OfferID        string                `json:"offerId"`
	OfferName      string                `json:"offerName"`
	Quantity       int                   `json:"quantity"`
	TermDuration   string                `json:"termDuration"`
	BillingCycle   string                `json:"billingCycle"`
	MPNID          *domain.MPNID         `json:"mpnId,omitzero"`
}

// buy refuses order-id-in-use; then for each line in turn: subscription-id-in-use, quantity-out-of-range,
// and what checkID refuses.
func (s State) buy(f *domain.Facts, k Key, o Order, channel string) ([]domain.Event, error) {
	if s.Orders[o.OrderID] {
		return nil, domain.Refuse(domain.OrderIDInUse)
	}
	k.askAll(f, o)
	events := []domain.Event{OrderSubmitted{Key: k, OrderID: o.OrderID, Channel: channel, Lines: len(o.Lines)}}
	used := map[domain.SubscriptionID]bool{}
	for _, l := range o.Lines {
		if _, before := s.Subscriptions[l.SubscriptionID]; before || used[l.SubscriptionID] {
			return nil, domain.Refuse(domain.SubscriptionIDInUse)
		}
		used[l.SubscriptionID] = true
		bought, err := l.buy(f, k, o.OrderID)
		if err != nil {
			return nil, err
		}
		events = append(events, bought...)
	}
	return events, nil
}

func (l OrderLine) buy(f *domain.Facts, k Key, order domain.OrderID) ([]domain.Event, error) {
	if !inRange(l.OfferID, l.Quantity) {
		return nil, domain.Refuse(domain.QuantityOutOfRange)
	}
	supporter := provider.Look(f, k.ProviderTenantID)
	events := []domain.Event{SubscriptionPurchased{Key: k, SubscriptionID: l.SubscriptionID, OrderID: order, OfferID: l.OfferID,
		OfferName: l.OfferName, Quantity: l.Quantity, TermDuration: l.TermDuration, BillingCycle: l.BillingCycle,
		SupportTenantID: k.ProviderTenantID, SupportMPNID: supporter.MPNID, SupportName: supporter.Name}}
	if l.MPNID == nil {
		return events, nil
	}
	owner, err := k.checkID(f, *l.MPNID, now)
	if err != nil {
		return nil, err
	}
	return append(events, ResellerOfRecordAssigned{Key: k, SubscriptionID: l.SubscriptionID, MPNID: *l.MPNID, ResellerTenantID: owner,
		Source: SourcePurchase, PartnerAgreementSigned: true}), nil
}

// askAll looks at every partner whom the lines name before the first line is checked. A check stops at
// the first thing that isn't known; asked one by one, an order of a hundred lines would be decided
// hundreds of times over.
func (k Key) askAll(f *domain.Facts, o Order) {
	for _, l := range o.Lines {
		if l.MPNID == nil || !l.MPNID.Numeric() {
			continue
		}
		if claimed := partnerid.Look(f, *l.MPNID); claimed.Kind == partnerid.Location {
			reseller.Look(f, claimed.TenantID)
			partnership.Look(f, k.ProviderTenantID, claimed.TenantID)
		}
	}
}
