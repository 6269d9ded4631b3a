package partners

import (
	"context"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/projections/readmodel"
	"github.com/partnerledger/partnerledger/projections/sqldb"
)

const selectNames = `SELECT reseller_tenant_id, name FROM resellers`

// Names are the company names of all enrolled resellers, for answers that name them by tenant only.
func Names(ctx context.Context, r sqldb.Reader) (map[domain.TenantID]string, error) {
	type named struct {
		tenant domain.TenantID
		name   string
	}
	rows, err := readmodel.All(ctx, r, readmodel.From(selectNames), func(n *named) []any { return []any{&n.tenant, &n.name} })
	if err != nil {
		return nil, err
	}
	names := make(map[domain.TenantID]string, len(rows))
	for _, n := range rows {
		names[n.tenant] = n.name
	}
	return names, nil
}
