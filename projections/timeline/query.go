package timeline

import (
	"context"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/projections/readmodel"
	"github.com/partnerledger/partnerledger/projections/sqldb"
)

// Filter says which events are asked for; what is empty doesn't matter. At asks for what had taken effect
// by then, as far as it was known: a correction recorded later is seen at the time it corrects. Reseller
// also finds what was taken from it.
type Filter struct {
	At                           readmodel.Point
	Provider, Reseller, Customer domain.TenantID
	Subscription                 domain.SubscriptionID
	Request                      domain.RequestID
	MPNID                        domain.MPNID
	User, Type, Category         string
	From, To                     *domain.Instant // recorded at From or later, before To
}

// Entry is one event: who, when, what, why.
type Entry struct {
	Seq              int64                 `json:"seq"`
	Position         int64                 `json:"position"`
	At               domain.Instant        `json:"at"`
	EffectiveAt      domain.Instant        `json:"effectiveAt"`
	Type             string                `json:"type"`
	Category         string                `json:"category"`
	Summary          string                `json:"summary"`
	Reason           string                `json:"reason,omitzero"`
	User             string                `json:"user"`
	UserTenantID     domain.TenantID       `json:"userTenantId"`
	Role             domain.Role           `json:"role"`
	ProviderTenantID domain.TenantID       `json:"providerTenantId,omitzero"`
	ResellerTenantID domain.TenantID       `json:"resellerTenantId,omitzero"`
	PreviousTenantID domain.TenantID       `json:"previousResellerTenantId,omitzero"`
	CustomerTenantID domain.TenantID       `json:"customerTenantId,omitzero"`
	SubscriptionID   domain.SubscriptionID `json:"subscriptionId,omitzero"`
	RequestID        domain.RequestID      `json:"requestId,omitzero"`
	MPNID            domain.MPNID          `json:"mpnId,omitzero"`
	PreviousMPNID    domain.MPNID          `json:"previousMpnId,omitzero"`
	EventID          string                `json:"eventId"`
	CommandID        domain.CommandID      `json:"commandId"`
	Stream           string                `json:"stream"`
	Revision         int64                 `json:"revision"`
}

const selectEntries = `SELECT t.seq, t.position, t.at, t.effective_at, t.type, t.category, t.summary, COALESCE(t.reason, ''),
  t.user_name, t.user_tenant_id, t.user_role, COALESCE(t.provider_tenant_id, ''), COALESCE(t.reseller_tenant_id, ''),
  COALESCE(t.previous_tenant_id, ''), COALESCE(t.customer_tenant_id, ''), COALESCE(t.subscription_id, ''), COALESCE(t.request_id, ''),
  COALESCE(t.mpn_id, ''), COALESCE(t.previous_mpn_id, ''), t.event_id, t.command_id, t.stream, t.revision
FROM timeline t WHERE t.effective_at <= $1 AND t.at <= $2 {where}`

var entries = readmodel.List[Entry]{
	OrderBy: []string{"t.seq"},
	Fields: func(e *Entry) []any {
		return []any{&e.Seq, &e.Position, &e.At, &e.EffectiveAt, &e.Type, &e.Category, &e.Summary, &e.Reason, &e.User, &e.UserTenantID, &e.Role,
			&e.ProviderTenantID, &e.ResellerTenantID, &e.PreviousTenantID, &e.CustomerTenantID, &e.SubscriptionID, &e.RequestID,
			&e.MPNID, &e.PreviousMPNID, &e.EventID, &e.CommandID, &e.Stream, &e.Revision}
	},
	Key: func(e Entry) []any { return []any{e.Seq} },
}

// Entries are the events asked for, in the order of the log.
func Entries(ctx context.Context, r sqldb.Reader, f Filter, page readmodel.Page) (readmodel.Slice[Entry], error) {
	s := readmodel.From(selectEntries, f.At.Facts, f.At.Known)
	readmodel.When(s, f.Provider, "t.provider_tenant_id = ?")
	if f.Reseller != "" {
		s.And("(t.reseller_tenant_id = ? OR t.previous_tenant_id = ?)", f.Reseller, f.Reseller)
	}
	readmodel.When(s, f.Customer, "t.customer_tenant_id = ?")
	readmodel.When(s, f.Subscription, "t.subscription_id = ?")
	readmodel.When(s, f.Request, "t.request_id = ?")
	if f.MPNID != "" {
		s.And("(t.mpn_id = ? OR t.previous_mpn_id = ?)", f.MPNID, f.MPNID)
	}
	readmodel.When(s, f.User, "t.user_name = ?")
	readmodel.When(s, f.Type, "t.type = ?")
	readmodel.When(s, f.Category, "t.category = ?")
	if f.From != nil {
		s.And("t.at >= ?", *f.From)
	}
	if f.To != nil {
		s.And("t.at < ?", *f.To)
	}
	return entries.Page(ctx, r, s, page)
}
