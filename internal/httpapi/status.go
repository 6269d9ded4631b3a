package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/partnerledger/partnerledger/internal/wire"
)

// Status is how the parts of a ledger are.
type Status = wire.Condition

type statusAnswer struct{ Body Status }

func (a *API) statusRoute() {
	op := huma.Operation{OperationID: "get-status", Method: http.MethodGet, Path: "/v1/status", Tags: []string{"operations"},
		Summary: "How the parts are", Description: "Log, relay, source and projections, with positions, lag in events and seconds, rates and errors."}
	huma.Register(a.huma, op, func(ctx context.Context, _ *struct{}) (*statusAnswer, error) {
		s, err := a.status(ctx)
		return &statusAnswer{Body: s}, a.asProblem(err)
	})
}
