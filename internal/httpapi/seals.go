package httpapi

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/upkeep"
	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/internal/audit/readmodels"
	"github.com/partnerledger/partnerledger/internal/wire"
	"github.com/partnerledger/partnerledger/projections"
)

type sealInput struct {
	Names string `path:"names" doc:"A projection, several with commas between them, or all"`
	Body  wire.Sealing
}

type sealsAnswer struct{ Body wire.Seals }

// sealing is POST /v1/projections/{names}/seal.
func (u *Upkeep) sealing(api huma.API) {
	operation := huma.Operation{OperationID: "seal-projections", Method: http.MethodPost, Path: "/v1/projections/{names}/seal", Tags: []string{"operations"},
		Summary: "Put on record what read models hold",
		Description: "Their rows are digested as they are, in one snapshot, and each digest becomes an event, with the number of events of which the rows were made. " +
			"An auditor makes the read models again of these events and compares: ledgerd replay --seals.",
		Errors: []int{http.StatusNotFound, http.StatusConflict}}
	huma.Register(api, operation, func(ctx context.Context, in *sealInput) (*sealsAnswer, error) {
		list, err := u.sealNamed(ctx, in.Names, strings.TrimSpace(in.Body.UserPrincipalName))
		return &sealsAnswer{wire.Seals{Items: list}}, u.asProblem(err)
	})
}

func (u *Upkeep) sealNamed(ctx context.Context, names, user string) ([]wire.Seal, error) {
	known, err := u.names(ctx)
	if err != nil {
		return nil, err
	}
	list := known
	if names != "all" {
		list = strings.Split(names, ",")
		slices.Sort(list)
		list = slices.Compact(list)
	}
	for _, name := range list {
		if !slices.Contains(known, name) {
			return nil, noProjection(name, known)
		}
	}
	if len(user) < 3 {
		return nil, faulty(http.StatusUnprocessableEntity, "user-missing", "Say who asks for this in userPrincipalName; the name stays on record.")
	}
	return u.Seal(ctx, user, list...)
}

// Seal puts on record what these read models hold now.
func (u *Upkeep) Seal(ctx context.Context, user string, names ...string) ([]wire.Seal, error) {
	digests, err := u.Projections.Digests(ctx, names...)
	switch {
	case errors.Is(err, projections.ErrNoTables):
		return nil, faulty(http.StatusConflict, string(upkeep.NothingToSeal), err.Error())
	case errors.Is(err, projections.ErrNotLevel):
		return nil, faulty(http.StatusConflict, "not-level", err.Error())
	case err != nil:
		return nil, err
	}
	var sealed []wire.Seal
	for _, d := range digests {
		s, err := u.seal(ctx, user, readmodels.SealOf(d))
		if err != nil {
			return nil, err
		}
		sealed = append(sealed, s)
	}
	return sealed, nil
}

func (u *Upkeep) seal(ctx context.Context, user string, s upkeep.Seal) (wire.Seal, error) {
	c, actor := upkeep.SealReadModel{Seal: s}, domain.Actor{UserPrincipalName: user, Role: upkeep.Operator}
	content, err := json.Marshal(struct {
		Type  string               `json:"type"`
		Actor domain.Actor         `json:"actor"`
		Data  upkeep.SealReadModel `json:"data"`
	}{c.CommandType(), actor, c})
	if err != nil {
		return wire.Seal{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, commandTime)
	defer cancel()
	outcome, err := u.Handler.Handle(ctx, eventstore.Request{Digest: u.Digest(content),
		Intent: domain.Intent{ID: domain.CommandID(uuid.NewString()), At: domain.InstantOf(u.Now()), Actor: actor, Command: c}})
	answer := answerOf(string(outcome.CommandID), outcome, err)
	if answer.Status != wire.Accepted {
		if answer.Status == wire.Failed {
			u.Logger.Error("sealing a read model failed", "projection", s.Projection, "error", err)
		}
		return wire.Seal{}, faulty(httpStatus(answer), answer.Code, answer.Message)
	}
	return wire.Seal{Projection: s.Projection, Version: s.Version, Events: s.Events, Rows: s.Rows, Digest: s.Digest, Position: answer.Position}, nil
}
