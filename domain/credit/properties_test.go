package credit_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/credit"
)

// history is what a log says of one subscription and of the partners that were ever on it.
type history struct {
	facts    []credit.Fact
	partners map[domain.MPNID]credit.Partner
}

var ids = []domain.MPNID{"1", "2", "3"}

const (
	step = 5 * domain.Day // so that histories cross months
	last = 12             // instants are 0, step, … last × step, so that many facts share one
)

// drawHistory plays a log: time never goes back, and now and then a fact takes effect earlier than it is recorded.
func drawHistory(t *rapid.T) history {
	h := history{partners: map[domain.MPNID]credit.Partner{}}
	now := domain.Instant(0)
	for place := range domain.Place(rapid.IntRange(0, 14).Draw(t, "events")) {
		now += step * domain.Instant(rapid.SampledFrom([]int{0, 0, 1, 1, 2}).Draw(t, "later"))
		m, id := domain.Moment{At: now, Place: place}, rapid.SampledFrom(ids).Draw(t, "id")
		h.record(m, id, rapid.SampledFrom([]string{
			"set", "set", "set", "correct", "correct", "clear", "end", "delete", "deauthorize", "accept", "accept", "remove",
		}).Draw(t, "what"), step*domain.Instant(rapid.IntRange(0, int(now/step)).Draw(t, "effective")))
	}
	return h
}

func (h *history) record(m domain.Moment, id domain.MPNID, what string, effective domain.Instant) {
	p := h.partners[id]
	active := len(p.Episodes) > 0 && p.Episodes[len(p.Episodes)-1].Until == nil
	switch what {
	case "set":
		h.facts = append(h.facts, set(m, id))
	case "correct":
		h.facts = append(h.facts, set(domain.Moment{At: effective, Place: m.Place}, id))
	case "clear":
		h.facts = append(h.facts, clears(m))
	case "end":
		h.facts = append(h.facts, ends(m))
	case "delete":
		p.LocationDeleted = first(p.LocationDeleted, m)
	case "deauthorize":
		p.Deauthorized = first(p.Deauthorized, m)
	case "accept":
		if !active {
			p.Episodes = append(p.Episodes, credit.Episode{Since: m})
		}
	case "remove":
		if active {
			p.Episodes[len(p.Episodes)-1].Until = &m
		}
	}
	h.partners[id] = p
}

func first(before *domain.Moment, m domain.Moment) *domain.Moment {
	if before != nil {
		return before
	}
	return &m
}

// until is the history as far as it is effective at or before t.
func (h history) until(t domain.Instant) history {
	known := history{partners: map[domain.MPNID]credit.Partner{}}
	for _, f := range h.facts {
		if f.Effective.At <= t {
			known.facts = append(known.facts, f)
		}
	}
	for id, p := range h.partners {
		q := credit.Partner{LocationDeleted: knownAt(t, p.LocationDeleted), Deauthorized: knownAt(t, p.Deauthorized)}
		for _, e := range p.Episodes {
			if e.Since.At <= t {
				q.Episodes = append(q.Episodes, credit.Episode{Since: e.Since, Until: knownAt(t, e.Until)})
			}
		}
		known.partners[id] = q
	}
	return known
}

func knownAt(t domain.Instant, m *domain.Moment) *domain.Moment {
	if m == nil || m.At > t {
		return nil
	}
	return m
}

// after is the history from t on, in which all that came before is only who was on record at t.
func (h history) after(t domain.Instant, id domain.MPNID, was bool) history {
	rest := history{partners: h.partners}
	if was {
		rest.facts = append(rest.facts, set(domain.Moment{At: t, Place: domain.PlaceNext}, id))
	}
	for _, f := range h.facts {
		if f.Effective.At > t || f.Kind == credit.End {
			rest.facts = append(rest.facts, f)
		}
	}
	return rest
}

func (h history) intervals(policy credit.Policy) []credit.Interval {
	return noEmpty(credit.Intervals(policy, h.facts, h.partners))
}

// onRecord says the rule another way, for one instant and without any interval: the latest fact decides,
// unless its id was lost since, or under Close had no partnership then.
func (h history) onRecord(policy credit.Policy, t domain.Instant) domain.MPNID {
	var latest *credit.Fact
	for _, f := range h.facts {
		if f.Effective.At <= t && (latest == nil || latest.Kind != credit.End && !f.Effective.Before(latest.Effective) ||
			f.Kind == credit.End && f.Effective.Before(latest.Effective)) {
			latest = &f
		}
	}
	if latest == nil || latest.Kind != credit.Set {
		return ""
	}
	p := h.partners[latest.MPNID]
	lost := []*domain.Moment{p.LocationDeleted, p.Deauthorized}
	active := policy == credit.Keep
	for _, e := range p.Episodes {
		if policy == credit.Close {
			lost = append(lost, e.Until)
		}
		active = active || e.Since.Before(latest.Effective) && (e.Until == nil || latest.Effective.Before(*e.Until))
	}
	if !active || slices.ContainsFunc(lost, func(m *domain.Moment) bool {
		return m != nil && m.At <= t && latest.Effective.Before(*m)
	}) {
		return ""
	}
	return latest.MPNID
}

func check(t *testing.T, property func(t *rapid.T, policy credit.Policy, h history)) {
	t.Helper()
	for _, policy := range []credit.Policy{credit.Keep, credit.Close} {
		t.Run(string(policy), func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) { property(t, policy, drawHistory(t)) })
		})
	}
}

func TestIntervalsNeverOverlap(t *testing.T) {
	check(t, func(t *rapid.T, policy credit.Policy, h history) {
		intervals := h.intervals(policy)
		for n, i := range intervals {
			require.Less(t, i.From, i.To, "length zero")
			if n > 0 {
				before := intervals[n-1]
				require.LessOrEqual(t, before.To, i.From, "overlap")
				require.False(t, before.To == i.From && before.MPNID == i.MPNID, "two that touch are one")
			}
		}
	})
}

func TestIntervalsSayWhoWasOnRecordAtEachInstant(t *testing.T) {
	check(t, func(t *rapid.T, policy credit.Policy, h history) {
		intervals := h.intervals(policy)
		for n := range domain.Instant(3 * last) {
			id, _ := credit.On(intervals, n*step)
			require.Equal(t, h.onRecord(policy, n*step), id, "at %d", n)
		}
	})
}

func TestTheOrderGivenDoesNotMatter(t *testing.T) {
	check(t, func(t *rapid.T, policy credit.Policy, h history) {
		shuffled := history{facts: rapid.Permutation(h.facts).Draw(t, "shuffled"), partners: h.partners}
		require.Equal(t, h.intervals(policy), shuffled.intervals(policy))
	})
}

// As of t the answer is the same, whether later facts are unknown or cut off.
func TestCutIsTheAnswerOfTheHistoryUpToThere(t *testing.T) {
	check(t, func(t *rapid.T, policy credit.Policy, h history) {
		at := step * domain.Instant(rapid.IntRange(0, last).Draw(t, "split"))
		require.Equal(t, h.until(at).intervals(policy), credit.Cut(h.intervals(policy), at))
	})
}

// All that the past hands on at t is who is on record: folding on from there gives the rest of the answer.
func TestHistoryMayBeSplitAnywhere(t *testing.T) {
	check(t, func(t *rapid.T, policy credit.Policy, h history) {
		at := step * domain.Instant(rapid.IntRange(0, last).Draw(t, "split"))
		all := h.intervals(policy)
		id, was := credit.On(h.until(at).intervals(policy), at)

		var rest []credit.Interval
		for _, i := range all {
			if i.To > at {
				i.From = max(i.From, at)
				rest = append(rest, i)
			}
		}
		require.Equal(t, rest, h.after(at, id, was).intervals(policy))
	})
}

func TestCreditedAndUncreditedAreAllSeats(t *testing.T) {
	check(t, func(t *rapid.T, policy credit.Policy, h history) {
		var steps []credit.Step
		var all credit.SeatMillis
		at := domain.Instant(0)
		for range rapid.IntRange(1, 6).Draw(t, "steps") {
			s := credit.Step{From: at, Seats: int64(rapid.IntRange(1, 300).Draw(t, "seats"))}
			at += domain.Instant(rapid.Int64Range(0, int64(20*domain.Day)).Draw(t, "held"))
			all += credit.SeatMillis(s.Seats * int64(at-s.From))
			steps = append(steps, s)
		}
		intervals := h.intervals(policy)
		credited, uncredited := credit.Months(intervals, steps, at)
		for _, amount := range uncredited {
			all -= amount
		}
		for key, amount := range credited {
			all -= amount
			start, err := key.Month.Start()
			require.NoError(t, err)
			require.True(t, slices.ContainsFunc(intervals, func(i credit.Interval) bool {
				return i.MPNID == key.MPNID && i.From < start+31*domain.Day && start < i.To
			}), "%s earned in %s", key.MPNID, key.Month)
		}
		require.Zero(t, all)
	})
}
