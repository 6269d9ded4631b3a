package outcomes_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/customer"
	"github.com/partnerledger/partnerledger/domain/outcome"
	"github.com/partnerledger/partnerledger/domain/partnership"
	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/internal/workload/inmemory"
	"github.com/partnerledger/partnerledger/projections"
	"github.com/partnerledger/partnerledger/projections/outcomes"
	"github.com/partnerledger/partnerledger/projections/readmodel"
	"github.com/partnerledger/partnerledger/projections/sqldb"
	"github.com/partnerledger/partnerledger/projections/sqldb/sqldbtest"
)

// played is what a workload with all edge cases leaves: its lines and its events.
func played(t *testing.T) ([]inmemory.Line, []projections.Event) {
	t.Helper()
	l, err := inmemory.PlayTiny(t.Context())
	require.NoError(t, err)
	events, err := l.Events(t.Context())
	require.NoError(t, err)
	return l.Lines, events
}

func fill(t *testing.T, url string, events ...projections.Event) *sqldb.DB {
	t.Helper()
	db := sqldbtest.Open(t, url)
	require.NoError(t, inmemory.Prepare(t.Context(), db, outcomes.Projection{}))
	require.NoError(t, inmemory.Apply(t.Context(), db, events, outcomes.Projection{}))
	return db
}

func TestEveryCommandIsAnsweredAsTheFirstTime(t *testing.T) {
	lines, events := played(t)
	facts, last := map[domain.CommandID][]string{}, map[domain.CommandID]eventstore.Position{}
	for _, e := range events {
		if _, claim := e.Fact.(domain.Claim); claim {
			continue
		}
		last[e.Meta.CausationID] = e.Position
		switch e.Fact.(type) {
		case outcome.CommandRefused, outcome.CommandChangedNothing:
		default:
			facts[e.Meta.CausationID] = append(facts[e.Meta.CausationID], e.ID.String())
		}
	}
	sqldbtest.Each(t, func(t *testing.T, url string) {
		db := fill(t, url, events...)
		for _, l := range lines {
			if l.Refused == domain.CommandIDReused {
				continue // recorded under an id of its own: the first command's outcome stays
			}
			o, found, err := outcomes.ByCommand(t.Context(), db, l.ID)
			require.NoError(t, err)
			require.True(t, found)
			require.Equal(t, l.Refused, o.Code)
			require.Equal(t, l.Refused != "", o.Status == outcomes.Refused)
			require.Equal(t, l.Refused != "", o.Sentence != "")
			require.Equal(t, last[l.ID], o.Position)
			require.Equal(t, facts[l.ID], append([]string(nil), o.EventIDs...))
			require.NotEmpty(t, o.Digest)
		}
		_, found, err := outcomes.ByCommand(t.Context(), db, "never said")
		require.NoError(t, err)
		require.False(t, found)
		require.Len(t, everything(t, db, outcomes.Filter{}), len(last))
	})
}

// everything reads all pages, small ones, and checks their order.
func everything(t *testing.T, r sqldb.Reader, f outcomes.Filter) (all []outcomes.Entry) {
	t.Helper()
	if f.At == (readmodel.Point{}) {
		f.At = readmodel.Latest(0)
	}
	page := readmodel.Page{Limit: 500}
	for {
		part, err := outcomes.Activity(t.Context(), r, f, page)
		require.NoError(t, err)
		for _, e := range part.Items {
			require.True(t, len(all) == 0 || e.Seq > all[len(all)-1].Seq)
			all = append(all, e)
		}
		if part.Next == "" {
			return all
		}
		page.After = part.Next
	}
}

func TestActivityFindsWhatWasTried(t *testing.T) {
	_, events := played(t)
	sqldbtest.Each(t, func(t *testing.T, url string) {
		db := fill(t, url, events...)
		all := everything(t, db, outcomes.Filter{})
		sample := all[len(all)/2]
		from, to := all[len(all)/4].At, all[len(all)/2].At
		for name, c := range map[string]struct {
			filter outcomes.Filter
			fits   func(outcomes.Entry) bool
		}{
			"provider": {outcomes.Filter{Provider: sample.ProviderTenantID}, func(e outcomes.Entry) bool { return e.ProviderTenantID == sample.ProviderTenantID }},
			"user":     {outcomes.Filter{User: sample.User}, func(e outcomes.Entry) bool { return e.User == sample.User }},
			"command":  {outcomes.Filter{CommandType: "PlaceOrder"}, func(e outcomes.Entry) bool { return e.CommandType == "PlaceOrder" }},
			"refused":  {outcomes.Filter{Status: outcomes.Refused}, func(e outcomes.Entry) bool { return e.Status == outcomes.Refused }},
			"code":     {outcomes.Filter{Code: "wrong-tenant"}, func(e outcomes.Entry) bool { return e.Code == "wrong-tenant" }},
			"period":   {outcomes.Filter{From: &from, To: &to}, func(e outcomes.Entry) bool { return e.At >= from && e.At < to }},
			"as of":    {outcomes.Filter{At: readmodel.At(to)}, func(e outcomes.Entry) bool { return e.At <= to }},
		} {
			var want []outcomes.Entry
			for _, e := range all {
				if c.fits(e) {
					want = append(want, e)
				}
			}
			require.NotEmpty(t, want, name)
			require.Less(t, len(want), len(all), name)
			require.Equal(t, want, everything(t, db, c.filter), name)
		}
	})
}

var key = customer.Key{ProviderTenantID: "p", CustomerTenantID: "c"}

func event(seq uint64, command domain.CommandID, part, parts int, fact domain.Event) projections.Event {
	stream := key.Stream().String()
	return projections.Event{Fact: fact, Meta: eventstore.Metadata{CausationID: command, CorrelationID: string(command), Part: part, Parts: parts, At: domain.Instant(seq),
		Command: eventstore.CommandRef{Type: "AddCustomer", Digest: "d"}},
		Sequenced: eventstore.Sequenced{Seq: seq, Recorded: eventstore.Recorded{Stream: stream, Position: eventstore.Position(10 * seq)}}}
}

// A claim alone is no outcome: whoever says the command again finishes it. The events after it are one.
func TestAClaimIsNoOutcome(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, url string) {
		db := fill(t, url, event(0, "one", 0, 3, customer.DomainClaimed{Domain: "x.onmicrosoft.com", Key: key}))
		_, found, err := outcomes.ByCommand(t.Context(), db, "one")
		require.NoError(t, err)
		require.False(t, found)

		require.NoError(t, inmemory.Apply(t.Context(), db, []projections.Event{
			event(1, "one", 1, 3, customer.CustomerAdded{Key: key}),
			event(2, "two", 0, 1, outcome.CommandRefused{CommandType: "PlaceOrder", Code: domain.WrongTenant, Sentence: "No.", Stream: "customer-p.c", ProviderTenantID: "p"}),
			event(3, "one", 2, 3, customer.CustomerAssociatedWithReseller{Key: key, ResellerTenantID: "r"}),
			event(4, "three", 0, 1, outcome.CommandChangedNothing{CommandType: "AssociateCustomer", Stream: "customer-p.c", CustomerTenantID: "c"}),
		}, outcomes.Projection{}))
		all := everything(t, db, outcomes.Filter{})
		require.Len(t, all, 3)
		require.Equal(t, int64(1), all[0].Seq)
		require.Equal(t, domain.Instant(1), all[0].At)
		require.Equal(t, domain.TenantID("r"), all[0].ResellerTenantID)
		require.Equal(t, "customer-p.c", all[0].Stream)
		require.Equal(t, []any{"refused", "wrong-tenant", "No."}, []any{all[1].Status, all[1].Code, all[1].Message})
		require.True(t, all[2].ChangedNothing)
		o, _, err := outcomes.ByCommand(t.Context(), db, "one")
		require.NoError(t, err)
		require.Equal(t, eventstore.Position(30), o.Position)
		require.Len(t, o.EventIDs, 2)
	})
}

var (
	accepted    = partnership.PartnershipRequestAccepted{ProviderTenantID: "p", ResellerTenantID: "r", RequestID: "q"}
	established = partnership.PartnershipAccepted{ProviderTenantID: "p", ResellerTenantID: "r", RequestID: "q"}
	unchanged   = outcome.CommandChangedNothing{CommandType: "SuspendReseller", Stream: "reseller-r", ResellerTenantID: "r"}
)

// interrupted is a command whose process died before it was finished; that comes when it starts again.
func interrupted() []projections.Event {
	events := []projections.Event{event(0, "accept", 0, 1, accepted)}
	for n := range uint64(100) {
		events = append(events, event(1+n, domain.CommandID(fmt.Sprint("other ", n)), 0, 1, unchanged))
	}
	return append(events, event(101, "accept", 1, 1, established), event(102, "last", 0, 1, unchanged))
}

// Ensure a reaction finds the outcome that it belongs to, however much later it comes.
func TestAReactionThatComesLateIsOfItsCommand(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, url string) {
		events := interrupted()
		db := fill(t, url, events[:50]...)
		o, _, err := outcomes.ByCommand(t.Context(), db, "accept")
		require.NoError(t, err)
		require.Len(t, o.EventIDs, 1)
		require.NoError(t, inmemory.Apply(t.Context(), db, events[50:], outcomes.Projection{}))
		o, _, err = outcomes.ByCommand(t.Context(), db, "accept")
		require.NoError(t, err)
		require.Len(t, o.EventIDs, 2)
		require.Equal(t, eventstore.Position(1010), o.Position)
		require.Len(t, everything(t, db, outcomes.Filter{}), 102)
	})
}

// twice is a command that two processes took at once: the one that came second found its wish fulfilled.
func twice() []projections.Event {
	return []projections.Event{
		event(0, "add", 1, 3, customer.CustomerAdded{Key: key}),
		event(1, "add", 2, 3, customer.CustomerAssociatedWithReseller{Key: key, ResellerTenantID: "r"}),
		event(2, "other", 0, 1, unchanged),
		event(3, "add", 0, 1, outcome.CommandRefused{CommandType: "AddCustomer", Code: domain.DomainTaken, Sentence: "Taken.", Stream: "customer-p.c"}),
	}
}

// Ensure the first outcome of a command stays its answer, and that a second one is seen and stops nothing.
func TestACommandTakenTwiceIsAnsweredAsTheFirstTime(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, url string) {
		db := fill(t, url, twice()...)
		o, found, err := outcomes.ByCommand(t.Context(), db, "add")
		require.NoError(t, err)
		require.True(t, found)
		require.Equal(t, []any{outcomes.Accepted, eventstore.Position(10), 2}, []any{o.Status, o.Position, len(o.EventIDs)})
		require.Len(t, everything(t, db, outcomes.Filter{}), 3)
		require.Len(t, everything(t, db, outcomes.Filter{Status: outcomes.Refused}), 1)
	})
}

// The rows are the same in whatever way they come into memory and leave it.
func TestWays(t *testing.T) {
	inmemory.TestWays(t, outcomes.Projection{}, interrupted(), twice())
}
