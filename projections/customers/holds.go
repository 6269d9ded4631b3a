package customers

import (
	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/customer"
	"github.com/partnerledger/partnerledger/domain/legalhold"
	"github.com/partnerledger/partnerledger/projections/tables"
)

// hold is a legal hold; nobody looks at those that were lifted.
type hold struct {
	Provider   domain.TenantID `sql:"provider_tenant_id,key"`
	Customer   domain.TenantID `sql:"customer_tenant_id,key"` // empty: all customers
	Seq        domain.Place    `sql:"seq,key"`
	HoldID     string          `sql:"hold_id"`
	Reason     string          `sql:"reason"`
	PlacedAt   domain.Instant  `sql:"placed_at"`
	PlacedBy   string          `sql:"placed_by"`
	LiftedAt   *domain.Instant `sql:"lifted_at"`
	LiftedBy   *string         `sql:"lifted_by"`
	LiftReason string          `sql:"lift_reason,null"`
}

// oneOf is one thing of a customer that has an id.
type oneOf struct {
	customer.Key
	id string
}

func (h *hold) of() oneOf    { return oneOf{named(h.Provider, h.Customer), h.HoldID} }
func (h *hold) key() placed  { return placed{named(h.Provider, h.Customer), h.Seq} }
func (h *hold) open() bool   { return h.LiftedAt == nil }
func (h *hold) lifted() bool { return !h.open() }

// erasure is a request to erase; nobody looks at those that are closed.
type erasure struct {
	Provider    domain.TenantID `sql:"provider_tenant_id,key"`
	Customer    domain.TenantID `sql:"customer_tenant_id,key"`
	Seq         domain.Place    `sql:"seq,key"`
	ErasureID   string          `sql:"erasure_id"`
	Reason      string          `sql:"reason"`
	RequestedAt domain.Instant  `sql:"requested_at"`
	RequestedBy string          `sql:"requested_by"`
	ClosedState string          `sql:"closed_state,null"`
	ClosedAt    *domain.Instant `sql:"closed_at"`
	ClosedBy    *string         `sql:"closed_by"`
}

func (e *erasure) of() oneOf    { return oneOf{named(e.Provider, e.Customer), e.ErasureID} }
func (e *erasure) key() placed  { return placed{named(e.Provider, e.Customer), e.Seq} }
func (e *erasure) open() bool   { return e.ClosedAt == nil }
func (e *erasure) closed() bool { return !e.open() }

var (
	holds        = tables.Of("legal_holds", (*hold).key).Final((*hold).lifted)
	openHolds    = tables.On(holds, (*hold).of, (*hold).open, "lifted_at IS NULL", "provider_tenant_id", "customer_tenant_id", "hold_id")
	erasures     = tables.Of("contact_erasures", (*erasure).key).Final((*erasure).closed)
	openErasures = tables.On(erasures, (*erasure).of, (*erasure).open, "closed_at IS NULL", "provider_tenant_id", "customer_tenant_id", "erasure_id")
)

func (c change) hold(f legalhold.LegalHoldPlaced) error {
	return holds.Insert(c.rows, &hold{Provider: f.ProviderTenantID, Customer: f.CustomerTenantID, Seq: c.place(), HoldID: f.HoldID,
		Reason: f.Reason, PlacedAt: c.e.Meta.At, PlacedBy: c.e.Meta.Actor.UserPrincipalName})
}

func (c change) lift(f legalhold.LegalHoldLifted) error {
	h, err := openHolds.One(c.ctx, c.rows, &hold{Provider: f.ProviderTenantID, Customer: f.CustomerTenantID, HoldID: f.HoldID})
	if err != nil {
		return err
	}
	if h == nil {
		return errUnknown
	}
	h.LiftedAt, h.LiftedBy, h.LiftReason = c.now(), c.by(), f.Reason
	holds.Change(c.rows, h)
	return nil
}

// by is who did it, as a column that may be NULL holds it.
func (c change) by() *string {
	name := c.e.Meta.Actor.UserPrincipalName
	return &name
}

func (c change) request(f customer.ContactErasureRequested) error {
	return erasures.Insert(c.rows, &erasure{Provider: f.ProviderTenantID, Customer: f.CustomerTenantID, Seq: c.place(), ErasureID: f.ErasureID,
		Reason: f.Reason, RequestedAt: c.e.Meta.At, RequestedBy: f.RequestedBy})
}

// close ends a request.
func (c change) close(k customer.Key, id, state string) error {
	e, err := openErasures.One(c.ctx, c.rows, &erasure{Provider: k.ProviderTenantID, Customer: k.CustomerTenantID, ErasureID: id})
	if err != nil {
		return err
	}
	if e == nil {
		return errUnknown
	}
	e.ClosedState, e.ClosedAt, e.ClosedBy = state, c.now(), c.by()
	erasures.Change(c.rows, e)
	return nil
}
