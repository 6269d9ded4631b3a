package httpapi

import (
	"context"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/credit"
	"github.com/partnerledger/partnerledger/projections/changes"
	"github.com/partnerledger/partnerledger/projections/readmodel"
	"github.com/partnerledger/partnerledger/projections/sqldb"
)

// diffInput asks about two points. It doesn't embed Paged, for it has two of each time.
type diffInput struct {
	Freshness
	From      string `query:"from" format:"date-time" doc:"The first instant, effective time; default: the same as to, so that only what is known differs"`
	To        string `query:"to" format:"date-time" doc:"The second instant, effective time; default: now"`
	KnownFrom string `query:"knownFrom" format:"date-time" doc:"What the ledger knew at this time is compared; default: the same as knownTo"`
	KnownTo   string `query:"knownTo" format:"date-time" doc:"With what it knew at this time; default: everything"`
	Limit     int    `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"Rows on a page"`
	After     string `query:"after" doc:"The cursor that the page before gave as next"`
	Format    string `query:"format" enum:"json,csv" doc:"csv is the same as Accept: text/csv"`
	Place
	Reading
	Reseller string `query:"reseller" format:"uuid" doc:"Only what this reseller (tenant id) had to do with, at either instant"`
	Entity   string `query:"entity" enum:"partnership,reseller,agreement,location,request,customer,association,contact,privilege,subscription,supportContact,resellerOfRecord,creditInterval" doc:"Only lines of this kind"`
}

func (in *diffInput) filter(now domain.Instant) (changes.Filter, error) {
	f := changes.Filter{Provider: domain.TenantID(in.Provider), Reseller: domain.TenantID(in.Reseller), Customer: domain.TenantID(in.Customer),
		Subscription: domain.SubscriptionID(in.Subscription), Entity: in.Entity, Policy: credit.Policy(in.Policy)}
	times := map[string]*domain.Instant{}
	for name, text := range map[string]string{"from": in.From, "to": in.To, "knownFrom": in.KnownFrom, "knownTo": in.KnownTo} {
		at, err := optionalInstant(text, name)
		if err != nil {
			return f, err
		}
		times[name] = at
	}
	if times["from"] == nil && times["knownFrom"] == nil {
		return f, huma.Error422UnprocessableEntity("Say where the difference begins: from, knownFrom or both.",
			&huma.ErrorDetail{Location: "query.from", Message: "is missing, and knownFrom too"})
	}
	if times["to"] == nil {
		times["to"] = &now
	}
	for first, second := range map[string]string{"from": "to", "knownFrom": "knownTo"} {
		if times[first] == nil {
			times[first] = times[second]
		}
	}
	f.Before = readmodel.Question{AsOf: times["from"], AsKnownAt: times["knownFrom"]}.At(now)
	f.After = readmodel.Question{AsOf: times["to"], AsKnownAt: times["knownTo"]}.At(now)
	return f, nil
}

// diff registers the question about two points; it answers as lists do.
func (a *API) diff() {
	op := huma.Operation{OperationID: "diff", Method: http.MethodGet, Path: "/v1/diff", Tags: []string{"queries"},
		Summary: "What changed between two instants",
		Description: "Or between two states of knowledge: with from = to and knownFrom ≠ knownTo, what corrections said of one instant. " +
			"One line a field, with the value before and after and the event that made it so: who, when, why."}
	huma.Register(a.huma, op, func(ctx context.Context, in *diffInput) (*listAnswer[changes.Line], error) {
		out := &listAnswer[changes.Line]{}
		err := a.snapshot(ctx, in.Freshness, func(r sqldb.Reader, reflects reflected) error {
			f, err := in.filter(max(a.instant(), reflects.at))
			if err != nil {
				return err
			}
			found, err := changes.Between(ctx, r, f, readmodel.Page{After: in.After, Limit: in.Limit})
			if errors.Is(err, changes.ErrOrder) {
				return huma.Error422UnprocessableEntity("The second instant can't be before the first, nor what was known later before what was known earlier.")
			}
			out.Body = Rows[changes.Line]{Position: reflects.position, Reflects: reflects.instant(), Items: found.Items, Next: found.Next}
			if out.Body.Items == nil {
				out.Body.Items = []changes.Line{}
			}
			out.Position, out.Next = reflects.position, found.Next
			return err
		})
		return out, a.asProblem(err)
	})
}
