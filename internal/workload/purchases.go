package workload

import (
	"math"
	"time"

	"github.com/partnerledger/partnerledger/domain"
)

// purchases are new subscriptions of the customer, as order lines, with what follows from each.
func (g *generator) purchases(c *customer, count int, r *reseller) []orderLine {
	lines := make([]orderLine, count)
	for i := range lines {
		lines[i] = g.purchase(c, r)
	}
	return lines
}

// missingRecord is the share of lines on which the reseller is forgotten.
const missingRecord = 0.04

// purchase sells one subscription; r is the reseller that ought to be put on record, if any.
func (g *generator) purchase(c *customer, r *reseller) orderLine {
	o := g.chooseOffer()
	s := &subscription{id: g.newSubscriptionID(), customer: c, offer: o, term: g.chooseTerm(o), quantity: g.seats(o), purchased: g.now, window: g.now}
	if g.heavyLeft > 0 && (o == legacyEssentials || o == legacyE1 || o == legacyE3) && g.now < begin+150*domain.Day {
		g.heavyLeft--
		s.heavy, s.term = true, term{"P3Y", "annual"}
	}
	s.record.since = g.now
	if r != nil && r.signed && !g.likely(missingRecord) {
		s.putOnRecord(r, g.now)
	}
	c.subscriptions = append(c.subscriptions, s)
	g.follow(s)
	if r != nil && g.likely(0.42) {
		g.later(g.office(g.now+domain.Hour*g.between(1, 240)), supportChanges{s})
	}
	return orderLine{s.id, o, s.quantity, s.term, s.record.mpn}
}

// follow puts the subscription's own life into the agenda.
func (g *generator) follow(s *subscription) {
	g.later(g.office(g.now+g.wait(s.rate())), subscriptionStirs{s})
	if s.term.yearly() {
		g.later(g.office(s.purchased+year), renewalIsDue{s})
	}
}

// chooseOffer is legacy most of the time until the new commerce begins, and seldom afterwards.
func (g *generator) chooseOffer() *offer {
	modern := 0.88
	if g.now < instantOf(2022, time.March, 1) {
		modern = 0.30
	}
	if g.likely(modern) {
		return pickWeighted(g.chance, modernOffers)
	}
	return pickWeighted(g.chance, legacyOffers)
}

func (g *generator) chooseTerm(o *offer) term {
	if o == threeYearLicense {
		return term{"P3Y", "triennial"}
	}
	return pickWeighted(g.chance, terms)
}

// seats are log-normal around ten, more on offers without a cap; every third order is a round number.
func (g *generator) seats(o *offer) int {
	seats := g.logNormal(10, 1.3)
	if o.limit == 0 {
		seats *= 1.6
	}
	if g.likely(0.35) {
		seats = roundNumber(seats)
	}
	return max(1, min(o.most(), int(math.Round(seats))))
}

// roundNumber is the one that is nearest by ratio.
func roundNumber(seats float64) float64 {
	nearest, distance := 0.0, math.Inf(1)
	for _, spike := range [...]float64{1, 5, 10, 25, 50, 100} {
		if d := math.Abs(math.Log(spike / seats)); d < distance {
			nearest, distance = spike, d
		}
	}
	return nearest
}
