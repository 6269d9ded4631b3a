package customers

import (
	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/partnership"
	"github.com/partnerledger/partnerledger/projections/tables"
)

// inviteeErasure is a request to erase what a partnership request says of a person. It stands here and not among the
// requests because whoever looks after personal data asks one read model; nobody looks at those that are closed.
type inviteeErasure struct {
	Provider    domain.TenantID  `sql:"provider_tenant_id,key"`
	Request     domain.RequestID `sql:"request_id,key"`
	Seq         domain.Place     `sql:"seq,key"`
	ErasureID   string           `sql:"erasure_id"`
	Reason      string           `sql:"reason"`
	RequestedAt domain.Instant   `sql:"requested_at"`
	RequestedBy string           `sql:"requested_by"`
	ClosedState string           `sql:"closed_state,null"`
	ClosedAt    *domain.Instant  `sql:"closed_at"`
	ClosedBy    *string          `sql:"closed_by"`
}

// ofInvitee is one erasure of a partnership request.
type ofInvitee struct {
	partnership.Invitee
	id string
}

// placedOf is the key of what a partnership request has one of for each event.
type placedOf struct {
	partnership.Invitee
	seq domain.Place
}

func (e *inviteeErasure) invitee() partnership.Invitee {
	return partnership.Invitee{ProviderTenantID: e.Provider, RequestID: e.Request}
}

func (e *inviteeErasure) of() ofInvitee { return ofInvitee{e.invitee(), e.ErasureID} }
func (e *inviteeErasure) key() placedOf { return placedOf{e.invitee(), e.Seq} }
func (e *inviteeErasure) open() bool    { return e.ClosedAt == nil }
func (e *inviteeErasure) closed() bool  { return !e.open() }

// inviteeForgetting is a partnership request whose key is to be gone.
type inviteeForgetting struct {
	Request     domain.RequestID `sql:"request_id,key"`
	Seq         domain.Place     `sql:"seq,key"`
	ForgottenAt domain.Instant   `sql:"forgotten_at"`
	EventID     string           `sql:"event_id"`
}

func (f *inviteeForgetting) key() placedOf {
	return placedOf{partnership.Invitee{RequestID: f.Request}, f.Seq}
}

var (
	inviteeErasures     = tables.Of("invitee_erasures", (*inviteeErasure).key).Final((*inviteeErasure).closed)
	openInviteeErasures = tables.On(inviteeErasures, (*inviteeErasure).of, (*inviteeErasure).open, "closed_at IS NULL", "provider_tenant_id", "request_id", "erasure_id")
	inviteeForgettings  = tables.Of("invitee_forgettings", (*inviteeForgetting).key).Once()
)

// protectInvitee changes rows about whom partnership requests were sent to.
func (c change) protectInvitee() error {
	switch f := c.e.Fact.(type) {
	case partnership.InviteeErasureRequested:
		return inviteeErasures.Insert(c.rows, &inviteeErasure{Provider: f.ProviderTenantID, Request: f.RequestID, Seq: c.place(), ErasureID: f.ErasureID,
			Reason: f.Reason, RequestedAt: c.e.Meta.At, RequestedBy: f.RequestedBy})
	case partnership.InviteeErasureApproved:
		return c.closeInvitee(f.Invitee, f.ErasureID, Approved)
	case partnership.InviteeErasureWithdrawn:
		return c.closeInvitee(f.Invitee, f.ErasureID, Withdrawn)
	case partnership.InviteeForgotten:
		return inviteeForgettings.Insert(c.rows, &inviteeForgetting{Request: f.RequestID, Seq: c.place(), ForgottenAt: c.e.Meta.At, EventID: c.e.ID.String()})
	default:
		return nil
	}
}

func (c change) closeInvitee(i partnership.Invitee, id, state string) error {
	e, err := openInviteeErasures.One(c.ctx, c.rows, &inviteeErasure{Provider: i.ProviderTenantID, Request: i.RequestID, ErasureID: id})
	if err != nil {
		return err
	}
	if e == nil {
		return errUnknown
	}
	e.ClosedState, e.ClosedAt, e.ClosedBy = state, c.now(), c.by()
	inviteeErasures.Change(c.rows, e)
	return nil
}
