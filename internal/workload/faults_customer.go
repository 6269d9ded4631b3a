package workload

import (
	"strings"

	"github.com/partnerledger/partnerledger/domain"
)

// adding is the fault of adding a customer with this change to a form that would be accepted.
func (g *generator) adding(change func(*addCustomer), code domain.Code) *fault {
	p := g.providers[0]
	pair := g.otherPartnership(p, nil)
	if pair == nil {
		return nil
	}
	form := g.newCustomerForm(p, g.strayID("customer"), refusedCompanies+g.count.commands, pick(g.chance, lands[:8]).country)
	form.reseller = pair.reseller.tenant
	form.order, form.lines = g.strayID("order").String(), []orderLine{g.strayLine()}
	change(form)
	return &fault{g.clerk(p), form, code}
}

func takenDomain(g *generator, _ *customer, _ *subscription) *fault {
	other := pick(g.chance, g.customers)
	taken := g.company(other.number, other.country).slug + ".onmicrosoft.com"
	if g.likely(0.3) {
		taken = strings.ToUpper(taken)
	}
	return g.adding(func(w *addCustomer) { w.domain = taken }, domain.DomainTaken)
}

func wrongDomain(g *generator, _ *customer, _ *subscription) *fault {
	return g.adding(func(w *addCustomer) {
		w.domain = pick(g.chance, []string{"", "two words.onmicrosoft.com", ".onmicrosoft.com", w.domain + ".example"})
	}, domain.DomainInvalid)
}

func poorName(g *generator, _ *customer, _ *subscription) *fault {
	name := pick(g.chance, []string{"LLC", "Inc.", "GmbH", "---", "X", "   ", "!?"})
	return g.adding(func(w *addCustomer) { w.company = name }, domain.CompanyNameInvalid)
}

func wrongBillingEmail(g *generator, _ *customer, _ *subscription) *fault {
	host := pick(g.chance, []string{"microsoft.com", "Microsoft.com", g.providers[0].domain})
	return g.adding(func(w *addCustomer) { w.billingEmail = "billing@" + host }, domain.BillingEmailNotAllowed)
}

// wrongRegistration leaves out what is asked for in some countries, or gives what isn't asked for in others.
func wrongRegistration(g *generator, _ *customer, _ *subscription) *fault {
	switch roll := g.Float64(); {
	case roll < 0.35:
		return g.adding(func(w *addCustomer) { w.country, w.billingTelephone = "HU", "+3662555010" }, domain.RegistrationNumberMissing)
	case roll < 0.7:
		return g.adding(func(w *addCustomer) {
			w.country, w.registrationNumber, w.billingTelephone = "HU", "12345678-2-41", ""
		}, domain.PhoneNumberMissing)
	default:
		return g.adding(func(w *addCustomer) { w.registrationNumber = "12345678" }, domain.RegistrationNumberNotSupported)
	}
}

func wrongAgreement(g *generator, _ *customer, _ *subscription) *fault {
	if g.likely(0.5) {
		return g.adding(func(w *addCustomer) { w.agreed = nil }, domain.CustomerAgreementMissing)
	}
	later := domain.DateOf(g.now + domain.Day*g.between(1, 20))
	return g.adding(func(w *addCustomer) { w.agreed.date = later }, domain.AgreementDateInFuture)
}

func addForInactive(g *generator, _ *customer, _ *subscription) *fault {
	pair := g.inactivePartnership(g.providers[0])
	if pair == nil {
		return nil
	}
	return g.adding(func(w *addCustomer) { w.reseller = pair.reseller.tenant }, domain.PartnershipNotActive)
}

func addTooMany(g *generator, _ *customer, _ *subscription) *fault {
	quantity := pick(g.chance, []int{0, 301, 5000})
	return g.adding(func(w *addCustomer) { w.lines[0].quantity = quantity }, domain.QuantityOutOfRange)
}

func customerTwice(g *generator, c *customer, _ *subscription) *fault {
	if c.provider != g.providers[0] {
		return nil
	}
	return g.adding(func(w *addCustomer) { w.customer = c.tenant }, domain.CustomerAlreadyExists)
}

func associateInactive(g *generator, c *customer, _ *subscription) *fault {
	pair := g.inactivePartnership(c.provider)
	if pair == nil {
		return nil
	}
	return &fault{g.clerk(c.provider), association{c.account(), pair.reseller.tenant, false}, domain.PartnershipNotActive}
}

func dissociateOther(g *generator, c *customer, _ *subscription) *fault {
	pair := g.otherPartnership(c.provider, c.reseller)
	if pair == nil {
		return nil
	}
	return &fault{g.clerk(c.provider), association{c.account(), pair.reseller.tenant, true}, domain.CustomerNotAssociated}
}

// wrongPrivileges grants what is open already, or for ever; or revokes what isn't open.
func wrongPrivileges(g *generator, c *customer, _ *subscription) *fault {
	by, holder := g.as(c.provider, domain.AdminAgent), c.grantee(c.reseller)
	roles := granularRoles[:1]
	switch roll := g.Float64(); {
	case c.open(gdap, c.reseller, g.now):
		return &fault{by, grantPrivileges{c.account(), holder, gdap, roles, "P30D"}, domain.PrivilegesAlreadyGranted}
	case roll < 0.4:
		return &fault{by, revokePrivileges{c.account(), holder, gdap, ""}, domain.PrivilegesNotFound}
	case roll < 0.6:
		return &fault{by, grantPrivileges{c.account(), g.strayID("grantee"), dap, nil, ""}, domain.GranteeNotFound}
	default:
		duration := pick(g.chance, []string{"P731D", "P2Y", "P0D", ""})
		return &fault{by, grantPrivileges{c.account(), holder, gdap, roles, duration}, domain.GDAPTermsInvalid}
	}
}
