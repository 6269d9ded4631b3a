package customer_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/customer"
	"github.com/partnerledger/partnerledger/domain/domaintest"
	"github.com/partnerledger/partnerledger/domain/partnerid"
)

var contact = customer.Contact{FirstName: domain.PersonalText("Gil"), LastName: domain.PersonalText("Dunn"),
	Email: domain.PersonalText("gil@winter.example"), PhoneNumber: domain.PersonalText("+353 21 1234")}

func adding() customer.AddCustomer {
	id := ofHill
	return customer.AddCustomer{Key: key, Company: customer.Company{Name: "Winter Press Ltd"}, Domain: "Winter.onmicrosoft.com",
		Billing: customer.Billing{Email: domain.PersonalText("billing@winter.example"), Culture: "en-IE", Language: "en",
			Address: customer.Address{AddressLine1: domain.PersonalText("Patrick Street 14"), City: "Cork", PostalCode: "T12 W8KP", Country: "IE",
				FirstName: domain.PersonalText("Gil"), LastName: domain.PersonalText("Dunn")}},
		ResellerTenantID: hill,
		Agreement:        &customer.Agreement{Contact: contact, DateAgreed: domain.DateOf(bought), TemplateID: "117a77b0-9360-443b-8795-c6dedc750cf9"},
		Order: &customer.Order{OrderID: "A1", Lines: []customer.OrderLine{
			{SubscriptionID: sub, OfferID: basic, OfferName: "Office", Quantity: 10, TermDuration: "P1Y", BillingCycle: "monthly", MPNID: &id},
			{SubscriptionID: another, OfferID: legacy, OfferName: "Office", Quantity: 301, TermDuration: "P1Y", BillingCycle: "monthly"},
		}}}
}

// saying is adding with something else said; the order is its own, so that it can be changed too.
func saying(say ...func(*customer.AddCustomer)) customer.AddCustomer {
	c := adding()
	for _, s := range say {
		s(&c)
	}
	return c
}

func without(c *customer.AddCustomer) { c.Order = nil }

func direct(c *customer.AddCustomer) { c.ResellerTenantID = "" }

// added are the events of AddCustomer before those of its order.
func added(c customer.AddCustomer) []domain.Event {
	events := one(customer.CustomerAdded{Key: key, CompanyName: c.Company.Name, RegistrationNumber: c.Company.RegistrationNumber,
		Domain: c.Domain, Billing: c.Billing})
	grantee := northwind
	if c.ResellerTenantID != "" {
		grantee = c.ResellerTenantID
		events = append(events, customer.CustomerAssociatedWithReseller{Key: key, ResellerTenantID: grantee})
	}
	return append(events, customer.DelegatedAdminPrivilegesGranted{Key: key, GranteeTenantID: grantee, Kind: customer.DAP},
		customer.CustomerAgreementConfirmed{Key: key, Contact: contact, DateAgreed: c.Agreement.DateAgreed, TemplateID: c.Agreement.TemplateID})
}

func reserved(k customer.Key) customer.DomainClaimed {
	return customer.DomainClaimed{Domain: "Winter.onmicrosoft.com", Key: k}
}

func TestAddCustomer(t *testing.T) {
	claims := []domain.Claim{reserved(key)}
	whole := slices.Concat(added(adding()), one(customer.OrderSubmitted{Key: key, OrderID: "A1", Lines: 2},
		purchased(sub, basic, 10), assigned(sub, ofHill, hill, customer.SourcePurchase), purchased(another, legacy, 301)))
	registered := saying(without, func(c *customer.AddCustomer) {
		c.Company.RegistrationNumber, c.Billing.Address.Country = "12-345", "HU"
		c.Billing.Address.PhoneNumber = domain.PersonalText("+36 1 234")
	})
	alone := saying(without, direct)

	domaintest.Run(t, rules, []domaintest.Case{
		{Name: "with its first order", Given: partners(), At: bought, When: adding(), Then: whole, Claims: claims},
		{Name: "of the provider itself", Given: partners(), At: bought, When: alone, Then: added(alone), Claims: claims},
		{Name: "in a country that registers", Given: partners(), At: bought, When: registered, Then: added(registered), Claims: claims},
		{Name: "the domain is reserved for it already", Given: and(partners(), given(start, reserved(key))), At: bought, When: alone, Then: added(alone)},
		{Name: "a suspended location of another reseller", Given: and(partners(), given(start, suspended(dale))), At: bought, When: adding(),
			Then: whole, Claims: claims},
	})
}

func TestAddCustomerRefusesInOrder(t *testing.T) {
	type c = customer.AddCustomer
	onRecord := idFaults(bought, func(c *c, id domain.MPNID) { c.Order.Lines[0].MPNID = &id })
	company := []fault[c]{
		{code: domain.QuantityOutOfRange, say: func(c *c) { c.Order.Lines[0].Quantity = 301 }},
		{code: domain.SubscriptionIDInUse, say: func(c *c) { c.Order.Lines = append(c.Order.Lines[1:], c.Order.Lines[1], c.Order.Lines[0]) }},
		{code: domain.AgreementDateInFuture, say: func(c *c) { c.Agreement.DateAgreed = domain.DateOf(bought + domain.Day) }},
		{code: domain.CustomerAgreementMissing, say: func(c *c) { c.Agreement = nil }},
		{code: domain.ResellerSuspended, given: one(suspended(hill))},
		{code: domain.ResellerDeauthorized, given: one(deauthorized(hill))},
		{code: domain.PartnershipNotActive, given: one(removed(hill))},
		{code: domain.RegistrationNumberNotSupported, say: func(c *c) { c.Company.RegistrationNumber = "12-345" }},
		{code: domain.PhoneNumberMissing, say: func(c *c) { c.Billing.Address.Country = "HU" }},
		{code: domain.RegistrationNumberMissing, say: func(c *c) { c.Company.RegistrationNumber = "" }},
		{code: domain.BillingEmailNotAllowed, say: func(c *c) { c.Billing.Email = domain.PersonalText("me@Northwind.Example") }},
		{code: domain.EmailInvalid, say: func(c *c) { c.Billing.Email = domain.PersonalText("me@northwind") }},
		{code: domain.DomainTaken, given: one(reserved(customer.Key{ProviderTenantID: northwind, CustomerTenantID: dale}))},
		{code: domain.DomainInvalid, say: func(c *c) { c.Domain = "winter.example" }},
		{code: domain.CompanyNameInvalid, say: func(c *c) { c.Company.Name = " GmbH. " }},
		{code: domain.CustomerAlreadyExists, given: one(customer.CustomerAdded{Key: key})},
	}
	good := domaintest.Case{Given: partners(), At: bought, When: saying(direct), Claims: []domain.Claim{reserved(key)},
		Then: append(added(saying(direct)), customer.OrderSubmitted{Key: key, OrderID: "A1", Lines: 2},
			purchased(sub, basic, 10), assigned(sub, ofHill, hill, customer.SourcePurchase), purchased(another, legacy, 301))}
	designated := fault[c]{code: domain.MPNNotNumeric, say: func(c *c) { c.ResellerTenantID = hill }}
	refusesInOrder(t, good, slices.Concat(onRecord, []fault[c]{designated}, company)...)
}

func TestAddCustomerPutsItsRefusalsInWords(t *testing.T) {
	first := "The indirect reseller must have a partnership with you before you add a customer for it."
	onRecord := func(id domain.MPNID) customer.AddCustomer {
		return saying(direct, func(c *customer.AddCustomer) { c.Order.Lines[0].MPNID = &id })
	}
	taken := given(start, customer.DomainClaimed{Domain: "winter.ONMICROSOFT.com", Key: customer.Key{ProviderTenantID: dale, CustomerTenantID: winter}})
	domaintest.Run(t, rules, []domaintest.Case{
		{Name: "the reseller designated has no partnership", Given: and(partners(), given(start, removed(hill))), At: bought, When: adding(),
			Refused: domain.PartnershipNotActive, Says: first},
		{Name: "the reseller on record has none", Given: and(partners(), given(start, removed(dale))), At: bought, When: onRecord(ofDale),
			Refused: domain.PartnershipNotActive, Says: first},
		{Name: "the agreement isn't signed", Given: partners(), At: bought, When: onRecord(ofDale), Refused: domain.PartnerAgreementNotSigned,
			Says: "MPN Id 2000002 has not signed Microsoft Partner Agreement (MPA) for the CSP region where the order is being placed. " +
				"Please advise your reseller to sign MPA to continue with the order."},
		{Name: "another provider's customer has the domain", Given: and(partners(), taken), At: bought, When: adding(), Refused: domain.DomainTaken,
			Says: "The domain Winter.onmicrosoft.com is already in use."},
		{Name: "the agreement is of today in UTC", Given: partners(), At: bought - bought%domain.Day, When: adding(), Then: slices.Concat(added(adding()),
			one(customer.OrderSubmitted{Key: key, OrderID: "A1", Lines: 2}, purchased(sub, basic, 10),
				assigned(sub, ofHill, hill, customer.SourcePurchase), purchased(another, legacy, 301))), Claims: []domain.Claim{reserved(key)}},
	})
}

func TestPlaceOrder(t *testing.T) {
	id := second
	when := customer.PlaceOrder{Key: key, OrderID: "A2", Channel: "partnerCenter", Lines: []customer.OrderLine{
		{SubscriptionID: another, OfferID: basic, OfferName: "Office", Quantity: 300, TermDuration: "P1Y", BillingCycle: "monthly", MPNID: &id}}}
	bought := purchased(another, basic, 300)
	bought.OrderID = "A2"
	good := domaintest.Case{Given: business(legacy), At: later, When: when, Then: one(
		customer.OrderSubmitted{Key: key, OrderID: "A2", Lines: 1, Channel: "partnerCenter"}, bought,
		assigned(another, second, hill, customer.SourcePurchase))}

	type c = customer.PlaceOrder
	onRecord := idFaults(later, func(c *c, id domain.MPNID) { c.Lines = slices.Clone(c.Lines); c.Lines[0].MPNID = &id })
	refusesInOrder(t, good, append(onRecord,
		fault[c]{code: domain.QuantityOutOfRange, say: func(c *c) { c.Lines[0].Quantity = 0 }},
		fault[c]{code: domain.SubscriptionIDInUse, say: func(c *c) { c.Lines[0].SubscriptionID = sub }},
		fault[c]{code: domain.OrderIDInUse, say: func(c *c) { c.OrderID = "A1" }},
		fault[c]{code: domain.CustomerNotFound, say: func(c *c) { c.CustomerTenantID = dale }},
		fault[c]{code: domain.ChannelNotAllowed, say: func(c *c) { c.Channel = "azurePortal" }})...)
}

// Each line is checked in turn: the fault of the first line is named, though that of the second comes first.
func TestLinesAreCheckedInTurn(t *testing.T) {
	bad := domain.MPNID("x")
	domaintest.Run(t, rules, []domaintest.Case{{Name: "id on the first line, number on the second", Given: partners(), At: bought,
		When: saying(direct, func(c *customer.AddCustomer) {
			c.Order.Lines[0].MPNID, c.Order.Lines[1].Quantity = &bad, 0
		}), Refused: domain.MPNNotNumeric}})
}

// An order of a hundred lines for a hundred partners is decided in a few rounds of asking.
func TestALargeOrderAsksFewTimes(t *testing.T) {
	world, order := partners(), customer.Order{OrderID: "A1"}
	then := added(saying(direct))
	then = append(then, customer.OrderSubmitted{Key: key, OrderID: "A1", Lines: 100})
	for i := range 100 {
		tenant, id := domain.TenantID(fmt.Sprint("t", i)), domain.MPNID(fmt.Sprint(7000+i))
		world = and(world, given(start, claimed(id, partnerid.Location, tenant), located(tenant, id), enrolled(tenant), signed(tenant, "Europe"), accepted(tenant)))
		bought := purchased(domain.SubscriptionID(id), legacy, 1)
		order.Lines = append(order.Lines, customer.OrderLine{SubscriptionID: bought.SubscriptionID, OfferID: legacy, OfferName: bought.OfferName,
			Quantity: 1, TermDuration: bought.TermDuration, BillingCycle: bought.BillingCycle, MPNID: &id})
		then = append(then, bought, assigned(bought.SubscriptionID, id, tenant, customer.SourcePurchase))
	}
	rounds := 0
	counting := domaintest.Rules{Folds: rules.Folds, Decide: func(f *domain.Facts, in domain.Intent) (domain.Decision, error) {
		rounds++
		return rules.Decide(f, in)
	}}
	c := saying(direct, func(c *customer.AddCustomer) { c.Order = &order })
	domaintest.Run(t, counting, []domaintest.Case{{Name: "accepted", Given: world, At: bought, When: c, Claims: []domain.Claim{reserved(key)}, Then: then}})
	if rounds > 8 {
		t.Errorf("decided %d times, of which it was said twice", rounds)
	}
}
