package partnership

import (
	"strings"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/legalhold"
	"github.com/partnerledger/partnerledger/domain/provider"
)

// A request holds the address to which it was sent, and the message. Whose address it is can have both erased, answered
// or not. As with a customer's contacts that takes two people, because nobody can undo it:
//
//	(nothing open) ── InviteeErasureRequested ──▶ open ── InviteeErasureApproved, InviteeForgotten ──▶ (nothing open)
//	                                              open ── InviteeErasureWithdrawn ──▶ (nothing open)
//
// These commands are no part of the published vocabulary; they come by a way of their own.

// The refusals of erasures; they are no part of the published catalogue, like the commands themselves. They are called
// like those about a customer's contacts.
const (
	ReasonMissing           domain.Code = "reason-missing"
	ErasureAlreadyRequested domain.Code = "erasure-already-requested"
	ErasureNotRequested     domain.Code = "erasure-not-requested"
	ApproverIsRequester     domain.Code = "approver-is-requester"
)

// Invitee is whom a partnership request was sent to; nobody knows more than which request it was.
type Invitee struct {
	ProviderTenantID domain.TenantID  `json:"providerTenantId"`
	RequestID        domain.RequestID `json:"requestId"`
}

// Target is the request's stream.
func (i Invitee) Target() domain.Stream { return RequestStream(i.RequestID) }

// Parties names the provider.
func (i Invitee) Parties() domain.Parties { return domain.Parties{Provider: i.ProviderTenantID} }

// RequestInviteeErasure asks that the personal data of a partnership request be erased.
type RequestInviteeErasure struct {
	Invitee
	Reason string `json:"reason,omitzero"`
}

// CommandType is the name on record.
func (RequestInviteeErasure) CommandType() string { return "RequestInviteeErasure" }

// ApproveInviteeErasure erases what was asked for, if another user issues it.
type ApproveInviteeErasure struct {
	Invitee
	ErasureID string `json:"erasureId"`
}

// CommandType is the name on record.
func (ApproveInviteeErasure) CommandType() string { return "ApproveInviteeErasure" }

// WithdrawInviteeErasure ends a request to erase without erasing anything.
type WithdrawInviteeErasure struct {
	Invitee
	ErasureID string `json:"erasureId"`
	Reason    string `json:"reason,omitzero"`
}

// CommandType is the name on record.
func (WithdrawInviteeErasure) CommandType() string { return "WithdrawInviteeErasure" }

// Erasures holds one empty example of each command about an erasure.
var Erasures = []domain.Command{RequestInviteeErasure{}, ApproveInviteeErasure{}, WithdrawInviteeErasure{}}

// GrantsOfErasures are who may request, approve and withdraw: those who may have a customer's contacts erased.
var GrantsOfErasures = legalhold.Grants

// Erasure is an erasure that was asked for and awaits another user's approval.
type Erasure struct {
	ID          string
	RequestedBy string
	Reason      string
}

// DecideErasure is the table of contents of erasures.
func DecideErasure(s RequestState, f *domain.Facts, in domain.Intent) (domain.Decision, error) {
	switch c := in.Command.(type) {
	case RequestInviteeErasure:
		return requestErasure(s, f, in, c)
	case ApproveInviteeErasure:
		return approveErasure(s, f, in.Actor.UserPrincipalName, c)
	case WithdrawInviteeErasure:
		return withdrawErasure(s, c)
	default:
		return domain.Decision{}, domain.NotMine(RequestCategory, in.Command)
	}
}

// requestErasure refuses, in this order: request-not-found, under-legal-hold, reason-missing,
// erasure-already-requested.
func requestErasure(s RequestState, f *domain.Facts, in domain.Intent, c RequestInviteeErasure) (domain.Decision, error) {
	if err := s.erasable(f, c.Invitee); err != nil {
		return domain.Decision{}, err
	}
	switch {
	case strings.TrimSpace(c.Reason) == "":
		return refusedSaying(ReasonMissing, "Say why the personal data is to be erased; the reason stays on record.")
	case s.Erasure != nil:
		return refusedSaying(ErasureAlreadyRequested, "The erasure "+s.Erasure.ID+" was requested by "+s.Erasure.RequestedBy+
			" and awaits the approval of somebody else; approve it or withdraw it.")
	}
	return recorded(InviteeErasureRequested{Invitee: c.Invitee, ErasureID: string(in.ID), Reason: c.Reason, RequestedBy: in.Actor.UserPrincipalName})
}

// approveErasure refuses, in this order: request-not-found, under-legal-hold, erasure-not-requested,
// approver-is-requester.
func approveErasure(s RequestState, f *domain.Facts, approver string, c ApproveInviteeErasure) (domain.Decision, error) {
	if err := s.erasable(f, c.Invitee); err != nil {
		return domain.Decision{}, err
	}
	if err := s.asked(c.ErasureID); err != nil {
		return domain.Decision{}, err
	}
	if strings.EqualFold(strings.TrimSpace(approver), strings.TrimSpace(s.Erasure.RequestedBy)) {
		return refusedSaying(ApproverIsRequester, "Somebody else than "+s.Erasure.RequestedBy+", who requested the erasure, has to approve it.")
	}
	return domain.Decision{Events: []domain.Event{
		InviteeErasureApproved{Invitee: c.Invitee, ErasureID: c.ErasureID, RequestedBy: s.Erasure.RequestedBy, Approver: approver},
		InviteeForgotten{Invitee: c.Invitee, Reason: s.Erasure.Reason}}}, nil
}

// withdrawErasure refuses, in this order: request-not-found, erasure-not-requested. Anybody who may request one may
// withdraw it.
func withdrawErasure(s RequestState, c WithdrawInviteeErasure) (domain.Decision, error) {
	if err := s.of(c.ProviderTenantID); err != nil {
		return domain.Decision{}, err
	}
	if err := s.asked(c.ErasureID); err != nil {
		return domain.Decision{}, err
	}
	return recorded(InviteeErasureWithdrawn(c))
}

// erasable refuses, in this order: request-not-found, under-legal-hold. A hold on all of the provider's data counts.
func (s RequestState) erasable(f *domain.Facts, i Invitee) error {
	if err := s.of(i.ProviderTenantID); err != nil {
		return err
	}
	return provider.Look(f, i.ProviderTenantID).Holds.Refuse()
}

// of refuses request-not-found; another provider's request isn't found, so that nobody learns of it.
func (s RequestState) of(provider domain.TenantID) error {
	if !s.Made() || s.ProviderTenantID != provider {
		return domain.Refuse(domain.RequestNotFound)
	}
	return nil
}

// asked refuses erasure-not-requested.
func (s RequestState) asked(id string) error {
	if s.Erasure == nil || s.Erasure.ID != id {
		return domain.Refuse(ErasureNotRequested).Says("There is no open request with this id to erase the personal data of this partnership request.")
	}
	return nil
}

func refusedSaying(code domain.Code, sentence string) (domain.Decision, error) {
	return domain.Decision{}, domain.Refuse(code).Says(sentence)
}
