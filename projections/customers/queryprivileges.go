package customers

import (
	"context"
	_ "embed"
	"fmt"

	"github.com/go-json-experiment/json"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/projections/readmodel"
	"github.com/partnerledger/partnerledger/projections/sqldb"
)

// PrivilegeFilter says which open grants are asked for, and when; what is empty doesn't matter.
type PrivilegeFilter struct {
	At       readmodel.Point
	Provider domain.TenantID
	Customer domain.TenantID
	Grantee  domain.TenantID
	Kind     string
	// WithoutPartnership asks only for those held by resellers that have no active partnership: the
	// removal of a partnership leaves them open (R38), and somebody should know.
	WithoutPartnership bool
}

// Privilege is an open grant of admin rights over a customer.
type Privilege struct {
	ProviderTenantID domain.TenantID `json:"providerTenantId"`
	CustomerTenantID domain.TenantID `json:"customerTenantId"`
	GranteeTenantID  domain.TenantID `json:"granteeTenantId"`
	Kind             string          `json:"kind"`
	// Roles and ExpiresAt are those of granular privileges; other kinds have neither.
	Roles     Roles           `json:"roles,omitzero"`
	Since     domain.Instant  `json:"since"`
	ExpiresAt *domain.Instant `json:"expiresAt,omitzero"`
	GrantedBy string          `json:"grantedBy"`
	// PartnershipActive is false where the grantee is a reseller that isn't in the provider's list.
	PartnershipActive bool `json:"partnershipActive"`
}

// Roles are the names of granular roles, stored as a JSON array.
type Roles []string

// Scan reads the stored form; NULL is no roles.
func (r *Roles) Scan(stored any) error {
	switch stored := stored.(type) {
	case nil:
		*r = nil
		return nil
	case string:
		return json.Unmarshal([]byte(stored), (*[]string)(r))
	case []byte:
		return json.Unmarshal(stored, (*[]string)(r))
	default:
		return fmt.Errorf("roles are stored as text, not as %T", stored)
	}
}

//go:embed privileges.sql
var selectPrivileges string

var privilegeList = readmodel.List[Privilege]{
	OrderBy: []string{"g.provider_tenant_id", "g.customer_tenant_id", "g.grantee_tenant_id", "g.kind"},
	Fields: func(p *Privilege) []any {
		return []any{&p.ProviderTenantID, &p.CustomerTenantID, &p.GranteeTenantID, &p.Kind, &p.Roles, &p.Since, &p.ExpiresAt,
			&p.GrantedBy, &p.PartnershipActive}
	},
	Key: func(p Privilege) []any {
		return []any{string(p.ProviderTenantID), string(p.CustomerTenantID), string(p.GranteeTenantID), p.Kind}
	},
}

// Privileges answers who has admin access to what, at the instant asked about: the grants open then.
func Privileges(ctx context.Context, r sqldb.Reader, f PrivilegeFilter, page readmodel.Page) (readmodel.Slice[Privilege], error) {
	s := readmodel.From(selectPrivileges, f.At.Facts, f.At.Instant)
	readmodel.OfCustomer(s, "g", f.Provider, f.Customer)
	readmodel.When(s, f.Grantee, "g.grantee_tenant_id = ?")
	readmodel.When(s, f.Kind, "g.kind = ?")
	if f.WithoutPartnership {
		s.And("g.grantee_tenant_id <> g.provider_tenant_id")
		s.And(`NOT EXISTS (SELECT 1 FROM partnerships p
    WHERE p.provider_tenant_id = g.provider_tenant_id AND p.reseller_tenant_id = g.grantee_tenant_id
      AND p.since <= ? AND (p.until IS NULL OR p.until > ?))`, f.At.Facts, f.At.Facts)
	}
	return privilegeList.Page(ctx, r, s, page)
}
