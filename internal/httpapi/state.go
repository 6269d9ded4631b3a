package httpapi

import (
	"context"

	"github.com/partnerledger/partnerledger/projections/readmodel"
	"github.com/partnerledger/partnerledger/projections/sqldb"
	"github.com/partnerledger/partnerledger/projections/state"
)

type stateInput struct {
	Moment
	Reveal
}

// state assembles the whole state from the same queries that the other routes ask.
//
// It holds the addresses of open requests, so that it is like every other answer: they are blanked, and shown on record
// alone. Whoever compares a ledger by them says who reads.
func (a *API) state(ctx context.Context, r sqldb.Reader, in *stateInput, _ readmodel.Point) (*state.Document, error) {
	q, err := in.question()
	if err != nil {
		return nil, err
	}
	var d *state.Document
	err = a.show(ctx, in.Reveal, "the whole state, with "+addressesOfRequests, func(reveal func(string) (string, error)) (err error) {
		d, err = state.Assembler{Journal: a.journal, Reveal: reveal}.Document(ctx, r, q)
		return err
	})
	if err != nil {
		return nil, err
	}
	return d, nil
}
