package httpapi

import (
	"context"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/projections/outcomes"
	"github.com/partnerledger/partnerledger/projections/readmodel"
	"github.com/partnerledger/partnerledger/projections/sqldb"
	"github.com/partnerledger/partnerledger/projections/timeline"
)

// Period filters by time.
type Period struct {
	From string `query:"from" format:"date-time" doc:"At this time or later"`
	To   string `query:"to" format:"date-time" doc:"Before this time"`
}

func (p Period) bounds() (from, to *domain.Instant, err error) {
	if from, err = optionalInstant(p.From, "from"); err != nil {
		return nil, nil, err
	}
	to, err = optionalInstant(p.To, "to")
	return from, to, err
}

type timelineInput struct {
	Paged
	Pair
	Period
	Customer     string `query:"customer" format:"uuid" doc:"Only about this customer (tenant id)"`
	Subscription string `query:"subscription" format:"uuid" doc:"Only about this subscription"`
	Request      string `query:"request" format:"uuid" doc:"Only about this partnership request"`
	MPN          string `query:"mpn" maxLength:"32" doc:"Only about this MPN ID"`
	User         string `query:"user" maxLength:"254" doc:"Only by this user principal name"`
	Type         string `query:"type" maxLength:"100" doc:"Only events of this type; CommandRefused are the refusals"`
	Category     string `query:"category" maxLength:"40" doc:"Only events of streams of this category"`
	Operation    string `query:"operation" maxLength:"100" doc:"Only of this operation: the id of a command, of what commands belong to together, of an order or of a request"`
	Search       string `query:"search" maxLength:"200" doc:"Words that all stand in the type, the summary or the reason"`
	Basis        bool   `query:"basis" doc:"Also on what each was decided: the streams that were looked at and the revision seen, read from the log itself"`
}

func (a *API) timeline(ctx context.Context, r sqldb.Reader, in *timelineInput, at readmodel.Point) (readmodel.Slice[timeline.Entry], error) {
	found, err := timelineEntries(ctx, r, in, at)
	if err != nil || !in.Basis {
		return found, err
	}
	return found, a.basis(ctx, found.Items)
}

func timelineEntries(ctx context.Context, r sqldb.Reader, in *timelineInput, at readmodel.Point) (readmodel.Slice[timeline.Entry], error) {
	from, to, err := in.bounds()
	if err != nil {
		return readmodel.Slice[timeline.Entry]{}, err
	}
	return timeline.Entries(ctx, r, timeline.Filter{At: at, Provider: domain.TenantID(in.Provider), Reseller: domain.TenantID(in.Reseller),
		Customer: domain.TenantID(in.Customer), Subscription: domain.SubscriptionID(in.Subscription), Request: domain.RequestID(in.Request),
		MPNID: domain.MPNID(in.MPN), User: in.User, Type: in.Type, Category: in.Category, Operation: in.Operation, Search: in.Search,
		From: from, To: to}, in.page())
}

type activityInput struct {
	Paged
	Pair
	Period
	Customer string `query:"customer" format:"uuid" doc:"Only about this customer (tenant id)"`
	User     string `query:"user" maxLength:"254" doc:"Only by this user principal name"`
	Command  string `query:"command" maxLength:"100" doc:"Only commands of this type"`
	Status   string `query:"status" enum:"accepted,refused" doc:"What became of it"`
	Code     string `query:"code" maxLength:"100" doc:"Only refused with this code"`
}

func activityEntries(ctx context.Context, r sqldb.Reader, in *activityInput, at readmodel.Point) (readmodel.Slice[outcomes.Entry], error) {
	from, to, err := in.bounds()
	if err != nil {
		return readmodel.Slice[outcomes.Entry]{}, err
	}
	return outcomes.Activity(ctx, r, outcomes.Filter{At: at, Provider: domain.TenantID(in.Provider), Reseller: domain.TenantID(in.Reseller),
		Customer: domain.TenantID(in.Customer), User: in.User, CommandType: in.Command, Status: in.Status, Code: in.Code, From: from, To: to}, in.page())
}
