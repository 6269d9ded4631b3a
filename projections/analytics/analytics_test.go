package analytics_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/customer"
	"github.com/partnerledger/partnerledger/domain/partnership"
	"github.com/partnerledger/partnerledger/domain/provider"
	"github.com/partnerledger/partnerledger/domain/reseller"
	"github.com/partnerledger/partnerledger/internal/workload/inmemory"
	"github.com/partnerledger/partnerledger/projections/analytics"
	"github.com/partnerledger/partnerledger/projections/partners"
	"github.com/partnerledger/partnerledger/projections/readmodel"
	"github.com/partnerledger/partnerledger/projections/sqldb"
	"github.com/partnerledger/partnerledger/projections/sqldb/sqldbtest"
)

var key = customer.Key{ProviderTenantID: "provider-n", CustomerTenantID: "customer-c"}

func sold(at string, id domain.SubscriptionID, seats int) []inmemory.Told {
	return []inmemory.Told{
		{At: at, Fact: customer.SubscriptionPurchased{Key: key, SubscriptionID: id, Quantity: seats}},
		{At: at, Fact: customer.ResellerOfRecordAssigned{Key: key, SubscriptionID: id, MPNID: "100", ResellerTenantID: "reseller-h", Source: "purchase"}},
	}
}

// TestMonthly follows a reseller that sells twice, rests for half a year, and is removed.
func TestMonthly(t *testing.T) {
	story := []inmemory.Told{
		{At: "2021-01-05T00:00:00Z", Fact: provider.ProviderRegistered{ProviderTenantID: "provider-n", Region: "Europe"}},
		{At: "2021-01-05T00:00:00Z", Fact: reseller.PartnerLocationRegistered{ResellerTenantID: "reseller-h", MPNID: "100"}},
		{At: "2021-02-01T00:00:00Z", Fact: partnership.PartnershipAccepted{ProviderTenantID: "provider-n", ResellerTenantID: "reseller-h"}},
		{At: "2021-02-02T00:00:00Z", Fact: customer.CustomerAdded{Key: key}},
	}
	story = append(story, sold("2021-02-28T23:59:59.999Z", "s", 10)...)
	story = append(story, sold("2021-03-01T00:00:00Z", "t", 5)...)
	story = append(story,
		inmemory.Told{At: "2021-04-10T00:00:00Z", Fact: customer.SubscriptionCancelled{Key: key, SubscriptionID: "s"}},
		inmemory.Told{At: "2021-11-01T00:00:00Z", Fact: partnership.PartnershipRemoved{ProviderTenantID: "provider-n", ResellerTenantID: "reseller-h"}})
	inmemory.Test(t, story, func(t *testing.T, r sqldb.Reader) {
		rows, err := analytics.Monthly(t.Context(), r, analytics.Filter{At: readmodel.At(inmemory.Instant("2021-11-15T00:00:00Z")), From: "2021-01"})
		require.NoError(t, err)
		var got []string
		for _, m := range rows {
			got = append(got, fmt.Sprintf("%s resellers %d +%d -%d, active %d transacting %d churned %d, customers +%d, subscriptions %d +%d -%d, seats %d", m.Month,
				m.TotalResellers, m.NewResellers, m.RemovedResellers, m.ActiveResellers, m.TransactingResellers, m.ChurnedResellers,
				m.NewCustomers, m.ActiveSubscriptions, m.NewSubscriptions, m.EndedSubscriptions, m.Seats))
		}
		const resting = " resellers 1 +0 -0, active 1 transacting 0 churned 0, customers +0, subscriptions 1 +0 -0, seats 5"
		assert.Equal(t, []string{
			"2021-01 resellers 0 +0 -0, active 0 transacting 0 churned 0, customers +0, subscriptions 0 +0 -0, seats 0",
			"2021-02 resellers 1 +1 -0, active 1 transacting 1 churned 0, customers +1, subscriptions 1 +1 -0, seats 10",
			"2021-03 resellers 1 +0 -0, active 1 transacting 1 churned 0, customers +0, subscriptions 2 +1 -0, seats 15",
			"2021-04 resellers 1 +0 -0, active 1 transacting 0 churned 0, customers +0, subscriptions 1 +0 -1, seats 5",
			"2021-05" + resting, "2021-06" + resting, "2021-07" + resting, "2021-08" + resting, "2021-09" + resting,
			"2021-10 resellers 1 +0 -0, active 1 transacting 0 churned 1, customers +0, subscriptions 1 +0 -0, seats 5",
			"2021-11 resellers 0 +0 -1, active 1 transacting 0 churned 1, customers +0, subscriptions 1 +0 -0, seats 5",
		}, got)
	})
}

// TestMonthlyEqualsTheList counts the resellers of a workload as the list does, at the end of each month.
func TestMonthlyEqualsTheList(t *testing.T) {
	ledger, err := inmemory.New()
	require.NoError(t, err)
	commands, err := os.Open("../../internal/workload/testdata/tiny.jsonl")
	require.NoError(t, err)
	defer commands.Close()
	require.NoError(t, ledger.Play(t.Context(), commands))
	events, err := ledger.Events(t.Context())
	require.NoError(t, err)
	db := sqldbtest.Open(t, sqldbtest.SQLite(t))
	require.NoError(t, inmemory.Prepare(t.Context(), db, inmemory.ReadModels()...))
	require.NoError(t, inmemory.Apply(t.Context(), db, events, inmemory.ReadModels()...))

	rows, err := analytics.Monthly(t.Context(), db, analytics.Filter{At: readmodel.Latest(inmemory.Instant("2024-06-30T00:00:00Z"))})
	require.NoError(t, err)
	assert.Len(t, rows, 13*2, "thirteen months of two providers, as the vendor shows")
	came := map[domain.TenantID]int64{}
	for _, m := range rows {
		start, err := m.Month.Start()
		require.NoError(t, err)
		end := domain.InstantOf(start.Time().AddDate(0, 1, 0)) - 1
		list, err := partners.Resellers(t.Context(), db, partners.Filter{At: readmodel.At(end), Provider: m.ProviderTenantID}, readmodel.Everything)
		require.NoError(t, err)
		assert.Equal(t, int64(len(list.Items)), m.TotalResellers, "%s", m.Month)
		if before, known := came[m.ProviderTenantID]; known {
			assert.Equal(t, m.TotalResellers, before+m.NewResellers-m.RemovedResellers, "%s", m.Month)
		}
		came[m.ProviderTenantID] = m.TotalResellers
	}
}
