// Package partners is the read model of providers, resellers, partnership requests and partnerships.
//
// It answers who is in a provider's list at any instant (R21), who was, which requests are open, and
// how a reseller stood. What its queries say of customers, subscriptions and seats they read from the
// tables of the other read models, in the same snapshot.
package partners

import (
	"context"
	_ "embed"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/partnership"
	"github.com/partnerledger/partnerledger/domain/provider"
	"github.com/partnerledger/partnerledger/domain/reseller"
	"github.com/partnerledger/partnerledger/projections"
	"github.com/partnerledger/partnerledger/projections/tables"
)

//go:embed schema.sql
var schema string

// Projection keeps the tables of this package.
type Projection struct{}

// Name is the name of the checkpoint.
func (Projection) Name() string { return "partners" }

// Version changes whenever the same events lead to other rows.
func (Projection) Version() int { return 3 }

// Schema makes the tables.
func (Projection) Schema() string { return schema }

// Splits says that each row is of one stream: of a provider, a reseller, a request or a pair.
func (Projection) Splits() bool { return true }

// change is one event on its way into the tables.
type change struct {
	ctx  context.Context
	rows *tables.Rows
	e    projections.Event
}

func (c change) place() domain.Place { return domain.Place(c.e.Seq) }

// ending is the place of an event that ends something, as a column that may be NULL holds it.
func (c change) ending() *domain.Place {
	seq := c.place()
	return &seq
}

// now and user are when it was recorded and by whom, as columns that may be NULL hold it: without the
// event around them, which nobody needs any more.
func (c change) now() *domain.Instant {
	at := c.e.Meta.At
	return &at
}

func (c change) user() *string {
	name := c.e.Meta.Actor.UserPrincipalName
	return &name
}

// Apply changes rows; events that don't concern partners change none.
func (Projection) Apply(ctx context.Context, rows *tables.Rows, e projections.Event) error {
	c := change{ctx: ctx, rows: rows, e: e}
	switch f := e.Fact.(type) {
	case provider.ProviderRegistered:
		return c.registerProvider(f)
	case reseller.ResellerEnrolled:
		return c.enroll(f)
	case reseller.PartnerLocationRegistered:
		return c.registerLocation(f)
	case reseller.PartnerLocationDeleted:
		return c.deleteLocation(f)
	case reseller.PartnerAgreementSigned:
		return c.signAgreement(f)
	case reseller.ResellerSuspended:
		return c.suspend(f)
	case reseller.ResellerReinstated:
		return c.reinstate(f)
	case reseller.ResellerDeauthorized:
		return c.deauthorize(f)
	default:
		return c.applyPartnership()
	}
}

func (c change) applyPartnership() error {
	switch f := c.e.Fact.(type) {
	case partnership.PartnershipRequested:
		return c.request(f)
	case partnership.PartnershipRequestAccepted:
		return c.closeRequest(closing{f.RequestID, "accepted", f.ResellerTenantID, ""})
	case partnership.PartnershipDeclined:
		return c.closeRequest(closing{f.RequestID, "declined", f.ResellerTenantID, f.Reason})
	case partnership.PartnershipRequestWithdrawn:
		return c.closeRequest(closing{f.RequestID, "withdrawn", "", f.Reason})
	case partnership.PartnershipAccepted:
		return c.beginEpisode(f)
	case partnership.PartnershipRemoved:
		return c.endEpisode(f)
	default:
		return nil
	}
}
