// Package timeline is the read model of all that happened: one line an event, with who, when, what and
// why, to be asked by organization, subscription, user, kind and time.
package timeline

import (
	"context"
	_ "embed"

	"github.com/partnerledger/partnerledger/domain"
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

const insertEntry = `INSERT INTO timeline (seq, position, at, effective_at, type, summary, reason, user_name, user_tenant_id, user_role,
  provider_tenant_id, reseller_tenant_id, customer_tenant_id, subscription_id, request_id, mpn_id, event_id, command_id, stream, revision)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)`

// Apply adds a line for every event but claims, which say nothing that the fact after them doesn't.
func (Projection) Apply(ctx context.Context, tx *sqldb.Tx, e projections.Event) error {
	if _, claim := e.Fact.(domain.Claim); claim {
		return nil
	}
	a, err := about.Of(e.Fact)
	if err != nil {
		return err
	}
	m, effective := e.Meta, e.Meta.At
	if m.EffectiveAt != nil {
		effective = *m.EffectiveAt
	}
	return readmodel.Exec(ctx, tx, insertEntry, int64(e.Seq), int64(e.Position), m.At, effective, e.Type, a.Summary, a.Reason,
		m.Actor.UserPrincipalName, string(m.Actor.TenantID), string(m.Actor.Role), string(a.Provider), string(a.Reseller), string(a.Customer),
		string(a.Subscription), string(a.Request), string(a.MPNID), e.ID.String(), string(m.CausationID), e.Stream, int64(e.Revision))
}
