package partners

import (
	"context"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/partnership"
	"github.com/partnerledger/partnerledger/projections"
	"github.com/partnerledger/partnerledger/projections/readmodel"
	"github.com/partnerledger/partnerledger/projections/sqldb"
)

const insertRequest = `INSERT INTO partnership_requests (request_id, provider_tenant_id, reseller_email_sealed, delivery,
  requested_at, requested_by, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)`

func request(ctx context.Context, tx *sqldb.Tx, e projections.Event, f partnership.PartnershipRequested) error {
	return readmodel.Exec(ctx, tx, insertRequest, f.RequestID, f.ProviderTenantID, f.ResellerEmail.Sealed(), readmodel.Null(f.Delivery),
		e.Meta.At, e.Meta.Actor.UserPrincipalName, f.ExpiresAt)
}

// closing is how a request was answered.
type closing struct {
	request  domain.RequestID
	how      string
	reseller domain.TenantID
	reason   string
}

const markRequestClosed = `UPDATE partnership_requests
SET closed_at = $2, closed_how = $3, closed_by = $4, reseller_tenant_id = $5, reason = $6
WHERE request_id = $1 AND closed_at IS NULL`

func closeRequest(ctx context.Context, tx *sqldb.Tx, e projections.Event, c closing) error {
	return readmodel.Exec(ctx, tx, markRequestClosed, c.request, e.Meta.At, c.how, e.Meta.Actor.UserPrincipalName,
		readmodel.Null(c.reseller), readmodel.Null(c.reason))
}

const insertEpisode = `INSERT INTO partnerships (provider_tenant_id, reseller_tenant_id, since, seq, request_id, mpn_id, name, country, accepted_by)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`

func beginEpisode(ctx context.Context, tx *sqldb.Tx, e projections.Event, f partnership.PartnershipAccepted) error {
	return readmodel.Exec(ctx, tx, insertEpisode, f.ProviderTenantID, f.ResellerTenantID, e.Meta.At, e.Seq, f.RequestID, f.MPNID,
		f.Name, f.Country, e.Meta.Actor.UserPrincipalName)
}

const closeEpisode = `UPDATE partnerships SET until = $3, removed_by = $4, removal_reason = $5, representation_version = $6
WHERE provider_tenant_id = $1 AND reseller_tenant_id = $2 AND until IS NULL`

// endEpisode ends the episode and touches nothing else, as the removal does (R37, R38).
func endEpisode(ctx context.Context, tx *sqldb.Tx, e projections.Event, f partnership.PartnershipRemoved) error {
	return readmodel.Exec(ctx, tx, closeEpisode, f.ProviderTenantID, f.ResellerTenantID, e.Meta.At, e.Meta.Actor.UserPrincipalName,
		readmodel.Null(f.Reason), f.RepresentationVersion)
}
