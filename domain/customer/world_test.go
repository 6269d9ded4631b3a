package customer_test

import (
	"fmt"
	"testing"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/customer"
	"github.com/partnerledger/partnerledger/domain/domaintest"
	"github.com/partnerledger/partnerledger/domain/partnerid"
	"github.com/partnerledger/partnerledger/domain/partnership"
	"github.com/partnerledger/partnerledger/domain/provider"
	"github.com/partnerledger/partnerledger/domain/reseller"
)

// The people of all these tests. Hill is a partner as it should be; Dale hasn't signed the agreement;
// Stray has a location but was never enrolled.
const (
	northwind = domain.TenantID("4b908c9a-e2eb-4713-a8c1-2d429a55b123")
	winter    = domain.TenantID("f8a426eb-ff6d-47d1-92b1-d3118ab19b14")
	hill      = domain.TenantID("6628166e-221e-46b4-b97d-94d327067ed7")
	dale      = domain.TenantID("1ae50b3e-9437-49e1-97e2-495a6c781274")
	stray     = domain.TenantID("2ce31f5c-98a1-4d49-8df0-9ab23f01c35c")

	own, global    = domain.MPNID("412648"), domain.MPNID("420567")
	ofHill, second = domain.MPNID("1062006"), domain.MPNID("1062007")
	ofDale         = domain.MPNID("2000002")
	ofStray        = domain.MPNID("3000003")

	legacy   = "5e0b1c2a-0000-4a00-8000-000000000003" // Office 365 Enterprise E1: no cap
	legacyE3 = "5e0b1c2a-0000-4a00-8000-000000000004"
	basic    = "CFQ7TTC0LH18:0001:CFQ7TTC0K971" // NCE, 300 at most
	standard = "EXBUSSTD0002:0001:EXAVBUSSTD02"

	sub     = domain.SubscriptionID("41e9dd9a-7e41-4715-a925-167cf2905d84")
	another = domain.SubscriptionID("026bca7b-d288-45cc-b0d2-c4acfae454c6")

	start  = domain.Instant(1627894245773) // when the partners were found
	bought = start + domain.Day            // when the customer came
	later  = bought + 30*domain.Day
)

var (
	key = customer.Key{ProviderTenantID: northwind, CustomerTenantID: winter}

	rules = domaintest.Rules{Decide: domain.Deciding(customer.Fold, customer.Decide), Folds: []domain.AnyFold{
		provider.Fold, partnerid.Fold, reseller.Fold, partnership.Fold, customer.Fold, customer.DomainFold}}
)

// streamOf says in which stream an event stands.
func streamOf(e domain.Event) domain.Stream {
	switch e := e.(type) {
	case domain.Claim:
		return e.Reserves()
	case provider.ProviderRegistered:
		return provider.Stream(e.ProviderTenantID)
	case reseller.ResellerEnrolled:
		return reseller.Stream(e.ResellerTenantID)
	case reseller.PartnerLocationRegistered:
		return reseller.Stream(e.ResellerTenantID)
	case reseller.PartnerLocationDeleted:
		return reseller.Stream(e.ResellerTenantID)
	case reseller.PartnerAgreementSigned:
		return reseller.Stream(e.ResellerTenantID)
	case reseller.ResellerSuspended:
		return reseller.Stream(e.ResellerTenantID)
	case reseller.ResellerDeauthorized:
		return reseller.Stream(e.ResellerTenantID)
	case partnership.PartnershipAccepted:
		return partnership.Stream(e.ProviderTenantID, e.ResellerTenantID)
	case partnership.PartnershipRemoved:
		return partnership.Stream(e.ProviderTenantID, e.ResellerTenantID)
	case interface{ Stream() domain.Stream }:
		return e.Stream()
	default:
		panic(fmt.Sprintf("no stream for %T", e))
	}
}

// given is what was recorded at that moment.
func given(at domain.Instant, events ...domain.Event) (given []domaintest.Given) {
	for _, e := range events {
		given = append(given, domaintest.Given{Stream: streamOf(e), At: at, Event: e})
	}
	return given
}

func and(lists ...[]domaintest.Given) (all []domaintest.Given) {
	for _, l := range lists {
		all = append(all, l...)
	}
	return all
}

func claimed(id domain.MPNID, kind partnerid.Kind, tenant domain.TenantID) domain.Event {
	return partnerid.PartnerIDClaimed{MPNID: id, Kind: kind, TenantID: tenant, OwnerCategory: reseller.Category}
}

func located(tenant domain.TenantID, id domain.MPNID) domain.Event {
	return reseller.PartnerLocationRegistered{ResellerTenantID: tenant, MPNID: id, Name: "Cork", Country: "IE"}
}

func enrolled(tenant domain.TenantID) domain.Event {
	return reseller.ResellerEnrolled{ResellerTenantID: tenant, Name: "Hill Networks Ltd", Country: "IE", Region: "Europe"}
}

func signed(tenant domain.TenantID, region string) domain.Event {
	return reseller.PartnerAgreementSigned{ResellerTenantID: tenant, Region: region, SignedAt: start}
}

func accepted(tenant domain.TenantID) domain.Event {
	return partnership.PartnershipAccepted{ProviderTenantID: northwind, ResellerTenantID: tenant, RequestID: "9d282942", MPNID: ofHill}
}

func removed(tenant domain.TenantID) domain.Event {
	return partnership.PartnershipRemoved{ProviderTenantID: northwind, ResellerTenantID: tenant}
}

func suspended(tenant domain.TenantID) domain.Event {
	return reseller.ResellerSuspended{ResellerTenantID: tenant}
}

func deauthorized(tenant domain.TenantID) domain.Event {
	return reseller.ResellerDeauthorized{ResellerTenantID: tenant}
}

func deleted(tenant domain.TenantID, id domain.MPNID) domain.Event {
	return reseller.PartnerLocationDeleted{ResellerTenantID: tenant, MPNID: id}
}

// partners are all there before any customer.
func partners() []domaintest.Given {
	return given(start,
		provider.ProviderRegistered{ProviderTenantID: northwind, Name: "Northwind Distribution", Region: "Europe", MPNID: own, GlobalMPNID: global,
			Profile: provider.Profile{EmailDomain: "northwind.example"}},
		claimed(own, partnerid.Own, northwind), claimed(global, partnerid.Global, northwind),
		claimed(ofHill, partnerid.Location, hill), claimed(second, partnerid.Location, hill),
		located(hill, ofHill), located(hill, second), enrolled(hill), signed(hill, "Europe"), accepted(hill),
		claimed(ofDale, partnerid.Location, dale), located(dale, ofDale), enrolled(dale), signed(dale, "Brazil"), accepted(dale),
		claimed(ofStray, partnerid.Location, stray), located(stray, ofStray), accepted(stray),
	)
}

func purchased(id domain.SubscriptionID, offer string, quantity int) customer.SubscriptionPurchased {
	return customer.SubscriptionPurchased{Key: key, SubscriptionID: id, OrderID: "A1", OfferID: offer, OfferName: "Office", Quantity: quantity,
		TermDuration: "P1Y", BillingCycle: "monthly", SupportTenantID: northwind, SupportMPNID: own, SupportName: "Northwind Distribution"}
}

func assigned(id domain.SubscriptionID, mpn domain.MPNID, tenant domain.TenantID, source string) customer.ResellerOfRecordAssigned {
	return customer.ResellerOfRecordAssigned{Key: key, SubscriptionID: id, MPNID: mpn, ResellerTenantID: tenant, Source: source,
		PartnerAgreementSigned: source != customer.SourceUpgrade}
}

func cancelled() domain.Event { return customer.SubscriptionCancelled{Key: key, SubscriptionID: sub} }

// business is the partners and a customer associated with Hill, with one subscription of ten seats, on
// which Hill is on record.
func business(offer string) []domaintest.Given {
	return and(partners(), given(bought,
		customer.CustomerAdded{Key: key, CompanyName: "Winter Press Ltd", Domain: "winter.onmicrosoft.com"},
		customer.CustomerAssociatedWithReseller{Key: key, ResellerTenantID: hill},
		customer.OrderSubmitted{Key: key, OrderID: "A1", Lines: 1}, purchased(sub, offer, 10),
		assigned(sub, ofHill, hill, customer.SourcePurchase)))
}

// fault makes a command that would be accepted one that must be refused: by what happened before, or by
// what the command says.
type fault[C domain.Command] struct {
	code  domain.Code
	at    domain.Instant // of the events; zero: right before the command
	given []domain.Event
	say   func(c *C)
}

// refusesInOrder shows the order of the refusals: it begins with a case that is accepted and adds one
// fault after the other, from the last refusal to the first. Whichever was added last must be the one
// named, though all the later ones are there as well.
func refusesInOrder[C domain.Command](t *testing.T, good domaintest.Case, faults ...fault[C]) {
	t.Helper()
	if err := domaintest.Check(rules, good); err != nil {
		t.Errorf("%s without any fault: %v", good.When.CommandType(), err)
	}
	bad, when := domaintest.Case{Given: good.Given, At: good.At}, good.When.(C)
	for _, f := range faults {
		at := f.at
		if at == 0 {
			at = good.At
		}
		bad.Given = and(bad.Given, given(at, f.given...))
		if f.say != nil {
			f.say(&when)
		}
		bad.When, bad.Refused = when, f.code
		if err := domaintest.Check(rules, bad); err != nil {
			t.Errorf("%s, %s: %v", when.CommandType(), f.code, err)
		}
	}
}

// idFaults are those of the id that is to be on record, which say puts into the command.
func idFaults[C domain.Command](at domain.Instant, say func(c *C, id domain.MPNID)) []fault[C] {
	with := func(id domain.MPNID) func(*C) { return func(c *C) { say(c, id) } }
	return []fault[C]{
		{code: domain.PartnerAgreementNotSigned, say: with(ofDale)},
		{code: domain.ResellerSuspended, at: at, given: []domain.Event{suspended(dale)}},
		{code: domain.ResellerDeauthorized, at: at, given: []domain.Event{deauthorized(dale)}},
		{code: domain.PartnershipNotActive, at: at, given: []domain.Event{removed(dale)}},
		{code: domain.LocationDeleted, at: at, given: []domain.Event{deleted(dale, ofDale)}},
		{code: domain.MPNNotAReseller, say: with(ofStray)},
		{code: domain.MPNNotFound, say: with("0" + ofHill)},
		{code: domain.MPNIsGlobalAccount, say: with(global)},
		{code: domain.MPNIsProvidersOwn, say: with(own)},
		{code: domain.MPNNotNumeric, say: with("MPN1")},
	}
}

// one is a slice of one event, or of more.
func one(events ...domain.Event) []domain.Event { return events }
