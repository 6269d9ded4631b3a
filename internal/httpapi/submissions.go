package httpapi

import (
	"context"

	"github.com/partnerledger/partnerledger/internal/journal"
	"github.com/partnerledger/partnerledger/projections/readmodel"
	"github.com/partnerledger/partnerledger/projections/sqldb"
)

type submissionsInput struct {
	Paged
	ID string `query:"id" format:"uuid" doc:"Only this submission"`
}

func (a *API) submissions(ctx context.Context, _ sqldb.Reader, in *submissionsInput, _ readmodel.Point) (readmodel.Slice[journal.Submission], error) {
	found, err := a.journal.Submissions(ctx, in.ID)
	if err != nil {
		return readmodel.Slice[journal.Submission]{}, err
	}
	return pageOf(found, in.Paged)
}
