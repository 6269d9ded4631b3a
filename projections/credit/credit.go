// Package credit is the read model of incentive credit: the facts about resellers of record, and the
// intervals and seats that they come to under both policies, as domain/credit makes them.
//
// A fact of a subscription makes its intervals anew; a fact of a partner (a location deleted, an
// authorization lost, a partnership removed) those of the subscriptions on which it has open credit.
// What a correction replaces is kept with the time up to which it was believed, so that what was known
// at any time is a plain query.
package credit

import (
	"context"
	_ "embed"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/credit"
	"github.com/partnerledger/partnerledger/domain/customer"
	"github.com/partnerledger/partnerledger/domain/partnership"
	"github.com/partnerledger/partnerledger/domain/reseller"
	"github.com/partnerledger/partnerledger/projections"
	"github.com/partnerledger/partnerledger/projections/tables"
)

//go:embed schema.sql
var schema string

// Projection keeps the tables of this package.
type Projection struct{}

// Name is the name of the checkpoint.
func (Projection) Name() string { return "credit" }

// Version changes whenever the same events lead to other rows.
func (Projection) Version() int { return 3 }

// Schema makes the tables.
func (Projection) Schema() string { return schema }

// policies are the readings that are kept side by side.
var policies = []credit.Policy{credit.Keep, credit.Close}

// change is one event on its way into the tables.
type change struct {
	ctx  context.Context
	rows *tables.Rows
	e    projections.Event
}

// now and place are when the event was recorded and where it stands, as columns that may be NULL hold it:
// without the event around them, which nobody needs any more.
func (c change) now() *domain.Instant {
	at := c.e.Meta.At
	return &at
}

func (c change) place() *domain.Place {
	seq := domain.Place(c.e.Seq)
	return &seq
}

// Apply changes rows; events that don't concern credit change none.
func (Projection) Apply(ctx context.Context, rows *tables.Rows, e projections.Event) error {
	c := change{ctx: ctx, rows: rows, e: e}
	switch f := e.Fact.(type) {
	case reseller.PartnerLocationRegistered:
		return c.registerLocation(f)
	case reseller.PartnerLocationDeleted:
		return c.deleteLocation(f)
	case reseller.ResellerDeauthorized:
		return c.deauthorize(f)
	case partnership.PartnershipAccepted:
		return c.beginPartnership(f)
	case partnership.PartnershipRemoved:
		return c.endPartnership(f)
	default:
		return c.applyToSubscription()
	}
}

func (c change) applyToSubscription() error {
	switch f := c.e.Fact.(type) {
	case customer.SubscriptionPurchased:
		return c.begin(subscription{f.Key, f.SubscriptionID}, f.Quantity)
	case customer.SubscriptionUpgraded:
		return c.upgrade(f)
	case customer.QuantityChanged:
		return c.seats(subscription{f.Key, f.SubscriptionID}, f.New)
	case customer.ResellerOfRecordAssigned:
		return c.assign(f)
	case customer.ResellerOfRecordCorrected:
		return c.correct(f)
	case customer.ResellerOfRecordCleared:
		return c.clear(f)
	case customer.SubscriptionCancelled:
		return c.end(f)
	default:
		return c.applyToSeats()
	}
}

// applyToSeats notes what only the seats have to know, for sums by reseller.
func (c change) applyToSeats() error {
	switch f := c.e.Fact.(type) {
	case customer.CustomerAssociatedWithReseller:
		return c.manage(f.Key, f.ResellerTenantID)
	case customer.CustomerDissociatedFromReseller:
		return c.manage(f.Key, "")
	case customer.SubscriptionSuspended:
		return c.activate(subscription{f.Key, f.SubscriptionID}, false)
	case customer.SubscriptionReactivated:
		return c.activate(subscription{f.Key, f.SubscriptionID}, true)
	default:
		return nil
	}
}
