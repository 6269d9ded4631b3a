package workload

import "github.com/partnerledger/partnerledger/domain"

// putOnRecord makes the reseller's location the one that earns from this moment on.
func (s *subscription) putOnRecord(r *reseller, since domain.Instant) {
	if s.record.holder != r || s.record.mpn == "" {
		r.book = append(r.book, s)
	}
	s.record = record{mpn: r.location, holder: r, since: since}
}

// lose takes the reseller off the record because its location or its authorization is gone. What a
// correction to an earlier moment leads to is then no longer to be seen from the record alone.
func (s *subscription) lose() { s.record.mpn, s.record.tangled = "", true }

// recordStirs is something about a subscription's reseller of record or support contact; roll says what.
func (g *generator) recordStirs(s *subscription, roll float64) {
	switch {
	case roll < 1.645:
		g.correct(s)
	case roll < 1.650:
		g.clearRecord(s)
	case roll < 1.66:
		g.reassign(s)
	case roll < 1.72:
		supportChanges{s}.happen(g)
	case s.record.mpn == "":
		// A gap is found and filled.
		if pair := partnershipOf(s.customer.provider, s.customer.reseller); pair != nil {
			recordChanges{s, pair}.happen(g)
		}
	}
}

func (g *generator) clearRecord(s *subscription) {
	if s.record.mpn == "" {
		return
	}
	s.record = record{since: g.now}
	g.accepted(g.clerk(s.customer.provider), turn{clearReseller, s.contract(), ""}, s.customer, s)
}

// reassign goes to another reseller, or to the same one again.
func (g *generator) reassign(s *subscription) {
	pair := partnershipOf(s.customer.provider, s.customer.reseller)
	if g.likely(0.8) {
		pair = g.otherPartnership(s.customer.provider, nil)
	}
	if pair != nil {
		recordChanges{s, pair}.happen(g)
	}
}

// recordChanges puts the reseller of a partnership on record.
type recordChanges struct {
	s  *subscription
	to *partnership
}

func (e recordChanges) happen(g *generator) {
	s, r := e.s, e.to.reseller
	if s.ended || !e.to.usable() || !r.signed {
		return
	}
	if s.record.mpn != r.location {
		s.putOnRecord(r, g.now)
	} else if e.to.removed {
		// Said again in a later episode it is recorded once more, for the stricter credit policy only.
		s.record.tangled = true
	}
	g.accepted(g.clerk(s.customer.provider), assignReseller{s.contract(), r.location}, s.customer, s)
}

// correct puts right that the wrong reseller was on record, or none, from an earlier moment on: one at
// which partnership and location existed already.
func (g *generator) correct(s *subscription) {
	pair := g.otherPartnership(s.customer.provider, nil)
	if pair == nil || s.record.tangled {
		return
	}
	earliest := max(s.purchased, pair.since, pair.reseller.locatedAt, g.now-89*domain.Day)
	if g.now-earliest < domain.Hour {
		return
	}
	effective := g.between(earliest+1, g.now)
	switch roll := g.Float64(); {
	case roll < 0.35 && earliest == s.purchased:
		effective = s.purchased
	case roll < 0.85:
		effective = max(earliest, midnight(effective))
	}
	if effective >= s.record.since {
		s.putOnRecord(pair.reseller, effective)
	}
	w := correctReseller{contract: s.contract(), mpn: pair.reseller.location, effective: effective, reason: "wrong reseller on the order form"}
	if g.likely(0.5) {
		w.approver = s.customer.provider.users[domain.GlobalAdmin][0]
	}
	role := domain.GlobalAdmin
	if g.likely(0.7) {
		role = domain.AdminAgent
	}
	g.accepted(g.as(s.customer.provider, role), w, s.customer, s)
}

// supportChanges makes the customer's reseller the support contact, or the provider again.
type supportChanges struct{ s *subscription }

func (e supportChanges) happen(g *generator) {
	s := e.s
	if s.ended {
		return
	}
	p := s.customer.provider
	pair := partnershipOf(p, s.customer.reseller)
	w := assignSupport{contract: s.contract()}
	switch {
	case pair != nil && (s.support == nil || g.likely(0.5)):
		r := pair.reseller
		s.support, w.support, w.mpn, w.name = r, r.tenant, r.location, r.name
	case s.support != nil:
		s.support, w.support, w.mpn, w.name = nil, p.tenant, p.mpn, p.name
	default:
		return
	}
	by := g.clerk(p)
	if g.likely(0.3) {
		by = g.as(p, domain.HelpdeskAgent)
	}
	g.accepted(by, w, s.customer, s)
}
