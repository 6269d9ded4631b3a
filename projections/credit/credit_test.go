package credit_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/domain"
	rule "github.com/partnerledger/partnerledger/domain/credit"
	"github.com/partnerledger/partnerledger/domain/customer"
	"github.com/partnerledger/partnerledger/domain/partnership"
	"github.com/partnerledger/partnerledger/domain/reseller"
	"github.com/partnerledger/partnerledger/internal/workload/inmemory"
	"github.com/partnerledger/partnerledger/projections/credit"
	"github.com/partnerledger/partnerledger/projections/readmodel"
	"github.com/partnerledger/partnerledger/projections/sqldb"
)

const (
	hill = domain.TenantID("reseller-a")
	lake = domain.TenantID("reseller-b")
)

var key = customer.Key{ProviderTenantID: "provider-n", CustomerTenantID: "customer-c"}

func located(who domain.TenantID, mpn domain.MPNID) domain.Event {
	return reseller.PartnerLocationRegistered{ResellerTenantID: who, MPNID: mpn}
}

func joined(who domain.TenantID) domain.Event {
	return partnership.PartnershipAccepted{ProviderTenantID: key.ProviderTenantID, ResellerTenantID: who}
}

func removed(who domain.TenantID) domain.Event {
	return partnership.PartnershipRemoved{ProviderTenantID: key.ProviderTenantID, ResellerTenantID: who}
}

func bought(id domain.SubscriptionID, seats int) domain.Event {
	return customer.SubscriptionPurchased{Key: key, SubscriptionID: id, Quantity: seats}
}

func assigned(id domain.SubscriptionID, mpn domain.MPNID, who domain.TenantID, source string) domain.Event {
	return customer.ResellerOfRecordAssigned{Key: key, SubscriptionID: id, MPNID: mpn, ResellerTenantID: who, Source: source,
		PartnerAgreementSigned: source == "purchase"}
}

func cancelled(id domain.SubscriptionID) domain.Event {
	return customer.SubscriptionCancelled{Key: key, SubscriptionID: id}
}

// stage is what every story begins with: two partners with a location and a partnership each.
var stage = []inmemory.Told{
	{At: "2021-03-01T00:00:00Z", Fact: located(hill, "A")}, {At: "2021-03-01T00:00:00Z", Fact: located(lake, "B")},
	{At: "2021-03-02T00:00:00Z", Fact: joined(hill)}, {At: "2021-03-02T00:00:00Z", Fact: joined(lake)},
}

// TestIntervals tells stories, and asks who was on record under both policies.
func TestIntervals(t *testing.T) {
	for name, c := range map[string]struct {
		story       []inmemory.Told
		keep, close string
	}{
		"worked example": {
			story: []inmemory.Told{
				{At: "2021-04-01T00:00:00Z", Fact: bought("s", 10)}, {At: "2021-04-01T00:00:00Z", Fact: assigned("s", "A", hill, "purchase")},
				{At: "2021-04-11T00:00:00Z", Fact: customer.QuantityChanged{Key: key, SubscriptionID: "s", Old: 10, New: 15}},
				{At: "2021-04-21T00:00:00Z", Fact: assigned("s", "B", lake, "update")},
				{At: "2021-04-25T00:00:00Z", Fact: removed(hill)}, {At: "2021-05-01T00:00:00Z", Fact: cancelled("s")},
			},
			keep:  "A 04-01 04-21 replaced by 7 active signed; B 04-21 05-01 ended by 9 active unsigned",
			close: "A 04-01 04-21 replaced by 7 active signed; B 04-21 05-01 ended by 9 active unsigned",
		},
		"partnership of the one on record removed": {
			story: []inmemory.Told{
				{At: "2021-04-01T00:00:00Z", Fact: bought("s", 10)}, {At: "2021-04-01T00:00:00Z", Fact: assigned("s", "A", hill, "purchase")},
				{At: "2021-04-25T00:00:00Z", Fact: removed(hill)}, {At: "2021-05-01T00:00:00Z", Fact: joined(hill)},
				{At: "2021-05-02T00:00:00Z", Fact: assigned("s", "A", hill, "update")},
			},
			keep:  "A 04-01 open active signed",
			close: "A 04-01 04-25 partnership-removed by 6 active signed; - 04-25 05-02; A 05-02 open active unsigned",
		},
		"partnership removed, and nothing after it": {
			story: []inmemory.Told{
				{At: "2021-04-01T00:00:00Z", Fact: bought("s", 10)}, {At: "2021-04-01T00:00:00Z", Fact: assigned("s", "A", hill, "purchase")},
				{At: "2021-04-25T00:00:00Z", Fact: removed(hill)},
			},
			keep:  "A 04-01 open active signed",
			close: "A 04-01 04-25 partnership-removed by 6 active signed; - 04-25 open",
		},
		"location deleted": {
			story: []inmemory.Told{
				{At: "2021-04-01T00:00:00Z", Fact: bought("s", 10)}, {At: "2021-04-03T00:00:00Z", Fact: assigned("s", "A", hill, "purchase")},
				{At: "2021-04-25T00:00:00Z", Fact: reseller.PartnerLocationDeleted{ResellerTenantID: hill, MPNID: "A"}},
			},
			keep:  "- 04-01 04-03; A 04-03 04-25 location-deleted by 6 active signed; - 04-25 open",
			close: "- 04-01 04-03; A 04-03 04-25 location-deleted by 6 active signed; - 04-25 open",
		},
		"another location deleted": {
			story: []inmemory.Told{
				{At: "2021-03-03T00:00:00Z", Fact: located(hill, "A2")},
				{At: "2021-04-01T00:00:00Z", Fact: bought("s", 10)}, {At: "2021-04-01T00:00:00Z", Fact: assigned("s", "A", hill, "purchase")},
				{At: "2021-04-25T00:00:00Z", Fact: reseller.PartnerLocationDeleted{ResellerTenantID: hill, MPNID: "A2"}},
			},
			keep:  "A 04-01 open active signed",
			close: "A 04-01 open active signed",
		},
		"reseller deauthorized": {
			story: []inmemory.Told{
				{At: "2021-04-01T00:00:00Z", Fact: bought("s", 10)}, {At: "2021-04-01T00:00:00Z", Fact: assigned("s", "A", hill, "purchase")},
				{At: "2021-04-25T00:00:00Z", Fact: reseller.ResellerDeauthorized{ResellerTenantID: hill}},
				{At: "2021-04-26T00:00:00Z", Fact: reseller.ResellerDeauthorized{ResellerTenantID: hill}},
			},
			keep:  "A 04-01 04-25 reseller-deauthorized by 6 active signed; - 04-25 open",
			close: "A 04-01 04-25 reseller-deauthorized by 6 active signed; - 04-25 open",
		},
		"cleared, and away and back in one instant": {
			story: []inmemory.Told{
				{At: "2021-04-01T00:00:00Z", Fact: bought("s", 10)}, {At: "2021-04-01T00:00:00Z", Fact: assigned("s", "A", hill, "purchase")},
				{At: "2021-04-11T00:00:00Z", Fact: assigned("s", "B", lake, "update")}, {At: "2021-04-11T00:00:00Z", Fact: assigned("s", "A", hill, "update")},
				{At: "2021-04-21T00:00:00Z", Fact: customer.ResellerOfRecordCleared{Key: key, SubscriptionID: "s"}},
			},
			keep:  "A 04-01 04-21 cleared by 8 active signed; - 04-21 open",
			close: "A 04-01 04-21 cleared by 8 active signed; - 04-21 open",
		},
		"upgraded in part after the partnership was removed": {
			story: []inmemory.Told{
				{At: "2021-04-01T00:00:00Z", Fact: bought("o", 10)}, {At: "2021-04-01T00:00:00Z", Fact: assigned("o", "A", hill, "purchase")},
				{At: "2021-04-25T00:00:00Z", Fact: removed(hill)},
				{At: "2021-05-01T00:00:00Z", Fact: customer.SubscriptionUpgraded{Key: key, SubscriptionID: "o", NewSubscriptionID: "s", Moved: 4, Remaining: 6}},
				{At: "2021-05-01T00:00:00Z", Fact: assigned("s", "A", hill, "upgrade")},
			},
			keep:  "A 05-01 open inactive",
			close: "- 05-01 open",
		},
	} {
		t.Run(name, func(t *testing.T) {
			told(t, c.story, func(t *testing.T, r sqldb.Reader) {
				at := readmodel.Latest(instant("2022-01-01T00:00:00Z"))
				assert.Equal(t, c.keep, onRecord(t, r, credit.Filter{At: at, Policy: rule.Keep, Subscription: "s"}))
				assert.Equal(t, c.close, onRecord(t, r, credit.Filter{At: at, Policy: rule.Close, Subscription: "s"}))
			})
		})
	}
}

// correction is the worked example of DOMAIN.md §4.4 with a correction: B is put on record since the 11th, a month later.
var correction = []inmemory.Told{
	{At: "2021-04-01T00:00:00Z", Fact: bought("s", 10)}, {At: "2021-04-01T00:00:00Z", Fact: assigned("s", "A", hill, "purchase")},
	{At: "2021-04-21T00:00:00Z", Fact: customer.ResellerOfRecordCleared{Key: key, SubscriptionID: "s"}},
	{At: "2021-05-11T00:00:00Z", Fact: customer.ResellerOfRecordCorrected{Key: key, SubscriptionID: "s", MPNID: "B", ResellerTenantID: lake, From: instant("2021-04-11T00:00:00Z")}},
	{At: "2021-05-21T00:00:00Z", Fact: customer.ResellerOfRecordCorrected{Key: key, SubscriptionID: "s", MPNID: "B", ResellerTenantID: lake, From: instant("2021-04-06T00:00:00Z")}},
}

// TestCorrections asks what was known before and after each correction, of the time that they are about.
func TestCorrections(t *testing.T) {
	told(t, correction, func(t *testing.T, r sqldb.Reader) {
		for _, c := range []struct{ asOf, knownAt, want string }{
			{"2021-04-15T00:00:00Z", "2021-05-10T23:59:59.999Z", "A 04-01 open active signed"},
			{"2021-04-15T00:00:00Z", "2021-05-11T00:00:00Z", "A 04-01 04-11 replaced by 7 active signed; B 04-11 open active signed"},
			{"2021-05-10T00:00:00Z", "2021-05-10T00:00:00Z", "A 04-01 04-21 cleared by 6 active signed; - 04-21 open"},
			{"2021-05-10T00:00:00Z", "2021-05-20T23:59:59.999Z", "A 04-01 04-11 replaced by 7 active signed; B 04-11 04-21 cleared by 6 active signed; - 04-21 open"},
			{"2021-05-10T00:00:00Z", "2021-05-21T00:00:00Z", "A 04-01 04-06 replaced by 8 active signed; B 04-06 04-21 cleared by 6 active signed; - 04-21 open"},
		} {
			asOf, knownAt := instant(c.asOf), instant(c.knownAt)
			f := credit.Filter{At: readmodel.Question{AsOf: &asOf, AsKnownAt: &knownAt}.At(0), Subscription: "s"}
			assert.Equal(t, c.want, onRecord(t, r, f), "%s known at %s", c.asOf, c.knownAt)
		}
	})
}

// TestSeatDays sums the worked example: 250 seat-days for A and 150 for B.
func TestSeatDays(t *testing.T) {
	story := []inmemory.Told{
		{At: "2021-04-01T00:00:00Z", Fact: bought("s", 10)}, {At: "2021-04-01T00:00:00Z", Fact: assigned("s", "A", hill, "purchase")},
		{At: "2021-04-11T00:00:00Z", Fact: customer.QuantityChanged{Key: key, SubscriptionID: "s", Old: 10, New: 15}},
		{At: "2021-04-21T00:00:00Z", Fact: assigned("s", "B", lake, "update")},
		{At: "2021-05-02T00:00:00Z", Fact: customer.ResellerOfRecordCleared{Key: key, SubscriptionID: "s"}},
	}
	told(t, story, func(t *testing.T, r sqldb.Reader) {
		sums := func(at string, f credit.SeatDaysFilter) (text []string) {
			f.At = readmodel.At(instant(at))
			rows, err := credit.Monthly(t.Context(), r, f)
			require.NoError(t, err)
			for _, row := range rows {
				text = append(text, strings.TrimSpace(fmt.Sprintf("%s %s %s %s", row.Month, row.MPNID, row.SubscriptionID, row.SeatDays)))
			}
			return text
		}
		assert.Equal(t, []string{"2021-04 A  250.000000", "2021-04 B  150.000000"}, sums("2021-05-01T00:00:00Z", credit.SeatDaysFilter{}))
		assert.Equal(t, []string{"2021-04 A  100.000000"}, sums("2021-04-11T00:00:00Z", credit.SeatDaysFilter{}))
		assert.Equal(t, []string{"2021-05 B s 15.000000"}, sums("2021-05-04T00:00:00Z", credit.SeatDaysFilter{From: "2021-05", By: credit.BySubscription}))
		assert.Equal(t, []string{"2021-05   30.000000"}, sums("2021-05-04T00:00:00Z", credit.SeatDaysFilter{Uncredited: true}))
		assert.Equal(t, []string{"2021-04 B  150.000000"}, sums("2021-06-01T00:00:00Z", credit.SeatDaysFilter{To: "2021-04", Filter: credit.Filter{Reseller: lake}}))
	})
}

func TestWays(t *testing.T) { inmemory.TestWays(t, credit.Projection{}) }

// TestOrphaned finds the credit that a removal left open, until it is closed or the partnership begins again.
func TestOrphaned(t *testing.T) {
	story := []inmemory.Told{
		{At: "2021-04-01T00:00:00Z", Fact: bought("s", 10)}, {At: "2021-04-01T00:00:00Z", Fact: assigned("s", "A", hill, "purchase")},
		{At: "2021-04-25T00:00:00Z", Fact: removed(hill)}, {At: "2021-05-01T00:00:00Z", Fact: joined(hill)},
	}
	told(t, story, func(t *testing.T, r sqldb.Reader) {
		for at, want := range map[string]int{"2021-04-24T23:59:59.999Z": 0, "2021-04-25T00:00:00Z": 1, "2021-05-01T00:00:00Z": 0} {
			list, err := credit.Orphaned(t.Context(), r, credit.Filter{At: readmodel.At(instant(at))}, readmodel.Page{})
			require.NoError(t, err)
			assert.Len(t, list.Items, want, at)
		}
	})
}

var instant = inmemory.Instant

// told runs the test on the rows of the stage and the story.
func told(t *testing.T, story []inmemory.Told, test func(*testing.T, sqldb.Reader)) {
	inmemory.Test(t, slices.Concat(stage, story), test)
}

// onRecord is the subscription's intervals and gaps in order of time, as a line of text.
func onRecord(t *testing.T, r sqldb.Reader, f credit.Filter) string {
	t.Helper()
	credited, err := credit.Intervals(t.Context(), r, f, readmodel.Everything)
	require.NoError(t, err)
	gaps, err := credit.Gaps(t.Context(), r, f, readmodel.Everything)
	require.NoError(t, err)
	var parts []string
	all := slices.Concat(credited.Items, gaps.Items)
	slices.SortFunc(all, func(a, b credit.Interval) int { return int(a.From - b.From) })
	for _, i := range all {
		parts = append(parts, describe(i))
	}
	return strings.Join(parts, "; ")
}

func describe(i credit.Interval) string {
	words := []string{string(i.MPNID), i.From.Time().Format("01-02"), "open"}
	if i.To != nil {
		words[2] = i.To.Time().Format("01-02")
	}
	for n := range 20 {
		if i.ClosedBy == inmemory.EventID(n).String() {
			words = append(words, i.ClosedHow, fmt.Sprintf("by %d", n))
		}
	}
	if i.MPNID == "" {
		words[0] = "-"
		return strings.Join(words, " ")
	}
	words = append(words, map[bool]string{true: "active", false: "inactive"}[*i.PartnershipActiveAtAssignment])
	if i.AgreementSignedAtAssignment != nil {
		words = append(words, map[bool]string{true: "signed", false: "unsigned"}[*i.AgreementSignedAtAssignment])
	}
	return strings.Join(words, " ")
}
