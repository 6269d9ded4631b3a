package workload

import "github.com/partnerledger/partnerledger/domain"

// faultRate is how often an accepted command is followed by one that must be refused; with those that
// turn out to be impossible about 3 % of all lines are.
const faultRate = 0.0325

// fault is a command with exactly one thing wrong, and the code with which it must be refused.
type fault struct {
	by   actor
	wish wish
	code domain.Code
}

// mistake makes a fault in these surroundings; s is nil where the customer has no subscription left. It
// gives nil where nobody could make that mistake now.
type mistake func(g *generator, c *customer, s *subscription) *fault

// mistakes is how often each is made.
func mistakes() []weighted[mistake] {
	return []weighted[mistake]{
		{14, wrongRole}, {2, wrongTenant}, {2, foreignCustomer}, {2, unknownCustomer}, {2, unknownSubscription},
		{10, alphabeticMPN}, {8, globalMPN}, {6, unknownMPN}, {4, providersMPN}, {2, strangersMPN}, {2, deletedMPN},
		{6, inactiveReseller}, {10, unsignedReseller}, {4, hinderedReseller}, {2, nothingToClear}, {4, wrongSupport}, {5, wrongCorrection},
		{12, staleQuantity}, {5, quantityOutOfRange}, {8, lateReduction}, {4, forbiddenPortal}, {3, suspendedSubscription},
		{3, wrongStatus}, {4, lateCancellation}, {4, endedSubscription}, {3, downgrade}, {2, subscriptionTwice}, {1, orderTwice},
		{3, takenDomain}, {1, wrongDomain}, {2, poorName}, {2, wrongBillingEmail}, {3, wrongRegistration}, {3, wrongAgreement},
		{3, addForInactive}, {2, addTooMany}, {2, customerTwice}, {2, associateInactive}, {1, dissociateOther}, {4, wrongPrivileges},
		{2, brokenLink}, {1, wrongEmail}, {1, acceptTwice}, {3, wrongRemoval}, {1, contradiction},
	}
}

// somebodyErrs makes a mistake that is possible here and now, and sends it.
type somebodyErrs struct {
	c *customer
	s *subscription
}

func (e somebodyErrs) happen(g *generator) {
	c, s := e.c, e.s
	if c == nil {
		c = pick(g.chance, g.customers)
	}
	if s == nil || s.ended {
		s = nil
		if len(c.subscriptions) > 0 {
			s = pick(g.chance, c.subscriptions)
		}
	}
	for range 12 {
		if f := pickWeighted(g.chance, g.mistakes)(g, c, s); f != nil {
			g.send(f.by, f.wish, f.code)
			return
		}
	}
}

// somePartnership is one for which the test holds, or nil when it can't be found quickly.
func (g *generator) somePartnership(test func(*partnership) bool) *partnership {
	for range 20 {
		if pair := pick(g.chance, g.partnerships); test(pair) {
			return pair
		}
	}
	return nil
}

// inactivePartnership is one of the provider that isn't in force, with a reseller that has an MPN ID.
func (g *generator) inactivePartnership(p *provider) *partnership {
	return g.somePartnership(func(pair *partnership) bool {
		return pair.provider == p && !pair.active && pair.reseller.location != ""
	})
}

func wrongRole(g *generator, c *customer, s *subscription) *fault {
	p := c.provider
	switch roll := g.Float64(); {
	case roll < 0.5 && s != nil:
		role := pick(g.chance, []domain.Role{domain.HelpdeskAgent, domain.BillingAdmin})
		return &fault{g.as(p, role), changeQuantity{contract: s.contract(), quantity: s.quantity}, domain.RoleNotPermitted}
	case roll < 0.8:
		agreed := agreement{g.company(c.number, c.country).person, domain.DateOf(g.now - domain.Day)}
		return &fault{g.as(p, domain.GlobalAdmin), confirmAgreement{c.account(), agreed}, domain.RoleNotPermitted}
	}
	pair := g.otherPartnership(p, nil)
	if pair == nil {
		return nil
	}
	return &fault{g.as(p, domain.Auditor), removePartnership{provider: p.tenant, reseller: pair.reseller.tenant, version: representation},
		domain.RoleNotPermitted}
}

// other is the provider to whom this one's customers are nothing.
func (g *generator) other(p *provider) *provider { return g.providers[1-p.number] }

func wrongTenant(g *generator, c *customer, s *subscription) *fault {
	if s == nil {
		return nil
	}
	return &fault{g.clerk(g.other(c.provider)), changeQuantity{contract: s.contract(), quantity: s.quantity}, domain.WrongTenant}
}

// foreignCustomer reaches for another provider's customer, which mustn't even be told to exist.
func foreignCustomer(g *generator, c *customer, s *subscription) *fault {
	if s == nil {
		return nil
	}
	p := g.other(c.provider)
	theirs := contract{account{p.tenant, c.tenant}, s.id}
	return &fault{g.clerk(p), changeQuantity{contract: theirs, quantity: s.quantity}, domain.CustomerNotFound}
}

func unknownCustomer(g *generator, c *customer, _ *subscription) *fault {
	nobody := account{c.provider.tenant, g.strayID("customer")}
	return &fault{g.clerk(c.provider), placeOrder{nobody, g.strayID("order").String(), []orderLine{g.strayLine()}, ""}, domain.CustomerNotFound}
}

func unknownSubscription(g *generator, c *customer, _ *subscription) *fault {
	nothing := contract{c.account(), g.strayID("subscription")}
	return &fault{g.clerk(c.provider), changeQuantity{contract: nothing, quantity: 3}, domain.SubscriptionNotFound}
}

// strayLine is an order line that nobody will ever own, because its order is refused.
func (g *generator) strayLine() orderLine {
	return orderLine{g.strayID("subscription"), businessBasic, 5, term{"P1Y", "annual"}, ""}
}
