package workload

import (
	"strings"

	"github.com/partnerledger/partnerledger/domain"
)

// retries send a command id again: with the same content the first answer holds, even if the state is
// another by now; with another content it is refused.
func retries(x *scene) {
	r, q := x.active("Relay Retry IT", "IE"), x.reseller("Second Thought IT", "IE")
	s := x.customer(r, accept, sale{legacyPremium, 10, r.location}).contracts[0]
	once, no, other := x.newID("command"), x.newID("command"), x.newID("command")
	x.as(once).quantity(s, 11, accept)
	x.quantity(s, 12, accept)
	x.in(domain.Hour).as(once).quantity(s, 11, accept)
	x.as(once).quantity(s, 13, domain.CommandIDReused)
	x.as(no).assign(s, q.location, domain.PartnershipNotActive)
	x.connect(q)
	x.as(no).assign(s, q.location, domain.PartnershipNotActive)
	x.as(other).assign(s, q.location, accept)
	x.as(no).assign(s, r.location, domain.CommandIDReused)
}

// atomicity refuses orders of which one line is wrong; nothing of them is left behind.
func atomicity(x *scene) {
	r := x.active("Coho Winery IT", "FR")
	good := sale{legacyPremium, 5, r.location}
	form := x.form(r, "DE", good, sale{legacyPremium, 301, r.location})
	x.add(form, domain.QuantityOutOfRange)
	c := account{form.provider, form.customer}
	x.order(c, domain.CustomerNotFound, x.line(sale{businessBasic, 5, ""}))
	fixed := form.copy()
	fixed.lines[1].quantity = 30
	x.add(fixed, accept)

	taken := x.form(r, "DE", good)
	taken.domain = strings.ToUpper(form.domain)
	x.add(taken, domain.DomainTaken)
	twice := x.form(r, "DE", good)
	twice.customer = form.customer
	x.add(twice, domain.CustomerAlreadyExists)
	x.do(x.agent(), placeOrder{c, form.order, []orderLine{x.line(good)}, ""}, domain.OrderIDInUse)
	known := x.line(good)
	known.subscription = form.lines[0].subscription
	x.order(c, domain.SubscriptionIDInUse, known)
	double := x.form(r, "DE", good, good)
	double.lines[1].subscription = double.lines[0].subscription
	x.add(double, domain.SubscriptionIDInUse)
	w := placeOrder{c, x.newID("order").String(), []orderLine{x.line(good)}, azurePortal}
	x.do(x.user(domain.UserManagementAdmin), w, domain.ChannelNotAllowed)
}

// wizard fills the form in wrongly, one field at a time.
func wizard(x *scene) {
	r := x.active("Wizard Works IT", "FR")
	good := sale{legacyPremium, 5, r.location}
	try := func(country string, refused domain.Code, change func(*addCustomer)) {
		w := x.form(r, country, good)
		change(w)
		x.add(w, refused)
	}
	for _, name := range []string{"A", "  ", "Inc.", "LLC", "***"} {
		try("DE", domain.CompanyNameInvalid, func(w *addCustomer) { w.company = name })
	}
	try("DE", accept, func(w *addCustomer) { w.company = "株式会社コホ" })
	for _, wrong := range []string{"coho winery.onmicrosoft.com", "cohowinery.example"} {
		try("DE", domain.DomainInvalid, func(w *addCustomer) { w.domain = wrong })
	}
	for _, email := range []string{"Billing@Microsoft.com", "x@" + strings.ToUpper(x.p.domain)} {
		try("DE", domain.BillingEmailNotAllowed, func(w *addCustomer) { w.billingEmail = email })
	}
	try("DE", domain.EmailInvalid, func(w *addCustomer) { w.billingEmail = "nobody" })
	try("HU", domain.RegistrationNumberMissing, func(w *addCustomer) { w.registrationNumber = "" })
	try("HU", domain.PhoneNumberMissing, func(w *addCustomer) { w.billingTelephone = "" })
	try("HU", accept, func(*addCustomer) {})
	try("DE", domain.RegistrationNumberNotSupported, func(w *addCustomer) { w.registrationNumber = "1" })
	try("DE", domain.CustomerAgreementMissing, func(w *addCustomer) { w.agreed = nil })
	tomorrow := domain.DateOf(x.upcoming() + domain.Day)
	try("DE", domain.AgreementDateInFuture, func(w *addCustomer) { w.agreed.date = tomorrow })
	x.do(x.user(domain.HelpdeskAgent), x.form(r, "DE", good), domain.RoleNotPermitted)
	// Without an order: the opening balance of a customer that has bought nothing.
	x.add(x.form(r, "DE"), accept)
}

// privileges are facts of their own, whatever the state of a partnership, and some expire.
func privileges(x *scene) {
	a, b := x.active("Northwind Admin IT", "ES"), x.reseller("Southridge Admin IT", "ES")
	sold := x.customer(a, accept, sale{legacyPremium, 5, a.location})
	c := sold.account
	owner := actor{"admin@" + sold.form.domain, c.customer, domain.GlobalAdmin}
	lesser := owner
	lesser.role = domain.AdminAgent
	users := []string{"User administrator"}
	x.grant(grantPrivileges{c, a.tenant, dap, nil, ""}, domain.PrivilegesAlreadyGranted)
	x.grant(grantPrivileges{c, b.tenant, dap, nil, ""}, accept)
	x.grant(grantPrivileges{c, x.newID("grantee"), dap, nil, ""}, domain.GranteeNotFound)
	x.do(owner, grantPrivileges{c, a.tenant, azureOwner, nil, ""}, accept)
	x.do(lesser, grantPrivileges{c, x.p.tenant, gdap, users, "P30D"}, domain.RoleNotPermitted)
	x.do(a.user(domain.GlobalAdmin), grantPrivileges{c, x.p.tenant, gdap, users, "P30D"}, domain.WrongTenant)
	for _, wrong := range []grantPrivileges{{roles: nil, duration: "P30D"}, {roles: []string{}, duration: "P30D"}, {roles: users},
		{roles: users, duration: "P731D"}, {roles: users, duration: "P0D"}, {roles: users, duration: "P1Y"}} {
		wrong.account, wrong.grantee, wrong.privilege = c, a.tenant, gdap
		x.grant(wrong, domain.GDAPTermsInvalid)
	}
	x.grant(grantPrivileges{c, b.tenant, azureOwner, nil, "P30D"}, domain.GDAPTermsInvalid)

	x.grant(grantPrivileges{c, a.tenant, gdap, []string{"Directory readers", "User administrator"}, "P1D"}, accept)
	granted := x.at
	x.when(granted+domain.Day-1).grant(grantPrivileges{c, a.tenant, gdap, users, "P30D"}, domain.PrivilegesAlreadyGranted)
	x.when(granted+domain.Day).revoke(c, a.tenant, gdap, domain.PrivilegesNotFound)
	x.grant(grantPrivileges{c, a.tenant, gdap, users, "P730D"}, accept)
	x.in(domain.Day).remove(a, accept)
	x.do(a.user(domain.AdminAgent), revokePrivileges{c, a.tenant, dap, ""}, accept)
	x.revoke(c, a.tenant, dap, domain.PrivilegesNotFound)
	x.do(owner, revokePrivileges{c, b.tenant, dap, "not used"}, accept)
}

// personalData is erased, also a second time; the association ends.
func personalData(x *scene) {
	a, b := x.active("Forget Me IT", "ES"), x.active("Remember Me IT", "ES")
	c := x.customer(a, accept, sale{legacyPremium, 5, a.location}).account
	x.do(x.user(domain.SalesAgent), forgetContact{c, ""}, domain.RoleNotPermitted)
	x.do(x.agent(), forgetContact{c, "request of the person"}, accept)
	x.in(domain.Day).do(x.user(domain.GlobalAdmin), forgetContact{c, ""}, accept)
	x.do(x.agent(), association{c, b.tenant, true}, domain.CustomerNotAssociated)
	x.do(x.agent(), association{c, a.tenant, true}, accept)
	x.do(x.agent(), association{c, a.tenant, true}, domain.CustomerNotAssociated)
}
