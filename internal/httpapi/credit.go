package httpapi

import (
	"context"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/credit"
	creditrows "github.com/partnerledger/partnerledger/projections/credit"
	"github.com/partnerledger/partnerledger/projections/partners"
	"github.com/partnerledger/partnerledger/projections/readmodel"
	"github.com/partnerledger/partnerledger/projections/sqldb"
)

// Reading says which reading of the events is wanted.
type Reading struct {
	Policy string `query:"policy" enum:"keep,close" default:"keep" doc:"What the removal of a partnership does to credit"`
}

// RecordInput filters what is on record.
type RecordInput struct {
	Paged
	Place
	Reading
	Reseller string `query:"reseller" format:"uuid" doc:"Only of this reseller (tenant id)"`
	MPN      string `query:"mpn" maxLength:"32" doc:"Only of this MPN ID"`
}

func (in *RecordInput) filter(at readmodel.Point) creditrows.Filter {
	return creditrows.Filter{At: at, Policy: credit.Policy(in.Policy), Provider: domain.TenantID(in.Provider), Customer: domain.TenantID(in.Customer),
		Subscription: domain.SubscriptionID(in.Subscription), Reseller: domain.TenantID(in.Reseller), MPNID: domain.MPNID(in.MPN)}
}

func resellersOfRecord(ctx context.Context, r sqldb.Reader, in *recordInput, at readmodel.Point) (readmodel.Slice[creditrows.Interval], error) {
	f := in.filter(at)
	f.Corrections = in.Corrections
	return creditrows.Intervals(ctx, r, f, in.page())
}

func gaps(ctx context.Context, r sqldb.Reader, in *RecordInput, at readmodel.Point) (readmodel.Slice[creditrows.Interval], error) {
	return creditrows.Gaps(ctx, r, in.filter(at), in.page())
}

func orphaned(ctx context.Context, r sqldb.Reader, in *RecordInput, at readmodel.Point) (readmodel.Slice[creditrows.Interval], error) {
	return creditrows.Orphaned(ctx, r, in.filter(at), in.page())
}

type recordInput struct {
	RecordInput
	Corrections bool `query:"corrections" doc:"Also what the ledger said before a correction: from when to when, and the event that superseded it"`
}

type creditInput struct {
	RecordInput
	Month string `query:"month" pattern:"^[0-9]{4}-(0[1-9]|1[0-2])$" doc:"Only this month, UTC"`
	By    string `query:"by" enum:"mpn,customer,subscription" default:"mpn" doc:"How fine the sums are"`
}

func (in *creditInput) sums(at readmodel.Point) creditrows.SeatDaysFilter {
	by := map[string]creditrows.Grouping{"mpn": creditrows.ByID, "customer": creditrows.ByCustomer, "subscription": creditrows.BySubscription}
	return creditrows.SeatDaysFilter{Filter: in.filter(at), From: domain.Month(in.Month), To: domain.Month(in.Month), By: by[in.By]}
}

// Credit is what one id earned in one month, with the reseller's name.
type Credit struct {
	creditrows.SeatDays
	Name string `json:"name"`
}

func credited(ctx context.Context, r sqldb.Reader, in *creditInput, at readmodel.Point) (readmodel.Slice[Credit], error) {
	rows, err := creditrows.Monthly(ctx, r, in.sums(at))
	if err != nil {
		return readmodel.Slice[Credit]{}, err
	}
	names, err := partners.Names(ctx, r)
	if err != nil {
		return readmodel.Slice[Credit]{}, err
	}
	named := make([]Credit, len(rows))
	for i, row := range rows {
		named[i] = Credit{SeatDays: row, Name: names[row.ResellerTenantID]}
	}
	return pageOf(named, in.Paged)
}

func uncredited(ctx context.Context, r sqldb.Reader, in *creditInput, at readmodel.Point) (readmodel.Slice[creditrows.SeatDays], error) {
	f := in.sums(at)
	f.Uncredited = true
	rows, err := creditrows.Monthly(ctx, r, f)
	if err != nil {
		return readmodel.Slice[creditrows.SeatDays]{}, err
	}
	return pageOf(rows, in.Paged)
}
