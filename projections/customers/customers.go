// Package customers is the read model of a provider's customers: which reseller manages them (R11), and
// who has delegated admin privileges over them. Removing a partnership changes nothing here (R37, R38).
package customers

import (
	"context"
	_ "embed"
	"fmt"

	"github.com/go-json-experiment/json"

	"github.com/partnerledger/partnerledger/domain/customer"
	"github.com/partnerledger/partnerledger/projections"
	"github.com/partnerledger/partnerledger/projections/readmodel"
	"github.com/partnerledger/partnerledger/projections/sqldb"
)

//go:embed schema.sql
var schema string

// Projection keeps the tables of this package.
type Projection struct{}

// Name is the name of the checkpoint.
func (Projection) Name() string { return "customers" }

// Version changes whenever the same events lead to other rows.
func (Projection) Version() int { return 1 }

// Schema makes the tables.
func (Projection) Schema() string { return schema }

// Apply changes rows; events that don't concern customers as a whole change none.
func (Projection) Apply(ctx context.Context, tx *sqldb.Tx, e projections.Event) error {
	switch f := e.Fact.(type) {
	case customer.CustomerAdded:
		return add(ctx, tx, e, f)
	case customer.ContactForgotten:
		return forget(ctx, tx, e, f)
	case customer.CustomerAssociatedWithReseller:
		return associate(ctx, tx, e, f)
	case customer.CustomerDissociatedFromReseller:
		return endAssociation(ctx, tx, e, f.Key)
	case customer.DelegatedAdminPrivilegesGranted:
		return grant(ctx, tx, e, f)
	case customer.DelegatedAdminPrivilegesRevoked:
		return revoke(ctx, tx, e, f)
	default:
		return nil
	}
}

const insertCustomer = `INSERT INTO customers (provider_tenant_id, customer_tenant_id, company, domain, country, added_at, seq)
VALUES ($1, $2, $3, $4, $5, $6, $7)`

func add(ctx context.Context, tx *sqldb.Tx, e projections.Event, f customer.CustomerAdded) error {
	return readmodel.Exec(ctx, tx, insertCustomer, f.ProviderTenantID, f.CustomerTenantID, f.CompanyName, f.Domain,
		f.Billing.Address.Country, e.Meta.At, e.Seq)
}

const insertForgetting = `INSERT INTO customer_forgettings (provider_tenant_id, customer_tenant_id, forgotten_at, seq, event_id, reason)
VALUES ($1, $2, $3, $4, $5, $6)`

func forget(ctx context.Context, tx *sqldb.Tx, e projections.Event, f customer.ContactForgotten) error {
	return readmodel.Exec(ctx, tx, insertForgetting, f.ProviderTenantID, f.CustomerTenantID, e.Meta.At, e.Seq, e.ID.String(), readmodel.Null(f.Reason))
}

const insertAssociation = `INSERT INTO customer_resellers (provider_tenant_id, customer_tenant_id, reseller_tenant_id, since, seq)
VALUES ($1, $2, $3, $4, $5)`

// associate replaces the association before: one at a time.
func associate(ctx context.Context, tx *sqldb.Tx, e projections.Event, f customer.CustomerAssociatedWithReseller) error {
	if err := endAssociation(ctx, tx, e, f.Key); err != nil {
		return err
	}
	return readmodel.Exec(ctx, tx, insertAssociation, f.ProviderTenantID, f.CustomerTenantID, f.ResellerTenantID, e.Meta.At, e.Seq)
}

const closeAssociation = `UPDATE customer_resellers SET until = $3
WHERE provider_tenant_id = $1 AND customer_tenant_id = $2 AND until IS NULL`

func endAssociation(ctx context.Context, tx *sqldb.Tx, e projections.Event, k customer.Key) error {
	return readmodel.Exec(ctx, tx, closeAssociation, k.ProviderTenantID, k.CustomerTenantID, e.Meta.At)
}

const insertGrant = `INSERT INTO customer_privileges (provider_tenant_id, customer_tenant_id, grantee_tenant_id, kind, roles, since,
  expires_at, seq, granted_by)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`

func grant(ctx context.Context, tx *sqldb.Tx, e projections.Event, f customer.DelegatedAdminPrivilegesGranted) error {
	var roles any
	if len(f.Roles) > 0 {
		text, err := json.Marshal(f.Roles)
		if err != nil {
			return fmt.Errorf("roles of a grant: %w", err)
		}
		roles = string(text)
	}
	return readmodel.Exec(ctx, tx, insertGrant, f.ProviderTenantID, f.CustomerTenantID, f.GranteeTenantID, f.Kind, roles, e.Meta.At,
		f.ExpiresAt, e.Seq, e.Meta.Actor.UserPrincipalName)
}

// A grant that has run out is not open any more, so it isn't the one that is revoked.
const closeGrant = `UPDATE customer_privileges SET revoked_at = $5, revoked_by = $6, revocation_reason = $7
WHERE provider_tenant_id = $1 AND customer_tenant_id = $2 AND grantee_tenant_id = $3 AND kind = $4
  AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $5)`

func revoke(ctx context.Context, tx *sqldb.Tx, e projections.Event, f customer.DelegatedAdminPrivilegesRevoked) error {
	return readmodel.Exec(ctx, tx, closeGrant, f.ProviderTenantID, f.CustomerTenantID, f.GranteeTenantID, f.Kind, e.Meta.At,
		e.Meta.Actor.UserPrincipalName, readmodel.Null(f.Reason))
}
