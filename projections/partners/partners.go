// Package partners is the read model of providers, resellers, partnership requests and partnerships.
//
// It answers who is in a provider's list at any instant (R21), who was, which requests are open, and
// how a reseller stood. What its queries say of customers, subscriptions and seats they read from the
// tables of the other read models, in the same snapshot.
package partners

import (
	"context"
	_ "embed"

	"github.com/partnerledger/partnerledger/domain/partnership"
	"github.com/partnerledger/partnerledger/domain/provider"
	"github.com/partnerledger/partnerledger/domain/reseller"
	"github.com/partnerledger/partnerledger/projections"
	"github.com/partnerledger/partnerledger/projections/sqldb"
)

//go:embed schema.sql
var schema string

// Projection keeps the tables of this package.
type Projection struct{}

// Name is the name of the checkpoint.
func (Projection) Name() string { return "partners" }

// Version changes whenever the same events lead to other rows.
func (Projection) Version() int { return 1 }

// Schema makes the tables.
func (Projection) Schema() string { return schema }

// Apply changes rows; events that don't concern partners change none.
func (Projection) Apply(ctx context.Context, tx *sqldb.Tx, e projections.Event) error {
	switch f := e.Fact.(type) {
	case provider.ProviderRegistered:
		return registerProvider(ctx, tx, e, f)
	case reseller.ResellerEnrolled:
		return enroll(ctx, tx, e, f)
	case reseller.PartnerLocationRegistered:
		return registerLocation(ctx, tx, e, f)
	case reseller.PartnerLocationDeleted:
		return deleteLocation(ctx, tx, e, f)
	case reseller.PartnerAgreementSigned:
		return signAgreement(ctx, tx, e, f)
	case reseller.ResellerSuspended:
		return suspend(ctx, tx, e, f)
	case reseller.ResellerReinstated:
		return reinstate(ctx, tx, e, f)
	case reseller.ResellerDeauthorized:
		return deauthorize(ctx, tx, e, f)
	default:
		return applyPartnership(ctx, tx, e)
	}
}

func applyPartnership(ctx context.Context, tx *sqldb.Tx, e projections.Event) error {
	switch f := e.Fact.(type) {
	case partnership.PartnershipRequested:
		return request(ctx, tx, e, f)
	case partnership.PartnershipRequestAccepted:
		return closeRequest(ctx, tx, e, closing{f.RequestID, "accepted", f.ResellerTenantID, ""})
	case partnership.PartnershipDeclined:
		return closeRequest(ctx, tx, e, closing{f.RequestID, "declined", f.ResellerTenantID, f.Reason})
	case partnership.PartnershipRequestWithdrawn:
		return closeRequest(ctx, tx, e, closing{f.RequestID, "withdrawn", "", f.Reason})
	case partnership.PartnershipAccepted:
		return beginEpisode(ctx, tx, e, f)
	case partnership.PartnershipRemoved:
		return endEpisode(ctx, tx, e, f)
	default:
		return nil
	}
}
