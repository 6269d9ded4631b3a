package credit

import (
	"slices"

	"github.com/partnerledger/partnerledger/domain"
)

// Intervals applies the rule to all facts of one subscription, in whatever order they are given.
//
// partners MUST hold what is known of the partner behind each id of a Set; an id that is missing there
// loses nothing, and under Close it never has a partnership. The answer is in order of time, no two
// intervals overlap, and only the last can be open.
func Intervals(policy Policy, facts []Fact, partners map[domain.MPNID]Partner) []Interval {
	r := run{policy: policy, partners: partners}
	for _, h := range inOrder(policy, facts, partners) {
		r.take(h)
	}
	return r.intervals
}

// happening is a fact of the subscription or, with lost, the moment at which an id loses its credit.
type happening struct {
	Fact
	lost bool
}

// inOrder sorts by moment what the subscription and its partners did. The sort is stable and the losses
// are collected in the order of the facts, so that the answer never depends on the order of a map.
func inOrder(policy Policy, facts []Fact, partners map[domain.MPNID]Partner) []happening {
	all := make([]happening, 0, len(facts)+2)
	asked := map[domain.MPNID]bool{}
	for _, f := range facts {
		all = append(all, happening{Fact: f})
		if f.Kind == Set && !asked[f.MPNID] {
			asked[f.MPNID] = true
			for _, m := range partners[f.MPNID].losses(policy) {
				all = append(all, happening{Fact: Fact{Effective: m, MPNID: f.MPNID}, lost: true})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b happening) int {
		switch {
		case a.Effective.Before(b.Effective):
			return -1
		case b.Effective.Before(a.Effective):
			return 1
		default:
			return 0
		}
	})
	return all
}

func (p Partner) losses(policy Policy) []domain.Moment {
	var moments []domain.Moment
	for _, m := range []*domain.Moment{p.LocationDeleted, p.Deauthorized} {
		if m != nil {
			moments = append(moments, *m)
		}
	}
	if policy == Close {
		for _, e := range p.Episodes {
			if e.Until != nil {
				moments = append(moments, *e.Until)
			}
		}
	}
	return moments
}

func (p Partner) activeAt(m domain.Moment) bool {
	return slices.ContainsFunc(p.Episodes, func(e Episode) bool {
		return !m.Before(e.Since) && (e.Until == nil || m.Before(*e.Until))
	})
}

// run is the rule halfway through the facts.
type run struct {
	policy    Policy
	partners  map[domain.MPNID]Partner
	intervals []Interval
	ended     bool
}

func (r *run) take(h happening) {
	switch {
	case h.lost:
		if last := r.last(); last != nil && last.Open() && last.MPNID == h.MPNID {
			r.close(h.Effective.At, "")
		}
	case h.Kind == Set:
		r.set(h.Fact)
	default:
		r.close(h.Effective.At, h.EventID)
		r.ended = r.ended || h.Kind == End
	}
}

func (r *run) set(f Fact) {
	if last := r.last(); r.ended || last != nil && last.Open() && last.MPNID == f.MPNID {
		return
	}
	r.close(f.Effective.At, f.EventID)
	if r.policy == Close && !r.partners[f.MPNID].activeAt(f.Effective) {
		return
	}
	r.open(f)
}

// open goes on with the last interval where the new one would only touch it: same id, no time between.
func (r *run) open(f Fact) {
	if last := r.last(); last != nil && last.MPNID == f.MPNID && last.To == f.Effective.At {
		last.To, last.ClosedBy = domain.MaxInstant, ""
		return
	}
	r.intervals = append(r.intervals, Interval{MPNID: f.MPNID, From: f.Effective.At, To: domain.MaxInstant, OpenedBy: f.EventID})
}

// close ends what is open; an interval of length zero never was.
func (r *run) close(at domain.Instant, by string) {
	last := r.last()
	if last == nil || !last.Open() {
		return
	}
	if last.From == at {
		r.intervals = r.intervals[:len(r.intervals)-1]
		return
	}
	last.To, last.ClosedBy = at, by
}

func (r *run) last() *Interval {
	if len(r.intervals) == 0 {
		return nil
	}
	return &r.intervals[len(r.intervals)-1]
}

// Now is the id on record after everything known: the one whose interval is open.
func Now(intervals []Interval) (domain.MPNID, bool) {
	if n := len(intervals); n > 0 && intervals[n-1].Open() {
		return intervals[n-1].MPNID, true
	}
	return "", false
}

// On is the id on record at t, if there is one.
func On(intervals []Interval, t domain.Instant) (domain.MPNID, bool) {
	for _, i := range intervals {
		if i.From <= t && t < i.To {
			return i.MPNID, true
		}
	}
	return "", false
}

// Cut is how the intervals stood after everything effective at or before until: what opens later isn't
// there, and what closes later is open. It leaves the intervals it is given as they are.
func Cut(intervals []Interval, until domain.Instant) []Interval {
	var cut []Interval
	for _, i := range intervals {
		if i.From > until {
			break
		}
		if i.To > until {
			i.To, i.ClosedBy = domain.MaxInstant, ""
		}
		cut = append(cut, i)
	}
	return cut
}
