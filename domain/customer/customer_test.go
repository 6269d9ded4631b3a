package customer_test

import (
	"testing"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/customer"
	"github.com/partnerledger/partnerledger/domain/domaintest"
)

func TestAssociateCustomerWithReseller(t *testing.T) {
	to := func(id domain.TenantID) customer.AssociateCustomerWithReseller {
		return customer.AssociateCustomerWithReseller{Key: key, ResellerTenantID: id}
	}
	direct := and(business(legacy), given(bought+1, customer.CustomerDissociatedFromReseller{Key: key, ResellerTenantID: hill}))
	domaintest.Run(t, rules, []domaintest.Case{
		{Name: "already", Given: business(legacy), At: later, When: to(hill)},
		{Name: "of a direct customer", Given: direct, At: later, When: to(dale),
			Then: one(customer.CustomerAssociatedWithReseller{Key: key, ResellerTenantID: dale})},
		{Name: "already, and the partnership was removed", Given: and(business(legacy), given(bought+1, removed(hill))), At: later, When: to(hill),
			Refused: domain.PartnershipNotActive, Says: "Establish a partnership with this reseller first."},
	})
	type c = customer.AssociateCustomerWithReseller
	refusesInOrder(t, domaintest.Case{Given: business(legacy), At: later, When: to(dale),
		Then: one(customer.CustomerAssociatedWithReseller{Key: key, ResellerTenantID: dale, PreviousResellerTenantID: hill})},
		fault[c]{code: domain.ResellerSuspended, given: one(suspended(dale))},
		fault[c]{code: domain.ResellerDeauthorized, given: one(deauthorized(dale))},
		fault[c]{code: domain.PartnershipNotActive, given: one(removed(dale))},
		fault[c]{code: domain.CustomerNotFound, say: func(c *c) { c.CustomerTenantID = dale }})
}

func TestDissociateCustomerFromReseller(t *testing.T) {
	when := customer.DissociateCustomerFromReseller{Key: key, ResellerTenantID: hill}
	type c = customer.DissociateCustomerFromReseller
	refusesInOrder(t, domaintest.Case{Given: and(business(legacy), given(bought+1, removed(hill))), At: later, When: when,
		Then: one(customer.CustomerDissociatedFromReseller(when))},
		fault[c]{code: domain.CustomerNotAssociated, say: func(c *c) { c.ResellerTenantID = dale }},
		fault[c]{code: domain.CustomerNotFound, say: func(c *c) { c.CustomerTenantID = dale }})
}

func granting(kind string, roles []string, duration string) customer.GrantDelegatedAdminPrivileges {
	c := customer.GrantDelegatedAdminPrivileges{Key: key, GranteeTenantID: hill, Kind: kind, Roles: roles}
	if duration != "-" {
		c.Duration = &duration
	}
	return c
}

func granted(kind string, roles []string, duration string, expires domain.Instant) customer.DelegatedAdminPrivilegesGranted {
	e := customer.DelegatedAdminPrivilegesGranted{Key: key, GranteeTenantID: hill, Kind: kind, Roles: roles, Duration: duration}
	if expires != 0 {
		e.ExpiresAt = &expires
	}
	return e
}

func TestGrantDelegatedAdminPrivileges(t *testing.T) {
	roles := []string{"User administrator"}
	world := business(legacy)
	const day = domain.Day
	cases := []domaintest.Case{
		{Name: "DAP", Given: world, At: later, When: granting("DAP", nil, "-"), Then: one(granted("DAP", nil, "", 0))},
		{Name: "GDAP for a day", Given: world, At: later, When: granting("GDAP", roles, "P1D"), Then: one(granted("GDAP", roles, "P1D", later+day))},
		{Name: "GDAP for 730 days", Given: world, At: later, When: granting("GDAP", roles, "P730D"), Then: one(granted("GDAP", roles, "P730D", later+730*day))},
		{Name: "one kind beside another", Given: and(world, given(bought, granted("DAP", nil, "", 0))), At: later, When: granting("AzureTenantOwner", nil, "-"),
			Then: one(granted("AzureTenantOwner", nil, "", 0))},
		{Name: "not while it is open", Given: and(world, given(later, granted("GDAP", roles, "P1D", later+day))), At: later + day - 1,
			When: granting("GDAP", roles, "P1D"), Refused: domain.PrivilegesAlreadyGranted},
		{Name: "the moment it has run out", Given: and(world, given(later, granted("GDAP", roles, "P1D", later+day))), At: later + day,
			When: granting("GDAP", roles, "P1D"), Then: one(granted("GDAP", roles, "P1D", later+2*day))},
		{Name: "GDAP without roles", Given: world, At: later, When: granting("GDAP", []string{}, "P1D"), Refused: domain.GDAPTermsInvalid},
		{Name: "DAP with a duration", Given: world, At: later, When: granting("DAP", nil, "P1D"), Refused: domain.GDAPTermsInvalid},
		{Name: "DAP with roles", Given: world, At: later, When: granting("DAP", roles, "-"), Refused: domain.GDAPTermsInvalid},
		{Name: "to the provider", Given: world, At: later, When: customer.GrantDelegatedAdminPrivileges{Key: key, GranteeTenantID: northwind, Kind: "DAP"},
			Then: one(customer.DelegatedAdminPrivilegesGranted{Key: key, GranteeTenantID: northwind, Kind: "DAP"})},
		{Name: "whatever the state of the partnership", Given: and(world, given(bought, removed(hill), deauthorized(hill))), At: later,
			When: granting("DAP", nil, "-"), Then: one(granted("DAP", nil, "", 0))},
	}
	for _, duration := range []string{"-", "", "P0D", "P731D", "P1Y", "P2W", "1D", "P1", "PD", "P-1D", "P+1D", "P1.5D", "P99999999999D", " P1D"} {
		cases = append(cases, domaintest.Case{Name: "GDAP for " + duration, Given: world, At: later, When: granting("GDAP", roles, duration),
			Refused: domain.GDAPTermsInvalid})
	}
	domaintest.Run(t, rules, cases)

	type c = customer.GrantDelegatedAdminPrivileges
	refusesInOrder(t, domaintest.Case{Given: world, At: later, When: granting("DAP", nil, "-"), Then: one(granted("DAP", nil, "", 0))},
		fault[c]{code: domain.PrivilegesAlreadyGranted, given: one(granted("DAP", nil, "", 0))},
		fault[c]{code: domain.GDAPTermsInvalid, say: func(c *c) { c.Roles = roles }},
		fault[c]{code: domain.GranteeNotFound, say: func(c *c) { c.GranteeTenantID = stray }},
		fault[c]{code: domain.CustomerNotFound, say: func(c *c) { c.CustomerTenantID = dale }})
}

func TestRevokeDelegatedAdminPrivileges(t *testing.T) {
	when := customer.RevokeDelegatedAdminPrivileges{Key: key, GranteeTenantID: hill, Kind: "GDAP", Reason: "project ended"}
	then := one(customer.DelegatedAdminPrivilegesRevoked(when))
	open := and(business(legacy), given(bought, granted("GDAP", []string{"User administrator"}, "P40D", bought+40*domain.Day)))
	domaintest.Run(t, rules, []domaintest.Case{
		{Name: "right before it runs out", Given: open, At: bought + 40*domain.Day - 1, When: when, Then: then},
		{Name: "what has run out", Given: open, At: bought + 40*domain.Day, When: when, Refused: domain.PrivilegesNotFound},
		{Name: "the removal of the partnership leaves it open", Given: and(open, given(bought+1, removed(hill))), At: later, When: when, Then: then},
	})
	type c = customer.RevokeDelegatedAdminPrivileges
	refusesInOrder(t, domaintest.Case{Given: open, At: later, When: when, Then: then},
		fault[c]{code: domain.PrivilegesNotFound, say: func(c *c) { c.Kind = "DAP" }},
		fault[c]{code: domain.CustomerNotFound, say: func(c *c) { c.CustomerTenantID = dale }})
}

func TestConfirmCustomerAgreement(t *testing.T) {
	when := customer.ConfirmCustomerAgreement{Key: key, Contact: contact, DateAgreed: domain.DateOf(later), TemplateID: "117a77b0"}
	type c = customer.ConfirmCustomerAgreement
	refusesInOrder(t, domaintest.Case{Given: business(legacy), At: later, When: when, Then: one(customer.CustomerAgreementConfirmed(when)),
		AgainRecords: "it may be confirmed any number of times"},
		fault[c]{code: domain.AgreementDateInFuture, say: func(c *c) { c.DateAgreed = domain.DateOf(later + domain.Day) }},
		fault[c]{code: domain.CustomerNotFound, say: func(c *c) { c.CustomerTenantID = dale }})
}

func TestForgetContact(t *testing.T) {
	when := customer.ForgetContact{Key: key, Reason: "asked by the person"}
	type c = customer.ForgetContact
	refusesInOrder(t, domaintest.Case{Given: business(legacy), At: later, When: when, Then: one(customer.ContactForgotten(when)),
		AgainRecords: "personal data may have come since; the later time is the one shown"},
		fault[c]{code: domain.CustomerNotFound, say: func(c *c) { c.CustomerTenantID = dale }})
}

// A customer is known per provider: what another provider's customer wishes isn't found.
func TestAnotherProvidersCustomerIsNotFound(t *testing.T) {
	when := customer.ForgetContact{Key: customer.Key{ProviderTenantID: dale, CustomerTenantID: winter}}
	domaintest.Run(t, rules, []domaintest.Case{{Name: "forget", Given: business(legacy), At: later, When: when, Refused: domain.CustomerNotFound,
		Says: "Tenant not found."}})
}

func TestPartiesAreThoseNamed(t *testing.T) {
	for _, c := range []struct {
		command domain.Command
		want    domain.Parties
	}{
		{customer.ForgetContact{Key: key}, domain.Parties{Provider: northwind, Customer: winter}},
		{customer.AssociateCustomerWithReseller{Key: key, ResellerTenantID: hill}, domain.Parties{Provider: northwind, Customer: winter, Reseller: hill}},
		{customer.DissociateCustomerFromReseller{Key: key, ResellerTenantID: hill}, domain.Parties{Provider: northwind, Customer: winter, Reseller: hill}},
		{granting("DAP", nil, "-"), domain.Parties{Provider: northwind, Customer: winter, Grantee: hill}},
		{customer.RevokeDelegatedAdminPrivileges{Key: key, GranteeTenantID: hill}, domain.Parties{Provider: northwind, Customer: winter, Grantee: hill}},
	} {
		if got := c.command.Parties(); got != c.want {
			t.Errorf("%s names %v, want %v", c.command.CommandType(), got, c.want)
		}
		if got := c.command.Target(); got != key.Stream() {
			t.Errorf("%s targets %s", c.command.CommandType(), got)
		}
	}
	_, err := customer.Decide(customer.State{}, domain.NewFacts(nil), domain.Intent{Command: stranger{}})
	if want := "aggregate customer was asked to decide Stranger, which isn't one of its commands"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

type stranger struct{ customer.Key }

func (stranger) CommandType() string { return "Stranger" }
