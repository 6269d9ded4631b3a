package reseller_test

import (
	"testing"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/domaintest"
	"github.com/partnerledger/partnerledger/domain/reseller"
)

const notEnrolled = "Requested MPN Id 1062006 is not associated with any CSP Indirect Reseller account in Partner Center. " +
	"Please advise your reseller to enroll into the CSP program as an indirect reseller."

// second is a location with a higher id, so that the sentence has two to choose from.
var second = reseller.PartnerLocationRegistered{ResellerTenantID: hill, MPNID: "2000000", Name: "Hill Networks Galway", Country: "IE"}

func TestSuspendReseller(t *testing.T) {
	when := reseller.SuspendReseller{ResellerTenantID: hill, Reason: "identity check is overdue"}
	domaintest.Run(t, rules, []domaintest.Case{
		{Name: "suspended", Given: known(enrolled), At: at, When: when, Then: []domain.Event{suspended}},
		{Name: "suspended after a reinstatement", Given: known(enrolled, suspended, reinstated), At: at, When: when, Then: []domain.Event{suspended}},
		{Name: "suspended already", Given: known(enrolled, suspended), At: at, When: when},
		{Name: "unknown account", At: at, When: when, Refused: domain.AccountNotFound},
		{Name: "not enrolled", Given: known(second, located), At: at, When: when, Refused: domain.ResellerNotEnrolled, Says: notEnrolled},
		{Name: "deauthorized", Given: known(enrolled, deauthorized), At: at, When: when, Refused: domain.ResellerDeauthorized},
		{Name: "deauthorized comes before suspended already", Given: known(enrolled, suspended, deauthorized), At: at, When: when,
			Refused: domain.ResellerDeauthorized},
	})
}

func TestReinstateReseller(t *testing.T) {
	when := reseller.ReinstateReseller{ResellerTenantID: hill, Reason: "identity check passed"}
	domaintest.Run(t, rules, []domaintest.Case{
		{Name: "reinstated", Given: known(enrolled, suspended), At: at, When: when, Then: []domain.Event{reinstated}},
		{Name: "never suspended", Given: known(enrolled), At: at, When: when},
		{Name: "reinstated already", Given: known(enrolled, suspended, reinstated), At: at, When: when},
		{Name: "unknown account", At: at, When: when, Refused: domain.AccountNotFound},
		{Name: "not enrolled", Given: known(located), At: at, When: when, Refused: domain.ResellerNotEnrolled, Says: notEnrolled},
		{Name: "deauthorized", Given: known(enrolled, suspended, deauthorized), At: at, When: when, Refused: domain.ResellerDeauthorized},
	})
}

func TestDeauthorizeReseller(t *testing.T) {
	when := reseller.DeauthorizeReseller{ResellerTenantID: hill, Reason: "twelve months without revenue"}
	domaintest.Run(t, rules, []domaintest.Case{
		{Name: "deauthorized", Given: known(enrolled), At: at, When: when, Then: []domain.Event{deauthorized}},
		{Name: "while suspended", Given: known(enrolled, suspended), At: at, When: when, Then: []domain.Event{deauthorized}},
		{Name: "deauthorized already", Given: known(enrolled, deauthorized), At: at, When: when},
		{Name: "unknown account", At: at, When: when, Refused: domain.AccountNotFound},
		{Name: "not enrolled", Given: known(located), At: at, When: when, Refused: domain.ResellerNotEnrolled, Says: notEnrolled},
	})
}

func TestAnotherAggregatesCommandIsAFault(t *testing.T) {
	_, err := reseller.Decide(reseller.State{}, domain.NewFacts(nil), domain.Intent{Command: stranger{}})
	if want := "aggregate reseller was asked to decide Stranger, which isn't one of its commands"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

type stranger struct{}

func (stranger) CommandType() string     { return "Stranger" }
func (stranger) Target() domain.Stream   { return domain.Stream{Category: reseller.Category} }
func (stranger) Parties() domain.Parties { return domain.Parties{} }

func TestFoldLeavesTheStateItStartsFrom(t *testing.T) {
	before := reseller.Fold.Apply(reseller.State{}, domain.Happened{At: 1, Event: located}, domain.Happened{At: 2, Event: signed})
	after := reseller.Fold.Apply(before, domain.Happened{At: 3, Event: deleted}, domain.Happened{At: 4, Event: second})
	if before.Locations[cork].Deleted != nil || len(before.Locations) != 1 {
		t.Errorf("the state before changed: %+v", before)
	}
	if after.Locations[cork].Deleted == nil || len(after.Locations) != 2 {
		t.Errorf("the state after lacks something: %+v", after)
	}
}

func TestAnAgreementCountsFromItsFirstSigning(t *testing.T) {
	s := reseller.Fold.Apply(reseller.State{}, domain.Happened{At: 3, Event: signed}, domain.Happened{At: 4, Event: signed})
	if s.Agreements["Europe"] != 3 {
		t.Errorf("signed since %v, want 3", s.Agreements["Europe"])
	}
}
