package httpapi

import (
	"context"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/projections/analytics"
	"github.com/partnerledger/partnerledger/projections/readmodel"
	"github.com/partnerledger/partnerledger/projections/sqldb"
)

type analyticsInput struct {
	Paged
	Provider  string `query:"provider" format:"uuid" doc:"Only of this provider (tenant id)"`
	FromMonth string `query:"fromMonth" pattern:"^[0-9]{4}-(0[1-9]|1[0-2])$" doc:"From this month on, UTC"`
	ToMonth   string `query:"toMonth" pattern:"^[0-9]{4}-(0[1-9]|1[0-2])$" doc:"Up to and with this month"`
}

func monthly(ctx context.Context, r sqldb.Reader, in *analyticsInput, at readmodel.Point) (readmodel.Slice[analytics.Month], error) {
	rows, err := analytics.Monthly(ctx, r, analytics.Filter{At: at, Provider: domain.TenantID(in.Provider), From: domain.Month(in.FromMonth), To: domain.Month(in.ToMonth)})
	if err != nil {
		return readmodel.Slice[analytics.Month]{}, err
	}
	return pageOf(rows, in.Paged)
}
