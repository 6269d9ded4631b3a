package customer_test

import (
	"testing"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/customer"
	"github.com/partnerledger/partnerledger/domain/domaintest"
	"github.com/partnerledger/partnerledger/domain/legalhold"
	"github.com/partnerledger/partnerledger/domain/provider"
)

// onCustomer are facts in the customer's stream, onProvider in the provider's.
func onCustomer(facts ...domain.Event) (given []domaintest.Given) {
	for _, e := range facts {
		given = append(given, domaintest.Given{Stream: key.Stream(), At: later, Event: e})
	}
	return given
}

func onProvider(facts ...domain.Event) (given []domaintest.Given) {
	for _, e := range facts {
		given = append(given, domaintest.Given{Stream: provider.Stream(northwind), At: later, Event: e})
	}
	return given
}

// TestErasure: it takes a reason, two people, and no hold on the customer or its provider.
func TestErasure(t *testing.T) {
	const kim, lee = "kim@northwind.example", "lee@northwind.example"
	by := func(name string) domain.Actor { return domain.Actor{UserPrincipalName: name} }
	asked := customer.ContactErasureRequested{Key: key, ErasureID: "e1", Reason: "asked by the person", RequestedBy: kim}
	approved := customer.ContactErasureApproved{Key: key, ErasureID: "e1", RequestedBy: kim, Approver: lee}
	gone := customer.ContactForgotten{Key: key, Reason: "asked by the person"}
	held := legalhold.LegalHoldPlaced{Scope: legalhold.Scope{ProviderTenantID: northwind, CustomerTenantID: winter}, HoldID: "h1", Reason: "claim 17"}
	all := legalhold.LegalHoldPlaced{Scope: legalhold.Scope{ProviderTenantID: northwind}, HoldID: "h2", Reason: "claim 18"}
	lifted, allLifted := legalhold.LegalHoldLifted(held), legalhold.LegalHoldLifted(all)
	request, approve := customer.RequestContactErasure{Key: key, Reason: "asked by the person"}, customer.ApproveContactErasure{Key: key, ErasureID: "e1"}
	withdraw := customer.WithdrawContactErasure{Key: key, ErasureID: "e1", Reason: "a mistake"}
	known := business(legacy)
	rules := domaintest.Rules{Decide: domain.Deciding(customer.Fold, func(s customer.State, f *domain.Facts, in domain.Intent) (domain.Decision, error) {
		if _, historic := in.Command.(customer.ForgetContact); historic {
			return customer.Decide(s, f, in)
		}
		return customer.DecideErasure(s, f, in)
	}), Folds: rules.Folds}

	domaintest.Run(t, rules, []domaintest.Case{
		{Name: "requested", Given: known, At: later, Actor: by(kim), When: request,
			Then: []domain.Event{customer.ContactErasureRequested{Key: key, ErasureID: "first", Reason: "asked by the person", RequestedBy: kim}}},
		{Name: "of a stranger", At: later, Actor: by(kim), When: request, Refused: domain.CustomerNotFound},
		{Name: "without a reason", Given: known, At: later, When: customer.RequestContactErasure{Key: key, Reason: " "}, Refused: customer.ReasonMissing},
		{Name: "requested twice", Given: and(known, onCustomer(asked)), At: later, When: request, Refused: customer.ErasureAlreadyRequested,
			Says: "The erasure e1 was requested by kim@northwind.example and awaits the approval of somebody else; approve it or withdraw it."},
		{Name: "approved by another", Given: and(known, onCustomer(asked)), At: later, Actor: by(lee), When: approve, Then: []domain.Event{approved, gone}},
		{Name: "approved by whom requested it", Given: and(known, onCustomer(asked)), At: later, Actor: by(kim), When: approve, Refused: customer.ApproverIsRequester,
			Says: "Somebody else than kim@northwind.example, who requested the erasure, has to approve it."},
		{Name: "the same user otherwise written", Given: and(known, onCustomer(asked)), At: later, Actor: by("KIM@Northwind.example "), When: approve, Refused: customer.ApproverIsRequester},
		{Name: "nothing to approve", Given: known, At: later, Actor: by(lee), When: approve, Refused: customer.ErasureNotRequested},
		{Name: "another was requested", Given: and(known, onCustomer(asked)), At: later, Actor: by(lee), When: customer.ApproveContactErasure{Key: key, ErasureID: "e2"}, Refused: customer.ErasureNotRequested},
		{Name: "approved twice", Given: and(known, onCustomer(asked, approved, gone)), At: later, Actor: by(lee), When: approve, Refused: customer.ErasureNotRequested},
		{Name: "requested again after it was done", Given: and(known, onCustomer(asked, approved, gone)), At: later, Actor: by(lee), When: request,
			Then: []domain.Event{customer.ContactErasureRequested{Key: key, ErasureID: "first", Reason: "asked by the person", RequestedBy: lee}}},
		{Name: "withdrawn", Given: and(known, onCustomer(asked)), At: later, When: withdraw, Then: []domain.Event{customer.ContactErasureWithdrawn(withdraw)}},
		{Name: "nothing to withdraw", Given: and(known, onCustomer(asked, customer.ContactErasureWithdrawn(withdraw))), At: later, When: withdraw, Refused: customer.ErasureNotRequested},
		{Name: "withdrawn by a stranger", At: later, When: withdraw, Refused: domain.CustomerNotFound},
		{Name: "approved by a stranger", At: later, When: approve, Refused: domain.CustomerNotFound},

		{Name: "requested under hold", Given: and(known, onCustomer(held)), At: later, When: request, Refused: legalhold.UnderLegalHold,
			Says: "The personal data is under legal hold (h1: claim 17); it can be erased once every hold is lifted."},
		{Name: "held after it was requested", Given: and(known, onCustomer(asked, held)), At: later, Actor: by(lee), When: approve, Refused: legalhold.UnderLegalHold},
		{Name: "all of the provider's are held", Given: and(known, onCustomer(asked), onProvider(all)), At: later, Actor: by(lee), When: approve, Refused: legalhold.UnderLegalHold},
		{Name: "one of two holds lifted", Given: and(known, onCustomer(asked, held, lifted), onProvider(all)), At: later, Actor: by(lee), When: approve, Refused: legalhold.UnderLegalHold},
		{Name: "both lifted", Given: and(known, onCustomer(asked, held, lifted), onProvider(all, allLifted)), At: later, Actor: by(lee), When: approve, Then: []domain.Event{approved, gone}},
		{Name: "history under hold", Given: and(known, onCustomer(held)), At: later, When: customer.ForgetContact{Key: key}, Refused: legalhold.UnderLegalHold},
		{Name: "history, all are held", Given: and(known, onProvider(all)), At: later, When: customer.ForgetContact{Key: key}, Refused: legalhold.UnderLegalHold},
	})
}

// TestForgetContactInLiveBusiness: alone it erases nothing there.
func TestForgetContactInLiveBusiness(t *testing.T) {
	var c domain.Historic = customer.ForgetContact{Key: key, Reason: "asked by the person"}
	if got, want := c.InLiveBusiness(), (customer.RequestContactErasure{Key: key, Reason: "asked by the person"}); got != want {
		t.Errorf("it is %v, want %v", got, want)
	}
}

// TestLegalHold: placed and lifted by its id, for a reason.
func TestLegalHold(t *testing.T) {
	scope := legalhold.Scope{ProviderTenantID: northwind, CustomerTenantID: winter}
	place, lift := legalhold.PlaceLegalHold{Scope: scope, HoldID: "h1", Reason: "claim 17"}, legalhold.LiftLegalHold{Scope: scope, HoldID: "h1", Reason: "settled"}
	placed := legalhold.LegalHoldPlaced(place)
	known := business(legacy)
	rules := domaintest.Rules{Decide: domain.Deciding(customer.Fold, customer.DecideErasure), Folds: rules.Folds}
	domaintest.Run(t, rules, []domaintest.Case{
		{Name: "placed", Given: known, At: later, When: place, Then: []domain.Event{placed}},
		{Name: "of a stranger", At: later, When: place, Refused: domain.CustomerNotFound},
		{Name: "without a reason", Given: known, At: later, When: legalhold.PlaceLegalHold{Scope: scope, HoldID: "h1"}, Refused: legalhold.ReasonMissing},
		{Name: "placed already", Given: and(known, onCustomer(placed)), At: later, When: place},
		{Name: "its id is taken", Given: and(known, onCustomer(placed)), At: later, When: legalhold.PlaceLegalHold{Scope: scope, HoldID: "h1", Reason: "claim 18"}, Refused: legalhold.HoldIDInUse},
		{Name: "lifted", Given: and(known, onCustomer(placed)), At: later, When: lift, Then: []domain.Event{legalhold.LegalHoldLifted(lift)}},
		{Name: "lifted without a reason", Given: and(known, onCustomer(placed)), At: later, When: legalhold.LiftLegalHold{Scope: scope, HoldID: "h1"}, Refused: legalhold.ReasonMissing},
		{Name: "nothing to lift", Given: known, At: later, When: lift, Refused: legalhold.HoldNotFound},
	})
}

// TestHoldsStandWhereErasuresLook: the streams that legalhold names are those of customers and providers.
func TestHoldsStandWhereErasuresLook(t *testing.T) {
	if got := (legalhold.Scope{ProviderTenantID: northwind, CustomerTenantID: winter}).Target(); got != key.Stream() {
		t.Errorf("a hold on a customer stands in %s", got)
	}
	if got := (legalhold.Scope{ProviderTenantID: northwind}).Target(); got != provider.Stream(northwind) {
		t.Errorf("a hold on a provider stands in %s", got)
	}
}
