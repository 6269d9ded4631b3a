package customers

import (
	"context"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/projections/readmodel"
	"github.com/partnerledger/partnerledger/projections/sqldb"
)

// The states of an erasure.
const (
	Open      = "open"
	Approved  = "approved"
	Withdrawn = "withdrawn"
)

// HoldFilter says which legal holds or erasures are asked for; what is empty doesn't matter.
type HoldFilter struct {
	At       readmodel.Point
	Provider domain.TenantID
	Customer domain.TenantID
	Request  domain.RequestID // of erasures
	Open     bool             // only those that were open then
}

// LegalHold keeps personal data from being erased.
type LegalHold struct {
	ProviderTenantID domain.TenantID `json:"providerTenantId"`
	// CustomerTenantID is empty where the hold is on all customers of the provider.
	CustomerTenantID domain.TenantID `json:"customerTenantId,omitzero"`
	HoldID           string          `json:"holdId"`
	Reason           string          `json:"reason"`
	PlacedAt         domain.Instant  `json:"placedAt"`
	PlacedBy         string          `json:"placedBy"`
	LiftedAt         *domain.Instant `json:"liftedAt,omitzero"`
	LiftedBy         *string         `json:"liftedBy,omitzero"`
	LiftReason       *string         `json:"liftReason,omitzero"`

	seq domain.Place
}

const selectHolds = `SELECT provider_tenant_id, customer_tenant_id, seq, hold_id, reason, placed_at, placed_by, lifted_at, lifted_by, lift_reason
FROM legal_holds WHERE placed_at <= $1{where}{page}`

var holdList = readmodel.List[LegalHold]{
	OrderBy: []string{"provider_tenant_id", "customer_tenant_id", "seq"},
	Fields: func(h *LegalHold) []any {
		return []any{&h.ProviderTenantID, &h.CustomerTenantID, &h.seq, &h.HoldID, &h.Reason, &h.PlacedAt, &h.PlacedBy, &h.LiftedAt, &h.LiftedBy, &h.LiftReason}
	},
	Key: func(h LegalHold) []any {
		return []any{string(h.ProviderTenantID), string(h.CustomerTenantID), int64(h.seq)}
	},
}

// LegalHolds are those asked for, by provider and customer.
func LegalHolds(ctx context.Context, r sqldb.Reader, f HoldFilter, page readmodel.Page) (readmodel.Slice[LegalHold], error) {
	s := readmodel.From(selectHolds, f.At.Facts)
	readmodel.When(s, f.Provider, "provider_tenant_id = ?")
	if f.Customer != "" {
		s.And("(customer_tenant_id = ? OR customer_tenant_id = '')", f.Customer)
	}
	if f.Open {
		s.And("(lifted_at IS NULL OR lifted_at > ?)", f.At.Facts)
	}
	found, err := holdList.Page(ctx, r, s, page)
	for i := range found.Items {
		h := &found.Items[i]
		if h.LiftedAt = f.At.Shown(h.LiftedAt); h.LiftedAt == nil {
			h.LiftedBy, h.LiftReason = nil, nil
		}
	}
	return found, err
}

// Erasure is a request to erase personal data, and what became of it: of the contacts of a customer, or of whom a
// partnership request was sent to. One of both ids is there.
type Erasure struct {
	ProviderTenantID domain.TenantID  `json:"providerTenantId"`
	CustomerTenantID domain.TenantID  `json:"customerTenantId,omitzero"`
	RequestID        domain.RequestID `json:"requestId,omitzero"`
	ErasureID        string           `json:"erasureId"`
	Reason           string           `json:"reason"`
	RequestedAt      domain.Instant   `json:"requestedAt"`
	RequestedBy      string           `json:"requestedBy"`
	State            string           `json:"state"`
	ClosedAt         *domain.Instant  `json:"closedAt,omitzero"`
	ClosedBy         *string          `json:"closedBy,omitzero"`

	seq domain.Place
}

const selectErasures = `SELECT provider_tenant_id, customer_tenant_id, request_id, seq, erasure_id, reason, requested_at, requested_by, coalesce(closed_state, 'open'), closed_at, closed_by
FROM (
  SELECT provider_tenant_id, customer_tenant_id, '' AS request_id, seq, erasure_id, reason, requested_at, requested_by, closed_state, closed_at, closed_by FROM contact_erasures
  UNION ALL
  SELECT provider_tenant_id, '' AS customer_tenant_id, request_id, seq, erasure_id, reason, requested_at, requested_by, closed_state, closed_at, closed_by FROM invitee_erasures
) e WHERE requested_at <= $1{where}{page}`

var erasureList = readmodel.List[Erasure]{
	OrderBy: []string{"provider_tenant_id", "customer_tenant_id", "seq"},
	Fields: func(e *Erasure) []any {
		return []any{&e.ProviderTenantID, &e.CustomerTenantID, &e.RequestID, &e.seq, &e.ErasureID, &e.Reason, &e.RequestedAt, &e.RequestedBy, &e.State, &e.ClosedAt, &e.ClosedBy}
	},
	Key: func(e Erasure) []any {
		return []any{string(e.ProviderTenantID), string(e.CustomerTenantID), int64(e.seq)}
	},
}

// Erasures are those asked for, by provider and customer.
func Erasures(ctx context.Context, r sqldb.Reader, f HoldFilter, page readmodel.Page) (readmodel.Slice[Erasure], error) {
	s := readmodel.From(selectErasures, f.At.Facts)
	readmodel.When(s, f.Provider, "provider_tenant_id = ?")
	readmodel.When(s, f.Customer, "customer_tenant_id = ?")
	readmodel.When(s, f.Request, "request_id = ?")
	if f.Open {
		s.And("(closed_at IS NULL OR closed_at > ?)", f.At.Facts)
	}
	found, err := erasureList.Page(ctx, r, s, page)
	for i := range found.Items {
		e := &found.Items[i]
		if e.ClosedAt = f.At.Shown(e.ClosedAt); e.ClosedAt == nil {
			e.State, e.ClosedBy = Open, nil
		}
	}
	return found, err
}
