package partners

import (
	"context"
	_ "embed"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/projections/readmodel"
	"github.com/partnerledger/partnerledger/projections/sqldb"
)

// Filter says which pairs of provider and reseller are asked for, and when; what is empty doesn't matter.
type Filter struct {
	At       readmodel.Point // Facts MUST NOT be after Known
	Provider domain.TenantID
	Reseller domain.TenantID
	Search   string // words in the reseller's name
}

// Reseller is a line of a provider's list: a reseller with an active partnership.
type Reseller struct {
	ProviderTenantID domain.TenantID  `json:"providerTenantId"`
	ResellerTenantID domain.TenantID  `json:"resellerTenantId"`
	Name             string           `json:"name"`
	MPNID            domain.MPNID     `json:"mpnId"`    // with which it accepted
	Location         string           `json:"location"` // its country then
	Since            domain.Instant   `json:"since"`
	RequestID        domain.RequestID `json:"requestId"`
	// AccountState is active, suspended or deauthorized.
	AccountState string `json:"accountState"`
	// MPASigned says that it has signed the partner agreement for the provider's region.
	MPASigned bool `json:"mpaSigned"`
	// Customers are those associated with it.
	Customers int64 `json:"customers"`
	// ActiveSubscriptions and Seats are what it is on record for.
	ActiveSubscriptions int64 `json:"activeSubscriptions"`
	Seats               int64 `json:"seats"`
	// CustomerSubscriptions and CustomerSeats are what its customers have, whoever is on record.
	CustomerSubscriptions int64 `json:"customerSubscriptions"`
	CustomerSeats         int64 `json:"customerSeats"`
}

//go:embed resellers.sql
var selectResellers string

var resellerList = readmodel.List[Reseller]{
	OrderBy: []string{"p.provider_tenant_id", "p.reseller_tenant_id"},
	Fields: func(r *Reseller) []any {
		return []any{&r.ProviderTenantID, &r.ResellerTenantID, &r.Name, &r.MPNID, &r.Location, &r.Since, &r.RequestID, &r.AccountState,
			&r.MPASigned}
	},
	Key: func(r Reseller) []any { return []any{string(r.ProviderTenantID), string(r.ResellerTenantID)} },
}

// Resellers is the list: active partnerships only (R21, R42), by provider and reseller.
func Resellers(ctx context.Context, r sqldb.Reader, f Filter, page readmodel.Page) (readmodel.Slice[Reseller], error) {
	list, err := resellerList.Page(ctx, r, f.pairs(readmodel.From(selectResellers, f.At.Facts)), page)
	if err != nil || len(list.Items) == 0 {
		return list, err
	}
	return list, f.count(ctx, r, list.Items)
}

func (f Filter) pairs(s *readmodel.Select) *readmodel.Select {
	readmodel.When(s, f.Provider, "p.provider_tenant_id = ?")
	readmodel.When(s, f.Reseller, "p.reseller_tenant_id = ?")
	return s.Search("p.name", f.Search)
}

// FormerReseller is a reseller whose partnership was removed and not begun again.
type FormerReseller struct {
	ProviderTenantID      domain.TenantID  `json:"providerTenantId"`
	ResellerTenantID      domain.TenantID  `json:"resellerTenantId"`
	Name                  string           `json:"name"`
	MPNID                 domain.MPNID     `json:"mpnId"`
	Location              string           `json:"location"`
	Since                 domain.Instant   `json:"since"`
	Until                 domain.Instant   `json:"until"`
	RequestID             domain.RequestID `json:"requestId"`
	RemovedBy             string           `json:"removedBy"`
	Reason                string           `json:"reason,omitzero"`
	RepresentationVersion string           `json:"representationVersion"`
	// Customers are those still associated with it (R37).
	Customers int64 `json:"customers"`
}

//go:embed former.sql
var selectFormer string

var formerList = readmodel.List[FormerReseller]{
	OrderBy: []string{"p.provider_tenant_id", "p.reseller_tenant_id"},
	Fields: func(r *FormerReseller) []any {
		return []any{&r.ProviderTenantID, &r.ResellerTenantID, &r.Name, &r.MPNID, &r.Location, &r.Since, &r.Until, &r.RequestID,
			&r.RemovedBy, &r.Reason, &r.RepresentationVersion, &r.Customers}
	},
	Key: func(r FormerReseller) []any { return []any{string(r.ProviderTenantID), string(r.ResellerTenantID)} },
}

// FormerResellers are those who had left the list, with who removed them and when.
func FormerResellers(ctx context.Context, r sqldb.Reader, f Filter, page readmodel.Page) (readmodel.Slice[FormerReseller], error) {
	return formerList.Page(ctx, r, f.pairs(readmodel.From(selectFormer, f.At.Facts)), page)
}
