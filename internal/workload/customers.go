package workload

import (
	"math"
	"slices"

	"github.com/partnerledger/partnerledger/domain"
)

// accepted sends a command that must be accepted. Now and then a faulty one follows within two hours, in
// the surroundings of the customer and the subscription; without a customer anybody's will do.
func (g *generator) accepted(by actor, w wish, c *customer, s *subscription) {
	g.send(by, w, "")
	if g.likely(faultRate) && (c != nil || len(g.customers) > 0) {
		g.later(g.now+domain.Second*g.between(1, 7200), somebodyErrs{c, s})
	}
}

// customerComes adds a customer with its first order; pair is nil for a direct one.
type customerComes struct{ pair *partnership }

func (e customerComes) happen(g *generator) {
	pair := e.pair
	p := g.providers[0]
	if pair != nil {
		p = pair.provider
	} else if g.likely(0.08) {
		p = g.providers[1]
	}
	if pair != nil && !pair.usable() {
		pair = g.sellingPartnership(p)
	}
	c := &customer{number: len(g.customers), tenant: g.seed.id("customer", len(g.customers)), provider: p, country: pick(g.chance, lands[:]).country}
	if pair != nil {
		c.reseller = pair.reseller
		pair.customers = append(pair.customers, c)
		if g.likely(0.9) {
			c.country = pair.reseller.country
		}
	}
	g.customers = append(g.customers, c)
	c.privileges = append(c.privileges, privilege{kind: dap, holder: c.reseller})
	g.addWithOrders(c)
	g.later(g.office(g.now+g.wait(customerRate)), customerStirs{c})
}

// subscriptionsOfCustomer is 1 for 45 %, 2 for 25 %, three to five for 23 %, and more for the rest.
func (g *generator) subscriptionsOfCustomer() int {
	switch roll := g.Float64(); {
	case roll < 0.45:
		return 1
	case roll < 0.70:
		return 2
	case roll < 0.93:
		return g.numberBetween(3, 6)
	default:
		return 6 + min(10, int(g.ExpFloat64()*2))
	}
}

// addWithOrders submits the wizard with some of the customer's subscriptions; the rest comes in orders
// over the years, most of them early.
func (g *generator) addWithOrders(c *customer) {
	planned := g.subscriptionsOfCustomer()
	first := 1
	if g.likely(0.4) {
		first++
	}
	if planned > 4 {
		first++
	}
	first = min(first, planned)
	form := g.newCustomerForm(c.provider, c.tenant, c.number, c.country)
	if c.reseller != nil {
		form.reseller = c.reseller.tenant
	}
	form.order, form.lines = g.newOrderID(), g.purchases(c, first, c.reseller)
	g.memory.orders.add(ordered{c, form.order})
	g.accepted(g.clerk(c.provider), form, c, nil)
	for left := planned - first; left > 0; {
		count := 1
		if left > 1 && g.likely(0.3) {
			count = 2
		}
		left -= count
		early := math.Pow(g.Float64(), 1.5)
		g.later(g.season(g.now+domain.Instant(early*float64(end-g.now))), orderIsPlaced{c, count})
	}
}

// orderIsPlaced adds subscriptions to a customer that is still there.
type orderIsPlaced struct {
	c     *customer
	count int
}

func (e orderIsPlaced) happen(g *generator) {
	c := e.c
	if c.gone {
		return
	}
	var r *reseller
	if pair := partnershipOf(c.provider, c.reseller); pair != nil && pair.usable() {
		r = c.reseller
	}
	channel := ""
	if g.likely(0.3) {
		channel = microsoft365Portal
	}
	g.accepted(g.clerk(c.provider), placeOrder{c.account(), g.newOrderID(), g.purchases(c, e.count, r), channel}, c, nil)
}

// associationChanges makes another reseller manage the customer.
type associationChanges struct {
	c  *customer
	to *partnership
}

func (e associationChanges) happen(g *generator) {
	c, r := e.c, e.to.reseller
	if !e.to.usable() || c.reseller == r {
		return
	}
	c.reseller = r
	e.to.customers = append(e.to.customers, c)
	g.accepted(g.clerk(c.provider), association{c.account(), r.tenant, false}, c, nil)
}

// customerRate is how often a year something happens to a customer that isn't about a subscription.
const customerRate = 0.36

// customerStirs is such a thing.
type customerStirs struct{ c *customer }

func (e customerStirs) happen(g *generator) {
	c := e.c
	g.later(g.office(g.now+g.wait(customerRate)), e)
	switch roll := g.Float64() * customerRate; {
	case roll < 0.06:
		g.revokePrivilege(c)
	case roll < 0.18:
		g.grantGranular(c)
	case roll < 0.20:
		g.grantAzureOwner(c)
	case roll < 0.285:
		g.leave(c)
	case roll < 0.325:
		g.confirmAgreement(c)
	case roll < 0.329:
		g.accepted(g.as(c.provider, domain.AdminAgent), forgetContact{c.account(), ""}, c, nil)
	case roll < 0.345 || c.reseller == nil && g.likely(0.3):
		if heir := g.otherPartnership(c.provider, c.reseller); heir != nil {
			associationChanges{c, heir}.happen(g)
		}
	}
}

// leave ends what can be ended now. Modern subscriptions end with their term, see renewalIsDue.
func (g *generator) leave(c *customer) {
	if c.gone {
		return
	}
	c.gone = true
	for _, s := range c.subscriptions {
		if !s.heavy && (!s.offer.modern || s.windowOpen(g.now+domain.Day)) {
			g.later(g.now+domain.Minute*g.between(1, 60), subscriptionEnds{s})
		}
	}
	if c.reseller != nil && g.likely(0.5) {
		w := association{c.account(), c.reseller.tenant, true}
		c.reseller = nil
		g.accepted(g.clerk(c.provider), w, c, nil)
	}
}

func (g *generator) confirmAgreement(c *customer) {
	role := domain.SalesAgent
	if g.likely(0.6) {
		role = domain.AdminAgent
	}
	slug := g.company(c.number, c.country).slug
	agreed := agreement{g.person(g.seed.digest("contact", g.count.commands), slug), domain.DateOf(g.now - domain.Day*g.between(0, 20))}
	g.accepted(g.as(c.provider, role), confirmAgreement{c.account(), agreed}, c, nil)
}

// grantee is the tenant that holds privileges: the reseller, or the provider where there is none.
func (c *customer) grantee(holder *reseller) id {
	if holder == nil {
		return c.provider.tenant
	}
	return holder.tenant
}

func (g *generator) revokePrivilege(c *customer) {
	c.open("", nil, g.now)
	if len(c.privileges) == 0 {
		return
	}
	p := c.privileges[0]
	c.privileges = slices.Delete(c.privileges, 0, 1)
	by, reason := g.owner(c), ""
	if g.likely(0.5) {
		by = g.as(c.provider, domain.AdminAgent)
	}
	if g.likely(0.5) {
		reason = "not used"
	}
	g.accepted(by, revokePrivileges{c.account(), c.grantee(p.holder), p.kind, reason}, c, nil)
}

// granularRoles are in alphabetical order, and so is every choice of them.
var granularRoles = []string{"Directory readers", "Exchange administrator", "Helpdesk administrator", "License administrator",
	"Service support administrator", "User administrator"}

func (g *generator) grantGranular(c *customer) {
	holder := c.reseller
	if g.likely(0.3) {
		holder = nil
	}
	if c.open(gdap, holder, g.now) {
		return
	}
	type lasting struct {
		days domain.Instant
		text string
	}
	d := pick(g.chance, []lasting{{730, "P730D"}, {365, "P365D"}, {180, "P180D"}, {90, "P90D"}, {30, "P30D"}})
	c.privileges = append(c.privileges, privilege{gdap, holder, g.now + d.days*domain.Day})
	first := g.IntN(len(granularRoles) - 2)
	roles := granularRoles[first : first+g.numberBetween(1, 4)]
	g.accepted(g.as(c.provider, domain.AdminAgent), grantPrivileges{c.account(), c.grantee(holder), gdap, roles, d.text}, c, nil)
}

func (g *generator) grantAzureOwner(c *customer) {
	if c.open(azureOwner, c.reseller, g.now) {
		return
	}
	c.privileges = append(c.privileges, privilege{kind: azureOwner, holder: c.reseller})
	g.accepted(g.as(c.provider, domain.GlobalAdmin), grantPrivileges{c.account(), c.grantee(c.reseller), azureOwner, nil, ""}, c, nil)
}
