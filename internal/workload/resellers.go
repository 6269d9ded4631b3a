package workload

import (
	"slices"

	"github.com/partnerledger/partnerledger/domain"
)

// resellerEnrols brings a reseller into the programme; its location follows within a minute.
type resellerEnrols struct{ r *reseller }

func (e resellerEnrols) happen(g *generator) {
	r := e.r
	g.send(feed(), enrollReseller{r.tenant, r.name, r.country, region, r.global}, "")
	g.later(g.now+domain.Minute, locationOpens{r})
}

// locationOpens gives the reseller an MPN ID, the one it uses from now on.
type locationOpens struct{ r *reseller }

func (e locationOpens) happen(g *generator) {
	r := e.r
	r.location, r.locatedAt = g.newMPN(), g.now
	g.send(feed(), registerLocation{r.tenant, r.location, r.name, r.country}, "")
}

// locationCloses deletes an MPN ID that the reseller no longer uses.
type locationCloses struct {
	r   *reseller
	mpn domain.MPNID
}

func (e locationCloses) happen(g *generator) {
	g.memory.deletedLocations.add(e.mpn)
	g.send(feed(), deleteLocation{e.mpn}, "")
	for _, s := range e.r.book {
		if s.record.mpn == e.mpn {
			s.lose()
		}
	}
}

// agreementIsSigned lets the reseller be put on record.
type agreementIsSigned struct{ r *reseller }

func (e agreementIsSigned) happen(g *generator) {
	e.r.signed = true
	g.send(feed(), signAgreement{e.r.tenant, region, g.now - domain.Second*g.between(1, 600)}, "")
}

// suspensionEnds lifts a suspension, unless something worse has happened.
type suspensionEnds struct{ r *reseller }

func (e suspensionEnds) happen(g *generator) {
	if e.r.suspended && !e.r.deauthorized {
		e.r.suspended = false
		g.send(feed(), standing{reinstateReseller, e.r.tenant, ""}, "")
	}
}

// resellerIsShaken is one of the rare things that change a reseller's whole business.
type resellerIsShaken struct{ r *reseller }

func (e resellerIsShaken) happen(g *generator) {
	r := e.r
	if r.deauthorized {
		return
	}
	g.later(g.now+g.wait(0.09), e)
	active := slices.IndexFunc(r.partnerships, func(p *partnership) bool { return p.active })
	switch roll := g.Float64(); {
	case roll < 0.33:
		g.suspendReseller(r)
	case active < 0:
	case roll < 0.70:
		g.merge(r.partnerships[active])
	case roll < 0.95:
		g.move(r.partnerships[active])
	default:
		g.deauthorize(r)
	}
}

func (g *generator) suspendReseller(r *reseller) {
	if r.suspended {
		return
	}
	r.suspended = true
	g.send(feed(), standing{suspendReseller, r.tenant, "account review"}, "")
	g.later(g.office(g.now+domain.Day*g.between(5, 60)), suspensionEnds{r})
}

func (g *generator) deauthorize(r *reseller) {
	r.deauthorized = true
	g.send(feed(), standing{deauthorizeReseller, r.tenant, "revenue below the minimum"}, "")
	for _, s := range r.book {
		if s.record.holder == r && s.record.mpn != "" {
			s.lose()
		}
	}
}

// bookOf lists the subscriptions of this partnership on which the reseller's location is on record.
func (g *generator) bookOf(pair *partnership) (book []*subscription) {
	seen := map[*subscription]bool{}
	for _, s := range pair.reseller.book {
		if !seen[s] && !s.ended && s.record.mpn == pair.reseller.location && s.customer.provider == pair.provider {
			book, seen[s] = append(book, s), true
		}
	}
	return book
}

// withinAnHour spreads so many things over less than an hour of office time, as a batch job does.
func (g *generator) withinAnHour(things int) (start, pause domain.Instant) {
	return g.office(g.now), min(30*domain.Second, 55*domain.Minute/domain.Instant(max(1, things)))
}

// merge hands the whole book to another reseller; half of the partnerships end soon after.
func (g *generator) merge(pair *partnership) {
	heir := g.otherPartnership(pair.provider, pair.reseller)
	if heir == nil {
		return
	}
	book := g.bookOf(pair)
	at, pause := g.withinAnHour(len(book) + len(pair.customers))
	for _, s := range book {
		at += g.between(pause/4, pause)
		g.later(at, recordChanges{s, heir})
	}
	for _, c := range pair.customers {
		if c.reseller == pair.reseller {
			at += g.between(pause/4, pause)
			g.later(at, associationChanges{c, heir})
		}
	}
	if g.likely(0.5) {
		g.later(g.office(at+domain.Day*g.between(14, 45)), partnershipEnds{pair, 0})
	}
}

// move gives the reseller a new location; some subscriptions are left behind on the old one, and lose
// their reseller of record when it is deleted.
func (g *generator) move(pair *partnership) {
	book, old := g.bookOf(pair), pair.reseller.location
	locationOpens{pair.reseller}.happen(g)
	at, pause := g.withinAnHour(len(book))
	for _, s := range book {
		if g.likely(0.85) {
			at += g.between(pause/4, pause)
			g.later(at, recordChanges{s, pair})
		}
	}
	g.later(g.office(at+domain.Day*g.between(10, 30)), locationCloses{pair.reseller, old})
}

// otherPartnership is another one of the provider whose reseller may be put on record now, or nil.
func (g *generator) otherPartnership(p *provider, not *reseller) *partnership {
	for range 8 {
		if len(p.active) == 0 {
			return nil
		}
		pair := pick(g.chance, p.active)
		if pair.reseller != not && pair.usable() && pair.reseller.signed {
			return pair
		}
	}
	return nil
}

// sellingPartnership is such a one whose reseller brings customers, or nil.
func (g *generator) sellingPartnership(p *provider) *partnership {
	for range 8 {
		if pair := g.otherPartnership(p, nil); pair != nil && pair.sells {
			return pair
		}
	}
	return nil
}

// partnershipOf is the partnership in force of the two, or nil.
func partnershipOf(p *provider, r *reseller) *partnership {
	if r == nil {
		return nil
	}
	for _, pair := range r.partnerships {
		if pair.provider == p && pair.active {
			return pair
		}
	}
	return nil
}
