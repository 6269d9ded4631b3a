package domain_test

import (
	"errors"
	"testing"

	"github.com/partnerledger/partnerledger/domain"
)

func TestPermit(t *testing.T) {
	const provider, reseller, customer, grantee, stranger = "provider", "reseller", "customer", "grantee", "stranger"
	parties := domain.Parties{Provider: provider, Reseller: reseller, Customer: customer, Grantee: grantee}
	grant := func(side domain.Side, roles ...domain.Role) domain.Grant {
		return domain.Grant{Side: side, Roles: roles}
	}
	revoke := []domain.Grant{grant(domain.ProviderSide, domain.GlobalAdmin, domain.AdminAgent), grant(domain.CustomerSide, domain.GlobalAdmin),
		grant(domain.GranteeSide, domain.GlobalAdmin, domain.AdminAgent)}
	accept := []domain.Grant{grant(domain.ResellerSide, domain.GlobalAdmin), grant(domain.AnySide, domain.ReferenceFeed)}
	feed := []domain.Grant{grant(domain.AnySide, domain.ReferenceFeed)}

	for _, c := range []struct {
		name   string
		grants []domain.Grant
		tenant domain.TenantID
		role   domain.Role
		want   domain.Code // empty: permitted
	}{
		{"the provider's", revoke, provider, domain.AdminAgent, ""},
		{"the customer's", revoke, customer, domain.GlobalAdmin, ""},
		{"the grantee's", revoke, grantee, domain.AdminAgent, ""},
		{"a role that no side allows, of a stranger", revoke, stranger, domain.Auditor, domain.RoleNotPermitted},
		{"a role that no side allows", revoke, provider, domain.SalesAgent, domain.RoleNotPermitted},
		{"a tenant that is none of the sides", revoke, stranger, domain.AdminAgent, domain.WrongTenant},
		{"a side that can't do this at all", revoke, reseller, domain.GlobalAdmin, domain.WrongTenant},
		{"a role that only another side allows", revoke, customer, domain.AdminAgent, domain.RoleNotPermitted},
		{"the reseller's", accept, reseller, domain.GlobalAdmin, ""},
		{"the feed for anybody", accept, stranger, domain.ReferenceFeed, ""},
		{"the reseller's sales agent", accept, reseller, domain.SalesAgent, domain.RoleNotPermitted},
		{"another reseller's", accept, stranger, domain.GlobalAdmin, domain.WrongTenant},
		{"the feed", feed, "", domain.ReferenceFeed, ""},
		{"the highest role is not the feed", feed, provider, domain.GlobalAdmin, domain.RoleNotPermitted},
		{"an auditor reads only", revoke, provider, domain.Auditor, domain.RoleNotPermitted},
		{"no grants at all", nil, provider, domain.GlobalAdmin, domain.RoleNotPermitted},
	} {
		err := domain.Permit(c.grants, parties, domain.Actor{TenantID: c.tenant, Role: c.role})
		refused, _ := errors.AsType[*domain.Refusal](err)
		if c.want == "" && err != nil || c.want != "" && (refused == nil || refused.Code != c.want) {
			t.Errorf("%s: got %v, want %q", c.name, err, c.want)
		}
	}
}

// TestNobodyIsNoParty: a command that names no grantee isn't open to who acts for no organization.
func TestNobodyIsNoParty(t *testing.T) {
	grants := []domain.Grant{{Side: domain.GranteeSide, Roles: []domain.Role{domain.GlobalAdmin}}}
	err := domain.Permit(grants, domain.Parties{Provider: "provider"}, domain.Actor{Role: domain.GlobalAdmin})
	if !errors.Is(err, domain.Refuse(domain.WrongTenant)) {
		t.Errorf("got %v, want wrong-tenant", err)
	}
}
