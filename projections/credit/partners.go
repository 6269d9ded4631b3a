package credit

import (
	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/partnership"
	"github.com/partnerledger/partnerledger/domain/reseller"
	"github.com/partnerledger/partnerledger/projections/readmodel"
)

const insertLocation = `INSERT INTO credit_locations (mpn_id, reseller_tenant_id) VALUES ($1, $2)`

func (c change) registerLocation(f reseller.PartnerLocationRegistered) error {
	return readmodel.Exec(c.ctx, c.tx, insertLocation, f.MPNID, f.ResellerTenantID)
}

const markDeleted = `UPDATE credit_locations SET deleted_at = $2, deleted_seq = $3, deleted_by = $4
WHERE mpn_id = $1 AND deleted_at IS NULL`

// deleteLocation closes every open credit of the id, for every provider.
func (c change) deleteLocation(f reseller.PartnerLocationDeleted) error {
	if err := readmodel.Exec(c.ctx, c.tx, markDeleted, f.MPNID, c.e.Meta.At, c.e.Seq, c.e.ID.String()); err != nil {
		return err
	}
	return c.againWhere(f.ResellerTenantID, "mpn_id = ?", f.MPNID)
}

const insertDeauthorized = `INSERT INTO credit_deauthorized (reseller_tenant_id, deauthorized_at, deauthorized_seq, deauthorized_by)
VALUES ($1, $2, $3, $4) ON CONFLICT (reseller_tenant_id) DO NOTHING`

// deauthorize closes every open credit of every location of the reseller.
func (c change) deauthorize(f reseller.ResellerDeauthorized) error {
	err := readmodel.Exec(c.ctx, c.tx, insertDeauthorized, f.ResellerTenantID, c.e.Meta.At, c.e.Seq, c.e.ID.String())
	if err != nil {
		return err
	}
	return c.againWhere(f.ResellerTenantID, "")
}

const insertPartnership = `INSERT INTO credit_partnerships (provider_tenant_id, reseller_tenant_id, since, since_seq)
VALUES ($1, $2, $3, $4)`

// beginPartnership changes no interval: it counts for facts that follow it, and those have a later place.
func (c change) beginPartnership(f partnership.PartnershipAccepted) error {
	return readmodel.Exec(c.ctx, c.tx, insertPartnership, f.ProviderTenantID, f.ResellerTenantID, c.e.Meta.At, c.e.Seq)
}

const markRemoved = `UPDATE credit_partnerships SET until = $3, until_seq = $4, removed_by = $5
WHERE provider_tenant_id = $1 AND reseller_tenant_id = $2 AND until IS NULL`

// endPartnership closes the open credit under the policy Close, and none under Keep.
func (c change) endPartnership(f partnership.PartnershipRemoved) error {
	err := readmodel.Exec(c.ctx, c.tx, markRemoved, f.ProviderTenantID, f.ResellerTenantID, c.e.Meta.At, c.e.Seq, c.e.ID.String())
	if err != nil {
		return err
	}
	return c.againWhere(f.ResellerTenantID, "provider_tenant_id = ?", f.ProviderTenantID)
}

const openCredit = `SELECT DISTINCT provider_tenant_id, customer_tenant_id, subscription_id FROM credit_intervals
WHERE until IS NULL AND known_until IS NULL AND reseller_tenant_id = $1{where}
ORDER BY provider_tenant_id, customer_tenant_id, subscription_id`

// againWhere makes the intervals anew of the subscriptions on which the reseller has open credit: what
// a partner loses now can close nothing else.
func (c change) againWhere(reseller domain.TenantID, condition string, args ...any) error {
	q := readmodel.From(openCredit, reseller)
	if condition != "" {
		q.And(condition, args...)
	}
	affected, err := readmodel.All(c.ctx, c.tx, q, func(s *subscription) []any {
		return []any{&s.ProviderTenantID, &s.CustomerTenantID, &s.id}
	})
	if err != nil {
		return err
	}
	for _, s := range affected {
		if err := c.again(s); err != nil {
			return err
		}
	}
	return nil
}
