package customers_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/customer"
	"github.com/partnerledger/partnerledger/domain/legalhold"
	"github.com/partnerledger/partnerledger/domain/partnership"
	"github.com/partnerledger/partnerledger/internal/workload/inmemory"
	"github.com/partnerledger/partnerledger/projections/customers"
	"github.com/partnerledger/partnerledger/projections/readmodel"
	"github.com/partnerledger/partnerledger/projections/sqldb"
	"github.com/partnerledger/partnerledger/projections/sqldb/sqldbtest"
)

const (
	northwind = domain.TenantID("provider-n")
	hill      = domain.TenantID("reseller-h")
	lake      = domain.TenantID("reseller-l")
)

var (
	press = customer.Key{ProviderTenantID: northwind, CustomerTenantID: "customer-1"}
	books = customer.Key{ProviderTenantID: northwind, CustomerTenantID: "customer-2"}
)

func added(k customer.Key, company, domainName string) domain.Event {
	return customer.CustomerAdded{Key: k, CompanyName: company, Domain: domainName, Billing: customer.Billing{
		Email: domain.SealedText("sealed e-mail"), Address: customer.Address{Country: "IE", LastName: domain.SealedText("sealed name")}}}
}

func granted(to domain.TenantID, kind string, expires *domain.Instant, roles ...string) domain.Event {
	return customer.DelegatedAdminPrivilegesGranted{Key: press, GranteeTenantID: to, Kind: kind, Roles: roles, ExpiresAt: expires}
}

func revoked(from domain.TenantID, kind string) domain.Event {
	return customer.DelegatedAdminPrivilegesRevoked{Key: press, GranteeTenantID: from, Kind: kind}
}

var march, may = instant("2021-03-01T00:00:00Z"), instant("2021-05-01T00:00:00Z")

// story is a customer that changes its reseller, and a direct one.
var story = []inmemory.Told{
	{At: "2021-01-01T00:00:00Z", Fact: partnership.PartnershipAccepted{ProviderTenantID: northwind, ResellerTenantID: hill, Name: "Hill"}},
	{At: "2021-01-01T00:00:00Z", Fact: partnership.PartnershipAccepted{ProviderTenantID: northwind, ResellerTenantID: lake, Name: "Lake"}},
	{At: "2021-01-02T00:00:00Z", Fact: added(press, "Winter Press Ltd", "WinterPress.onmicrosoft.com")},
	{At: "2021-01-02T00:00:00Z", Fact: customer.CustomerAssociatedWithReseller{Key: press, ResellerTenantID: hill}},
	{At: "2021-01-02T00:00:00Z", Fact: granted(hill, "DAP", nil)},
	{At: "2021-01-03T00:00:00Z", Fact: added(books, "Lake Books GmbH", "lakebooks.onmicrosoft.com")},
	{At: "2021-02-01T00:00:00Z", Fact: granted(lake, "GDAP", &march, "Reader", "Helpdesk")},
	{At: "2021-02-01T00:00:00Z", Fact: granted(northwind, "AzureTenantOwner", nil)},
	{At: "2021-02-02T00:00:00Z", Fact: customer.CustomerAssociatedWithReseller{Key: press, ResellerTenantID: lake, PreviousResellerTenantID: hill}},
	{At: "2021-04-01T00:00:00Z", Fact: granted(lake, "GDAP", &may, "Reader")},
	{At: "2021-04-02T00:00:00Z", Fact: partnership.PartnershipRemoved{ProviderTenantID: northwind, ResellerTenantID: lake}},
	{At: "2021-04-03T00:00:00Z", Fact: revoked(lake, "GDAP")},
	{At: "2021-04-04T00:00:00Z", Fact: customer.CustomerDissociatedFromReseller{Key: press, ResellerTenantID: lake}},
	{At: "2021-04-05T00:00:00Z", Fact: customer.ContactForgotten{Key: press}},
	{At: "2021-04-06T00:00:00Z", Fact: customer.ContactForgotten{Key: press}},
	{At: "2021-04-07T00:00:00Z", Fact: customer.ContactErasureRequested{Key: press, ErasureID: "e1", Reason: "asked", RequestedBy: "kim"}},
	{At: "2021-04-08T00:00:00Z", Fact: legalhold.LegalHoldPlaced{Scope: legalhold.Scope{ProviderTenantID: northwind, CustomerTenantID: "customer-1"}, HoldID: "h1", Reason: "claim 17"}},
	{At: "2021-04-08T00:00:00Z", Fact: legalhold.LegalHoldPlaced{Scope: legalhold.Scope{ProviderTenantID: northwind}, HoldID: "h2", Reason: "claim 18"}},
	{At: "2021-04-09T00:00:00Z", Fact: legalhold.LegalHoldLifted{Scope: legalhold.Scope{ProviderTenantID: northwind, CustomerTenantID: "customer-1"}, HoldID: "h1", Reason: "settled"}},
	{At: "2021-04-10T00:00:00Z", Fact: customer.ContactErasureWithdrawn{Key: press, ErasureID: "e1"}},
	{At: "2021-04-11T00:00:00Z", Fact: customer.ContactErasureRequested{Key: press, ErasureID: "e2", Reason: "asked", RequestedBy: "kim"}},
	{At: "2021-04-12T00:00:00Z", Fact: customer.ContactErasureApproved{Key: press, ErasureID: "e2", RequestedBy: "kim", Approver: "lee"}},
	{At: "2021-04-13T00:00:00Z", Fact: partnership.InviteeErasureRequested{Invitee: invitee, ErasureID: "e3", Reason: "asked", RequestedBy: "kim"}},
	{At: "2021-04-14T00:00:00Z", Fact: partnership.InviteeErasureWithdrawn{Invitee: invitee, ErasureID: "e3"}},
	{At: "2021-04-15T00:00:00Z", Fact: partnership.InviteeErasureRequested{Invitee: invitee, ErasureID: "e4", Reason: "asked", RequestedBy: "kim"}},
	{At: "2021-04-16T00:00:00Z", Fact: partnership.InviteeErasureApproved{Invitee: invitee, ErasureID: "e4", RequestedBy: "kim", Approver: "lee"}},
	{At: "2021-04-16T00:00:00Z", Fact: partnership.InviteeForgotten{Invitee: invitee, Reason: "asked"}},
}

// invitee is whom a partnership request was sent to.
var invitee = partnership.Invitee{ProviderTenantID: northwind, RequestID: "request-1"}

var instant = inmemory.Instant

// TestCustomers asks who managed the customer around every change; removing a partnership changes none (R37).
func TestCustomers(t *testing.T) {
	inmemory.Test(t, story, func(t *testing.T, r sqldb.Reader) {
		for _, c := range []struct {
			at     string
			who    domain.TenantID
			active bool
		}{
			{"2021-01-02T00:00:00Z", hill, true},
			{"2021-02-01T23:59:59.999Z", hill, true},
			{"2021-02-02T00:00:00Z", lake, true},
			{"2021-04-02T00:00:00Z", lake, false},
			{"2021-04-04T00:00:00Z", "", false},
		} {
			row, found, err := customers.One(t.Context(), r, readmodel.At(instant(c.at)), press)
			require.NoError(t, err)
			require.True(t, found, c.at)
			who := domain.TenantID("")
			if row.ResellerTenantID != nil {
				who = *row.ResellerTenantID
			}
			assert.Equal(t, c.who, who, c.at)
			assert.Equal(t, c.active, row.PartnershipActive, c.at)
		}
		_, found, err := customers.One(t.Context(), r, readmodel.At(instant("2021-01-01T23:59:59.999Z")), press)
		require.NoError(t, err)
		assert.False(t, found)
	})
}

// TestFilters narrows the list by everything that it can be narrowed by.
func TestFilters(t *testing.T) {
	inmemory.Test(t, story, func(t *testing.T, r sqldb.Reader) {
		at := readmodel.At(instant("2021-03-01T00:00:00Z"))
		for name, c := range map[string]struct {
			filter customers.Filter
			want   string
		}{
			"all":              {customers.Filter{At: at}, "customer-1 customer-2"},
			"reseller":         {customers.Filter{At: at, Reseller: lake}, "customer-1"},
			"former reseller":  {customers.Filter{At: at, Reseller: hill}, ""},
			"direct":           {customers.Filter{At: at, Direct: true}, "customer-2"},
			"name":             {customers.Filter{At: at, Search: "BOOKS"}, "customer-2"},
			"domain":           {customers.Filter{At: at, Domain: "winterpress.OnMicrosoft.com"}, "customer-1"},
			"part of a domain": {customers.Filter{At: at, Domain: "winterpress"}, ""},
			"other provider":   {customers.Filter{At: at, Provider: "provider-x"}, ""},
		} {
			list, err := customers.Customers(t.Context(), r, c.filter, readmodel.Page{})
			require.NoError(t, err)
			var ids []string
			for _, row := range list.Items {
				ids = append(ids, string(row.CustomerTenantID))
			}
			assert.Equal(t, c.want, strings.Join(ids, " "), name)
		}
	})
}

// TestForgetting shows when contacts were erased last, and never when they will be.
func TestForgetting(t *testing.T) {
	inmemory.Test(t, story, func(t *testing.T, r sqldb.Reader) {
		for at, want := range map[string]string{"2021-04-04T23:59:59.999Z": "", "2021-04-05T00:00:00Z": "2021-04-05T00:00:00Z", "2021-12-31T00:00:00Z": "2021-04-06T00:00:00Z"} {
			row, _, err := customers.One(t.Context(), r, readmodel.At(instant(at)), press)
			require.NoError(t, err)
			if want == "" {
				assert.Nil(t, row.ContactForgottenAt, at)
			} else if assert.NotNil(t, row.ContactForgottenAt, at) {
				assert.Equal(t, instant(want), *row.ContactForgottenAt)
			}
		}
	})
}

// TestAssociations lists all associations as they stood then.
func TestAssociations(t *testing.T) {
	inmemory.Test(t, story, func(t *testing.T, r sqldb.Reader) {
		list, err := customers.Associations(t.Context(), r, readmodel.At(instant("2021-03-01T00:00:00Z")), press)
		require.NoError(t, err)
		changed := instant("2021-02-02T00:00:00Z")
		assert.Equal(t, []customers.Association{
			{ResellerTenantID: hill, Since: instant("2021-01-02T00:00:00Z"), Until: &changed},
			{ResellerTenantID: lake, Since: changed},
		}, list)
	})
}

// TestPrivileges asks who had admin access around every change: a grant ends with its time or its
// revocation, and the removal of a partnership ends none (R38).
func TestPrivileges(t *testing.T) {
	inmemory.Test(t, story, func(t *testing.T, r sqldb.Reader) {
		open := func(at string, f customers.PrivilegeFilter) string {
			f.At = readmodel.At(instant(at))
			list, err := customers.Privileges(t.Context(), r, f, readmodel.Page{})
			require.NoError(t, err)
			var grants []string
			for _, g := range list.Items {
				grants = append(grants, strings.Join(append([]string{string(g.GranteeTenantID), g.Kind}, g.Roles...), " "))
			}
			return strings.Join(grants, ", ")
		}
		all := customers.PrivilegeFilter{Customer: press.CustomerTenantID}
		const always = "provider-n AzureTenantOwner, reseller-h DAP"
		for at, want := range map[string]string{
			"2021-01-31T23:59:59.999Z": "reseller-h DAP",
			"2021-02-28T23:59:59.999Z": always + ", reseller-l GDAP Reader Helpdesk",
			"2021-03-01T00:00:00Z":     always,
			"2021-04-01T00:00:00Z":     always + ", reseller-l GDAP Reader",
			"2021-04-02T23:59:59.999Z": always + ", reseller-l GDAP Reader",
			"2021-04-03T00:00:00Z":     always,
		} {
			assert.Equal(t, want, open(at, all), at)
		}
		var revoked int
		require.NoError(t, r.QueryRow(t.Context(), "SELECT COUNT(*) FROM customer_privileges WHERE revoked_at IS NOT NULL").Scan(&revoked))
		assert.Equal(t, 1, revoked, "a grant that has run out isn't the one revoked")
		unlisted := customers.PrivilegeFilter{WithoutPartnership: true}
		assert.Empty(t, open("2021-04-01T23:59:59.999Z", unlisted))
		assert.Equal(t, "reseller-l GDAP Reader", open("2021-04-02T00:00:00Z", unlisted))
		assert.Equal(t, "reseller-h DAP", open("2021-04-02T00:00:00Z", customers.PrivilegeFilter{Grantee: hill, Kind: "DAP"}))
	})
}

// TestHolds shows which legal holds and erasures were open, and never what became of them later.
func TestHolds(t *testing.T) {
	inmemory.Test(t, story, func(t *testing.T, r sqldb.Reader) {
		for at, want := range map[string]string{
			"2021-04-07T00:00:00Z": "e1 open", "2021-04-08T00:00:00Z": "h2 h1 e1 open", "2021-04-09T00:00:00Z": "h2 e1 open", "2021-04-10T00:00:00Z": "h2",
			"2021-04-11T00:00:00Z": "h2 e2 open", "2021-04-12T00:00:00Z": "h2",
		} {
			point := instant(at)
			f := customers.HoldFilter{At: readmodel.At(point), Provider: northwind, Customer: "customer-1", Open: true}
			var found []string
			held, err := customers.LegalHolds(t.Context(), r, f, readmodel.Everything)
			require.NoError(t, err)
			for _, h := range held.Items {
				assert.Nil(t, h.LiftedAt, at)
				assert.Nil(t, h.LiftReason, at)
				found = append(found, h.HoldID)
			}
			asked, err := customers.Erasures(t.Context(), r, f, readmodel.Everything)
			require.NoError(t, err)
			for _, e := range asked.Items {
				assert.Nil(t, e.ClosedBy, at)
				found = append(found, e.ErasureID, e.State)
			}
			assert.Equal(t, want, strings.Join(found, " "), at)
		}
		asked, err := customers.Erasures(t.Context(), r, customers.HoldFilter{At: readmodel.At(instant("2021-05-01T00:00:00Z"))}, readmodel.Everything)
		require.NoError(t, err)
		var became []string
		for _, e := range asked.Items {
			became = append(became, string(e.CustomerTenantID)+string(e.RequestID)+" "+e.State)
		}
		assert.Equal(t, []string{"request-1 withdrawn", "request-1 approved", "customer-1 withdrawn", "customer-1 approved"}, became)
		asked, err = customers.Erasures(t.Context(), r, customers.HoldFilter{At: readmodel.At(instant("2021-04-15T12:00:00Z")), Request: "request-1", Open: true}, readmodel.Everything)
		require.NoError(t, err)
		require.Len(t, asked.Items, 1)
		assert.Equal(t, "e4 open", asked.Items[0].ErasureID+" "+asked.Items[0].State)
		gone, err := customers.Forgettings(t.Context(), r)
		require.NoError(t, err)
		require.Len(t, gone, 3)
		require.Equal(t, "partnershiprequest-request-1", gone[2].Subject)
	})
}

// TestNothingPersonal looks through every row that a story with sealed texts has left.
func TestNothingPersonal(t *testing.T) {
	db := sqldbtest.Open(t, sqldbtest.SQLite(t))
	events, err := inmemory.Tell(story...)
	require.NoError(t, err)
	require.NoError(t, inmemory.Prepare(t.Context(), db, customers.Projection{}))
	require.NoError(t, inmemory.Apply(t.Context(), db, events, customers.Projection{}))
	dump, err := db.Dump(t.Context(), "customers", "customer_resellers", "customer_privileges", "customer_forgettings")
	require.NoError(t, err)
	assert.Contains(t, dump, "Winter Press Ltd")
	assert.NotContains(t, dump, "sealed")
	assert.NotContains(t, dump, "personal")
}

// The rows are the same in whatever way they come into memory and leave it.
func TestWays(t *testing.T) {
	events, err := inmemory.Tell(story...)
	require.NoError(t, err)
	inmemory.TestWays(t, customers.Projection{}, events)
}
