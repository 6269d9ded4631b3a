// Package timeline is the read model of all that happened: one line an event, with who, when, what and
// why, to be asked by organization, subscription, user, kind and time.
package timeline

import (
	"context"
	_ "embed"
	"strings"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/reseller"
	"github.com/partnerledger/partnerledger/projections"
	"github.com/partnerledger/partnerledger/projections/about"
	"github.com/partnerledger/partnerledger/projections/readmodel"
	"github.com/partnerledger/partnerledger/projections/sqldb"
)

//go:embed schema.sql
var schema string

// Projection keeps the table of this package.
type Projection struct{}

// Name is the name of the checkpoint.
func (Projection) Name() string { return "timeline" }

// Version changes whenever the same events lead to other rows.
func (Projection) Version() int { return 1 }

// Schema makes the tables.
func (Projection) Schema() string { return schema }

const insertEntry = `INSERT INTO timeline (seq, position, at, effective_at, type, category, summary, reason, user_name, user_tenant_id, user_role,
  provider_tenant_id, reseller_tenant_id, previous_tenant_id, customer_tenant_id, subscription_id, request_id, mpn_id, previous_mpn_id,
  event_id, command_id, stream, revision)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23)`

// Apply adds a line for every event but claims, which say nothing that the fact after them doesn't.
func (Projection) Apply(ctx context.Context, tx *sqldb.Tx, e projections.Event) error {
	if _, claim := e.Fact.(domain.Claim); claim {
		return nil
	}
	a, err := about.Of(e.Fact)
	if err != nil {
		return err
	}
	if err := own(ctx, tx, e.Fact, &a); err != nil {
		return err
	}
	m, effective := e.Meta, e.Meta.At
	if m.EffectiveAt != nil {
		effective = *m.EffectiveAt
	}
	category, _, _ := strings.Cut(e.Stream, "-")
	return readmodel.Exec(ctx, tx, insertEntry, e.Seq, e.Position, m.At, effective, e.Type, category, a.Summary, a.Reason,
		m.Actor.UserPrincipalName, m.Actor.TenantID, m.Actor.Role, a.Provider, a.Reseller, a.PreviousReseller, a.Customer,
		a.Subscription, a.Request, a.MPNID, a.PreviousMPNID, e.ID.String(), m.CausationID, e.Stream, e.Revision)
}

const (
	insertOwner = `INSERT INTO timeline_mpn_owners (mpn_id, reseller_tenant_id) VALUES ($1, $2) ON CONFLICT (mpn_id) DO NOTHING`
	selectOwner = `SELECT reseller_tenant_id FROM timeline_mpn_owners WHERE mpn_id = $1`
)

// own keeps whose a location is, and finds whose the previous one was; it is nobody's that is known here
// if it isn't a reseller's location.
func own(ctx context.Context, tx *sqldb.Tx, fact domain.Event, a *about.About) error {
	if l, ok := fact.(reseller.PartnerLocationRegistered); ok {
		return readmodel.Exec(ctx, tx, insertOwner, l.MPNID, l.ResellerTenantID)
	}
	if a.PreviousMPNID == "" {
		return nil
	}
	owner, _, err := readmodel.One(ctx, tx, readmodel.From(selectOwner, a.PreviousMPNID), func(id *domain.TenantID) []any { return []any{id} })
	a.PreviousReseller = owner
	return err
}
