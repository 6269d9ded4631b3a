package httpapi

import (
	"context"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/projections/partners"
	"github.com/partnerledger/partnerledger/projections/readmodel"
	"github.com/partnerledger/partnerledger/projections/sqldb"
)

// Pair filters by provider and reseller.
type Pair struct {
	Provider string `query:"provider" format:"uuid" doc:"Only of this provider (tenant id)"`
	Reseller string `query:"reseller" format:"uuid" doc:"Only of this reseller (tenant id)"`
}

type resellersInput struct {
	Paged
	Pair
	Search string `query:"search" maxLength:"200" doc:"Words in the reseller's name"`
}

func (in *resellersInput) filter(at readmodel.Point) partners.Filter {
	return partners.Filter{At: at, Provider: domain.TenantID(in.Provider), Reseller: domain.TenantID(in.Reseller), Search: in.Search}
}

func resellers(ctx context.Context, r sqldb.Reader, in *resellersInput, at readmodel.Point) (readmodel.Slice[partners.Reseller], error) {
	return partners.Resellers(ctx, r, in.filter(at), in.page())
}

func formerResellers(ctx context.Context, r sqldb.Reader, in *resellersInput, at readmodel.Point) (readmodel.Slice[partners.FormerReseller], error) {
	return partners.FormerResellers(ctx, r, in.filter(at), in.page())
}

type requestsInput struct {
	Paged
	Reveal
	Provider string `query:"provider" format:"uuid" doc:"Only of this provider (tenant id)"`
	Request  string `query:"request" format:"uuid" doc:"Only this request"`
	State    string `query:"state" enum:"open,accepted,declined,withdrawn,expired,all" default:"open" doc:"What became of it"`
}

// addressesOfRequests is what of requests is personal.
const addressesOfRequests = "e-mail addresses to which partnership requests were sent"

// requests shows the e-mail addresses to those who say who they are; see Reveal.
func (a *API) requests(ctx context.Context, r sqldb.Reader, in *requestsInput, at readmodel.Point) (readmodel.Slice[partners.Request], error) {
	state := in.State
	if state == "all" || in.Request != "" {
		state = ""
	}
	found, err := partners.Requests(ctx, r, partners.RequestFilter{At: at, Provider: domain.TenantID(in.Provider), Request: domain.RequestID(in.Request), State: state}, in.page())
	if err != nil {
		return found, err
	}
	err = a.show(ctx, in.Reveal, addressesOfRequests, func(reveal func(string) (string, error)) (err error) {
		for i := range found.Items {
			if found.Items[i].ResellerEmail, err = reveal(found.Items[i].ResellerEmail); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		found.Items = nil
	}
	return found, err
}
