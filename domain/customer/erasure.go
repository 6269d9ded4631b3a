package customer

import (
	"strings"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/legalhold"
)

// In live business an erasure takes two people, because nobody can undo it:
//
//	(nothing open) ── ContactErasureRequested ──▶ open ── ContactErasureApproved, ContactForgotten ──▶ (nothing open)
//	                                              open ── ContactErasureWithdrawn ──▶ (nothing open)
//
// These commands are no part of the published vocabulary; they come by a way of their own.

// The refusals of erasures; they are no part of the published catalogue, like the commands themselves.
const (
	ReasonMissing           domain.Code = "reason-missing"
	ErasureAlreadyRequested domain.Code = "erasure-already-requested"
	ErasureNotRequested     domain.Code = "erasure-not-requested"
	ApproverIsRequester     domain.Code = "approver-is-requester"
)

// RequestContactErasure asks that the personal data of the customer's contacts be erased.
type RequestContactErasure struct {
	Key
	Reason string `json:"reason,omitzero"`
}

// CommandType is the name on record.
func (RequestContactErasure) CommandType() string { return "RequestContactErasure" }

// ApproveContactErasure erases what was asked for, if another user issues it.
type ApproveContactErasure struct {
	Key
	ErasureID string `json:"erasureId"`
}

// CommandType is the name on record.
func (ApproveContactErasure) CommandType() string { return "ApproveContactErasure" }

// WithdrawContactErasure ends a request without erasing anything.
type WithdrawContactErasure struct {
	Key
	ErasureID string `json:"erasureId"`
	Reason    string `json:"reason,omitzero"`
}

// CommandType is the name on record.
func (WithdrawContactErasure) CommandType() string { return "WithdrawContactErasure" }

// Erasures holds one empty example of each command about an erasure.
var Erasures = []domain.Command{RequestContactErasure{}, ApproveContactErasure{}, WithdrawContactErasure{}}

// Erasure is an erasure that was asked for and awaits another user's approval.
type Erasure struct {
	ID          string
	RequestedBy string
	Reason      string
}

// DecideErasure is the table of contents of erasures and legal holds.
func DecideErasure(s State, f *domain.Facts, in domain.Intent) (domain.Decision, error) {
	switch c := in.Command.(type) {
	case RequestContactErasure:
		return requestErasure(s, f, in, c)
	case ApproveContactErasure:
		return approveErasure(s, f, in.Actor.UserPrincipalName, c)
	case WithdrawContactErasure:
		return withdrawErasure(s, c)
	default:
		return DecideHold(s, f, in)
	}
}

// DecideHold decides on legal holds on one customer. It refuses customer-not-found, and then like legalhold.
func DecideHold(s State, _ *domain.Facts, in domain.Intent) (domain.Decision, error) {
	if err := s.known(); err != nil {
		return domain.Decision{}, err
	}
	return s.Holds.Decide(in.Command)
}

// requestErasure refuses, in this order: customer-not-found, under-legal-hold, reason-missing,
// erasure-already-requested.
func requestErasure(s State, f *domain.Facts, in domain.Intent, c RequestContactErasure) (domain.Decision, error) {
	if err := s.erasable(f, c.Key); err != nil {
		return domain.Decision{}, err
	}
	switch {
	case strings.TrimSpace(c.Reason) == "":
		return refusedSaying(ReasonMissing, "Say why the personal data is to be erased; the reason stays on record.")
	case s.Erasure != nil:
		return refusedSaying(ErasureAlreadyRequested, "The erasure "+s.Erasure.ID+" was requested by "+s.Erasure.RequestedBy+
			" and awaits the approval of somebody else; approve it or withdraw it.")
	}
	return recorded(ContactErasureRequested{Key: c.Key, ErasureID: string(in.ID), Reason: c.Reason, RequestedBy: in.Actor.UserPrincipalName})
}

// approveErasure refuses, in this order: customer-not-found, under-legal-hold, erasure-not-requested,
// approver-is-requester.
func approveErasure(s State, f *domain.Facts, approver string, c ApproveContactErasure) (domain.Decision, error) {
	if err := s.erasable(f, c.Key); err != nil {
		return domain.Decision{}, err
	}
	if err := s.asked(c.ErasureID); err != nil {
		return domain.Decision{}, err
	}
	if strings.EqualFold(strings.TrimSpace(approver), strings.TrimSpace(s.Erasure.RequestedBy)) {
		return refusedSaying(ApproverIsRequester, "Somebody else than "+s.Erasure.RequestedBy+", who requested the erasure, has to approve it.")
	}
	return recorded(
		ContactErasureApproved{Key: c.Key, ErasureID: c.ErasureID, RequestedBy: s.Erasure.RequestedBy, Approver: approver},
		ContactForgotten{Key: c.Key, Reason: s.Erasure.Reason})
}

// withdrawErasure refuses, in this order: customer-not-found, erasure-not-requested. Anybody who may request one
// may withdraw it.
func withdrawErasure(s State, c WithdrawContactErasure) (domain.Decision, error) {
	if err := s.known(); err != nil {
		return domain.Decision{}, err
	}
	if err := s.asked(c.ErasureID); err != nil {
		return domain.Decision{}, err
	}
	return recorded(ContactErasureWithdrawn(c))
}

// asked refuses erasure-not-requested.
func (s State) asked(id string) error {
	if s.Erasure == nil || s.Erasure.ID != id {
		return domain.Refuse(ErasureNotRequested).Says("There is no open request with this id to erase the contacts of this customer.")
	}
	return nil
}

func refusedSaying(code domain.Code, sentence string) (domain.Decision, error) {
	return domain.Decision{}, domain.Refuse(code).Says(sentence)
}

// erasureAfter is what awaits approval after an event. An erasure of imported history ends nothing: it stands
// before whatever was asked for.
func erasureAfter(before *Erasure, e domain.Event) *Erasure {
	switch e := e.(type) {
	case ContactErasureRequested:
		return &Erasure{ID: e.ErasureID, RequestedBy: e.RequestedBy, Reason: e.Reason}
	case ContactErasureApproved, ContactErasureWithdrawn:
		return nil
	}
	return before
}

// GrantsOfErasures are who may request, approve and withdraw: those who may issue ForgetContact.
var GrantsOfErasures = legalhold.Grants
