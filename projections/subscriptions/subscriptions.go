// Package subscriptions is the read model of subscriptions: what was bought, every step of it since, and
// who supports it. The reseller of record is kept by package credit.
package subscriptions

import (
	"context"
	_ "embed"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/customer"
	"github.com/partnerledger/partnerledger/projections"
	"github.com/partnerledger/partnerledger/projections/tables"
)

//go:embed schema.sql
var schema string

// Projection keeps the tables of this package.
type Projection struct{}

// Name is the name of the checkpoint.
func (Projection) Name() string { return "subscriptions" }

// Version changes whenever the same events lead to other rows.
func (Projection) Version() int { return 2 }

// Schema makes the tables.
func (Projection) Schema() string { return schema }

// Splits says that each row is of one customer's stream.
func (Projection) Splits() bool { return true }

// Apply changes rows; events that don't concern subscriptions change none.
func (Projection) Apply(ctx context.Context, rows *tables.Rows, e projections.Event) error {
	c := change{ctx: ctx, rows: rows, at: e.Meta.At, seq: domain.Place(e.Seq)}
	switch f := e.Fact.(type) {
	case customer.SubscriptionPurchased:
		return c.purchase(f)
	case customer.QuantityChanged:
		return c.seats(subscription{f.Key, f.SubscriptionID}, f.New)
	case customer.SubscriptionUpgraded:
		return c.upgrade(f)
	case customer.SubscriptionSuspended:
		return c.status(subscription{f.Key, f.SubscriptionID}, suspended)
	case customer.SubscriptionReactivated:
		return c.status(subscription{f.Key, f.SubscriptionID}, active)
	case customer.SubscriptionCancelled:
		return c.cancel(f)
	case customer.SubscriptionRenewed:
		return c.renew(f)
	case customer.SupportContactAssigned:
		return c.support(f)
	default:
		return nil
	}
}
