package workload

import (
	"fmt"
	"math"
	"strings"

	"github.com/partnerledger/partnerledger/domain"
)

// region is where both providers and all resellers but those of some scenes are.
const region = "Europe"

// openMarket puts everybody in place and what they begin with into the agenda.
func (g *generator) openMarket() {
	g.providers = [2]*provider{
		g.newProvider(0, "Northwind Distribution", "DE", "Hamburg"),
		g.newProvider(1, "Adventure Works Cloud", "NL", "Rotterdam"),
	}
	for n := range g.memory.strangers {
		g.later(begin+domain.Hour+domain.Minute*domain.Instant(n), strangerAppears(n))
	}
	for n := range g.size.resellers {
		g.resellers = append(g.resellers, g.newReseller(n))
	}
	g.allotCustomers()
	for n, r := range g.resellers {
		g.openAccount(n, r)
	}
}

func (g *generator) newProvider(number int, name, country, city string) *provider {
	tenant := g.seed.id("provider", number)
	mailDomain := strings.ToLower(strings.ReplaceAll(name, " ", "")) + ".example"
	p := &provider{number: number, tenant: tenant, name: name, country: country, city: city, region: region, domain: mailDomain,
		link: fmt.Sprintf("https://partner.example/indirect-resellers/accept?provider=%s&token=%s", tenant, g.seed.id("link", number)),
		mpn:  g.newMPN(), global: g.newMPN(), users: staff(mailDomain)}
	g.later(begin+domain.Minute*domain.Instant(number), providerAppears{p})
	return p
}

// providerAppears is the first thing that the ledger hears.
type providerAppears struct{ p *provider }

func (e providerAppears) happen(g *generator) { g.send(feed(), registerProvider{e.p}, "") }

// strangerAppears is a partner of the vendor's programme that never enrols as an indirect reseller.
type strangerAppears int

func (e strangerAppears) happen(g *generator) {
	mpn := g.newMPN()
	g.memory.strangers[e] = mpn
	g.send(feed(), registerLocation{g.seed.id("stranger", int(e)), mpn, fmt.Sprintf("Partner %d without enrolment", e+1), "DE"}, "")
}

// newReseller invents a reseller and with which provider it is going to work. The second provider gets
// about 8 % of them; some work with both. The first two make sure that even the smallest size has that.
func (g *generator) newReseller(n int) *reseller {
	country := pick(g.chance, lands[:]).country
	c := g.company(resellerCompanies+n, country)
	r := &reseller{number: n, tenant: g.seed.id("reseller", n), name: c.partnerName, country: country,
		slug: fmt.Sprintf("%s-it-%d", latin(strings.Fields(c.name)[0]), n)}
	r.email = "partner@" + r.slug + ".example"
	if g.likely(0.8) {
		r.global = g.newMPN()
	}
	first := 0
	if g.likely(0.08) || n == 1 {
		first = 1
	}
	g.pair(g.providers[first], r)
	if g.likely(0.06) || n == 0 {
		g.pair(g.providers[1-first], r)
	}
	return r
}

var outcomes = []weighted[outcome]{{80, accepted}, {8, unanswered}, {6, declined}, {6, expired}}

func (g *generator) pair(p *provider, r *reseller) {
	pair := &partnership{provider: p, reseller: r}
	if r.number > 1 {
		pair.outcome = pickWeighted(g.chance, outcomes)
	}
	r.partnerships = append(r.partnerships, pair)
	g.partnerships = append(g.partnerships, pair)
}

// allotCustomers gives out the customers: 3 % are direct, 22 % of the accepted resellers get none, and
// the others share the rest with a long tail.
func (g *generator) allotCustomers() {
	direct := int(math.Round(float64(g.size.customers) * 0.03))
	for range direct {
		g.later(g.office(begin+g.between(5*domain.Day, 1000*domain.Day)), customerComes{})
	}
	var takers []*partnership
	var weights []float64
	total := 0.0
	for _, pair := range g.partnerships {
		if pair.outcome == accepted && (len(takers) < 2 || !g.likely(0.22)) {
			weight := min(2000, g.logNormal(6, 1.75))
			takers, weights, total = append(takers, pair), append(weights, weight), total+weight
		}
	}
	left := g.size.customers - direct
	for k, pair := range takers {
		pair.share = min(left, 2000, max(1, int(math.Round(float64(left)*weights[k]/total))))
		pair.sells, left, total = true, left-pair.share, total-weights[k]
	}
}

// brings is how many customers the reseller is going to bring to all providers.
func (r *reseller) brings() (customers int) {
	for _, pair := range r.partnerships {
		customers += pair.share
	}
	return customers
}

// openAccount says when a reseller enrols, signs and is asked; the big ones are there from the start, so
// that the size of a workload doesn't hang on one of them. A tenth sign months later, and can't be put on
// record until then.
func (g *generator) openAccount(n int, r *reseller) {
	asked := g.office(begin + g.between(70*domain.Day, 1000*domain.Day))
	if g.likely(0.75) || n < 2 || r.brings() > g.size.customers/25 {
		asked = g.office(begin + g.between(domain.Day, 70*domain.Day))
	}
	if r.partnerships[0].outcome == unanswered {
		asked = g.lately()
	}
	g.later(asked-g.between(6*domain.Hour, 20*domain.Hour), resellerEnrols{r})
	for k, pair := range r.partnerships {
		when := asked
		if k > 0 {
			when = g.office(asked + domain.Day*g.between(20, 200))
		}
		if k > 0 && pair.outcome == unanswered {
			when = max(when, g.lately())
		}
		g.later(when, requestIsSent{pair})
	}
	signed := asked - domain.Minute*g.between(1, 300)
	if g.likely(0.10) && n > 1 {
		signed = g.office(asked + domain.Day*g.between(20, 250))
	}
	g.later(signed, agreementIsSigned{r})
	g.later(asked+g.wait(0.06), resellerIsShaken{r})
}

// lately is so late that a request that nobody answers is still open on the last day.
func (g *generator) lately() domain.Instant {
	return g.office(end - g.between(3*domain.Day, 28*domain.Day))
}
