package workload

import "github.com/partnerledger/partnerledger/domain"

// agreementTemplate is the vendor's template of the customer agreement.
const agreementTemplate = "117a77b0-9360-443b-8795-c6dedc750cf9"

// addCustomer is the form of the wizard; scenes and faults change a copy of it before it is sent.
type addCustomer struct {
	provider, customer                    id
	company, registrationNumber, domain   string
	billingEmail, culture, language       string
	street, city, postalCode, country     string
	firstName, lastName, billingTelephone string
	reseller                              id
	// agreed is nil where nobody agreed to anything.
	agreed *agreement
	order  string
	lines  []orderLine
}

// agreement is who accepted the customer agreement, and on which day.
type agreement struct {
	contact contact
	date    domain.Date
}

type contact struct{ firstName, lastName, email, telephone string }

// orderLine is a subscription as it is bought; mpn is empty where no reseller is to be on record.
type orderLine struct {
	subscription id
	offer        *offer
	quantity     int
	term         term
	mpn          domain.MPNID
}

func (c contact) put(f fields) fields {
	return f.open("contact").text("firstName", c.firstName).text("lastName", c.lastName).
		text("email", c.email).maybe("phoneNumber", c.telephone).close()
}

func (a agreement) put(f fields) fields {
	return a.contact.put(f).text("dateAgreed", string(a.date)).text("templateId", agreementTemplate)
}

func (l orderLine) put(f fields) fields {
	return f.id("subscriptionId", l.subscription).text("offerId", l.offer.id).text("offerName", l.offer.name).
		number("quantity", l.quantity).text("termDuration", l.term.duration).text("billingCycle", l.term.billing).
		maybe("mpnId", string(l.mpn))
}

func putLines(f fields, lines []orderLine) fields {
	f = append(f.key("lines"), '[')
	for _, l := range lines {
		f = l.put(append(f.comma(), '{')).close()
	}
	return append(f, ']')
}

func (*addCustomer) kind() string { return "AddCustomer" }
func (w *addCustomer) put(f fields) fields {
	f = f.id("providerTenantId", w.provider).id("customerTenantId", w.customer)
	f = f.open("company").text("name", w.company).maybe("registrationNumber", w.registrationNumber).close()
	f = f.text("domain", w.domain).open("billing").text("email", w.billingEmail).text("culture", w.culture).text("language", w.language)
	f = f.open("address").text("addressLine1", w.street).text("city", w.city).text("postalCode", w.postalCode).text("country", w.country).
		text("firstName", w.firstName).text("lastName", w.lastName).maybe("phoneNumber", w.billingTelephone).close().close()
	f = f.maybeID("resellerTenantId", w.reseller)
	if w.agreed != nil {
		f = w.agreed.put(f.open("agreement")).close()
	}
	if len(w.lines) > 0 {
		f = putLines(f.open("order").text("orderId", w.order), w.lines).close()
	}
	return f
}

// copy is the form once more, to be changed without changing this one.
func (w *addCustomer) copy() *addCustomer {
	c := *w
	c.lines = append([]orderLine(nil), w.lines...)
	if w.agreed != nil {
		agreed := *w.agreed
		c.agreed = &agreed
	}
	return &c
}

// account names a customer of a provider.
type account struct{ provider, customer id }

func (a account) put(f fields) fields {
	return f.id("providerTenantId", a.provider).id("customerTenantId", a.customer)
}

// association ties a customer to a reseller, or unties it.
type association struct {
	account  account
	reseller id
	ends     bool
}

func (w association) kind() string {
	if w.ends {
		return "DissociateCustomerFromReseller"
	}
	return "AssociateCustomerWithReseller"
}
func (w association) put(f fields) fields { return w.account.put(f).id("resellerTenantId", w.reseller) }

type grantPrivileges struct {
	account   account
	grantee   id
	privilege string
	roles     []string
	duration  string
}

// The kinds of privileges.
const (
	dap        = "DAP"
	gdap       = "GDAP"
	azureOwner = "AzureTenantOwner"
)

func (grantPrivileges) kind() string { return "GrantDelegatedAdminPrivileges" }
func (w grantPrivileges) put(f fields) fields {
	f = w.account.put(f).id("granteeTenantId", w.grantee).text("kind", w.privilege)
	if w.roles != nil {
		f = f.list("roles", w.roles)
	}
	return f.maybe("duration", w.duration)
}

type revokePrivileges struct {
	account           account
	grantee           id
	privilege, reason string
}

func (revokePrivileges) kind() string { return "RevokeDelegatedAdminPrivileges" }
func (w revokePrivileges) put(f fields) fields {
	return w.account.put(f).id("granteeTenantId", w.grantee).text("kind", w.privilege).maybe("reason", w.reason)
}

type confirmAgreement struct {
	account account
	agreed  agreement
}

func (confirmAgreement) kind() string          { return "ConfirmCustomerAgreement" }
func (w confirmAgreement) put(f fields) fields { return w.agreed.put(w.account.put(f)) }

type forgetContact struct {
	account account
	reason  string
}

func (forgetContact) kind() string          { return "ForgetContact" }
func (w forgetContact) put(f fields) fields { return w.account.put(f).maybe("reason", w.reason) }
