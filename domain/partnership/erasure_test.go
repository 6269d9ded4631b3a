package partnership_test

import (
	"slices"
	"testing"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/domaintest"
	"github.com/partnerledger/partnerledger/domain/legalhold"
	"github.com/partnerledger/partnerledger/domain/partnership"
	"github.com/partnerledger/partnerledger/domain/provider"
)

// TestErasure: it takes a reason, two people, and no hold on the provider's data, whatever became of the request.
func TestErasure(t *testing.T) {
	const kim, lee = "kim@northwind.example", "lee@northwind.example"
	by := func(name string) domain.Actor { return domain.Actor{UserPrincipalName: name} }
	invitee := partnership.Invitee{ProviderTenantID: northwind, RequestID: request}
	stranger := partnership.Invitee{ProviderTenantID: second, RequestID: request}
	wanted := partnership.InviteeErasureRequested{Invitee: invitee, ErasureID: "e1", Reason: "asked by the person", RequestedBy: kim}
	approved := partnership.InviteeErasureApproved{Invitee: invitee, ErasureID: "e1", RequestedBy: kim, Approver: lee}
	gone := partnership.InviteeForgotten{Invitee: invitee, Reason: "asked by the person"}
	ended := partnership.InviteeErasureWithdrawn{Invitee: invitee, ErasureID: "e1"}
	request1, approve := partnership.RequestInviteeErasure{Invitee: invitee, Reason: "asked by the person"}, partnership.ApproveInviteeErasure{Invitee: invitee, ErasureID: "e1"}
	withdraw := partnership.WithdrawInviteeErasure{Invitee: invitee, ErasureID: "e1", Reason: "a mistake"}
	on := func(events ...domain.Event) []domaintest.Given {
		all := given(requested)
		for _, e := range events {
			all = append(all, domaintest.Given{Stream: partnership.RequestStream(request), At: at, Event: e})
		}
		return all
	}
	held := func(before []domaintest.Given) []domaintest.Given {
		hold := legalhold.LegalHoldPlaced{Scope: legalhold.Scope{ProviderTenantID: northwind}, HoldID: "h2", Reason: "claim 18"}
		return append(slices.Clone(before), domaintest.Given{Stream: provider.Stream(northwind), At: at, Event: hold})
	}
	rules := domaintest.Rules{Decide: domain.Deciding(partnership.RequestFold, partnership.DecideErasure), Folds: requests.Folds}

	domaintest.Run(t, rules, []domaintest.Case{
		{Name: "requested", Given: on(), At: at, Actor: by(kim), When: request1,
			Then: []domain.Event{partnership.InviteeErasureRequested{Invitee: invitee, ErasureID: "first", Reason: "asked by the person", RequestedBy: kim}}},
		{Name: "of an answered one", Given: on(acceptedRequest), At: at, Actor: by(kim), When: request1,
			Then: []domain.Event{partnership.InviteeErasureRequested{Invitee: invitee, ErasureID: "first", Reason: "asked by the person", RequestedBy: kim}}},
		{Name: "of none", Given: given(), At: at, Actor: by(kim), When: request1, Refused: domain.RequestNotFound},
		{Name: "of another provider's", Given: on(), At: at, When: partnership.RequestInviteeErasure{Invitee: stranger, Reason: "x"}, Refused: domain.RequestNotFound},
		{Name: "without a reason", Given: on(), At: at, When: partnership.RequestInviteeErasure{Invitee: invitee, Reason: " "}, Refused: partnership.ReasonMissing},
		{Name: "requested twice", Given: on(wanted), At: at, Actor: by(lee), When: request1, Refused: partnership.ErasureAlreadyRequested,
			Says: "The erasure e1 was requested by kim@northwind.example and awaits the approval of somebody else; approve it or withdraw it."},
		{Name: "under a hold", Given: held(on()), At: at, When: request1, Refused: legalhold.UnderLegalHold},
		{Name: "approved by another", Given: on(wanted), At: at, Actor: by(lee), When: approve, Then: []domain.Event{approved, gone}},
		{Name: "approved under a hold", Given: held(on(wanted)), At: at, Actor: by(lee), When: approve, Refused: legalhold.UnderLegalHold},
		{Name: "approved by whom requested it", Given: on(wanted), At: at, Actor: by("KIM@northwind.example "), When: approve, Refused: partnership.ApproverIsRequester},
		{Name: "nothing to approve", Given: on(), At: at, Actor: by(lee), When: approve, Refused: partnership.ErasureNotRequested},
		{Name: "approved twice", Given: on(wanted, approved, gone), At: at, Actor: by(lee), When: approve, Refused: partnership.ErasureNotRequested},
		{Name: "withdrawn", Given: on(wanted), At: at, Actor: by(lee), When: withdraw,
			Then: []domain.Event{partnership.InviteeErasureWithdrawn{Invitee: invitee, ErasureID: "e1", Reason: "a mistake"}}},
		{Name: "withdrawn before", Given: on(wanted, ended), At: at, Actor: by(lee), When: withdraw, Refused: partnership.ErasureNotRequested},
		{Name: "once more", Given: on(wanted, approved, gone), At: at, Actor: by(kim), When: request1,
			Then: []domain.Event{partnership.InviteeErasureRequested{Invitee: invitee, ErasureID: "first", Reason: "asked by the person", RequestedBy: kim}}},
	})

	// Erasing answers nothing: the request can still be accepted, and its id still can't be used again.
	domaintest.Run(t, requests, []domaintest.Case{
		{Name: "still declined", Given: on(wanted, approved, gone), At: at, When: partnership.DeclinePartnership(declined), Then: []domain.Event{declined}},
		{Name: "the same again isn't known any more", Given: on(wanted, approved, gone), At: at, Refused: domain.RequestIDInUse,
			When: partnership.RequestPartnership{RequestID: request, ProviderTenantID: northwind, ResellerEmail: requested.ResellerEmail, Message: requested.Message}},
	})
}
