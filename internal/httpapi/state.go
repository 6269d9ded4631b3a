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
// The document is what a ledger is compared by, so it holds the addresses of open requests unless a reader is named:
// it is for whoever keeps the ledger, on the machine on which it runs. For a named reader, an auditor above all, it
// is like every other answer: addresses are blanked, and shown on record alone.
func (a *API) state(ctx context.Context, r sqldb.Reader, in *stateInput, _ readmodel.Point) (*state.Document, error) {
	q, err := in.question()
	if err != nil {
		return nil, err
	}
	if !in.named() {
		return state.Assembler{Journal: a.journal, Reveal: a.revealed}.Document(ctx, r, q)
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
