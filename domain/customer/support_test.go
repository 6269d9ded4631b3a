package customer_test

import (
	"testing"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/customer"
	"github.com/partnerledger/partnerledger/domain/domaintest"
)

func TestAssignSupportContact(t *testing.T) {
	by := func(tenant domain.TenantID, id domain.MPNID, name string) customer.AssignSupportContact {
		return customer.AssignSupportContact{Key: key, SubscriptionID: sub, SupportTenantID: tenant, SupportMPNID: id, Name: name}
	}
	then := func(tenant domain.TenantID, id domain.MPNID, name string, previous domain.TenantID) []domain.Event {
		return one(customer.SupportContactAssigned{Key: key, SubscriptionID: sub, SupportTenantID: tenant, SupportMPNID: id, SupportName: name,
			PreviousSupportTenantID: previous})
	}
	world := business(legacy)
	hills := and(world, given(bought+1, then(hill, second, "Hill", northwind)...))
	notPartner := domain.SupportContactNotAPartner
	domaintest.Run(t, rules, []domaintest.Case{
		{Name: "the same", Given: world, At: later, When: by(northwind, own, "Northwind Distribution")},
		{Name: "the same with another name", Given: world, At: later, When: by(northwind, own, "Desk"), Then: then(northwind, own, "Desk", northwind)},
		{Name: "back to the provider", Given: hills, At: later, When: by(northwind, own, "Desk"), Then: then(northwind, own, "Desk", hill)},
		{Name: "the provider with its global account", Given: world, At: later, When: by(northwind, global, "Desk"), Refused: notPartner},
		{Name: "a suspended reseller", Given: and(world, given(bought+1, suspended(hill))), At: later, When: by(hill, second, "Hill"),
			Then: then(hill, second, "Hill", northwind)},
		{Name: "one that hasn't signed the agreement", Given: world, At: later, When: by(dale, ofDale, "Dale"), Then: then(dale, ofDale, "Dale", northwind)},
		{Name: "with another's location", Given: world, At: later, When: by(hill, ofDale, "Hill"), Refused: notPartner},
		{Name: "with a deleted location", Given: and(world, given(bought+1, deleted(hill, second))), At: later, When: by(hill, second, "Hill"), Refused: notPartner},
		{Name: "nobody known", Given: world, At: later, When: by("7a36d542-1cc3-4684-8edb-22f0f27cad2a", second, "X"), Refused: notPartner},
	})
	type c = customer.AssignSupportContact
	refusesInOrder(t, domaintest.Case{Given: world, At: later, When: by(hill, second, "Hill"), Then: then(hill, second, "Hill", northwind)},
		append([]fault[c]{
			{code: notPartner, given: one(removed(hill))},
			{code: domain.MPNNotNumeric, say: func(c *c) { c.SupportMPNID = "x" }},
		}, unfound(true, func(c *c) { c.SubscriptionID = another }, func(c *c) { c.CustomerTenantID = dale })...)...)
}
