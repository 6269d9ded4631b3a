package timeline_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/customer"
	"github.com/partnerledger/partnerledger/domain/reseller"
	"github.com/partnerledger/partnerledger/domain/vocabulary"
	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/internal/workload/inmemory"
	"github.com/partnerledger/partnerledger/projections"
	"github.com/partnerledger/partnerledger/projections/outcomes"
	"github.com/partnerledger/partnerledger/projections/readmodel"
	"github.com/partnerledger/partnerledger/projections/sqldb"
	"github.com/partnerledger/partnerledger/projections/sqldb/sqldbtest"
	"github.com/partnerledger/partnerledger/projections/timeline"
)

func fill(t *testing.T, url string, facts ...domain.Event) *sqldb.DB {
	t.Helper()
	db := sqldbtest.Open(t, url)
	var events []projections.Event
	for i, fact := range facts {
		meta := eventstore.Metadata{CausationID: domain.CommandID(fmt.Sprint("command ", i)), At: domain.Instant(1000 * i),
			Actor: domain.Actor{UserPrincipalName: fmt.Sprintf("user%d@northwind.example", i%2)}}
		if e, ok := fact.(domain.Effective); ok {
			from := e.EffectiveFrom()
			meta.EffectiveAt = &from
		}
		recorded := eventstore.Recorded{Stream: "customer-p.c", Revision: eventstore.Revision(i), Position: eventstore.Position(10 * i), Type: fact.EventType()}
		events = append(events, projections.Event{Fact: fact, Meta: meta, Sequenced: eventstore.Sequenced{Seq: uint64(i), Recorded: recorded}})
	}
	require.NoError(t, inmemory.Prepare(t.Context(), db, append(inmemory.ReadModels(), timeline.Projection{}, outcomes.Projection{})...))
	require.NoError(t, inmemory.Apply(t.Context(), db, events, timeline.Projection{}))
	return db
}

func seqs(t *testing.T, r sqldb.Reader, f timeline.Filter) (list []int64) {
	t.Helper()
	if f.At == (readmodel.Point{}) {
		f.At = readmodel.Latest(0)
	}
	page := readmodel.Page{Limit: 2}
	for {
		part, err := timeline.Entries(t.Context(), r, f, page)
		require.NoError(t, err)
		for _, e := range part.Items {
			list = append(list, e.Seq)
		}
		if part.Next == "" {
			return list
		}
		page.After = part.Next
	}
}

func TestEveryEventButClaimsHasItsLine(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, url string) {
		db := fill(t, url, vocabulary.Events()...)
		page, err := timeline.Entries(t.Context(), db, timeline.Filter{At: readmodel.Latest(0)}, readmodel.Everything)
		require.NoError(t, err)
		lines := map[string]timeline.Entry{}
		for _, e := range page.Items {
			lines[e.Type] = e
		}
		for i, fact := range vocabulary.Events() {
			e, found := lines[fact.EventType()]
			_, claim := fact.(domain.Claim)
			require.Equal(t, !claim, found, fact.EventType())
			if found {
				require.Equal(t, []any{int64(i), int64(10 * i), int64(i), "customer"}, []any{e.Seq, e.Position, e.Revision, e.Category})
			}
		}
		require.Equal(t, "seats 10 → 15", lines["QuantityChanged"].Summary)
		require.Equal(t, "reseller of record 1085763 → 1062006", lines["ResellerOfRecordAssigned"].Summary)
		require.Equal(t, "wrong id on the order", lines["ResellerOfRecordCorrected"].Reason)
	})
}

const (
	provider = domain.TenantID("p")
	hill     = domain.TenantID("hill")
	lake     = domain.TenantID("lake")
)

var (
	key  = customer.Key{ProviderTenantID: provider, CustomerTenantID: "c"}
	tale = []domain.Event{
		/* 0 */ reseller.PartnerLocationRegistered{ResellerTenantID: hill, MPNID: "1", Country: "IE"},
		/* 1 */ reseller.PartnerLocationRegistered{ResellerTenantID: lake, MPNID: "2", Country: "DE"},
		/* 2 */ customer.CustomerAssociatedWithReseller{Key: key, ResellerTenantID: hill},
		/* 3 */ customer.CustomerAssociatedWithReseller{Key: key, ResellerTenantID: lake, PreviousResellerTenantID: hill},
		/* 4 */ customer.ResellerOfRecordAssigned{Key: key, SubscriptionID: "s", MPNID: "1", ResellerTenantID: hill},
		/* 5 */ customer.ResellerOfRecordAssigned{Key: key, SubscriptionID: "s", MPNID: "2", ResellerTenantID: lake, PreviousMPNID: "1"},
		/* 6 */ customer.ResellerOfRecordCleared{Key: key, SubscriptionID: "s", PreviousMPNID: "2"},
		/* 7 */ customer.SupportContactAssigned{Key: key, SubscriptionID: "s", SupportTenantID: hill, SupportMPNID: "1", PreviousSupportTenantID: provider},
		/* 8 */ customer.SupportContactAssigned{Key: key, SubscriptionID: "s", SupportTenantID: provider, SupportMPNID: "9", PreviousSupportTenantID: hill},
		/* 9 */ customer.ResellerOfRecordCorrected{Key: key, SubscriptionID: "s", MPNID: "1", ResellerTenantID: hill, From: 4500, Reason: "typo"},
		/* 10 */ customer.CustomerDissociatedFromReseller{Key: key, ResellerTenantID: lake},
	}
)

func TestTheTimelineOfEachParty(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, url string) {
		db := fill(t, url, tale...)
		from, to := domain.Instant(3000), domain.Instant(6000)
		for name, c := range map[string]struct {
			filter timeline.Filter
			want   []int64
		}{
			"hill, also what was taken from it": {timeline.Filter{Reseller: hill}, []int64{0, 2, 3, 4, 5, 7, 8, 9}},
			"lake, also what was taken from it": {timeline.Filter{Reseller: lake}, []int64{1, 3, 5, 6, 10}},
			"an id, and the one before":         {timeline.Filter{MPNID: "1"}, []int64{0, 4, 5, 7, 9}},
			"the subscription":                  {timeline.Filter{Subscription: "s"}, []int64{4, 5, 6, 7, 8, 9}},
			"the customer":                      {timeline.Filter{Customer: "c", Provider: provider}, []int64{2, 3, 4, 5, 6, 7, 8, 9, 10}},
			"another provider's":                {timeline.Filter{Customer: "c", Provider: "q"}, nil},
			"a user":                            {timeline.Filter{User: "user1@northwind.example"}, []int64{1, 3, 5, 7, 9}},
			"a kind of event":                   {timeline.Filter{Type: "SupportContactAssigned"}, []int64{7, 8}},
			"a kind of stream":                  {timeline.Filter{Category: "reseller"}, nil},
			"recorded from, before":             {timeline.Filter{From: &from, To: &to}, []int64{3, 4, 5}},
			"as of: with the correction":        {timeline.Filter{At: readmodel.At(4500)}, []int64{0, 1, 2, 3, 4, 9}},
			"as of: before it takes effect":     {timeline.Filter{At: readmodel.At(4499)}, []int64{0, 1, 2, 3, 4}},
			"as known before the correction": {timeline.Filter{At: readmodel.Point{Facts: 4500, Instant: 4500, Known: 8999}},
				[]int64{0, 1, 2, 3, 4}},
		} {
			require.Equal(t, c.want, seqs(t, db, c.filter), name)
		}
	})
}

// The rows are the same in whatever way they come into memory and leave it.
func TestWays(t *testing.T) { inmemory.TestWays(t, timeline.Projection{}) }
