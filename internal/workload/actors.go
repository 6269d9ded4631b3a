package workload

import (
	"fmt"
	"strings"

	"github.com/partnerledger/partnerledger/domain"
)

var providerRoles = []weighted[domain.Role]{{55, domain.AdminAgent}, {35, domain.SalesAgent},
	{5, domain.GlobalAdmin}, {5, domain.UserManagementAdmin}}

// staff are the people of a provider: a handful of names for each role.
func staff(mailDomain string) map[domain.Role][]string {
	users := map[domain.Role][]string{}
	for role, count := range map[domain.Role]int{domain.AdminAgent: 6, domain.SalesAgent: 8, domain.HelpdeskAgent: 4,
		domain.GlobalAdmin: 2, domain.UserManagementAdmin: 2, domain.BillingAdmin: 2, domain.Auditor: 2} {
		for n := 1; n <= count; n++ {
			users[role] = append(users[role], fmt.Sprintf("%s.%d@%s", strings.ToLower(string(role)), n, mailDomain))
		}
	}
	return users
}

// as is somebody of the provider in this role.
func (g *generator) as(p *provider, role domain.Role) actor {
	return actor{pick(g.chance, p.users[role]), p.tenant, role}
}

// clerk is somebody of the provider who may do the daily business.
func (g *generator) clerk(p *provider) actor { return g.as(p, pickWeighted(g.chance, providerRoles)) }

// user is somebody of the reseller.
func (r *reseller) user(role domain.Role) actor {
	return actor{strings.ToLower(string(role)) + "@" + r.slug + ".example", r.tenant, role}
}

// owner is the customer's own administrator.
func (g *generator) owner(c *customer) actor {
	return actor{"admin@" + g.company(c.number, c.country).slug + ".onmicrosoft.com", c.tenant, domain.GlobalAdmin}
}
