package partners_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/customer"
	"github.com/partnerledger/partnerledger/domain/partnership"
	"github.com/partnerledger/partnerledger/domain/provider"
	"github.com/partnerledger/partnerledger/domain/reseller"
	"github.com/partnerledger/partnerledger/internal/workload/inmemory"
	"github.com/partnerledger/partnerledger/projections/partners"
	"github.com/partnerledger/partnerledger/projections/readmodel"
	"github.com/partnerledger/partnerledger/projections/sqldb"
)

const (
	northwind = domain.TenantID("provider-n")
	hill      = domain.TenantID("reseller-h")
	lake      = domain.TenantID("reseller-l")
)

func requested(id domain.RequestID, expires string) partnership.PartnershipRequested {
	return partnership.PartnershipRequested{RequestID: id, ProviderTenantID: northwind, ExpiresAt: instant(expires),
		ResellerEmail: domain.SealedText("sealed " + string(id)), Message: domain.SealedText("sealed message")}
}

func accepted(id domain.RequestID, who domain.TenantID, mpn domain.MPNID, name string) partnership.PartnershipAccepted {
	return partnership.PartnershipAccepted{ProviderTenantID: northwind, ResellerTenantID: who, RequestID: id, MPNID: mpn, Name: name, Country: "IE"}
}

// story is a year of two resellers: one that stays and is suspended for a while, one that leaves and comes back.
var story = []inmemory.Told{
	{At: "2021-01-01T00:00:00Z", Fact: provider.ProviderRegistered{ProviderTenantID: northwind, Name: "Northwind", Country: "DE", Region: "Europe", MPNID: "1"}},
	{At: "2021-01-02T00:00:00Z", Fact: reseller.ResellerEnrolled{ResellerTenantID: hill, Name: "Hill 100% Networks", Country: "IE", Region: "Europe"}},
	{At: "2021-01-02T00:00:00Z", Fact: reseller.ResellerEnrolled{ResellerTenantID: lake, Name: "Lake IT", Country: "IE", Region: "Europe"}},
	{At: "2021-02-01T00:00:00Z", Fact: requested("request-1", "2021-03-03T00:00:00Z")},
	{At: "2021-02-02T00:00:00Z", Fact: requested("request-2", "2021-03-04T00:00:00Z")},
	{At: "2021-02-03T00:00:00Z", Fact: requested("request-3", "2021-03-05T00:00:00Z")},
	{At: "2021-02-03T00:00:00Z", Fact: requested("request-4", "2021-03-05T00:00:00Z")},
	{At: "2021-02-10T00:00:00Z", Fact: partnership.PartnershipRequestAccepted{RequestID: "request-1", ProviderTenantID: northwind, ResellerTenantID: hill}},
	{At: "2021-02-10T00:00:00Z", Fact: accepted("request-1", hill, "100", "Hill 100% Networks")},
	{At: "2021-02-11T00:00:00Z", Fact: partnership.PartnershipRequestAccepted{RequestID: "request-2", ProviderTenantID: northwind, ResellerTenantID: lake}},
	{At: "2021-02-11T00:00:00Z", Fact: accepted("request-2", lake, "200", "Lake IT")},
	{At: "2021-02-12T00:00:00Z", Fact: partnership.PartnershipDeclined{RequestID: "request-3", ProviderTenantID: northwind, ResellerTenantID: "reseller-x", Reason: "busy"}},
	{At: "2021-03-01T00:00:00Z", Fact: reseller.PartnerAgreementSigned{ResellerTenantID: hill, Region: "Asia"}},
	{At: "2021-03-02T00:00:00Z", Fact: reseller.PartnerAgreementSigned{ResellerTenantID: hill, Region: "Europe"}},
	{At: "2021-03-02T00:00:00Z", Fact: reseller.PartnerAgreementSigned{ResellerTenantID: hill, Region: "Europe"}},
	{At: "2021-04-01T00:00:00Z", Fact: reseller.ResellerSuspended{ResellerTenantID: hill, Reason: "check"}},
	{At: "2021-05-01T00:00:00Z", Fact: reseller.ResellerReinstated{ResellerTenantID: hill}},
	{At: "2021-05-02T00:00:00Z", Fact: customer.CustomerAssociatedWithReseller{Key: customer.Key{ProviderTenantID: northwind, CustomerTenantID: "customer-1"}, ResellerTenantID: lake}},
	{At: "2021-06-01T00:00:00Z", Fact: partnership.PartnershipRemoved{ProviderTenantID: northwind, ResellerTenantID: lake, RequestID: "request-2", RepresentationVersion: "2021-03-23", Reason: "left"}},
	{At: "2021-07-01T00:00:00Z", Fact: accepted("request-5", lake, "201", "Lake IT")},
	{At: "2021-08-01T00:00:00Z", Fact: reseller.ResellerDeauthorized{ResellerTenantID: hill, Reason: "revenue"}},
}

var instant = inmemory.Instant

// TestResellers asks for the list at instants around every change of it.
func TestResellers(t *testing.T) {
	inmemory.Test(t, story, func(t *testing.T, r sqldb.Reader) {
		for _, c := range []struct{ at, want string }{
			{"2021-02-09T23:59:59.999Z", ""},
			{"2021-02-10T00:00:00Z", "reseller-h 100 active"},
			{"2021-03-01T12:00:00Z", "reseller-h 100 active, reseller-l 200 active"},
			{"2021-03-02T00:00:00Z", "reseller-h 100 active signed, reseller-l 200 active"},
			{"2021-04-01T00:00:00Z", "reseller-h 100 suspended signed, reseller-l 200 active"},
			{"2021-05-01T00:00:00Z", "reseller-h 100 active signed, reseller-l 200 active"},
			{"2021-05-31T23:59:59.999Z", "reseller-h 100 active signed, reseller-l 200 active 1 customer"},
			{"2021-06-01T00:00:00Z", "reseller-h 100 active signed"},
			{"2021-07-01T00:00:00Z", "reseller-h 100 active signed, reseller-l 201 active 1 customer"},
			{"2021-08-01T00:00:00Z", "reseller-h 100 deauthorized signed, reseller-l 201 active 1 customer"},
		} {
			list, err := partners.Resellers(t.Context(), r, partners.Filter{At: readmodel.At(instant(c.at))}, readmodel.Page{})
			require.NoError(t, err)
			assert.Equal(t, c.want, lines(list.Items), c.at)
		}
	})
}

func lines(list []partners.Reseller) (text string) {
	for i, r := range list {
		if i > 0 {
			text += ", "
		}
		text += string(r.ResellerTenantID) + " " + string(r.MPNID) + " " + r.AccountState
		if r.MPASigned {
			text += " signed"
		}
		if r.Customers == 1 {
			text += " 1 customer"
		}
	}
	return text
}

// TestSearch finds words as they are: what means something in SQL is a letter like others.
func TestSearch(t *testing.T) {
	inmemory.Test(t, story, func(t *testing.T, r sqldb.Reader) {
		for words, want := range map[string]int{"": 2, "NETWORKS": 1, "100%": 1, "%": 1, "_": 0, "it": 1, `\`: 0} {
			f := partners.Filter{At: readmodel.Latest(instant("2022-01-01T00:00:00Z")), Search: words}
			list, err := partners.Resellers(t.Context(), r, f, readmodel.Page{})
			require.NoError(t, err)
			assert.Len(t, list.Items, want, "%q", words)
		}
	})
}

// TestFormerResellers lists who left, as long as they are away.
func TestFormerResellers(t *testing.T) {
	inmemory.Test(t, story, func(t *testing.T, r sqldb.Reader) {
		former := func(at string) []partners.FormerReseller {
			list, err := partners.FormerResellers(t.Context(), r, partners.Filter{At: readmodel.At(instant(at))}, readmodel.Page{})
			require.NoError(t, err)
			return list.Items
		}
		assert.Empty(t, former("2021-05-31T23:59:59.999Z"))
		assert.Equal(t, []partners.FormerReseller{{ProviderTenantID: northwind, ResellerTenantID: lake, Name: "Lake IT", MPNID: "200", Location: "IE",
			Since: instant("2021-02-11T00:00:00Z"), Until: instant("2021-06-01T00:00:00Z"), RequestID: "request-2", RemovedBy: inmemory.Teller,
			Reason: "left", RepresentationVersion: "2021-03-23", Customers: 1}}, former("2021-06-01T00:00:00Z"))
		assert.Empty(t, former("2021-07-01T00:00:00Z"))
	})
}

// TestRequests asks what became of the requests, before and after each was closed or expired.
func TestRequests(t *testing.T) {
	inmemory.Test(t, story, func(t *testing.T, r sqldb.Reader) {
		for _, c := range []struct{ at, one, three, four string }{
			{"2021-02-03T00:00:00Z", "open", "open", "open"},
			{"2021-02-12T00:00:00Z", "accepted", "declined", "open"},
			{"2021-03-04T23:59:59.999Z", "accepted", "declined", "open"},
			{"2021-03-05T00:00:00Z", "accepted", "declined", "expired"},
		} {
			list, err := partners.Requests(t.Context(), r, partners.RequestFilter{At: readmodel.At(instant(c.at))}, readmodel.Page{})
			require.NoError(t, err)
			require.Len(t, list.Items, 4)
			assert.Equal(t, []string{c.one, c.three, c.four}, []string{list.Items[0].State, list.Items[2].State, list.Items[3].State}, c.at)
		}
		open, err := partners.Requests(t.Context(), r, partners.RequestFilter{At: readmodel.At(instant("2021-02-20T00:00:00Z")), State: partners.Open}, readmodel.Page{})
		require.NoError(t, err)
		assert.Equal(t, []partners.Request{{ProviderTenantID: northwind, RequestID: "request-4", ResellerEmail: "sealed request-4",
			RequestedAt: instant("2021-02-03T00:00:00Z"), RequestedBy: inmemory.Teller, ExpiresAt: instant("2021-03-05T00:00:00Z"), State: "open"}}, open.Items)
	})
}

// TestEpisodes shows each episode as it stood then, also by who ended it.
func TestEpisodes(t *testing.T) {
	inmemory.Test(t, story, func(t *testing.T, r sqldb.Reader) {
		episodes := func(at string) []partners.Episode {
			list, err := partners.Episodes(t.Context(), r, partners.Filter{At: readmodel.At(instant(at)), Reseller: lake}, readmodel.Page{})
			require.NoError(t, err)
			return list.Items
		}
		before, after := episodes("2021-05-31T00:00:00Z"), episodes("2021-12-31T00:00:00Z")
		require.Len(t, before, 1)
		require.Len(t, after, 2)
		assert.Nil(t, before[0].Until)
		assert.Empty(t, before[0].RemovedBy)
		assert.Equal(t, instant("2021-06-01T00:00:00Z"), *after[0].Until)
		assert.Equal(t, inmemory.Teller, after[0].RemovedBy)
		assert.Nil(t, after[1].Until)
	})
}

// TestPages reads every list in pages of one, and finds the same as at once.
func TestPages(t *testing.T) {
	inmemory.Test(t, story, func(t *testing.T, r sqldb.Reader) {
		at := readmodel.At(instant("2021-05-15T00:00:00Z"))
		pagesOfOne(t, 2, func(ctx context.Context, p readmodel.Page) (readmodel.Slice[partners.Reseller], error) {
			return partners.Resellers(ctx, r, partners.Filter{At: at}, p)
		})
		pagesOfOne(t, 4, func(ctx context.Context, p readmodel.Page) (readmodel.Slice[partners.Request], error) {
			return partners.Requests(ctx, r, partners.RequestFilter{At: at}, p)
		})
		pagesOfOne(t, 3, func(ctx context.Context, p readmodel.Page) (readmodel.Slice[partners.Episode], error) {
			return partners.Episodes(ctx, r, partners.Filter{At: readmodel.Latest(0)}, p)
		})
		_, err := partners.Resellers(t.Context(), r, partners.Filter{At: at}, readmodel.Page{After: "x"})
		assert.ErrorIs(t, err, readmodel.ErrCursor)
	})
}

func pagesOfOne[T any](t *testing.T, want int, list func(context.Context, readmodel.Page) (readmodel.Slice[T], error)) {
	t.Helper()
	whole, err := list(t.Context(), readmodel.Everything)
	require.NoError(t, err)
	require.Len(t, whole.Items, want)
	var parts []T
	page := readmodel.Page{Limit: 1}
	for range want {
		slice, err := list(t.Context(), page)
		require.NoError(t, err)
		parts = append(parts, slice.Items...)
		page.After = slice.Next
	}
	assert.Equal(t, whole.Items, parts)
	assert.Empty(t, page.After)
}

// The rows are the same in whatever way they come into memory and leave it, also where things happen twice.
func TestWays(t *testing.T) {
	suspend, reinstate := reseller.ResellerSuspended{ResellerTenantID: "r"}, reseller.ResellerReinstated{ResellerTenantID: "r"}
	events, err := inmemory.Tell(
		inmemory.Told{At: "2021-01-01T00:00:00Z", Fact: reseller.ResellerEnrolled{ResellerTenantID: "r"}},
		inmemory.Told{At: "2021-01-02T00:00:00Z", Fact: reseller.PartnerAgreementSigned{ResellerTenantID: "r", Region: "Europe"}},
		inmemory.Told{At: "2021-01-03T00:00:00Z", Fact: suspend},
		inmemory.Told{At: "2021-01-04T00:00:00Z", Fact: reinstate},
		inmemory.Told{At: "2021-01-05T00:00:00Z", Fact: suspend},
		inmemory.Told{At: "2021-01-06T00:00:00Z", Fact: reinstate},
		inmemory.Told{At: "2021-01-07T00:00:00Z", Fact: reseller.PartnerAgreementSigned{ResellerTenantID: "r", Region: "Europe"}},
		inmemory.Told{At: "2021-01-08T00:00:00Z", Fact: reseller.ResellerDeauthorized{ResellerTenantID: "r"}},
		inmemory.Told{At: "2021-01-09T00:00:00Z", Fact: reseller.ResellerDeauthorized{ResellerTenantID: "r"}},
	)
	require.NoError(t, err)
	inmemory.TestWays(t, partners.Projection{}, events)
}
