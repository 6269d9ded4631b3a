package workload

import "github.com/partnerledger/partnerledger/domain"

// removal ends a partnership with many customers: what is there stays as it was, and nothing new begins
// until there is another episode.
func removal(x *scene) {
	a, b := x.active("Fabrikam Managed Services", "DE"), x.active("Contoso Kőszeg IT Kft.", "HU")
	book := make([]sold, x.g.size.removedBook)
	for k := range book {
		book[k] = x.in(20*domain.Second).customer(a, accept, sale{[...]*offer{businessBasic, legacyPremium}[k%2], 3 + k%40, a.location})
	}
	c0, c1 := book[0], book[1]
	x.support(c0.contracts[0], a, accept)

	unconfirmed, unknown := x.removing(a), x.removing(a)
	unconfirmed.unconfirmed, unknown.version = true, "1999-01-01"
	x.in(30*domain.Day).do(x.agent(), unconfirmed, domain.RemovalNotConfirmed)
	x.do(x.agent(), unknown, domain.RepresentationVersionUnknown)
	x.remove(a, accept)
	x.remove(a, domain.PartnershipNotActive)
	x.do(x.agent(), recordNotice{x.p.tenant, a.tenant, c0.account.customer, "email", x.at, ""}, accept)
	x.do(x.agent(), recordNotice{x.p.tenant, a.tenant, id{}, "letter", x.at + domain.Day, ""}, domain.DateInFuture)
	x.customer(a, domain.PartnershipNotActive, sale{legacyPremium, 5, ""})
	x.customer(nil, domain.PartnershipNotActive, sale{legacyPremium, 5, a.location})
	x.assign(c1.contracts[0], a.location, domain.PartnershipNotActive)
	x.associate(c1.account, a, domain.PartnershipNotActive)
	x.support(c1.contracts[0], a, domain.SupportContactNotAPartner)

	x.afterRemoval(a, b, book)
	x.in(60 * domain.Day)
	x.connect(a)
	x.assign(c1.contracts[0], a.location, accept)
	x.support(c1.contracts[0], a, accept)
	x.customer(a, accept, sale{businessBasic, 8, a.location})
	x.in(20*domain.Day).remove(a, accept)
}

// afterRemoval is the business that goes on: quantities, orders, privileges, upgrades, corrections for
// the time before, and customers that go to another reseller.
func (x *scene) afterRemoval(a, b *reseller, book []sold) {
	c0, c1, c2, c3 := book[0], book[1], book[2], book[3]
	x.in(domain.Day).quantity(c1.contracts[0], 33, accept)
	x.order(c1.account, accept, x.line(sale{businessBasic, 4, ""}))
	x.grant(grantPrivileges{c0.account, a.tenant, gdap, []string{"Directory readers"}, "P90D"}, accept)
	x.revoke(c1.account, a.tenant, dap, accept)
	x.upgrade(upgrade{contract: c2.contracts[0], to: businessStandard, moved: 2, created: x.newID("subscription")}, accept)
	x.associate(c3.account, b, accept)
	x.assign(c3.contracts[0], b.location, accept)
	x.correct(c2.contracts[0], a.location, x.at-10*domain.Day, accept)
	x.correct(c2.contracts[0], a.location, x.at-domain.Minute, domain.PartnershipNotActive)
}

// wrongIDs tries every wrong kind of MPN ID.
func wrongIDs(x *scene) {
	a, stranger := x.active("Łucerne IT", "PL"), x.partner("Program Member", "PL")
	x.locate(stranger, stranger.location, accept)
	c := x.customer(a, accept, sale{legacyPremium, 10, a.location}).contracts[0]
	for _, wrong := range []wrongID{{x.p.mpn, domain.MPNIsProvidersOwn}, {a.global, domain.MPNIsGlobalAccount},
		{x.p.global, domain.MPNIsGlobalAccount}, {"0" + a.location, domain.MPNNotFound}, {"9999999999", domain.MPNNotFound},
		{"", domain.MPNNotNumeric}, {" " + a.location, domain.MPNNotNumeric}, {"ABC1234", domain.MPNNotNumeric},
		{"12345678901", domain.MPNNotNumeric}, {"-" + a.location, domain.MPNNotNumeric}, {"١٢٣٤٥٦٧", domain.MPNNotNumeric},
		{stranger.location, domain.MPNNotAReseller}} {
		x.assign(c, wrong.mpn, wrong.code)
	}
	x.customer(a, domain.MPNIsProvidersOwn, sale{legacyPremium, 3, a.location}, sale{legacyPremium, 3, x.p.mpn})
	x.assign(c, a.location, accept)
	x.locate(stranger, a.location, domain.MPNAlreadyRegistered)
	x.locate(stranger, "PLA1", domain.MPNNotNumeric)
}

// standings suspends, reinstates and deauthorizes: old business goes on, new business doesn't begin.
func standings(x *scene) {
	a, b, c := x.active("Adatum Partner", "PL"), x.active("Wide World IT", "PL"), x.active("Alpine Ski IT", "PL")
	t := x.customer(a, accept, sale{legacyPremium, 10, a.location}, sale{businessBasic, 6, ""})
	s, s2 := t.contracts[0], t.contracts[1]
	x.fact(suspendReseller, a, accept)
	x.assign(s2, a.location, domain.ResellerSuspended)
	x.customer(a, domain.ResellerSuspended, sale{businessBasic, 5, ""})
	x.associate(t.account, a, domain.ResellerSuspended)
	x.quantity(s, 14, accept)
	x.support(s, a, accept)
	x.fact(suspendReseller, a, accept)
	x.in(9*domain.Day).fact(reinstateReseller, a, accept)
	x.assign(s2, a.location, accept)

	x.in(10*domain.Day).assign(s, b.location, accept)
	x.in(5*domain.Day).fact(deauthorizeReseller, b, accept)
	x.assign(s2, b.location, domain.ResellerDeauthorized)
	x.fact(suspendReseller, b, domain.ResellerDeauthorized)
	x.fact(deauthorizeReseller, b, accept)
	x.turn(clearReseller, s, domain.NoResellerOfRecord)
	x.in(domain.Day).assign(s, c.location, accept)
	x.in(domain.Day).turn(clearReseller, s2, accept)
	x.turn(clearReseller, s2, domain.NoResellerOfRecord)
}

// twoProviders share one reseller: nothing of one reaches the other.
func twoProviders(x *scene) {
	r := x.active("Both Sides IT", "NL")
	y := &scene{g: x.g, p: x.g.providers[1], at: x.at}
	y.connect(r)
	c := x.when(y.at+domain.Minute).customer(r, accept, sale{legacyPremium, 10, r.location})
	d := y.when(x.at+domain.Minute).customer(r, accept, sale{legacyPremium, 20, r.location})
	s, t := c.contracts[0], d.contracts[0]
	y.in(domain.Day).quantity(contract{account{y.p.tenant, c.account.customer}, s.subscription}, 11, domain.CustomerNotFound)
	y.assign(contract{d.account, s.subscription}, r.location, domain.SubscriptionNotFound)
	y.associate(account{y.p.tenant, c.account.customer}, r, domain.CustomerNotFound)
	x.when(y.at+domain.Day).remove(r, accept)
	x.assign(s, r.location, domain.PartnershipNotActive)

	y.at = x.at
	y.assign(t, r.location, accept)
	provider := func(p *provider, mpn domain.MPNID) *reseller {
		return &reseller{tenant: p.tenant, location: mpn, name: p.name}
	}
	y.support(t, provider(x.p, x.p.mpn), domain.SupportContactNotAPartner)
	y.support(t, provider(y.p, x.p.mpn), domain.SupportContactNotAPartner)
	y.support(t, provider(y.p, y.p.mpn), accept)
	request := y.request(r)
	x.at = y.at
	x.accept(r, request, domain.RequestNotFound)
	x.do(y.agent(), changeQuantity{contract: s, quantity: 3}, domain.WrongTenant)
}
