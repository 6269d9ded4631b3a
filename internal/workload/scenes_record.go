package workload

import (
	"time"

	"github.com/partnerledger/partnerledger/domain"
)

// instants changes the reseller several times within one second, and within one millisecond.
func instants(x *scene) {
	a, b, c := x.active("Proseware Uno", "ES"), x.active("Proseware Dos", "ES"), x.active("Proseware Tres", "ES")
	first := sale{legacyPremium, 10, a.location}
	s := x.customer(a, accept, first, first, first, first).contracts
	second := wholeSecond(x.at) + 10*domain.Day
	x.when(second+250).assign(s[0], b.location, accept)
	x.when(second+750).assign(s[0], c.location, accept)
	// Of two in one instant the first has no length.
	x.when(second+1000).assign(s[1], b.location, accept)
	x.when(second+1000).assign(s[1], c.location, accept)
	// Away and back in one instant is one interval.
	x.when(second+2000).assign(s[2], b.location, accept)
	x.when(second+2000).assign(s[2], a.location, accept)
	x.when(second+3000).quantity(s[3], 20, accept)
	x.when(second+3000).assign(s[3], b.location, accept)
	x.when(second+3000).quantity(s[3], 30, accept)
	x.when(second+3001).turn(clearReseller, s[3], accept)
	x.when(second+3002).assign(s[3], a.location, accept)
}

// deletedLocation takes a location away under a whole book.
func deletedLocation(x *scene) {
	r := x.active("Litware Rhein", "DE")
	book := make([]contract, x.g.size.deletedBook)
	for k := range book {
		book[k] = x.in(30*domain.Second).customer(r, accept, sale{legacyPremium, 2 + k%9, r.location}).contracts[0]
	}
	second := x.g.newMPN()
	x.locate(r, second, accept)
	for _, s := range book[:5] {
		x.assign(s, second, accept)
	}
	deleted := x.at + 12*domain.Day
	x.when(deleted).do(feed(), deleteLocation{r.location}, accept)
	x.do(feed(), deleteLocation{r.location}, domain.LocationDeleted)
	x.do(feed(), deleteLocation{"9999999999"}, domain.MPNNotFound)
	x.assign(book[5], r.location, domain.LocationDeleted)
	x.turn(clearReseller, book[5], domain.NoResellerOfRecord)
	x.support(book[5], r, domain.SupportContactNotAPartner)
	x.in(3*domain.Day).assign(book[5], second, accept)
	// Corrected from the deletion on there is no gap; the old location was in force only before.
	x.correct(book[6], second, deleted, accept)
	x.correct(book[7], r.location, deleted, domain.LocationDeleted)
	x.correct(book[7], r.location, deleted-domain.Day, accept)
	x.locate(r, r.location, domain.MPNAlreadyRegistered)
}

// corrections reach back: from the purchase on, between, out of order, and exactly ninety days.
func corrections(x *scene) {
	a, b, c := x.active("Alpine Eins IT", "NL"), x.active("Alpine Zwei IT", "NL"), x.active("Alpine Drei IT", "NL")
	first := sale{legacyPremium, 10, a.location}
	s := x.customer(a, accept, first, first, first).contracts
	bought := x.at
	day := midnight(bought) + domain.Day
	x.when(day+40*domain.Day).correct(s[0], b.location, bought, accept)
	x.when(day+41*domain.Day).quantity(s[0], 16, accept)
	x.when(day+45*domain.Day).correct(s[0], c.location, day+20*domain.Day, accept)
	x.when(day+50*domain.Day).correct(s[0], a.location, day+10*domain.Day, accept)
	x.when(day+50*domain.Day+1).assign(s[1], b.location, accept)
	x.when(day+52*domain.Day).correct(s[1], c.location, day+15*domain.Day, accept)
	x.when(day+53*domain.Day).assign(s[1], b.location, accept)
	x.when(day+53*domain.Day+1).correct(s[2], b.location, day+60*domain.Day, domain.EffectiveInFuture)
	x.correct(s[2], b.location, bought-1, domain.EffectiveBeforePurchase)
	x.when(day+93*domain.Day+1).correct(s[2], b.location, day+3*domain.Day, domain.EffectiveTooOld)
	x.when(day+94*domain.Day).correct(s[2], b.location, day+4*domain.Day, accept)
}

// lateCorrections put the books right after the end of a subscription and of a partnership.
func lateCorrections(x *scene) {
	a, b := x.active("Alpine Vier IT", "NL"), x.active("Alpine Fünf IT", "NL")
	s := x.customer(a, accept, sale{legacyPremium, 10, a.location}, sale{legacyPremium, 7, ""}).contracts
	bought := x.at
	x.in(95*domain.Day).turn(cancel, s[0], accept)
	ended := x.at
	x.assign(s[0], b.location, domain.SubscriptionEnded)
	x.correct(s[0], b.location, ended, domain.SubscriptionEnded)
	x.when(ended+20*domain.Day).correct(s[0], b.location, ended-5*domain.Day, accept)
	x.correct(s[1], b.location, ended-89*domain.Day, domain.EffectiveTooOld)
	x.when(ended+21*domain.Day).correct(s[1], a.location, bought+80*domain.Day, accept)
	mine := correctReseller{contract: s[1], mpn: b.location, effective: ended, reason: "mine"}
	x.do(x.user(domain.SalesAgent), mine, domain.RoleNotPermitted)
	x.remove(b, accept)
	x.correct(s[1], b.location, ended+2*domain.Day, accept)
	x.correct(s[1], b.location, x.at, domain.PartnershipNotActive)
}

// leapDay plays at month ends, on a leap day, and a millisecond beside them.
func leapDay(x *scene) {
	x.at = instantOf(2024, time.February, 20) + 9*domain.Hour
	a, b := x.active("Leap Day IT", "SE"), x.active("March First IT", "SE")
	first := sale{legacyPremium, 7, a.location}
	s := x.when(instantOf(2024, time.March, 1)-1).customer(a, accept, first, first).contracts
	x.when(instantOf(2024, time.March, 1)).assign(s[0], b.location, accept)
	x.when(instantOf(2024, time.April, 1)-1).quantity(s[1], 9, accept)
	x.when(instantOf(2024, time.April, 1)+1).assign(s[1], b.location, accept)
	x.when(instantOf(2024, time.May, 1)).turn(cancel, s[0], accept)
}
