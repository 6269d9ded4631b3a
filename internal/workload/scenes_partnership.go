package workload

import (
	"strings"

	"github.com/partnerledger/partnerledger/domain"
)

// wrongID is an MPN ID that can't be used, and why.
type wrongID struct {
	mpn  domain.MPNID
	code domain.Code
}

// invitations goes through everything that can be wrong with a request and with its acceptance. The names
// are the vendor's samples with their own MPN IDs.
func invitations(x *scene) {
	trey, relecloud, firstUp := x.partner("Trey Research", "IE"), x.partner("ReleCloud", "BR"), x.partner("First Up Consultants", "US")
	trey.location, relecloud.location, firstUp.location = "4391507", "4847433", "4847383"
	x.settle(trey, region)
	x.settle(relecloud, "Brazil")
	x.settle(firstUp, "United States")

	for _, message := range []string{"Dear partner, please call us.", x.message(x.p.link[:len(x.p.link)-1]),
		x.message(x.p.link + " (again: " + x.p.link + ")"), x.message(strings.ToUpper(x.p.link))} {
		w := x.asking(trey)
		w.message = message
		x.ask(w, domain.PartnershipLinkMissing)
	}
	w := x.asking(trey)
	w.email = "partner at treyresearch.example"
	x.ask(w, domain.EmailInvalid)

	request := x.request(trey)
	x.accept(relecloud, request, domain.RegionMismatch)
	x.accept(firstUp, request, domain.RegionMismatch)
	x.do(trey.user(domain.SalesAgent), x.answering(trey, request), domain.RoleNotPermitted)
	x.do(relecloud.user(domain.GlobalAdmin), x.answering(trey, request), domain.WrongTenant)
	unticked := x.answering(trey, request)
	unticked.unticked = true
	x.do(trey.user(domain.GlobalAdmin), unticked, domain.AuthorizationNotGiven)
	for _, wrong := range []wrongID{{trey.global, domain.MPNIsGlobalAccount}, {relecloud.location, domain.MPNNotOfReseller},
		{"MPN4391507", domain.MPNNotNumeric}} {
		w := x.answering(trey, request)
		w.mpn = wrong.mpn
		x.do(trey.user(domain.GlobalAdmin), w, wrong.code)
	}
	x.accept(trey, x.newID("request"), domain.RequestNotFound)
	x.accept(trey, request, accept)
	x.accept(trey, request, domain.RequestNotOpen)
	x.customer(trey, accept, sale{legacyPremium, 12, trey.location})
}

// twoRequests asks one address twice; a request said again changes nothing, and only one can be accepted.
func twoRequests(x *scene) {
	r := x.reseller("Tailspin Toys Çözüm Ortağı", "NL")
	one, two := x.asking(r), x.asking(r)
	x.ask(one, accept)
	x.ask(two, accept)
	x.ask(one, accept)
	other := one
	other.email = "other@tailspin.example"
	x.ask(other, domain.RequestIDInUse)
	x.accept(r, two.request, accept)
	x.accept(r, one.request, domain.PartnershipAlreadyActive)
	withdraw := withdrawRequest{one.request, x.p.tenant, ""}
	x.do(x.agent(), withdraw, accept)
	x.accept(r, one.request, domain.RequestNotOpen)
	x.do(x.agent(), withdraw, domain.RequestNotOpen)

	decline := declinePartnership{x.request(r), x.p.tenant, r.tenant, "no interest"}
	x.do(r.user(domain.AdminAgent), decline, domain.RoleNotPermitted)
	x.do(r.user(domain.GlobalAdmin), decline, accept)
	x.do(r.user(domain.GlobalAdmin), decline, domain.RequestNotOpen)
}

// enrolment lets a partner become a reseller step by step: connecting needs no agreement, selling does.
func enrolment(x *scene) {
	r := x.partner("Ghost Partner", "DE")
	request := x.request(r)
	x.accept(r, request, domain.AccountNotFound)
	x.locate(r, r.location, accept)
	x.accept(r, request, domain.ResellerNotEnrolled)
	x.enrol(r, region, accept)
	x.accept(r, request, accept)
	x.customer(r, domain.PartnerAgreementNotSigned, sale{legacyPremium, 5, r.location})
	c := x.customer(r, accept, sale{legacyPremium, 5, ""})
	x.assign(c.contracts[0], r.location, domain.PartnerAgreementNotSigned)
	x.sign(r, "Brazil", accept)
	x.assign(c.contracts[0], r.location, domain.PartnerAgreementNotSigned)
	x.do(feed(), signAgreement{r.tenant, region, x.at + 2*domain.Day}, domain.DateInFuture)
	x.sign(r, region, accept)
	x.sign(r, region, accept)
	x.assign(c.contracts[0], r.location, accept)
	x.enrol(r, region, domain.ResellerAlreadyEnrolled)
}

// expiry accepts one millisecond before a request expires, and at the very moment.
func expiry(x *scene) {
	r := x.reseller("Margie's Travel IT", "FR")
	late := x.request(r)
	asked := x.at
	x.when(asked)
	soon := x.request(r)
	x.when(asked+30*domain.Day-1).accept(r, soon, accept)
	x.when(asked+30*domain.Day).remove(r, accept)
	x.when(asked+30*domain.Day).accept(r, late, domain.RequestNotOpen)
	x.do(x.agent(), withdrawRequest{late, x.p.tenant, ""}, domain.RequestNotOpen)
}

// facts contradict what is known.
func facts(x *scene) {
	r := x.reseller("Fact Check IT", "PL")
	again := *x.p
	again.mpn, again.global = x.g.newMPN(), ""
	x.do(feed(), registerProvider{&again}, domain.ProviderAlreadyRegistered)
	third := again
	third.tenant, third.mpn = x.newID("provider"), r.location
	x.do(feed(), registerProvider{&third}, domain.MPNAlreadyRegistered)
	alphabetic := third
	alphabetic.mpn = "PROVIDER"
	x.do(feed(), registerProvider{&alphabetic}, domain.MPNNotNumeric)
	nobody := &reseller{tenant: x.newID("reseller"), name: "Nobody", country: "PL"}
	x.do(x.user(domain.GlobalAdmin), enrollReseller{nobody.tenant, "X", "PL", region, ""}, domain.RoleNotPermitted)
	x.fact(suspendReseller, nobody, domain.AccountNotFound)
	x.fact(reinstateReseller, nobody, domain.AccountNotFound)
	x.fact(deauthorizeReseller, nobody, domain.AccountNotFound)
	x.sign(nobody, region, domain.AccountNotFound)
	stranger := requestPartnership{x.newID("request"), nobody.tenant, r.email, "hello", ""}
	x.do(actor{"a@unknown.example", nobody.tenant, domain.AdminAgent}, stranger, domain.AccountNotFound)
	x.do(x.agent(), recordNotice{x.p.tenant, r.tenant, id{}, "email", x.at, ""}, domain.PartnershipNotFound)
	x.locate(nobody, x.g.newMPN(), accept)
	x.fact(suspendReseller, nobody, domain.ResellerNotEnrolled)
}
