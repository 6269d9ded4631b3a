package httpapi

import (
	"context"
	"fmt"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/customer"
	"github.com/partnerledger/partnerledger/domain/legalhold"
	"github.com/partnerledger/partnerledger/domain/partnership"
	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/internal/wire"
	"github.com/partnerledger/partnerledger/projections/customers"
	"github.com/partnerledger/partnerledger/projections/readmodel"
	"github.com/partnerledger/partnerledger/projections/sqldb"
)

// The commands about erasures and legal holds are no part of the published vocabulary, so that they have routes of
// their own. They are handled, recorded and repeated like all others.

type erasuresInput struct {
	Paged
	Provider string `query:"provider" format:"uuid" doc:"Only of this provider (tenant id)"`
	Customer string `query:"customer" format:"uuid" doc:"Only of this customer (tenant id); of legal holds also those on all customers"`
	Request  string `query:"request" format:"uuid" doc:"Of erasures: only of this partnership request"`
	State    string `query:"state" enum:"open,all" default:"open" doc:"Only those that are open, or all there ever were"`
}

func (in *erasuresInput) filter(at readmodel.Point) customers.HoldFilter {
	return customers.HoldFilter{At: at, Provider: domain.TenantID(in.Provider), Customer: domain.TenantID(in.Customer), Request: domain.RequestID(in.Request), Open: in.State == "open"}
}

func erasures(ctx context.Context, r sqldb.Reader, in *erasuresInput, at readmodel.Point) (readmodel.Slice[customers.Erasure], error) {
	return customers.Erasures(ctx, r, in.filter(at), in.page())
}

func legalHolds(ctx context.Context, r sqldb.Reader, in *erasuresInput, at readmodel.Point) (readmodel.Slice[customers.LegalHold], error) {
	return customers.LegalHolds(ctx, r, in.filter(at), in.page())
}

type orderAnswer struct {
	Position string `header:"Ledger-Position"`
	Body     wire.Answer
}

type erasureInput struct{ Body wire.ErasureRequest }

type erasurePath struct {
	ID   string `path:"id" format:"uuid" doc:"The erasure: the command id of its request"`
	Body wire.ErasureAnswer
}

type holdPath struct {
	ID   string `path:"id" maxLength:"100" doc:"The hold: any name that its provider or customer has no open hold of"`
	Body wire.HoldOrder
}

func (a *API) erasures() {
	list[erasuresInput](a, "/v1/erasures", "Erasures", "Requests to erase the personal data of a customer's contacts or of a partnership request, with who asked and who approved. Open ones unless all are asked for.", erasures)
	list[erasuresInput](a, "/v1/legal-holds", "Legal holds", "What keeps personal data from being erased. Open ones unless all are asked for.", legalHolds)

	order(a, "request-erasure", "/v1/erasures", "Request that personal data be erased", "That of a customer's contacts, or of a partnership request: name one of both. Nothing is erased before another user approves it. Refused under legal hold.",
		func(in *erasureInput) (wire.Issuer, domain.Command) {
			if b := in.Body; b.RequestID != "" {
				return b.Issuer, partnership.RequestInviteeErasure{Invitee: inviteeOf(b.ProviderTenantID, b.RequestID), Reason: b.Reason}
			}
			return in.Body.Issuer, customer.RequestContactErasure{Key: keyOf(in.Body.ProviderTenantID, in.Body.CustomerTenantID), Reason: in.Body.Reason}
		})
	order(a, "approve-erasure", "/v1/erasures/{id}/approve", "Approve an erasure", "By another user than the one who requested it. The keys are destroyed for ever; refused under legal hold.",
		func(in *erasurePath) (wire.Issuer, domain.Command) {
			if b := in.Body; b.RequestID != "" {
				return b.Issuer, partnership.ApproveInviteeErasure{Invitee: inviteeOf(b.ProviderTenantID, b.RequestID), ErasureID: in.ID}
			}
			return in.Body.Issuer, customer.ApproveContactErasure{Key: keyOf(in.Body.ProviderTenantID, in.Body.CustomerTenantID), ErasureID: in.ID}
		})
	order(a, "withdraw-erasure", "/v1/erasures/{id}/withdraw", "Withdraw an erasure", "Before it is approved; nothing is erased.",
		func(in *erasurePath) (wire.Issuer, domain.Command) {
			if b := in.Body; b.RequestID != "" {
				return b.Issuer, partnership.WithdrawInviteeErasure{Invitee: inviteeOf(b.ProviderTenantID, b.RequestID), ErasureID: in.ID, Reason: b.Reason}
			}
			return in.Body.Issuer, customer.WithdrawContactErasure{Key: keyOf(in.Body.ProviderTenantID, in.Body.CustomerTenantID), ErasureID: in.ID, Reason: in.Body.Reason}
		})
	order(a, "place-legal-hold", "/v1/legal-holds/{id}/place", "Place a legal hold", "On one customer's personal data, or on that of all customers of the provider.",
		func(in *holdPath) (wire.Issuer, domain.Command) {
			return in.Body.Issuer, legalhold.PlaceLegalHold{Scope: scopeOf(in.Body), HoldID: in.ID, Reason: in.Body.Reason}
		})
	order(a, "lift-legal-hold", "/v1/legal-holds/{id}/lift", "Lift a legal hold", "Others on the same data stay.",
		func(in *holdPath) (wire.Issuer, domain.Command) {
			return in.Body.Issuer, legalhold.LiftLegalHold{Scope: scopeOf(in.Body), HoldID: in.ID, Reason: in.Body.Reason}
		})
}

func keyOf(provider, tenant string) customer.Key {
	return customer.Key{ProviderTenantID: domain.TenantID(provider), CustomerTenantID: domain.TenantID(tenant)}
}

func inviteeOf(provider, request string) partnership.Invitee {
	return partnership.Invitee{ProviderTenantID: domain.TenantID(provider), RequestID: domain.RequestID(request)}
}

// oneNamed refuses an erasure that names nobody, or both: it must not be guessed whose data goes.
func oneNamed(customer, request string) []error {
	if (customer == "") != (request == "") {
		return nil
	}
	return []error{&huma.ErrorDetail{Location: "body.customerTenantId", Message: "name either customerTenantId or requestId"}}
}

// Resolve refuses what doesn't name one of both.
func (in *erasureInput) Resolve(huma.Context) []error {
	return oneNamed(in.Body.CustomerTenantID, in.Body.RequestID)
}

// Resolve refuses what doesn't name one of both.
func (in *erasurePath) Resolve(huma.Context) []error {
	return oneNamed(in.Body.CustomerTenantID, in.Body.RequestID)
}

func scopeOf(o wire.HoldOrder) legalhold.Scope {
	return legalhold.Scope{ProviderTenantID: domain.TenantID(o.ProviderTenantID), CustomerTenantID: domain.TenantID(o.CustomerTenantID)}
}

// order registers a command that has a route of its own.
func order[I any](a *API, id, path, summary, description string, command func(*I) (wire.Issuer, domain.Command)) {
	op := huma.Operation{OperationID: id, Method: http.MethodPost, Path: path, Summary: summary, Description: description, Tags: []string{"personal data"},
		Errors: []int{http.StatusForbidden, http.StatusConflict, http.StatusServiceUnavailable}}
	huma.Register(a.huma, op, func(ctx context.Context, in *I) (*orderAnswer, error) {
		issuer, wish := command(in)
		actor := domain.Actor{UserPrincipalName: issuer.UserPrincipalName, TenantID: domain.TenantID(issuer.TenantID), Role: domain.Role(issuer.Role)}
		answer, err := a.issue(ctx, issuer.CommandID, actor, wish)
		return &orderAnswer{Position: answer.Position, Body: answer}, err
	})
}

// issue has a command decided that the ledger's own routes make. Whatever isn't accepted is a problem.
func (a *API) issue(ctx context.Context, id string, actor domain.Actor, wish domain.Command) (wire.Answer, error) {
	if id == "" {
		id = uuid.NewString()
	}
	content, err := json.Marshal(struct {
		Type  string         `json:"type"`
		Actor domain.Actor   `json:"actor"`
		Data  domain.Command `json:"data"`
	}{wish.CommandType(), actor, wish}, json.Deterministic(true))
	if err != nil {
		return wire.Answer{}, fmt.Errorf("digest of command %s: %w", id, err)
	}
	ctx, cancel := context.WithTimeout(ctx, commandTime)
	defer cancel()
	outcome, err := a.handler.Handle(ctx, eventstore.Request{Digest: a.digest(content),
		Intent: domain.Intent{ID: domain.CommandID(id), At: a.instant(), Actor: actor, Command: wish}})
	answer := answerOf(id, outcome, err)
	switch answer.Status {
	case wire.Accepted:
		return answer, nil
	case wire.Failed:
		a.log.Error("command failed", "commandId", id, "type", reflect.TypeOf(wish).Name(), "error", err)
	}
	return answer, faulty(httpStatus(answer), answer.Code, answer.Message)
}
