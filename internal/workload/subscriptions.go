package workload

import (
	"math"
	"slices"

	"github.com/partnerledger/partnerledger/domain"
)

// subscriptionRate is how often a year something happens to a subscription, 1.5 times of it a change of
// the quantity; heavy subscriptions change all the time.
const (
	subscriptionRate = 1.9
	heavyRate        = 420
)

func (s *subscription) rate() float64 {
	if s.heavy {
		return heavyRate
	}
	return subscriptionRate
}

// subscriptionStirs is something that happens to a subscription.
type subscriptionStirs struct{ s *subscription }

func (e subscriptionStirs) happen(g *generator) {
	s := e.s
	if s.ended {
		return
	}
	next := g.now + g.wait(s.rate())
	if !s.heavy {
		next = g.office(next)
	}
	g.later(next, e)
	switch roll := g.Float64() * subscriptionRate; {
	case s.heavy || roll < 1.5:
		g.changeQuantity(s)
	case roll < 1.56:
		g.endEarly(s)
	case roll < 1.59:
		g.upgrade(s)
	case roll < 1.63:
		g.suspend(s)
	default:
		g.recordStirs(s, roll)
	}
}

// growth is the share of quantity changes that go up.
const growth = 0.8

// changeQuantity adds seats or takes some away. Modern subscriptions can give back only what was added
// lately, so fewer of them shrink, and the legacy ones make up for it.
func (g *generator) changeQuantity(s *subscription) {
	if !s.active() {
		return
	}
	shrinking := 0.26
	if s.heavy {
		shrinking = 0.45
	}
	quantity := min(s.offer.most(), s.quantity+max(1, int(math.Round(float64(s.quantity)*g.Float64()*0.25))))
	if g.likely(shrinking) && !s.offer.modern && s.quantity > 1 {
		quantity = max(1, s.quantity-max(1, int(math.Round(float64(s.quantity)*g.Float64()*0.3))))
	}
	if quantity == s.quantity {
		return
	}
	grows := quantity > s.quantity
	g.setQuantity(s, quantity)
	if grows && s.offer.modern && g.likely(0.2) {
		g.later(g.now+g.between(domain.Hour, 6*domain.Day), seatsAreGivenBack{s})
	}
}

func (g *generator) setQuantity(s *subscription, quantity int) {
	w := changeQuantity{contract: s.contract(), quantity: quantity}
	switch roll := g.Float64(); {
	case roll < 0.15:
		w.expected = s.quantity
	case roll < 0.25:
		w.channel = microsoft365Portal
	}
	s.setQuantity(g.now, quantity)
	g.accepted(g.clerk(s.customer.provider), w, s.customer, s)
}

// seatsAreGivenBack reduces a modern subscription as far as the rules allow by then.
type seatsAreGivenBack struct{ s *subscription }

func (e seatsAreGivenBack) happen(g *generator) {
	if s := e.s; s.active() {
		if floor := s.floor(g.now); floor < s.quantity {
			g.setQuantity(s, g.numberBetween(floor, s.quantity))
		}
	}
}

// endEarly cancels in the middle of a term: legacy at any time, monthly ones with their next month.
func (g *generator) endEarly(s *subscription) {
	switch {
	case !s.offer.modern:
		subscriptionEnds{s}.happen(g)
	case s.term.monthly() && s.active():
		g.renew(s)
		g.later(g.office(g.now+domain.Day*g.between(1, 4)), subscriptionEnds{s})
	}
}

// subscriptionEnds cancels, if the rules still allow it by then.
type subscriptionEnds struct{ s *subscription }

func (e subscriptionEnds) happen(g *generator) {
	s := e.s
	if s.ended || s.offer.modern && !s.windowOpen(g.now) {
		return
	}
	reason := ""
	if g.likely(0.3) {
		reason = "no longer needed"
	}
	s.ended = true
	c := s.customer
	c.subscriptions = slices.DeleteFunc(c.subscriptions, func(other *subscription) bool { return other == s })
	g.memory.ended.add(s)
	g.accepted(g.clerk(c.provider), turn{cancel, s.contract(), reason}, c, nil)
}

func (g *generator) renew(s *subscription) {
	s.window = g.now
	g.accepted(g.clerk(s.customer.provider), turn{renew, s.contract(), ""}, s.customer, s)
}

// renewalIsDue begins the next year, or ends the subscription: 13 % and all of customers that have left.
// A modern one can be cancelled only in the first days of the new year.
type renewalIsDue struct{ s *subscription }

func (e renewalIsDue) happen(g *generator) {
	s := e.s
	if s.ended {
		return
	}
	g.later(g.office(g.now+year), e)
	if s.suspended {
		return
	}
	leaving := s.customer.gone || g.likely(0.13)
	if leaving && !s.offer.modern {
		subscriptionEnds{s}.happen(g)
		return
	}
	g.renew(s)
	if leaving {
		g.later(g.now+g.between(domain.Hour, 6*domain.Day), subscriptionEnds{s})
	}
}

// suspend stops an active subscription; most are reactivated, some legacy ones are cancelled.
func (g *generator) suspend(s *subscription) {
	if !s.active() {
		return
	}
	s.suspended = true
	g.memory.suspended.add(s)
	g.accepted(g.clerk(s.customer.provider), turn{suspend, s.contract(), "unpaid invoice"}, s.customer, s)
	if g.likely(0.85) {
		g.later(g.office(g.now+domain.Day*g.between(3, 40)), subscriptionGoesOn{s})
	} else if !s.offer.modern {
		g.later(g.office(g.now+domain.Day*g.between(30, 90)), subscriptionEnds{s})
	}
}

// subscriptionGoesOn reactivates.
type subscriptionGoesOn struct{ s *subscription }

func (e subscriptionGoesOn) happen(g *generator) {
	if s := e.s; s.suspended && !s.ended {
		s.suspended = false
		g.accepted(g.clerk(s.customer.provider), turn{reactivate, s.contract(), ""}, s.customer, s)
	}
}

// upgrade goes to a higher offer of the family, with all seats or with some of them.
func (g *generator) upgrade(s *subscription) {
	higher := s.offer.related(true)
	if !s.active() || len(higher) == 0 {
		return
	}
	w := upgrade{contract: s.contract(), to: pick(g.chance, higher)}
	if s.quantity > 1 && g.likely(0.4) {
		w.moved = g.numberBetween(1, s.quantity)
		w.created = g.split(s, w.to, w.moved).id
	} else {
		s.offer = w.to
	}
	g.accepted(g.clerk(s.customer.provider), w, s.customer, s)
}

// split moves seats to a new subscription, which takes the reseller of record and the support contact along.
func (g *generator) split(s *subscription, to *offer, moved int) *subscription {
	part := &subscription{id: g.newSubscriptionID(), customer: s.customer, offer: to, term: s.term, quantity: moved,
		purchased: g.now, window: g.now, support: s.support, record: s.record}
	part.record.since, part.record.tangled = g.now, false
	if part.record.mpn != "" {
		part.record.holder.book = append(part.record.holder.book, part)
	}
	s.setQuantity(g.now, s.quantity-moved)
	s.customer.subscriptions = append(s.customer.subscriptions, part)
	g.follow(part)
	return part
}
