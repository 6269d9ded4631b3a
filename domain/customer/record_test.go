package customer_test

import (
	"slices"
	"testing"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/customer"
	"github.com/partnerledger/partnerledger/domain/domaintest"
)

func assign(id domain.MPNID) customer.AssignResellerToSubscription {
	return customer.AssignResellerToSubscription{Key: key, SubscriptionID: sub, MPNID: id}
}

func updated(id, previous domain.MPNID) customer.ResellerOfRecordAssigned {
	e := assigned(sub, id, hill, customer.SourceUpdate)
	e.PreviousMPNID = previous
	return e
}

// unfound are the faults of a command that names a subscription, from the last refusal to the first.
func unfound[C domain.Command](ended bool, subscription func(*C), customer func(*C)) []fault[C] {
	faults := []fault[C]{{code: domain.SubscriptionNotFound, say: subscription}, {code: domain.CustomerNotFound, say: customer}}
	if !ended {
		return faults
	}
	return append([]fault[C]{{code: domain.SubscriptionEnded, given: one(cancelled())}}, faults...)
}

func TestAssignResellerToSubscription(t *testing.T) {
	closed := and(business(legacy), given(bought+1, removed(hill)), given(bought+2, accepted(hill)))
	cleared := given(bought+1, customer.ResellerOfRecordCleared{Key: key, SubscriptionID: sub, PreviousMPNID: ofHill})
	suspendedSub := given(bought+1, customer.SubscriptionSuspended{Key: key, SubscriptionID: sub})
	domaintest.Run(t, rules, []domaintest.Case{
		{Name: "another location", Given: business(legacy), At: later, When: assign(second), Then: one(updated(second, ofHill))},
		{Name: "the same again", Given: business(legacy), At: later, When: assign(ofHill)},
		{Name: "the same in a new episode: nothing under keep, an interval under close", Given: closed, At: later, When: assign(ofHill),
			Then: one(updated(ofHill, ofHill))},
		{Name: "in a gap", Given: and(business(legacy), cleared), At: later, When: assign(ofHill), Then: one(updated(ofHill, ""))},
		{Name: "away and back", Given: and(business(legacy), given(bought+1, updated(second, ofHill))), At: later, When: assign(ofHill),
			Then: one(updated(ofHill, second))},
		{Name: "while the subscription is suspended", Given: and(business(legacy), suspendedSub), At: later, When: assign(second),
			Then: one(updated(second, ofHill))},
		{Name: "after the location on record was deleted", Given: and(business(legacy), given(bought+1, deleted(hill, ofHill))), At: later,
			When: assign(second), Then: one(updated(second, ""))},
		{Name: "a correction recorded last and effective first is not on record now", At: later, When: assign(second), Given: and(business(legacy),
			given(bought+1, updated(second, ofHill)), given(bought+2, customer.ResellerOfRecordCorrected{Key: key, SubscriptionID: sub, MPNID: ofHill, From: bought}))},
	})
	good := domaintest.Case{Given: business(legacy), At: later, When: assign(second), Then: one(updated(second, ofHill))}
	type c = customer.AssignResellerToSubscription
	refusesInOrder(t, good, append(idFaults(later, func(c *c, id domain.MPNID) { c.MPNID = id }),
		unfound(true, func(c *c) { c.SubscriptionID = another }, func(c *c) { c.CustomerTenantID = dale })...)...)
}

func TestClearResellerFromSubscription(t *testing.T) {
	when := customer.ClearResellerFromSubscription{Key: key, SubscriptionID: sub, Reason: "the customer left the reseller"}
	cleared := customer.ResellerOfRecordCleared{Key: key, SubscriptionID: sub, PreviousMPNID: ofHill, Reason: when.Reason}
	good := domaintest.Case{Given: business(legacy), At: later, When: when, Then: one(cleared)}
	domaintest.Run(t, rules, []domaintest.Case{
		{Name: "the removal of the partnership keeps it on record", Given: and(business(legacy), given(bought+1, removed(hill))), At: later, When: when,
			Then: one(cleared)},
		{Name: "a lost authorization leaves nobody", Given: and(business(legacy), given(bought+1, deauthorized(hill))), At: later, When: when,
			Refused: domain.NoResellerOfRecord},
		{Name: "bought without", Given: and(business(legacy), given(bought, purchased(another, legacy, 1))), At: later,
			When: customer.ClearResellerFromSubscription{Key: key, SubscriptionID: another}, Refused: domain.NoResellerOfRecord},
	})
	type c = customer.ClearResellerFromSubscription
	refusesInOrder(t, good, append([]fault[c]{{code: domain.NoResellerOfRecord, given: one(deleted(hill, ofHill))}},
		unfound(true, func(c *c) { c.SubscriptionID = another }, func(c *c) { c.CustomerTenantID = dale })...)...)
}

func correct(id domain.MPNID, from domain.Instant) customer.CorrectResellerOfRecord {
	return customer.CorrectResellerOfRecord{Key: key, SubscriptionID: sub, MPNID: id, EffectiveFrom: from, Reason: "wrong id on the order",
		Approver: "chief@northwind.example"}
}

func corrected(id domain.MPNID, from domain.Instant) domain.Event {
	return customer.ResellerOfRecordCorrected{Key: key, SubscriptionID: sub, MPNID: id, ResellerTenantID: hill, From: from,
		Reason: "wrong id on the order", Approver: "chief@northwind.example"}
}

const again = "each correction is a fact of its own, also of what was so already"

func TestCorrectResellerOfRecord(t *testing.T) {
	world := business(legacy)
	ended := and(world, given(later, cancelled()))
	domaintest.Run(t, rules, []domaintest.Case{
		{Name: "of what was so already", Given: world, At: later, When: correct(ofHill, bought), Then: one(corrected(ofHill, bought)), AgainRecords: again},
		{Name: "from now on", Given: world, At: later, When: correct(second, later), Then: one(corrected(second, later)), AgainRecords: again},
		{Name: "in the future", Given: world, At: later, When: correct(second, later+1), Refused: domain.EffectiveInFuture},
		{Name: "before the purchase", Given: world, At: later, When: correct(second, bought-1), Refused: domain.EffectiveBeforePurchase},
		{Name: "ninety days back", Given: world, At: bought + 90*domain.Day, When: correct(second, bought), Then: one(corrected(second, bought)), AgainRecords: again},
		{Name: "a millisecond more", Given: world, At: bought + 90*domain.Day + 1, When: correct(second, bought), Refused: domain.EffectiveTooOld},
		{Name: "right before the end", Given: ended, At: later + 1, When: correct(second, later-1), Then: one(corrected(second, later-1)), AgainRecords: again},
		{Name: "at the end", Given: ended, At: later + 1, When: correct(second, later), Refused: domain.SubscriptionEnded},
		{Name: "a suspension is no obstacle", Given: and(world, given(bought+1, suspended(hill))), At: later, When: correct(second, later-1),
			Then: one(corrected(second, later-1)), AgainRecords: again},
		{Name: "before all was lost", Given: and(world, given(later-9, removed(hill), deleted(hill, second), deauthorized(hill))), At: later,
			When: correct(second, later-10), Then: one(corrected(second, later-10)), AgainRecords: again},
		{Name: "the moment the location was deleted", Given: and(world, given(later-9, deleted(hill, second))), At: later, When: correct(second, later-9),
			Refused: domain.LocationDeleted},
		{Name: "between two episodes", Given: and(world, given(later-9, removed(hill)), given(later-5, accepted(hill))), At: later, When: correct(second, later-6),
			Refused: domain.PartnershipNotActive},
		{Name: "the moment of the new episode", Given: and(world, given(later-9, removed(hill)), given(later-5, accepted(hill))), At: later,
			When: correct(second, later-5), Then: one(corrected(second, later-5)), AgainRecords: again},
		{Name: "the agreement as it stands now", Given: and(world, given(later-1, signed(dale, "Europe"))), At: later, When: correct(ofDale, bought),
			Then: one(customer.ResellerOfRecordCorrected{Key: key, SubscriptionID: sub, MPNID: ofDale, ResellerTenantID: dale, From: bought,
				Reason: "wrong id on the order", Approver: "chief@northwind.example"}), AgainRecords: again},
	})
}

func TestCorrectResellerOfRecordRefusesInOrder(t *testing.T) {
	type c = customer.CorrectResellerOfRecord
	from := later - domain.Day
	faults := slices.DeleteFunc(idFaults(from, func(c *c, id domain.MPNID) { c.MPNID = id }),
		func(f fault[c]) bool { return f.code == domain.ResellerSuspended })
	faults = append(faults,
		fault[c]{code: domain.SubscriptionEnded, at: from, given: one(cancelled())},
		fault[c]{code: domain.EffectiveTooOld, say: func(c *c) { c.EffectiveFrom = later - 91*domain.Day }},
		fault[c]{code: domain.EffectiveInFuture, say: func(c *c) { c.EffectiveFrom = later + 1 }})
	faults = append(faults, unfound(false, func(c *c) { c.SubscriptionID = another }, func(c *c) { c.CustomerTenantID = dale })...)
	// Bought long ago: what reaches back too far isn't before the purchase yet.
	refusesInOrder(t, domaintest.Case{Given: long(business(legacy)), At: later, When: correct(second, from),
		Then: one(corrected(second, from)), AgainRecords: again}, faults...)

	domaintest.Run(t, rules, []domaintest.Case{{Name: "before the purchase comes before too old", Given: business(legacy), At: bought + 200*domain.Day,
		When: correct("x", bought-1), Refused: domain.EffectiveBeforePurchase}})
}

// long is the same world, a year earlier.
func long(world []domaintest.Given) []domaintest.Given {
	world = slices.Clone(world)
	for i := range world {
		world[i].At -= 365 * domain.Day
	}
	return world
}
