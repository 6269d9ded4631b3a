package partners_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/domain/customer"
	"github.com/partnerledger/partnerledger/domain/reseller"
	"github.com/partnerledger/partnerledger/internal/workload/inmemory"
	"github.com/partnerledger/partnerledger/projections/partners"
	"github.com/partnerledger/partnerledger/projections/readmodel"
	"github.com/partnerledger/partnerledger/projections/sqldb"
)

var shop = customer.Key{ProviderTenantID: northwind, CustomerTenantID: "customer-2"}

// sales are of one customer that hill manages at first and lake later. Lake is put on record since the 11th a month
// afterwards, and since the 6th another while afterwards.
var sales = []inmemory.Told{
	{At: "2021-02-10T00:00:00Z", Fact: accepted("request-1", hill, "100", "Hill")},
	{At: "2021-02-10T00:00:00Z", Fact: accepted("request-2", lake, "200", "Lake")},
	{At: "2021-02-11T00:00:00Z", Fact: reseller.PartnerLocationRegistered{ResellerTenantID: hill, MPNID: "100"}},
	{At: "2021-02-11T00:00:00Z", Fact: reseller.PartnerLocationRegistered{ResellerTenantID: lake, MPNID: "200"}},
	{At: "2021-03-01T00:00:00Z", Fact: customer.CustomerAssociatedWithReseller{Key: shop, ResellerTenantID: hill}},
	{At: "2021-04-01T00:00:00Z", Fact: customer.SubscriptionPurchased{Key: shop, SubscriptionID: "s", Quantity: 10}},
	{At: "2021-04-01T00:00:00Z", Fact: customer.ResellerOfRecordAssigned{Key: shop, SubscriptionID: "s", MPNID: "100", ResellerTenantID: hill, Source: "purchase"}},
	{At: "2021-04-08T00:00:00Z", Fact: customer.QuantityChanged{Key: shop, SubscriptionID: "s", Old: 10, New: 15}},
	{At: "2021-04-12T00:00:00Z", Fact: customer.SubscriptionSuspended{Key: shop, SubscriptionID: "s"}},
	{At: "2021-04-13T00:00:00Z", Fact: customer.SubscriptionReactivated{Key: shop, SubscriptionID: "s"}},
	{At: "2021-04-20T00:00:00Z", Fact: customer.CustomerAssociatedWithReseller{Key: shop, ResellerTenantID: lake}},
	{At: "2021-04-21T00:00:00Z", Fact: customer.SubscriptionPurchased{Key: shop, SubscriptionID: "t", Quantity: 3}},
	{At: "2021-04-25T00:00:00Z", Fact: customer.CustomerDissociatedFromReseller{Key: shop, ResellerTenantID: lake}},
	{At: "2021-05-11T00:00:00Z", Fact: customer.ResellerOfRecordCorrected{Key: shop, SubscriptionID: "s", MPNID: "200", ResellerTenantID: lake, From: instant("2021-04-11T00:00:00Z")}},
	{At: "2021-05-21T00:00:00Z", Fact: customer.ResellerOfRecordCorrected{Key: shop, SubscriptionID: "s", MPNID: "200", ResellerTenantID: lake, From: instant("2021-04-06T00:00:00Z")}},
	{At: "2021-06-01T00:00:00Z", Fact: reseller.PartnerLocationDeleted{ResellerTenantID: lake, MPNID: "200"}},
	{At: "2021-07-01T00:00:00Z", Fact: customer.SubscriptionCancelled{Key: shop, SubscriptionID: "s"}},
}

// TestResellersHave asks what each reseller is on record for and manages: as of times around every change, known at
// times around every correction, and page by page.
func TestResellersHave(t *testing.T) {
	inmemory.Test(t, sales, func(t *testing.T, r sqldb.Reader) {
		for _, c := range []struct{ asOf, knownAt, want string }{
			{"2021-03-31", "2022-01-01", "h 1: 0/0 0/0; l 0: 0/0 0/0"},
			{"2021-04-01", "2022-01-01", "h 1: 1/10 1/10; l 0: 0/0 0/0"},
			{"2021-04-06", "2021-05-20", "h 1: 1/10 1/10; l 0: 0/0 0/0"},
			{"2021-04-06", "2021-05-21", "h 1: 0/0 1/10; l 0: 1/10 0/0"},
			{"2021-04-10", "2021-04-10", "h 1: 1/15 1/15; l 0: 0/0 0/0"},
			{"2021-04-10", "2021-05-11", "h 1: 1/15 1/15; l 0: 0/0 0/0"},
			{"2021-04-10", "2021-05-21", "h 1: 0/0 1/15; l 0: 1/15 0/0"},
			{"2021-04-12", "2021-04-12", "h 1: 0/0 0/0; l 0: 0/0 0/0"},
			{"2021-04-12", "2021-05-21", "h 1: 0/0 0/0; l 0: 0/0 0/0"},
			{"2021-04-13", "2021-05-10", "h 1: 1/15 1/15; l 0: 0/0 0/0"},
			{"2021-04-13", "2021-05-11", "h 1: 0/0 1/15; l 0: 1/15 0/0"},
			{"2021-04-20", "2021-05-10", "h 0: 1/15 0/0; l 1: 0/0 1/15"},
			{"2021-04-21", "2022-01-01", "h 0: 0/0 0/0; l 1: 1/15 2/18"},
			{"2021-04-25", "2022-01-01", "h 0: 0/0 0/0; l 0: 1/15 0/0"},
			{"2021-05-11", "2021-05-11", "h 0: 0/0 0/0; l 0: 1/15 0/0"},
			{"2021-06-01", "2022-01-01", "h 0: 0/0 0/0; l 0: 0/0 0/0"},
			{"2021-07-01", "2022-01-01", "h 0: 0/0 0/0; l 0: 0/0 0/0"},
		} {
			asOf, knownAt := instant(c.asOf+"T00:00:00Z"), instant(c.knownAt+"T00:00:00Z")
			f := partners.Filter{At: readmodel.Question{AsOf: &asOf, AsKnownAt: &knownAt}.At(0)}
			whole, err := partners.Resellers(t.Context(), r, f, readmodel.Everything)
			require.NoError(t, err)
			assert.Equal(t, c.want, have(whole.Items), "%s known at %s", c.asOf, c.knownAt)

			// Ensure a page says the same as the whole, and so does one reseller asked for alone.
			first, err := partners.Resellers(t.Context(), r, f, readmodel.Page{Limit: 1})
			require.NoError(t, err)
			second, err := partners.Resellers(t.Context(), r, f, readmodel.Page{Limit: 1, After: first.Next})
			require.NoError(t, err)
			assert.Equal(t, whole.Items, append(first.Items, second.Items...))
			f.Reseller = lake
			alone, err := partners.Resellers(t.Context(), r, f, readmodel.Page{})
			require.NoError(t, err)
			assert.Equal(t, whole.Items[1:], alone.Items)
		}
	})
}

// have gives of each reseller its customers, the subscriptions and seats on record, and those of its customers.
func have(list []partners.Reseller) string {
	var parts []string
	for _, r := range list {
		parts = append(parts, fmt.Sprintf("%s %d: %d/%d %d/%d", strings.TrimPrefix(string(r.ResellerTenantID), "reseller-"), r.Customers,
			r.ActiveSubscriptions, r.Seats, r.CustomerSubscriptions, r.CustomerSeats))
	}
	return strings.Join(parts, "; ")
}
