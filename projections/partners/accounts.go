package partners

import (
	"context"

	"github.com/partnerledger/partnerledger/domain/provider"
	"github.com/partnerledger/partnerledger/domain/reseller"
	"github.com/partnerledger/partnerledger/projections"
	"github.com/partnerledger/partnerledger/projections/readmodel"
	"github.com/partnerledger/partnerledger/projections/sqldb"
)

const insertProvider = `INSERT INTO providers (provider_tenant_id, name, country, region, mpn_id, global_mpn_id, partnership_link,
  email_domain, website, address_line1, city, postal_code, phone_number, registered_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`

func registerProvider(ctx context.Context, tx *sqldb.Tx, e projections.Event, f provider.ProviderRegistered) error {
	p := f.Profile
	return readmodel.Exec(ctx, tx, insertProvider, f.ProviderTenantID, f.Name, f.Country, f.Region, f.MPNID, readmodel.Null(f.GlobalMPNID),
		f.PartnershipLink, p.EmailDomain, readmodel.Null(p.Website), readmodel.Null(p.AddressLine1), readmodel.Null(p.City),
		readmodel.Null(p.PostalCode), readmodel.Null(p.PhoneNumber), e.Meta.At)
}

const insertReseller = `INSERT INTO resellers (reseller_tenant_id, name, country, region, global_mpn_id, enrolled_at)
VALUES ($1, $2, $3, $4, $5, $6)`

func enroll(ctx context.Context, tx *sqldb.Tx, e projections.Event, f reseller.ResellerEnrolled) error {
	return readmodel.Exec(ctx, tx, insertReseller, f.ResellerTenantID, f.Name, f.Country, f.Region, readmodel.Null(f.GlobalMPNID), e.Meta.At)
}

const insertLocation = `INSERT INTO partner_locations (mpn_id, reseller_tenant_id, name, country, registered_at)
VALUES ($1, $2, $3, $4, $5)`

func registerLocation(ctx context.Context, tx *sqldb.Tx, e projections.Event, f reseller.PartnerLocationRegistered) error {
	return readmodel.Exec(ctx, tx, insertLocation, f.MPNID, f.ResellerTenantID, f.Name, f.Country, e.Meta.At)
}

const markLocationDeleted = `UPDATE partner_locations SET deleted_at = $2 WHERE mpn_id = $1 AND deleted_at IS NULL`

func deleteLocation(ctx context.Context, tx *sqldb.Tx, e projections.Event, f reseller.PartnerLocationDeleted) error {
	return readmodel.Exec(ctx, tx, markLocationDeleted, f.MPNID, e.Meta.At)
}

// The first signature counts; a later one for the same region changes nothing.
const insertAgreement = `INSERT INTO partner_agreements (reseller_tenant_id, region, since, signed_at)
VALUES ($1, $2, $3, $4) ON CONFLICT (reseller_tenant_id, region) DO NOTHING`

func signAgreement(ctx context.Context, tx *sqldb.Tx, e projections.Event, f reseller.PartnerAgreementSigned) error {
	return readmodel.Exec(ctx, tx, insertAgreement, f.ResellerTenantID, f.Region, e.Meta.At, f.SignedAt)
}

const insertSuspension = `INSERT INTO reseller_suspensions (reseller_tenant_id, since, seq, reason)
VALUES ($1, $2, $3, $4)`

func suspend(ctx context.Context, tx *sqldb.Tx, e projections.Event, f reseller.ResellerSuspended) error {
	return readmodel.Exec(ctx, tx, insertSuspension, f.ResellerTenantID, e.Meta.At, e.Seq, readmodel.Null(f.Reason))
}

const endSuspension = `UPDATE reseller_suspensions SET until = $2 WHERE reseller_tenant_id = $1 AND until IS NULL`

func reinstate(ctx context.Context, tx *sqldb.Tx, e projections.Event, f reseller.ResellerReinstated) error {
	return readmodel.Exec(ctx, tx, endSuspension, f.ResellerTenantID, e.Meta.At)
}

const markDeauthorized = `UPDATE resellers SET deauthorized_at = $2, deauthorized_reason = $3
WHERE reseller_tenant_id = $1 AND deauthorized_at IS NULL`

func deauthorize(ctx context.Context, tx *sqldb.Tx, e projections.Event, f reseller.ResellerDeauthorized) error {
	return readmodel.Exec(ctx, tx, markDeauthorized, f.ResellerTenantID, e.Meta.At, readmodel.Null(f.Reason))
}
