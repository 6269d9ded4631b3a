package httpapi

import (
	"context"

	"github.com/partnerledger/partnerledger/projections/readmodel"
	"github.com/partnerledger/partnerledger/projections/sqldb"
	"github.com/partnerledger/partnerledger/projections/state"
)

type stateInput struct{ Moment }

// state assembles the whole state from the same queries that the other routes ask.
func (a *API) state(ctx context.Context, r sqldb.Reader, in *stateInput, _ readmodel.Point) (*state.Document, error) {
	q, err := in.question()
	if err != nil {
		return nil, err
	}
	return state.Assembler{Journal: a.journal, Reveal: a.reveal}.Document(ctx, r, q)
}
