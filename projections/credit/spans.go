package credit

import (
	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/credit"
)

// nobody is a stretch with nobody on record that lasts.
func (s subscription) nobody(policy credit.Policy, since domain.Instant) *interval {
	return &interval{Provider: s.ProviderTenantID, Customer: s.CustomerTenantID, ID: s.id, Policy: policy, Since: since}
}

// same tells whether two intervals say the same, whenever it became known.
func (i *interval) same(o *interval) bool {
	a, b := *i, *o
	equal := same(a.Until, b.Until) && same(a.PartnershipActive, b.PartnershipActive) && same(a.AgreementSigned, b.AgreementSigned)
	for _, x := range []*interval{&a, &b} {
		x.Until, x.PartnershipActive, x.AgreementSigned = nil, nil, nil
		x.KnownSince, x.KnownUntil = 0, nil
	}
	return equal && a == b
}

func same[T comparable](a, b *T) bool { return a == b || a != nil && b != nil && *a == *b }

// end is the column for the end of an interval.
func end(at domain.Instant) *domain.Instant {
	if at == domain.MaxInstant {
		return nil
	}
	return &at
}

// spans are the intervals of the policy and the gaps between them, from the purchase to the end.
func (k known) spans(policy credit.Policy) []*interval {
	var all []*interval
	at := k.since
	for _, i := range credit.Intervals(policy, k.facts, k.rule()) {
		if at < i.From {
			all = append(all, k.gap(policy, at, i.From))
		}
		all, at = append(all, k.span(policy, i)), i.To
	}
	if at < k.until {
		all = append(all, k.gap(policy, at, k.until))
	}
	return all
}

func (k known) gap(policy credit.Policy, from, to domain.Instant) *interval {
	gap := k.nobody(policy, from)
	gap.Until = end(to)
	return gap
}

func (k known) span(policy credit.Policy, i credit.Interval) *interval {
	opening, s := k.byEvent[i.OpenedBy], k.gap(policy, i.From, i.To)
	active := k.activeAt(i.MPNID, domain.Moment{At: i.From, Place: opening.Seq})
	s.MPNID, s.Reseller, s.OpenedBy = i.MPNID, opening.Reseller, i.OpenedBy
	s.PartnershipActive, s.AgreementSigned = &active, opening.AgreementSigned
	s.ClosedBy, s.ClosedHow = k.closing(i)
	return s
}

func (k known) activeAt(id domain.MPNID, m domain.Moment) bool {
	for _, e := range k.partners[id].Episodes {
		if !m.Before(e.Since) && (e.Until == nil || m.Before(*e.Until)) {
			return true
		}
	}
	return false
}

// closing names the event that closed the interval and how.
func (k known) closing(i credit.Interval) (by, how string) {
	if i.Open() {
		return "", ""
	}
	if f, ok := k.byEvent[i.ClosedBy]; ok {
		return i.ClosedBy, map[string]string{"set": "replaced", "clear": "cleared", "end": "ended"}[f.Kind]
	}
	for _, l := range k.partners[i.MPNID].lostBy {
		if l.at == i.To {
			return l.by, l.how
		}
	}
	return "", ""
}

type spanKey struct {
	policy credit.Policy
	since  domain.Instant
}

// again makes the intervals of one subscription anew and changes the rows that differ.
func (c change) again(s subscription) error {
	k, err := c.load(s)
	if err != nil {
		return err
	}
	rows, err := intervalsOf.Find(c.ctx, c.rows, &interval{Provider: s.ProviderTenantID, Customer: s.CustomerTenantID, ID: s.id})
	if err != nil {
		return err
	}
	have := map[spanKey]*interval{}
	for _, r := range rows {
		have[spanKey{r.Policy, r.Since}] = r
	}
	var present domain.TenantID
	for _, policy := range policies {
		for _, want := range k.spans(policy) {
			if policy == credit.Keep && want.Until == nil {
				present = want.Reseller
			}
			key := spanKey{policy, want.Since}
			if err := c.settle(have[key], want); err != nil {
				return err
			}
			delete(have, key)
		}
	}
	c.dropAll(have)
	return c.onRecord(s, present)
}

// settle makes the row say what is wanted; nil is none at all.
func (c change) settle(have, want *interval) error {
	switch {
	case have == nil:
		return c.insert(want)
	case have.same(want):
		return nil
	case c.outdates(have):
		c.supersede(have)
		return c.insert(want)
	default:
		want.KnownSince = have.KnownSince
		*have = *want
		intervals.Change(c.rows, have)
		return nil
	}
}

func (c change) dropAll(rows map[spanKey]*interval) {
	for _, r := range rows {
		if c.outdates(r) {
			c.supersede(r)
		} else {
			intervals.Delete(c.rows, r)
		}
	}
}

// outdates tells whether the event changes what was known about the past, so that the row must be kept
// as what was believed. All other facts take effect now, and nobody who asks about before will see them.
func (c change) outdates(r *interval) bool {
	return c.correction() && r.KnownSince < c.e.Meta.At
}

func (c change) correction() bool {
	_, ok := c.e.Fact.(domain.Effective)
	return ok
}

func (c change) supersede(r *interval) {
	r.KnownUntil = c.now()
	intervals.Change(c.rows, r)
}

// insert adds an interval that is known from now on.
func (c change) insert(i *interval) error {
	i.KnownSince = c.e.Meta.At
	return intervals.Insert(c.rows, i)
}
