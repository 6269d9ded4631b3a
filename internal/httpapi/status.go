package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
)

// Status is how the parts of a ledger are.
type Status struct {
	Version  string `json:"version"`
	Head     string `json:"head" doc:"Position of the last event in the log"`
	Position string `json:"position" doc:"What the read models reflect"`
	Parts    []Part `json:"parts"`
}

// Part is how one part is. Events are those it has passed on or applied; Lag those it still has to.
type Part struct {
	Name     string  `json:"name"`
	State    string  `json:"state"`
	Position string  `json:"position,omitzero"`
	Events   uint64  `json:"events"`
	Lag      uint64  `json:"lag"`
	Rate     float64 `json:"rate" doc:"Events a second, lately"`
	Healed   uint64  `json:"healed,omitzero" doc:"Events that were lost on the way and fetched again"`
	Error    string  `json:"error,omitzero" doc:"Why it stands still, and at which event"`
}

type statusAnswer struct{ Body Status }

func (a *API) statusRoute() {
	op := huma.Operation{OperationID: "get-status", Method: http.MethodGet, Path: "/v1/status", Tags: []string{"operations"},
		Summary: "How the parts are", Description: "Log, relay and projections, with positions, lag and errors."}
	huma.Register(a.huma, op, func(ctx context.Context, _ *struct{}) (*statusAnswer, error) {
		s, err := a.status(ctx)
		return &statusAnswer{Body: s}, a.asProblem(err)
	})
}
