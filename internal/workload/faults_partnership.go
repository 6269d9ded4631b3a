package workload

import (
	"fmt"
	"strings"

	"github.com/partnerledger/partnerledger/domain"
)

// prospecting is a request to somebody who isn't a partner yet.
func (g *generator) prospecting(email, link string, code domain.Code) *fault {
	p := g.providers[0]
	return &fault{g.clerk(p), requestPartnership{g.strayID("request"), p.tenant, email, g.message(p, link), ""}, code}
}

func brokenLink(g *generator, _ *customer, _ *subscription) *fault {
	link := g.providers[0].link
	broken := pick(g.chance, []string{"", link[:len(link)-3], strings.Replace(link, "token", "t0ken", 1), link + " or " + link})
	return g.prospecting(fmt.Sprintf("someone@prospect%d.example", g.count.commands), broken, domain.PartnershipLinkMissing)
}

func wrongEmail(g *generator, _ *customer, _ *subscription) *fault {
	email := pick(g.chance, []string{"someone", "someone@prospect", "some one@prospect.example", "@prospect.example"})
	return g.prospecting(email, g.providers[0].link, domain.EmailInvalid)
}

func acceptTwice(g *generator, _ *customer, _ *subscription) *fault {
	a, ok := g.memory.answered.any(g.chance)
	if !ok {
		return nil
	}
	p, r := a.pair.provider, a.pair.reseller
	return &fault{r.user(domain.GlobalAdmin), acceptPartnership{request: a.request, provider: p.tenant, reseller: r.tenant, mpn: r.location},
		domain.RequestNotOpen}
}

// wrongRemoval isn't confirmed, confirms something else, or finds nothing to remove.
func wrongRemoval(g *generator, c *customer, _ *subscription) *fault {
	p := c.provider
	w := removePartnership{provider: p.tenant, version: representation}
	pair, code := g.otherPartnership(p, nil), domain.PartnershipNotActive
	switch roll := g.Float64(); {
	case roll < 0.4:
		w.unconfirmed, code = true, domain.RemovalNotConfirmed
	case roll < 0.6:
		w.version, code = "1999-01-01", domain.RepresentationVersionUnknown
	default:
		pair = g.inactivePartnership(p)
	}
	if pair == nil {
		return nil
	}
	w.reseller = pair.reseller.tenant
	return &fault{g.clerk(p), w, code}
}

// contradiction is a reference fact that can't be true beside what is known.
func contradiction(g *generator, c *customer, _ *subscription) *fault {
	pair := g.otherPartnership(c.provider, nil)
	if pair == nil {
		return nil
	}
	r := pair.reseller
	switch g.IntN(4) {
	case 0:
		return &fault{feed(), enrollReseller{r.tenant, r.name, r.country, region, ""}, domain.ResellerAlreadyEnrolled}
	case 1:
		return &fault{feed(), registerLocation{g.strayID("partner"), r.location, "Somebody else", "DE"}, domain.MPNAlreadyRegistered}
	case 2:
		return &fault{feed(), standing{suspendReseller, g.strayID("partner"), ""}, domain.AccountNotFound}
	default:
		return &fault{feed(), signAgreement{r.tenant, region, g.now + domain.Day*g.between(1, 9)}, domain.DateInFuture}
	}
}
