package customer

import (
	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/credit"
)

// Change is what one event says about one subscription. The event alone says it: whoever keeps rows of
// subscriptions needs no state besides the rows. A field left empty stays as it was before.
type Change struct {
	SubscriptionID domain.SubscriptionID
	At             domain.Instant
	Begins         bool // bought, or split off by a partial upgrade
	Renews         bool
	OrderID        domain.OrderID // of a purchase
	OfferID        string
	OfferName      string
	Quantity       int // never zero: a subscription has one seat at least
	Status         Status
	TermDuration   string
	BillingCycle   string
	Support        Support
	// Credit is the fact about the reseller of record; it may take effect before At.
	Credit *credit.Fact
}

// Changes are what the event says about subscriptions: none, one, or of a partial upgrade two.
func Changes(h domain.Happened) []Change {
	switch e := h.Event.(type) {
	case SubscriptionPurchased:
		return []Change{{SubscriptionID: e.SubscriptionID, At: h.At, Begins: true, OrderID: e.OrderID, OfferID: e.OfferID, OfferName: e.OfferName,
			Quantity: e.Quantity, Status: Active, TermDuration: e.TermDuration, BillingCycle: e.BillingCycle,
			Support: Support{TenantID: e.SupportTenantID, MPNID: e.SupportMPNID, Name: e.SupportName}}}
	case SubscriptionUpgraded:
		return e.changes(h.At)
	case QuantityChanged:
		return []Change{{SubscriptionID: e.SubscriptionID, At: h.At, Quantity: e.New}}
	case SupportContactAssigned:
		return []Change{{SubscriptionID: e.SubscriptionID, At: h.At,
			Support: Support{TenantID: e.SupportTenantID, MPNID: e.SupportMPNID, Name: e.SupportName}}}
	case SubscriptionSuspended:
		return []Change{{SubscriptionID: e.SubscriptionID, At: h.At, Status: Suspended}}
	case SubscriptionReactivated:
		return []Change{{SubscriptionID: e.SubscriptionID, At: h.At, Status: Active}}
	case SubscriptionRenewed:
		return []Change{{SubscriptionID: e.SubscriptionID, At: h.At, Renews: true, TermDuration: e.TermDuration, BillingCycle: e.BillingCycle}}
	default:
		return creditChanges(h)
	}
}

// creditChanges are those of the events that are facts about the reseller of record.
func creditChanges(h domain.Happened) []Change {
	fact := credit.Fact{Effective: h.Moment()}
	change := Change{At: h.At, Credit: &fact}
	switch e := h.Event.(type) {
	case ResellerOfRecordAssigned:
		change.SubscriptionID, fact.Kind, fact.MPNID = e.SubscriptionID, credit.Set, e.MPNID
	case ResellerOfRecordCorrected:
		change.SubscriptionID, fact.Kind, fact.MPNID, fact.Effective.At = e.SubscriptionID, credit.Set, e.MPNID, e.From
	case ResellerOfRecordCleared:
		change.SubscriptionID, fact.Kind = e.SubscriptionID, credit.Clear
	case SubscriptionCancelled:
		change.SubscriptionID, fact.Kind, change.Status = e.SubscriptionID, credit.End, Cancelled
	default:
		return nil
	}
	return []Change{change}
}

// changes of a full upgrade are of the subscription itself; a partial one leaves its offer, and begins another.
func (e SubscriptionUpgraded) changes(at domain.Instant) []Change {
	if e.NewSubscriptionID == "" {
		return []Change{{SubscriptionID: e.SubscriptionID, At: at, OfferID: e.ToOfferID, OfferName: e.ToOfferName}}
	}
	return []Change{
		{SubscriptionID: e.SubscriptionID, At: at, Quantity: e.Remaining},
		{SubscriptionID: e.NewSubscriptionID, At: at, Begins: true, OfferID: e.ToOfferID, OfferName: e.ToOfferName, Quantity: e.Moved,
			Status: Active, TermDuration: e.TermDuration, BillingCycle: e.BillingCycle},
	}
}
