package workload

import "github.com/partnerledger/partnerledger/domain"

// upgrades go up within a family, with all seats or some; the new subscription takes the reseller of
// record and the support contact along.
func upgrades(x *scene) {
	a, b := x.active("Graphic Design IT", "SE"), x.active("Blue Yonder IT", "SE")
	c := x.customer(a, accept, sale{businessBasic, 20, a.location}, sale{legacyEssentials, 10, a.location}, sale{businessBasic, 9, ""})
	s1, s2, s3 := c.contracts[0], c.contracts[1], c.contracts[2]
	x.support(s1, a, accept)
	x.upgrade(upgrade{contract: s1, to: businessPremium, channel: azurePortal}, domain.ChannelNotAllowed)
	x.upgrade(upgrade{contract: s1, to: enterpriseE1}, domain.DowngradeNotSupported)
	x.upgrade(upgrade{contract: s1, to: businessPremium, moved: 20, created: x.newID("subscription")}, domain.QuantityOutOfRange)
	x.upgrade(upgrade{contract: s1, to: businessPremium, moved: 7}, domain.QuantityOutOfRange)
	x.upgrade(upgrade{contract: s1, to: businessPremium, moved: 7, created: s2.subscription}, domain.SubscriptionIDInUse)
	part := contract{c.account, x.newID("subscription")}
	x.upgrade(upgrade{contract: s1, to: businessPremium, moved: 8, created: part.subscription}, accept)
	upgraded := x.at
	x.upgrade(upgrade{contract: s3, to: businessStandard, moved: 4, created: x.newID("subscription")}, accept)
	x.upgrade(upgrade{contract: s2, to: legacyPremium}, accept)
	x.upgrade(upgrade{contract: s2, to: legacyEssentials}, domain.DowngradeNotSupported)

	x.in(5*domain.Day).assign(part, b.location, accept)
	x.in(domain.Day).correct(s1, b.location, upgraded-2*domain.Minute, accept)
	x.turn(suspend, s1, accept)
	x.upgrade(upgrade{contract: s1, to: businessStandard}, domain.SubscriptionSuspended)
	x.upgrade(upgrade{contract: part, to: businessStandard}, domain.DowngradeNotSupported)
}

// reductionWindow gives seats back to the millisecond: after seven days only those just added.
func reductionWindow(x *scene) {
	r := x.active("Humongous IT", "IT")
	s := x.customer(r, accept, sale{businessBasic, 10, r.location}, sale{businessBasic, 30, r.location}).contracts
	n, m, bought := s[0], s[1], x.at
	day := func(d domain.Instant) *scene { return x.when(bought + d*domain.Day) }
	x.when(bought+7*domain.Day-1).quantity(m, 12, accept)
	day(7).quantity(m, 11, domain.ReductionWindowPassed)
	day(30).quantity(n, 15, accept)
	day(32).quantity(n, 9, domain.ReductionWindowPassed)
	day(33).quantity(n, 12, accept)
	day(34).quantity(n, 18, accept)
	day(35).quantity(n, 11, accept)
	x.when(bought+37*domain.Day-1).quantity(n, 10, accept)
	day(40).quantity(n, 16, accept)
	day(48).quantity(n, 13, domain.ReductionWindowPassed)
	x.quantity(n, 16, accept)
	day(365).turn(renew, n, accept)
	day(371).quantity(n, 2, accept)
	day(372).quantity(n, 1, domain.ReductionWindowPassed)
}

// quantities of a legacy subscription change at any time, within the offer's cap.
func quantities(x *scene) {
	r := x.active("Trey Legacy IT", "IT")
	l := x.customer(r, accept, sale{legacyPremium, 10, r.location}).contracts[0]
	x.in(60*domain.Day).quantity(l, 4, accept)
	x.quantity(l, 0, domain.QuantityOutOfRange)
	x.quantity(l, 301, domain.QuantityOutOfRange)
	x.quantity(l, 300, accept)
	x.do(x.agent(), changeQuantity{contract: l, quantity: 299, expected: 4}, domain.StaleVersion)
	x.do(x.agent(), changeQuantity{contract: l, quantity: 299, expected: 300}, accept)
	x.do(x.agent(), changeQuantity{contract: l, quantity: 298, channel: azurePortal}, domain.ChannelNotAllowed)
	x.turn(suspend, l, accept)
	x.quantity(l, 5, domain.SubscriptionSuspended)
	x.turn(renew, l, domain.SubscriptionSuspended)
	x.turn(reactivate, l, accept)
}

// lifeCycle goes through the states, and tries everything on a subscription that has ended.
func lifeCycle(x *scene) {
	r := x.active("Lamna Healthcare IT", "DE")
	c := x.customer(r, accept, sale{businessBasic, 5, r.location}, sale{legacyPremium, 5, r.location}, sale{businessBasic, 5, r.location})
	n, l, k, bought := c.contracts[0], c.contracts[1], c.contracts[2], x.at
	x.turn(reactivate, l, domain.StatusChangeNotAllowed)
	x.turn(suspend, l, accept)
	x.turn(suspend, l, domain.StatusChangeNotAllowed)
	x.assign(l, r.location, accept)
	x.when(bought+7*domain.Day-1).turn(cancel, k, accept)
	x.when(bought+7*domain.Day).turn(cancel, n, domain.CancellationWindowPassed)
	x.in(20*domain.Day).turn(cancel, l, accept)
	for _, verb := range []string{reactivate, suspend, cancel, renew, clearReseller} {
		x.turn(verb, l, domain.SubscriptionEnded)
	}
	x.quantity(l, 9, domain.SubscriptionEnded)
	x.support(l, r, domain.SubscriptionEnded)
	x.upgrade(upgrade{contract: k, to: businessStandard}, domain.SubscriptionEnded)
	x.when(bought+year).turn(renew, n, accept)
	x.in(3*domain.Day).turn(cancel, n, accept)
	x.quantity(contract{c.account, x.newID("subscription")}, 4, domain.SubscriptionNotFound)
	x.quantity(contract{account{x.p.tenant, x.newID("customer")}, n.subscription}, 4, domain.CustomerNotFound)
}
