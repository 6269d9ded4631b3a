package workload

import (
	"encoding/hex"
	"slices"

	"github.com/partnerledger/partnerledger/domain"
)

var greetings = []string{"We would like to work with you.", "As discussed on the phone.", "Join our reseller programme!",
	"Following up on our meeting – see you soon.", "Grüße aus dem Vertrieb 🙂"}

// message is the text of a request; link is the provider's, or what somebody made of it.
func (g *generator) message(p *provider, link string) string {
	return "Hello,\n" + pick(g.chance, greetings) + "\nAccept our partnership here: " + link + "\n" + p.name
}

// requestIsSent asks the reseller, for the first time or once more after a removal.
type requestIsSent struct{ pair *partnership }

func (e requestIsSent) happen(g *generator) {
	pair := e.pair
	pair.request = g.newRequestID()
	delivery := "openInEmail"
	if g.likely(0.3) {
		delivery = "copyToClipboard"
	}
	g.accepted(g.clerk(pair.provider), requestPartnership{pair.request, pair.provider.tenant, pair.reseller.email,
		g.message(pair.provider, pair.provider.link), delivery}, nil, nil)
	switch pair.outcome {
	case accepted, declined:
		delay := domain.Instant(g.logNormal(2, 1.646)*float64(domain.Day)) + domain.Minute
		g.later(wholeSecond(g.now+min(delay, 29*domain.Day)), requestIsAnswered{pair})
	case expired:
		if g.likely(0.35) {
			g.later(g.office(g.now+domain.Day*g.between(3, 20)), requestIsAnswered{pair})
		}
	}
}

// requestIsAnswered accepts or declines the request, or takes it back.
type requestIsAnswered struct{ pair *partnership }

func (e requestIsAnswered) happen(g *generator) {
	pair := e.pair
	p, r := pair.provider, pair.reseller
	switch pair.outcome {
	case expired:
		g.accepted(g.clerk(p), withdrawRequest{pair.request, p.tenant, "sent to the wrong address"}, nil, nil)
	case declined:
		g.accepted(r.user(domain.GlobalAdmin), declinePartnership{pair.request, p.tenant, r.tenant, ""}, nil, nil)
	case accepted:
		if r.free() && !pair.active && r.location != "" {
			g.accept(pair)
		}
	}
}

func (g *generator) accept(pair *partnership) {
	p, r := pair.provider, pair.reseller
	pair.active, pair.since = true, g.now
	p.active = append(p.active, pair)
	g.accepted(r.user(domain.GlobalAdmin), acceptPartnership{request: pair.request, provider: p.tenant, reseller: r.tenant, mpn: r.location}, nil, nil)
	g.memory.answered.add(answered{pair, pair.request})
	g.later(g.now+g.wait(0.05), partnershipEnds{pair, pair.since})
	for range pair.share {
		at := g.now + domain.Instant(g.Float64()*float64(end-g.now))
		if g.likely(0.62) {
			at = g.now + g.between(domain.Hour, 90*domain.Day)
		}
		g.later(g.season(at), customerComes{pair})
	}
	pair.share = 0
}

// partnershipEnds removes the partnership; with a time only when the episode is still that one.
type partnershipEnds struct {
	pair  *partnership
	since domain.Instant
}

func (e partnershipEnds) happen(g *generator) {
	pair := e.pair
	if !pair.active || e.since != 0 && e.since != pair.since {
		return
	}
	p, r := pair.provider, pair.reseller
	pair.active, pair.removed = false, true
	p.active = slices.DeleteFunc(p.active, func(other *partnership) bool { return other == pair })
	reason := ""
	if g.likely(0.5) {
		reason = "relationship ended"
	}
	g.accepted(g.clerk(p), removePartnership{provider: p.tenant, reseller: r.tenant, version: representation, reason: reason}, nil, nil)
	if g.likely(0.6) {
		g.later(g.office(g.now+domain.Day*g.between(1, 10)), noticeIsGiven{pair})
	}
	if g.likely(0.1) {
		g.later(g.office(g.now+domain.Day*g.between(30, 200)), requestIsSent{pair})
	}
	for _, c := range pair.customers {
		if c.reseller == r && g.likely(0.15) {
			g.rehome(c)
		}
	}
}

// rehome finds another reseller for a customer whose own has been removed. Most customers stay behind.
func (g *generator) rehome(c *customer) {
	heir := g.otherPartnership(c.provider, c.reseller)
	if heir == nil {
		return
	}
	at := g.office(g.now + domain.Day*g.between(1, 40))
	g.later(at, associationChanges{c, heir})
	for _, s := range c.subscriptions {
		if g.likely(0.75) {
			g.later(at+domain.Second*g.between(60, 600), recordChanges{s, heir})
		}
	}
}

// noticeIsGiven records that the reseller was told.
type noticeIsGiven struct{ pair *partnership }

func (e noticeIsGiven) happen(g *generator) {
	p, method, hash := e.pair.provider, "letter", ""
	if g.likely(0.6) {
		method = "email"
	}
	if g.likely(0.5) {
		digest := g.seed.digest("document", g.count.commands)
		hash = hex.EncodeToString(digest[:])
	}
	g.accepted(g.clerk(p), recordNotice{p.tenant, e.pair.reseller.tenant, id{}, method, g.now - domain.Hour*g.between(1, 48), hash}, nil, nil)
}
