package partners

import (
	"context"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/projections/readmodel"
	"github.com/partnerledger/partnerledger/projections/sqldb"
)

const selectUnfinished = `SELECT r.request_id FROM partnership_requests r
WHERE r.closed_how = 'accepted' AND NOT EXISTS (SELECT 1 FROM partnerships p WHERE p.request_id = r.request_id)`

// Unfinished are the accepted requests from which no partnership came: whoever accepted them died before
// it was established, or the pair had one already.
func Unfinished(ctx context.Context, r sqldb.Reader) ([]domain.RequestID, error) {
	return readmodel.All(ctx, r, readmodel.From(selectUnfinished), func(id *domain.RequestID) []any { return []any{id} })
}
