package httpapi

import (
	"context"
	"errors"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/eventstore"
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
	Provider string `query:"provider" format:"uuid" doc:"Only of this provider (tenant id)"`
	Request  string `query:"request" format:"uuid" doc:"Only this request"`
	State    string `query:"state" enum:"open,accepted,declined,withdrawn,expired,all" default:"open" doc:"What became of it"`
}

// requests opens the e-mail addresses; those of people who were forgotten say so.
func (a *API) requests(ctx context.Context, r sqldb.Reader, in *requestsInput, at readmodel.Point) (readmodel.Slice[partners.Request], error) {
	state := in.State
	if state == "all" || in.Request != "" {
		state = ""
	}
	found, err := partners.Requests(ctx, r, partners.RequestFilter{At: at, Provider: domain.TenantID(in.Provider), Request: domain.RequestID(in.Request), State: state}, in.page())
	for i := range found.Items {
		if err == nil {
			found.Items[i].ResellerEmail, err = a.reveal(found.Items[i].ResellerEmail)
		}
	}
	return found, err
}

// Erased stands where personal data stood whose subject was forgotten.
const Erased = "[erased]"

// reveal opens a sealed text.
func (a *API) reveal(sealed string) (string, error) {
	if sealed == "" {
		return "", nil
	}
	ref, err := eventstore.ParseSealedRef(sealed)
	if err != nil {
		return "", err
	}
	clear, err := ref.Open(a.sealer)
	if errors.Is(err, eventstore.ErrForgotten) {
		return Erased, nil
	}
	return clear, err
}
