package customer_test

import (
	"testing"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/customer"
	"github.com/partnerledger/partnerledger/domain/domaintest"
)

var suspendedSub = customer.SubscriptionSuspended{Key: key, SubscriptionID: sub, Reason: "unpaid"}

func change(to int) customer.ChangeQuantity {
	return customer.ChangeQuantity{Key: key, SubscriptionID: sub, Quantity: to, Channel: "partnerCenter"}
}

func changed(from, to int) domain.Event {
	return customer.QuantityChanged{Key: key, SubscriptionID: sub, Old: from, New: to, Channel: "partnerCenter"}
}

func TestChangeQuantity(t *testing.T) {
	const day = domain.Day
	world := business(basic)
	renewed := given(later, customer.SubscriptionRenewed{Key: key, SubscriptionID: sub, TermDuration: "P1Y", BillingCycle: "monthly"})
	grown := and(world, given(later, changed(10, 15)))
	wavy := and(grown, given(later+day, changed(15, 12)), given(later+2*day, changed(12, 18)))
	halved := customer.SubscriptionUpgraded{Key: key, SubscriptionID: sub, FromOfferID: basic, ToOfferID: standard, NewSubscriptionID: another, Moved: 4, Remaining: 6}
	domaintest.Run(t, rules, []domaintest.Case{
		{Name: "up to the cap", Given: world, At: later, When: change(300), Then: one(changed(10, 300))},
		{Name: "beyond the cap", Given: world, At: later, When: change(301), Refused: domain.QuantityOutOfRange},
		{Name: "no cap", Given: business(legacy), At: later, When: change(9999), Then: one(changed(10, 9999))},
		{Name: "the same number", Given: world, At: later, When: change(10)},
		{Name: "down within the window of the purchase", Given: world, At: bought + 7*day - 1, When: change(1), Then: one(changed(10, 1))},
		{Name: "the moment it has passed", Given: world, At: bought + 7*day, When: change(9), Refused: domain.ReductionWindowPassed},
		{Name: "down within the window of a renewal", Given: and(world, renewed), At: later + 7*day - 1, When: change(1), Then: one(changed(10, 1))},
		{Name: "the moment that has passed", Given: and(world, renewed), At: later + 7*day, When: change(9), Refused: domain.ReductionWindowPassed},
		{Name: "legacy at any time", Given: business(legacy), At: later, When: change(1), Then: one(changed(10, 1))},
		{Name: "what was added less than seven days ago is given back", Given: grown, At: later + 7*day - 1, When: change(10), Then: one(changed(15, 10))},
		{Name: "no more than that", Given: grown, At: later + 7*day - 1, When: change(9), Refused: domain.ReductionWindowPassed},
		{Name: "seven days ago it was in force already", Given: grown, At: later + 7*day, When: change(14), Refused: domain.ReductionWindowPassed},
		{Name: "to the lowest in between", Given: wavy, At: later + 7*day, When: change(12), Then: one(changed(18, 12))},
		{Name: "not below it", Given: wavy, At: later + 7*day, When: change(11), Refused: domain.ReductionWindowPassed},
		{Name: "a day earlier the lower one still counts", Given: wavy, At: later + 7*day - 1, When: change(10), Then: one(changed(18, 10))},
		{Name: "what a partial upgrade left", Given: and(world, given(later, halved)), At: later + day, When: change(5), Refused: domain.ReductionWindowPassed},
		{Name: "the part that moved has a window of its own", Given: and(world, given(later, halved)), At: later + day,
			When: customer.ChangeQuantity{Key: key, SubscriptionID: another, Quantity: 1},
			Then: one(customer.QuantityChanged{Key: key, SubscriptionID: another, Old: 4, New: 1})},
	})

	type c = customer.ChangeQuantity
	seen := 10
	good := change(11)
	good.ExpectedQuantity = &seen
	refusesInOrder(t, domaintest.Case{Given: world, At: later, When: good, Then: one(changed(10, 11))},
		append([]fault[c]{
			{code: domain.ReductionWindowPassed, say: func(c *c) { c.Quantity = 9 }},
			{code: domain.QuantityOutOfRange, say: func(c *c) { c.Quantity = 0 }},
			{code: domain.StaleVersion, say: func(c *c) { other := 9; c.ExpectedQuantity = &other }},
			{code: domain.SubscriptionSuspended, given: one(suspendedSub)},
		}, append(unfound(true, func(c *c) { c.SubscriptionID = another }, func(c *c) { c.CustomerTenantID = dale }),
			fault[c]{code: domain.ChannelNotAllowed, say: func(c *c) { c.Channel = "azurePortal" }})...)...)
}

func upgrading(to string) customer.UpgradeSubscription {
	return customer.UpgradeSubscription{Key: key, SubscriptionID: sub, ToOfferID: to, ToOfferName: "Higher"}
}

func moving(seats int) customer.UpgradeSubscription {
	c := upgrading(standard)
	c.Quantity, c.NewSubscriptionID = &seats, another
	return c
}

func upgraded(from, to string, moved, remaining int) customer.SubscriptionUpgraded {
	e := customer.SubscriptionUpgraded{Key: key, SubscriptionID: sub, FromOfferID: from, ToOfferID: to, ToOfferName: "Higher", Moved: moved,
		Remaining: remaining, TermDuration: "P1Y", BillingCycle: "monthly"}
	if remaining > 0 {
		e.NewSubscriptionID = another
	}
	return e
}

func TestUpgradeSubscription(t *testing.T) {
	of := func(n int) *int { return &n }
	whole := upgrading(legacyE3)
	whole.Quantity = of(10)
	less := whole
	less.Quantity = of(9)
	noNumber := moving(4)
	noNumber.Quantity = nil
	support := customer.SupportContactAssigned{Key: key, SubscriptionID: another, SupportTenantID: northwind, SupportMPNID: own,
		SupportName: "Northwind Distribution"}
	byHill := customer.SupportContactAssigned{Key: key, SubscriptionID: sub, SupportTenantID: hill, SupportMPNID: second, SupportName: "Hill",
		PreviousSupportTenantID: northwind}
	movedByHill := customer.SupportContactAssigned{Key: key, SubscriptionID: another, SupportTenantID: hill, SupportMPNID: second, SupportName: "Hill"}
	carried := assigned(another, ofHill, hill, customer.SourceUpgrade)

	domaintest.Run(t, rules, []domaintest.Case{
		{Name: "full, by number", Given: business(legacy), At: later, When: whole, Then: one(upgraded(legacy, legacyE3, 10, 0))},
		{Name: "full, to an offer that isn't listed", Given: business(legacy), At: later, When: upgrading("CFQ7:1:2"),
			Then: one(upgraded(legacy, "CFQ7:1:2", 10, 0))},
		{Name: "full, with another number", Given: business(legacy), At: later, When: less, Refused: domain.QuantityOutOfRange},
		{Name: "to the same offer", Given: business(legacy), At: later, When: upgrading(legacy), Refused: domain.DowngradeNotSupported},
		{Name: "to another family", Given: business(legacy), At: later, When: upgrading(standard), Refused: domain.DowngradeNotSupported},
		{Name: "partial, with reseller and support contact of the provider", Given: business(basic), At: later, When: moving(4),
			Then: one(upgraded(basic, standard, 4, 6), carried, support)},
		{Name: "partial, with the support contact it has", Given: and(business(basic), given(bought+1, byHill)), At: later, When: moving(9),
			Then: one(upgraded(basic, standard, 9, 1), carried, movedByHill)},
		{Name: "partial, without any check of the partner", Given: and(business(basic), given(bought+1, removed(hill), suspended(hill))), At: later,
			When: moving(4), Then: one(upgraded(basic, standard, 4, 6), carried, support)},
		{Name: "partial, when nobody is on record any more", Given: and(business(basic), given(bought+1, deauthorized(hill))), At: later,
			When: moving(4), Then: one(upgraded(basic, standard, 4, 6), support)},
		{Name: "one seat is a part", Given: business(basic), At: later, When: moving(1), Then: one(upgraded(basic, standard, 1, 9), carried, support)},
		{Name: "all seats are no part", Given: business(basic), At: later, When: moving(10), Refused: domain.QuantityOutOfRange},
		{Name: "no seats are no part", Given: business(basic), At: later, When: moving(0), Refused: domain.QuantityOutOfRange},
		{Name: "a part needs a number", Given: business(basic), At: later, When: noNumber, Refused: domain.QuantityOutOfRange},
	})

	type c = customer.UpgradeSubscription
	refusesInOrder(t, domaintest.Case{Given: business(basic), At: later, When: moving(4), Then: one(upgraded(basic, standard, 4, 6), carried, support)},
		append([]fault[c]{
			{code: domain.QuantityOutOfRange, say: func(c *c) { c.Quantity = of(11) }},
			{code: domain.SubscriptionIDInUse, say: func(c *c) { c.NewSubscriptionID = sub }},
			{code: domain.DowngradeNotSupported, say: func(c *c) { c.ToOfferID = legacy }},
			{code: domain.SubscriptionSuspended, given: one(suspendedSub)},
		}, append(unfound(true, func(c *c) { c.SubscriptionID = another }, func(c *c) { c.CustomerTenantID = dale }),
			fault[c]{code: domain.ChannelNotAllowed, say: func(c *c) { c.Channel = "azurePortal" }})...)...)
}

func TestStatus(t *testing.T) {
	suspend := customer.SuspendSubscription{Key: key, SubscriptionID: sub, Reason: "unpaid"}
	reactivate := customer.ReactivateSubscription{Key: key, SubscriptionID: sub, Reason: "paid"}
	cancel := customer.CancelSubscription{Key: key, SubscriptionID: sub, Reason: "closed"}
	reactivated := customer.SubscriptionReactivated{Key: key, SubscriptionID: sub, Reason: "paid"}
	ended := customer.SubscriptionCancelled{Key: key, SubscriptionID: sub, Reason: "closed"}
	stopped := and(business(legacy), given(bought+1, suspendedSub))
	renewed := given(later, customer.SubscriptionRenewed{Key: key, SubscriptionID: sub, TermDuration: "P1Y", BillingCycle: "monthly"})
	const week = 7 * domain.Day

	refusesInOrder(t, domaintest.Case{Given: business(legacy), At: later, When: suspend, Then: one(suspendedSub)},
		append([]fault[customer.SuspendSubscription]{{code: domain.StatusChangeNotAllowed, given: one(suspendedSub)}},
			unfound(true, func(c *customer.SuspendSubscription) { c.SubscriptionID = another }, func(c *customer.SuspendSubscription) { c.CustomerTenantID = dale })...)...)
	refusesInOrder(t, domaintest.Case{Given: stopped, At: later, When: reactivate, Then: one(reactivated)},
		append([]fault[customer.ReactivateSubscription]{{code: domain.StatusChangeNotAllowed, given: one(reactivated)}},
			unfound(true, func(c *customer.ReactivateSubscription) { c.SubscriptionID = another }, func(c *customer.ReactivateSubscription) { c.CustomerTenantID = dale })...)...)
	refusesInOrder(t, domaintest.Case{Given: stopped, At: later, When: cancel, Then: one(ended)},
		unfound(true, func(c *customer.CancelSubscription) { c.SubscriptionID = another }, func(c *customer.CancelSubscription) { c.CustomerTenantID = dale })...)
	domaintest.Run(t, rules, []domaintest.Case{
		{Name: "cancelled in the window of the purchase", Given: business(basic), At: bought + week - 1, When: cancel, Then: one(ended)},
		{Name: "the moment it has passed", Given: business(basic), At: bought + week, When: cancel, Refused: domain.CancellationWindowPassed},
		{Name: "cancelled in the window of a renewal", Given: and(business(basic), renewed), At: later + week - 1, When: cancel, Then: one(ended)},
		{Name: "the moment that has passed", Given: and(business(basic), renewed), At: later + week, When: cancel, Refused: domain.CancellationWindowPassed},
		{Name: "ended comes before the window", Given: and(business(basic), given(bought+1, cancelled())), At: bought + week, When: cancel,
			Refused: domain.SubscriptionEnded, Says: "Subscription with ID " + string(sub) + " and deleted status can't be updated."},
	})
}

func TestRenewSubscription(t *testing.T) {
	same := customer.RenewSubscription{Key: key, SubscriptionID: sub, Reason: "end of term"}
	other := customer.RenewSubscription{Key: key, SubscriptionID: sub, TermDuration: "P3Y", BillingCycle: "annual"}
	afterwards := given(later-1, customer.SubscriptionRenewed{Key: key, SubscriptionID: sub, TermDuration: "P3Y", BillingCycle: "annual"})
	renewed := func(term, cycle, reason string) []domain.Event {
		return one(customer.SubscriptionRenewed{Key: key, SubscriptionID: sub, TermDuration: term, BillingCycle: cycle, Reason: reason})
	}
	again := "each renewal begins a term"
	domaintest.Run(t, rules, []domaintest.Case{
		{Name: "another term", Given: business(basic), At: later, When: other, Then: renewed("P3Y", "annual", ""), AgainRecords: again},
		{Name: "the term it was changed to", Given: and(business(basic), afterwards), At: later, When: same, Then: renewed("P3Y", "annual", "end of term"),
			AgainRecords: again},
	})
	type c = customer.RenewSubscription
	refusesInOrder(t, domaintest.Case{Given: business(basic), At: later, When: same, Then: renewed("P1Y", "monthly", "end of term"), AgainRecords: again},
		append([]fault[c]{{code: domain.SubscriptionSuspended, given: one(suspendedSub)}},
			unfound(true, func(c *c) { c.SubscriptionID = another }, func(c *c) { c.CustomerTenantID = dale })...)...)
}
