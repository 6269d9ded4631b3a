package subscriptions_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/domain/customer"
	"github.com/partnerledger/partnerledger/domain/partnership"
	"github.com/partnerledger/partnerledger/domain/reseller"
	"github.com/partnerledger/partnerledger/internal/workload/inmemory"
	"github.com/partnerledger/partnerledger/projections/readmodel"
	"github.com/partnerledger/partnerledger/projections/sqldb"
	"github.com/partnerledger/partnerledger/projections/subscriptions"
)

var key = customer.Key{ProviderTenantID: "provider-n", CustomerTenantID: "customer-c"}

// story is the life of one subscription, with another that a partial upgrade makes of it.
var story = []inmemory.Told{
	{At: "2021-01-01T00:00:00Z", Fact: reseller.PartnerLocationRegistered{ResellerTenantID: "reseller-h", MPNID: "100"}},
	{At: "2021-01-01T00:00:00Z", Fact: partnership.PartnershipAccepted{ProviderTenantID: "provider-n", ResellerTenantID: "reseller-h", Name: "Hill"}},
	{At: "2021-01-02T00:00:00Z", Fact: customer.CustomerAdded{Key: key, CompanyName: "Winter Press Ltd"}},
	{At: "2021-02-01T00:00:00Z", Fact: customer.SubscriptionPurchased{Key: key, SubscriptionID: "s", OrderID: "order 1", OfferID: "basic", OfferName: "Basic",
		Quantity: 10, TermDuration: "P1M", BillingCycle: "monthly", SupportTenantID: "provider-n", SupportMPNID: "1", SupportName: "Northwind"}},
	{At: "2021-02-01T00:00:00Z", Fact: customer.ResellerOfRecordAssigned{Key: key, SubscriptionID: "s", MPNID: "100", ResellerTenantID: "reseller-h", Source: "purchase"}},
	{At: "2021-03-01T00:00:00Z", Fact: customer.QuantityChanged{Key: key, SubscriptionID: "s", Old: 10, New: 15}},
	{At: "2021-04-01T00:00:00Z", Fact: customer.SupportContactAssigned{Key: key, SubscriptionID: "s", SupportTenantID: "reseller-h", SupportMPNID: "100", SupportName: "Hill"}},
	{At: "2021-05-01T00:00:00Z", Fact: customer.SubscriptionSuspended{Key: key, SubscriptionID: "s"}},
	{At: "2021-05-02T00:00:00Z", Fact: customer.SubscriptionReactivated{Key: key, SubscriptionID: "s"}},
	{At: "2021-06-01T00:00:00Z", Fact: customer.SubscriptionUpgraded{Key: key, SubscriptionID: "s", ToOfferID: "standard", ToOfferName: "Standard",
		Moved: 15, TermDuration: "P1M", BillingCycle: "monthly"}},
	{At: "2021-07-01T00:00:00Z", Fact: customer.SubscriptionUpgraded{Key: key, SubscriptionID: "s", NewSubscriptionID: "t", ToOfferID: "premium", ToOfferName: "Premium",
		Moved: 5, Remaining: 10, TermDuration: "P1M", BillingCycle: "monthly"}},
	{At: "2021-07-01T00:00:00Z", Fact: customer.SupportContactAssigned{Key: key, SubscriptionID: "t", SupportTenantID: "reseller-h", SupportMPNID: "100", SupportName: "Hill"}},
	{At: "2021-08-01T00:00:00Z", Fact: customer.SubscriptionRenewed{Key: key, SubscriptionID: "s", TermDuration: "P1Y", BillingCycle: "annual"}},
	{At: "2021-09-01T00:00:00Z", Fact: customer.SubscriptionCancelled{Key: key, SubscriptionID: "s"}},
}

var instant = inmemory.Instant

// TestSubscriptions asks how the subscriptions stood around every change.
func TestSubscriptions(t *testing.T) {
	inmemory.Test(t, story, func(t *testing.T, r sqldb.Reader) {
		for at, want := range map[string]string{
			"2021-01-31T23:59:59.999Z": "",
			"2021-02-01T00:00:00Z":     "s 10 basic active P1M of 100",
			"2021-03-01T00:00:00Z":     "s 15 basic active P1M of 100",
			"2021-05-01T12:00:00Z":     "s 15 basic suspended P1M of 100",
			"2021-05-02T00:00:00Z":     "s 15 basic active P1M of 100",
			"2021-06-01T00:00:00Z":     "s 15 standard active P1M of 100",
			"2021-07-01T00:00:00Z":     "s 10 standard active P1M of 100, t 5 premium active P1M from s",
			"2021-08-01T00:00:00Z":     "s 10 standard active P1Y of 100, t 5 premium active P1M from s",
			"2021-09-01T00:00:00Z":     "s 10 standard cancelled P1Y ended, t 5 premium active P1M from s",
		} {
			assert.Equal(t, want, list(t, r, subscriptions.Filter{At: readmodel.At(instant(at))}), at)
		}
	})
}

// TestFilters narrows the list by everything that it can be narrowed by.
func TestFilters(t *testing.T) {
	inmemory.Test(t, story, func(t *testing.T, r sqldb.Reader) {
		const s, u = "s 10 standard active P1Y of 100", "t 5 premium active P1M from s"
		at := readmodel.At(instant("2021-08-15T00:00:00Z"))
		assert.Equal(t, s, list(t, r, subscriptions.Filter{At: at, Reseller: "reseller-h"}))
		assert.Equal(t, s, list(t, r, subscriptions.Filter{At: at, MPNID: "100"}))
		assert.Equal(t, u, list(t, r, subscriptions.Filter{At: at, Subscription: "t"}))
		assert.Equal(t, s+", "+u, list(t, r, subscriptions.Filter{At: at, Status: "active", Provider: "provider-n", Customer: "customer-c"}))
		assert.Empty(t, list(t, r, subscriptions.Filter{At: at, Status: "cancelled"}))
		assert.Empty(t, list(t, r, subscriptions.Filter{At: at, Customer: "customer-x"}))
	})
}

func list(t *testing.T, r sqldb.Reader, f subscriptions.Filter) string {
	t.Helper()
	slice, err := subscriptions.Subscriptions(t.Context(), r, f, readmodel.Page{})
	require.NoError(t, err)
	var rows []string
	for _, s := range slice.Items {
		row := fmt.Sprintf("%s %d %s %s %s", s.SubscriptionID, s.Quantity, s.OfferID, s.Status, s.TermDuration)
		if s.MPNID != nil {
			row += " of " + string(*s.MPNID)
		}
		if s.UpgradedFrom != "" {
			row += " from " + string(s.UpgradedFrom)
		}
		if s.EndedAt != nil {
			row += " ended"
		}
		rows = append(rows, row)
	}
	return strings.Join(rows, ", ")
}

// TestOne shows every step and contact up to the instant, the last of each still open.
func TestOne(t *testing.T) {
	inmemory.Test(t, story, func(t *testing.T, r sqldb.Reader) {
		d, found, err := subscriptions.One(t.Context(), r, readmodel.At(instant("2021-05-01T00:00:00Z")), key, "s")
		require.NoError(t, err)
		require.True(t, found)
		var steps, contacts []string
		for _, s := range d.Steps {
			steps = append(steps, fmt.Sprintf("%s %v %d %s", s.Since, s.Until, s.Quantity, s.Status))
		}
		for _, c := range d.SupportContacts {
			contacts = append(contacts, fmt.Sprintf("%s %v %s", c.Since, c.Until, c.Name))
		}
		assert.Equal(t, []string{"2021-02-01T00:00:00Z 2021-03-01T00:00:00Z 10 active", "2021-03-01T00:00:00Z 2021-05-01T00:00:00Z 15 active",
			"2021-05-01T00:00:00Z <nil> 15 suspended"}, steps)
		assert.Equal(t, []string{"2021-02-01T00:00:00Z 2021-04-01T00:00:00Z Northwind", "2021-04-01T00:00:00Z <nil> Hill"}, contacts)
		_, found, err = subscriptions.One(t.Context(), r, readmodel.At(instant("2021-05-01T00:00:00Z")), key, "t")
		require.NoError(t, err)
		assert.False(t, found)
	})
}

// TestSupportContacts asks who supported what; the contact of an ended subscription stays.
func TestSupportContacts(t *testing.T) {
	inmemory.Test(t, story, func(t *testing.T, r sqldb.Reader) {
		for at, want := range map[string]string{
			"2021-03-31T23:59:59.999Z": "s Northwind", "2021-04-01T00:00:00Z": "s Hill", "2021-12-31T00:00:00Z": "s Hill t Hill",
		} {
			slice, err := subscriptions.SupportContacts(t.Context(), r, subscriptions.ContactFilter{At: readmodel.At(instant(at))}, readmodel.Page{})
			require.NoError(t, err)
			var rows []string
			for _, c := range slice.Items {
				rows = append(rows, string(c.SubscriptionID)+" "+c.Name)
			}
			assert.Equal(t, want, strings.Join(rows, " "), at)
		}
		f := subscriptions.ContactFilter{At: readmodel.Latest(0), Subscription: "t", Support: "reseller-h"}
		slice, err := subscriptions.SupportContacts(t.Context(), r, f, readmodel.Page{})
		require.NoError(t, err)
		assert.Len(t, slice.Items, 1)
	})
}

// The rows are the same in whatever way they come into memory and leave it.
func TestWays(t *testing.T) { inmemory.TestWays(t, subscriptions.Projection{}) }
