package credit_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/credit"
)

const (
	a = domain.MPNID("2000001")
	b = domain.MPNID("2000002")
)

// on is a moment in spring 2021; place settles what came first within one instant.
func on(month time.Month, day int, place domain.Place) domain.Moment {
	return domain.Moment{At: domain.InstantOf(time.Date(2021, month, day, 0, 0, 0, 0, time.UTC)), Place: place}
}

func set(m domain.Moment, id domain.MPNID) credit.Fact {
	return credit.Fact{Effective: m, Kind: credit.Set, MPNID: id}
}

func ends(m domain.Moment) credit.Fact { return credit.Fact{Effective: m, Kind: credit.End} }

func clears(m domain.Moment) credit.Fact { return credit.Fact{Effective: m, Kind: credit.Clear} }

func interval(id domain.MPNID, from, to domain.Moment) credit.Interval {
	return credit.Interval{MPNID: id, From: from.At, To: to.At}
}

func open(id domain.MPNID, from domain.Moment) credit.Interval {
	return credit.Interval{MPNID: id, From: from.At, To: domain.MaxInstant}
}

// partnerSince has an active partnership from the start of March on, and each moment given ends one episode
// or begins the next.
func partnerSince(m domain.Moment, changes ...domain.Moment) credit.Partner {
	p := credit.Partner{Episodes: []credit.Episode{{Since: m}}}
	for i, c := range changes {
		if i%2 == 0 {
			p.Episodes[len(p.Episodes)-1].Until = &c
		} else {
			p.Episodes = append(p.Episodes, credit.Episode{Since: c})
		}
	}
	return p
}

func TestWorkedExample(t *testing.T) {
	bought, second, cancelled := on(4, 1, 10), on(4, 21, 12), on(5, 1, 14)
	removed := on(4, 25, 13)
	facts := []credit.Fact{set(bought, a), set(second, b), ends(cancelled)}
	steps := []credit.Step{{From: bought.At, Seats: 10}, {From: on(4, 11, 0).At, Seats: 15}}
	ofA := map[domain.MPNID]credit.Partner{a: partnerSince(on(3, 1, 1), removed), b: partnerSince(on(3, 1, 2))}
	ofB := map[domain.MPNID]credit.Partner{a: partnerSince(on(3, 1, 1)), b: partnerSince(on(3, 1, 2), removed)}

	for name, c := range map[string]struct {
		policy     credit.Policy
		partners   map[domain.MPNID]credit.Partner
		a, b, none string
	}{
		"the removal of A changes nothing":      {credit.Keep, ofA, "250.000000", "150.000000", "0.000000"},
		"nor does it where removals close":      {credit.Close, ofA, "250.000000", "150.000000", "0.000000"},
		"the removal of B is ignored when kept": {credit.Keep, ofB, "250.000000", "150.000000", "0.000000"},
		"the removal of B closes its credit":    {credit.Close, ofB, "250.000000", "60.000000", "90.000000"},
	} {
		t.Run(name, func(t *testing.T) {
			credited, uncredited := credit.Months(credit.Intervals(c.policy, facts, c.partners), steps, cancelled.At)
			require.Equal(t, c.a, credited[credit.MonthMPN{Month: "2021-04", MPNID: a}].SeatDays())
			require.Equal(t, c.b, credited[credit.MonthMPN{Month: "2021-04", MPNID: b}].SeatDays())
			require.Equal(t, c.none, uncredited["2021-04"].SeatDays())
		})
	}
}

func TestIntervals(t *testing.T) {
	start := partnerSince(on(3, 1, 1))
	deleted, lost := on(4, 10, 7), on(4, 12, 8)
	for name, c := range map[string]struct {
		policy   credit.Policy
		facts    []credit.Fact
		partners map[domain.MPNID]credit.Partner
		want     []credit.Interval
	}{
		"nothing is said": {},
		"the same id again is no new interval": {
			facts: []credit.Fact{set(on(4, 1, 2), a), set(on(4, 5, 3), a)},
			want:  []credit.Interval{open(a, on(4, 1, 0))}},
		"another id closes and opens": {
			facts: []credit.Fact{set(on(4, 1, 2), a), set(on(4, 5, 3), b)},
			want:  []credit.Interval{interval(a, on(4, 1, 0), on(4, 5, 0)), open(b, on(4, 5, 0))}},
		"cleared, and set again later": {
			facts: []credit.Fact{set(on(4, 1, 2), a), clears(on(4, 5, 3)), set(on(4, 7, 4), a)},
			want:  []credit.Interval{interval(a, on(4, 1, 0), on(4, 5, 0)), open(a, on(4, 7, 0))}},
		"away and back in one instant is one interval": {
			facts: []credit.Fact{set(on(4, 1, 2), a), set(on(4, 5, 3), b), set(on(4, 5, 4), a)},
			want:  []credit.Interval{open(a, on(4, 1, 0))}},
		"cleared and set in one instant is one interval": {
			facts: []credit.Fact{set(on(4, 1, 2), a), clears(on(4, 5, 3)), set(on(4, 5, 4), a)},
			want:  []credit.Interval{open(a, on(4, 1, 0))}},
		"the place decides within one instant": {
			facts: []credit.Fact{set(on(4, 1, 5), b), set(on(4, 1, 2), a)},
			want:  []credit.Interval{open(b, on(4, 1, 0))}},
		"after the end nothing opens": {
			facts: []credit.Fact{set(on(4, 1, 2), a), ends(on(4, 5, 3)), set(on(4, 5, 4), b), set(on(4, 7, 5), a)},
			want:  []credit.Interval{interval(a, on(4, 1, 0), on(4, 5, 0))}},
		"a correction holds until the next fact that is effective later, though that was recorded before": {
			facts: []credit.Fact{set(on(4, 1, 2), a), set(on(4, 20, 3), b), set(on(4, 10, 9), "2000003")},
			want: []credit.Interval{interval(a, on(4, 1, 0), on(4, 10, 0)), interval("2000003", on(4, 10, 0), on(4, 20, 0)),
				open(b, on(4, 20, 0))}},
		"a correction from the purchase on replaces it": {
			facts: []credit.Fact{set(on(4, 1, 2), a), set(on(4, 1, 9), b)},
			want:  []credit.Interval{open(b, on(4, 1, 0))}},
		"a correction in a gap fills it": {
			facts: []credit.Fact{set(on(4, 1, 2), a), clears(on(4, 5, 3)), set(on(4, 20, 4), b), set(on(4, 5, 9), a)},
			want:  []credit.Interval{interval(a, on(4, 1, 0), on(4, 20, 0)), open(b, on(4, 20, 0))}},
		"a correction of an ended subscription stops at its end": {
			facts: []credit.Fact{set(on(4, 1, 2), a), ends(on(4, 20, 3)), set(on(4, 10, 9), b)},
			want:  []credit.Interval{interval(a, on(4, 1, 0), on(4, 10, 0)), interval(b, on(4, 10, 0), on(4, 20, 0))}},
		"a deleted location loses its credit": {
			facts:    []credit.Fact{set(on(4, 1, 2), a)},
			partners: map[domain.MPNID]credit.Partner{a: {LocationDeleted: &deleted, Deauthorized: &lost}},
			want:     []credit.Interval{interval(a, on(4, 1, 0), deleted)}},
		"a lost authorization closes only what is open": {
			facts:    []credit.Fact{set(on(4, 1, 2), a), set(on(4, 5, 3), b)},
			partners: map[domain.MPNID]credit.Partner{a: {Deauthorized: &lost}, b: {}},
			want:     []credit.Interval{interval(a, on(4, 1, 0), on(4, 5, 0)), open(b, on(4, 5, 0))}},
		"a correction to before the deletion ends with it": {
			facts:    []credit.Fact{set(on(4, 1, 2), b), set(on(4, 5, 20), a)},
			partners: map[domain.MPNID]credit.Partner{a: {LocationDeleted: &deleted}},
			want:     []credit.Interval{interval(b, on(4, 1, 0), on(4, 5, 0)), interval(a, on(4, 5, 0), deleted)}},
		"the removal keeps": {
			policy: credit.Keep, facts: []credit.Fact{set(on(4, 1, 2), a)},
			partners: map[domain.MPNID]credit.Partner{a: partnerSince(on(3, 1, 1), on(4, 3, 3))},
			want:     []credit.Interval{open(a, on(4, 1, 0))}},
		"the removal closes, and a new episode opens nothing by itself": {
			policy: credit.Close, facts: []credit.Fact{set(on(4, 1, 2), a)},
			partners: map[domain.MPNID]credit.Partner{a: partnerSince(on(3, 1, 1), on(4, 3, 3), on(4, 4, 4))},
			want:     []credit.Interval{interval(a, on(4, 1, 0), on(4, 3, 0))}},
		"the same id again in the new episode opens": {
			policy: credit.Close, facts: []credit.Fact{set(on(4, 1, 2), a), set(on(4, 5, 5), a)},
			partners: map[domain.MPNID]credit.Partner{a: partnerSince(on(3, 1, 1), on(4, 3, 3), on(4, 4, 4))},
			want:     []credit.Interval{interval(a, on(4, 1, 0), on(4, 3, 0)), open(a, on(4, 5, 0))}},
		"a set outside any partnership closes but opens nothing": {
			policy: credit.Close, facts: []credit.Fact{set(on(4, 1, 2), b), set(on(4, 5, 5), a)},
			partners: map[domain.MPNID]credit.Partner{a: partnerSince(on(3, 1, 1), on(4, 3, 3)), b: start},
			want:     []credit.Interval{interval(b, on(4, 1, 0), on(4, 5, 0))}},
		"removed after it in the same instant it never was": {
			policy: credit.Close, facts: []credit.Fact{set(on(4, 3, 2), a)},
			partners: map[domain.MPNID]credit.Partner{a: partnerSince(on(3, 1, 1), on(4, 3, 3))}},
		"accepted before it in the same instant it opens": {
			policy: credit.Close, facts: []credit.Fact{set(on(4, 3, 4), a)},
			partners: map[domain.MPNID]credit.Partner{a: partnerSince(on(4, 3, 3))},
			want:     []credit.Interval{open(a, on(4, 3, 0))}},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, c.want, noEmpty(credit.Intervals(c.policy, c.facts, c.partners)))
		})
	}
}

// noEmpty takes no answer and an empty one for the same.
func noEmpty(intervals []credit.Interval) []credit.Interval {
	if len(intervals) == 0 {
		return nil
	}
	return intervals
}

func TestIntervalsNameTheEventsBehindThem(t *testing.T) {
	deleted := on(4, 9, 9)
	got := credit.Intervals(credit.Keep, []credit.Fact{
		{Effective: on(4, 1, 1), Kind: credit.Set, MPNID: a, EventID: "bought"},
		{Effective: on(4, 2, 2), Kind: credit.Set, MPNID: a, EventID: "again"},
		{Effective: on(4, 3, 3), Kind: credit.Clear, EventID: "cleared"},
		{Effective: on(4, 3, 4), Kind: credit.Set, MPNID: a, EventID: "back"},
		{Effective: on(4, 5, 5), Kind: credit.Set, MPNID: b, EventID: "other"},
	}, map[domain.MPNID]credit.Partner{b: {LocationDeleted: &deleted}})
	require.Equal(t, []credit.Interval{
		{MPNID: a, From: on(4, 1, 0).At, To: on(4, 5, 0).At, OpenedBy: "bought", ClosedBy: "other"},
		{MPNID: b, From: on(4, 5, 0).At, To: deleted.At, OpenedBy: "other"},
	}, got)
}

func TestOnCutAndNow(t *testing.T) {
	intervals := []credit.Interval{
		{MPNID: a, From: 10, To: 20, ClosedBy: "x"}, {MPNID: b, From: 30, To: domain.MaxInstant},
	}
	for at, want := range map[domain.Instant]domain.MPNID{9: "", 10: a, 19: a, 20: "", 29: "", 30: b, 99: b} {
		got, ok := credit.On(intervals, at)
		require.Equal(t, want, got, at)
		require.Equal(t, want != "", ok, at)
	}
	require.Nil(t, credit.Cut(intervals, 9))
	require.Equal(t, []credit.Interval{{MPNID: a, From: 10, To: domain.MaxInstant}}, credit.Cut(intervals, 10))
	require.Equal(t, []credit.Interval{{MPNID: a, From: 10, To: domain.MaxInstant}}, credit.Cut(intervals, 19))
	require.Equal(t, intervals[:1], credit.Cut(intervals, 20))
	require.Equal(t, intervals, credit.Cut(intervals, 30))
	require.Equal(t, domain.Instant(20), intervals[0].To, "what is cut stays as it is")

	now, ok := credit.Now(intervals)
	require.True(t, ok)
	require.Equal(t, b, now)
	_, ok = credit.Now(intervals[:1])
	require.False(t, ok)
	_, ok = credit.Now(nil)
	require.False(t, ok)
}
