package state_test

import (
	"context"
	"errors"
	"flag"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/domain"
	rule "github.com/partnerledger/partnerledger/domain/credit"
	"github.com/partnerledger/partnerledger/domain/partnership"
	"github.com/partnerledger/partnerledger/internal/workload/inmemory"
	"github.com/partnerledger/partnerledger/projections"
	"github.com/partnerledger/partnerledger/projections/credit"
	"github.com/partnerledger/partnerledger/projections/customers"
	"github.com/partnerledger/partnerledger/projections/readmodel"
	"github.com/partnerledger/partnerledger/projections/sqldb"
	"github.com/partnerledger/partnerledger/projections/sqldb/sqldbtest"
	"github.com/partnerledger/partnerledger/projections/state"
)

// Other workloads may be tried by hand: go test ./projections/state -args -workload=FILE.
var workload = flag.String("workload", filepath.Join(workloads, "tiny.jsonl"), "the workload to play, JSON lines, perhaps gzipped")

// TestInvariants plays one workload and holds its read models against what must be so whatever happens.
func TestInvariants(t *testing.T) {
	full := play(t, *workload, sqldbtest.SQLite(t))
	for name, holds := range map[string]func(*testing.T, *fixture){
		"Known then equals replay":               knownThenEqualsReplay,
		"As of equals replay":                    asOfEqualsReplay,
		"Open intervals count up to the instant": openIntervalsCountUpToTheInstant,
		"Customers of the list":                  customersOfTheList,
		"Every moment has one interval":          everyMomentHasOneInterval,
		"Monthly equals the state":               monthlyEqualsTheState,
		"Removal leaves customers alone":         removalLeavesCustomersAlone,
		"Rebuilt equals live":                    rebuiltEqualsLive,
	} {
		t.Run(name, func(t *testing.T) { holds(t, full) })
	}
}

// instants are times of events all over the workload, and the millisecond before each: the borders of intervals.
func instants(events []projections.Event, n int) []domain.Instant {
	var all []domain.Instant
	for i := range n {
		at := events[(i+1)*len(events)/n-1].Meta.At
		all = append(all, at-1, at)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// knownThenEqualsReplay asks what was known at K, and compares with what a ledger answered at K
// that has seen no more: corrections recorded later must leave no trace.
func knownThenEqualsReplay(t *testing.T, full *fixture) {
	replayed := &fixture{ledger: full.ledger, db: project(t, sqldbtest.SQLite(t), nil)}
	seen := 0
	for _, k := range instants(full.events, 8) {
		from := seen
		for seen < len(full.events) && full.events[seen].Meta.At <= k {
			seen++
		}
		require.NoError(t, inmemory.Apply(t.Context(), replayed.db, full.events[from:seen], readModels...))
		equalBut(t, replayed.plain(t, state.Question{AsOf: &k}), full.plain(t, state.Question{AsKnownAt: &k}))
	}
}

// equalBut compares two answers but for the question itself.
func equalBut(t *testing.T, want, got map[string]any) {
	t.Helper()
	for field := range want {
		if field != "asOf" && field != "asKnownAt" {
			assert.Equal(t, want[field], got[field], "%s: %s", want["instant"], field)
		}
	}
}

// asOfEqualsReplay asks about E with all that is known today, and compares with a ledger that was
// told nothing effective after E.
func asOfEqualsReplay(t *testing.T, full *fixture) {
	for _, e := range instants(full.events, 2) {
		var effective []projections.Event
		for _, event := range full.events {
			if at := effectiveAt(event); at <= e {
				effective = append(effective, event)
			}
		}
		replayed := &fixture{ledger: full.ledger, db: project(t, sqldbtest.SQLite(t), effective)}
		equalBut(t, replayed.plain(t, state.Question{AsOf: &e}), full.plain(t, state.Question{AsOf: &e}))
	}
}

func effectiveAt(e projections.Event) domain.Instant {
	if e.Meta.EffectiveAt != nil {
		return *e.Meta.EffectiveAt
	}
	return e.Meta.At
}

// openIntervalsCountUpToTheInstant asks about an instant later than what is known: what was open
// when the knowledge ends is still open, and counts on.
func openIntervalsCountUpToTheInstant(t *testing.T, full *fixture) {
	k := full.events[len(full.events)/2].Meta.At
	later := k + 400*domain.Day
	known, err := full.document(t.Context(), state.Question{AsKnownAt: &k})
	require.NoError(t, err)
	counted, err := full.document(t.Context(), state.Question{AsOf: &later, AsKnownAt: &k})
	require.NoError(t, err)
	assert.Equal(t, known.ResellerOfRecord, counted.ResellerOfRecord)
	assert.Equal(t, known.Subscriptions, counted.Subscriptions)
	var seats int64
	for _, s := range known.Subscriptions {
		if s.EndedAt == nil {
			seats += s.Quantity
		}
	}
	assert.Equal(t, rule.SeatMillis(seats*int64(later-k)), total(counted)-total(known))
	assert.Empty(t, counted.OpenRequests)
}

func total(d *state.Document) (sum rule.SeatMillis) {
	for _, row := range d.SeatDays.Keep {
		sum += row.SeatMillis
	}
	for _, row := range d.UncreditedSeatDays.Keep {
		sum += row.SeatMillis
	}
	return sum
}

// customersOfTheList says that the reseller list counts the customers of active partnerships, all of them.
func customersOfTheList(t *testing.T, full *fixture) {
	for _, at := range instants(full.events, 10) {
		d, err := full.document(t.Context(), state.Question{AsOf: &at})
		require.NoError(t, err)
		var listed, grouped int64
		for _, r := range d.ResellerList {
			listed += r.Customers
		}
		for _, g := range d.CustomersByReseller {
			if g.PartnershipActive {
				grouped += int64(len(g.Customers))
			}
		}
		assert.Equal(t, grouped, listed, "%s", at)
	}
}

// everyMomentHasOneInterval reads the rows that say who is on record, and the gaps between them:
// together they cover each subscription from its purchase to its end, without overlap, at any K.
func everyMomentHasOneInterval(t *testing.T, full *fixture) {
	for _, at := range instants(full.events, 5) {
		for _, policy := range []rule.Policy{rule.Keep, rule.Close} {
			f := credit.Filter{At: readmodel.Question{AsKnownAt: &at}.At(0), Policy: policy}
			require.NoError(t, full.db.Snapshot(t.Context(), func(r sqldb.Reader) error { return covered(t.Context(), t, r, f) }))
		}
	}
}

func covered(ctx context.Context, t *testing.T, r sqldb.Reader, f credit.Filter) error {
	credited, err1 := credit.Intervals(ctx, r, f, readmodel.Everything)
	gaps, err2 := credit.Gaps(ctx, r, f, readmodel.Everything)
	steps, err3 := credit.SeatSteps(ctx, r, f)
	if err := errors.Join(err1, err2, err3); err != nil {
		return err
	}
	pieces := map[domain.SubscriptionID][]credit.Interval{}
	for _, i := range slices.Concat(credited.Items, gaps.Items) {
		pieces[i.SubscriptionID] = append(pieces[i.SubscriptionID], i)
	}
	life := map[domain.SubscriptionID][]credit.Seats{}
	for _, s := range steps {
		life[s.SubscriptionID] = append(life[s.SubscriptionID], s)
	}
	require.NotEmpty(t, life)
	for id, steps := range life {
		row := pieces[id]
		slices.SortFunc(row, func(a, b credit.Interval) int { return int(a.From - b.From) })
		require.Equal(t, steps[0].Since, row[0].From, "%s begins", id)
		for n := range row[1:] {
			require.Equal(t, row[n+1].From, *row[n].To, "%s from %s on", id, row[n].From)
		}
		require.Equal(t, steps[len(steps)-1].Until, row[len(row)-1].To, "%s ends", id)
	}
	return nil
}

// monthlyEqualsTheState sums seat-days in SQL, and compares with what the rule itself makes of the intervals.
func monthlyEqualsTheState(t *testing.T, full *fixture) {
	middle := full.events[len(full.events)/2].Meta.At
	later := middle + 40*domain.Day
	for _, q := range []state.Question{{}, {AsOf: &middle}, {AsKnownAt: &middle}, {AsOf: &later, AsKnownAt: &middle}, {AsOf: &middle, AsKnownAt: &later}} {
		d, err := full.document(t.Context(), q)
		require.NoError(t, err)
		for policy, want := range map[rule.Policy][]state.SeatDays{rule.Keep: d.SeatDays.Keep, rule.Close: d.SeatDays.Close} {
			f := credit.SeatDaysFilter{Filter: credit.Filter{At: q.At(d.Instant), Policy: policy}}
			assert.Equal(t, want, creditedIn(t, full.db, f), "%s %v", policy, q)
			f.By = credit.BySubscription
			assert.Equal(t, want, creditedIn(t, full.db, f), "%s %v by subscription", policy, q)
		}
		for policy, want := range map[rule.Policy][]state.UncreditedSeatDay{rule.Keep: d.UncreditedSeatDays.Keep, rule.Close: d.UncreditedSeatDays.Close} {
			f := credit.SeatDaysFilter{Filter: credit.Filter{At: q.At(d.Instant), Policy: policy}, Uncredited: true}
			var got []state.UncreditedSeatDay
			for _, row := range monthly(t, full.db, f) {
				got = append(got, state.UncreditedSeatDay{ProviderTenantID: row.ProviderTenantID, Month: row.Month, SeatMillis: row.SeatMillis, SeatDays: row.SeatDays})
			}
			assert.ElementsMatch(t, want, got, "%s %v", policy, q)
		}
	}
}

func monthly(t *testing.T, db *sqldb.DB, f credit.SeatDaysFilter) (rows []credit.SeatDays) {
	t.Helper()
	require.NoError(t, db.Snapshot(t.Context(), func(r sqldb.Reader) (err error) {
		rows, err = credit.Monthly(t.Context(), r, f)
		return err
	}))
	require.NotEmpty(t, rows)
	return rows
}

// creditedIn sums the monthly rows as the state does: by provider, month and id.
func creditedIn(t *testing.T, db *sqldb.DB, f credit.SeatDaysFilter) []state.SeatDays {
	t.Helper()
	sums := map[state.SeatDays]rule.SeatMillis{}
	for _, row := range monthly(t, db, f) {
		sums[state.SeatDays{ProviderTenantID: row.ProviderTenantID, Month: row.Month, MPNID: row.MPNID}] += row.SeatMillis
	}
	var all []state.SeatDays
	for row, millis := range sums {
		row.SeatMillis, row.SeatDays = millis, millis.SeatDays()
		all = append(all, row)
	}
	slices.SortFunc(all, func(a, b state.SeatDays) int {
		return compareTexts(string(a.ProviderTenantID), string(b.ProviderTenantID), string(a.Month), string(b.Month), string(a.MPNID), string(b.MPNID))
	})
	return all
}

func compareTexts(pairs ...string) int {
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i] != pairs[i+1] {
			return map[bool]int{true: -1, false: 1}[pairs[i] < pairs[i+1]]
		}
	}
	return 0
}

// removalLeavesCustomersAlone applies each removal of a partnership and finds the tables of customers as they were (R37, R38).
func removalLeavesCustomersAlone(t *testing.T, full *fixture) {
	db := project(t, sqldbtest.SQLite(t), nil)
	dump := func() string {
		text, err := db.Dump(t.Context(), "customers", "customer_resellers", "customer_privileges", "customer_forgettings")
		require.NoError(t, err)
		return text
	}
	applied, removals := 0, 0
	for i, e := range full.events {
		if _, removed := e.Fact.(partnership.PartnershipRemoved); !removed {
			continue
		}
		removals++
		require.NoError(t, inmemory.Apply(t.Context(), db, full.events[applied:i], customers.Projection{}))
		before := dump()
		require.NoError(t, inmemory.Apply(t.Context(), db, full.events[i:i+1], customers.Projection{}))
		assert.Equal(t, before, dump())
		applied = i + 1
	}
	assert.Positive(t, removals)
}

// rebuiltEqualsLive applies the events in one go and in small transactions: the rows are the same.
func rebuiltEqualsLive(t *testing.T, full *fixture) {
	live := project(t, sqldbtest.SQLite(t), nil)
	for part := range slices.Chunk(full.events, 97) {
		require.NoError(t, inmemory.Apply(t.Context(), live, part, readModels...))
	}
	want, err := full.db.Dump(t.Context(), tables...)
	require.NoError(t, err)
	got, err := live.Dump(t.Context(), tables...)
	require.NoError(t, err)
	assert.Equal(t, want, got)
}
