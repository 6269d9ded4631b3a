package timeline

import (
	"context"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/projections/readmodel"
	"github.com/partnerledger/partnerledger/projections/sqldb"
)

// Filter says which events are asked for; what is empty doesn't matter.
type Filter struct {
	At                           readmodel.Point
	Provider, Reseller, Customer domain.TenantID
	Subscription                 domain.SubscriptionID
	Request                      domain.RequestID
	MPNID                        domain.MPNID
	User, Type                   string
	From, To                     *domain.Instant // recorded at From or later, before To
}

// Entry is one event: who, when, what, why.
type Entry struct {
	Seq              int64                 `json:"seq"`
	Position         int64                 `json:"position"`
	At               domain.Instant        `json:"at"`
	EffectiveAt      domain.Instant        `json:"effectiveAt"`
	Type             string                `json:"type"`
	Summary          string                `json:"summary"`
	Reason           string                `json:"reason,omitzero"`
	User             string                `json:"user"`
	UserTenantID     domain.TenantID       `json:"userTenantId"`
	Role             domain.Role           `json:"role"`
	ProviderTenantID domain.TenantID       `json:"providerTenantId,omitzero"`
	ResellerTenantID domain.TenantID       `json:"resellerTenantId,omitzero"`
	CustomerTenantID domain.TenantID       `json:"customerTenantId,omitzero"`
	SubscriptionID   domain.SubscriptionID `json:"subscriptionId,omitzero"`
	RequestID        domain.RequestID      `json:"requestId,omitzero"`
	MPNID            domain.MPNID          `json:"mpnId,omitzero"`
	EventID          string                `json:"eventId"`
	CommandID        domain.CommandID      `json:"commandId"`
	Stream           string                `json:"stream"`
	Revision         int64                 `json:"revision"`
}

const selectEntries = `SELECT t.seq, t.position, t.at, t.effective_at, t.type, t.summary, t.reason, t.user_name, t.user_tenant_id, t.user_role,
  t.provider_tenant_id, t.reseller_tenant_id, t.customer_tenant_id, t.subscription_id, t.request_id, t.mpn_id, t.event_id, t.command_id, t.stream, t.revision
FROM timeline t WHERE t.at <= $1 {where}`

var entries = readmodel.List[Entry]{
	OrderBy: []string{"t.seq"},
	Fields: func(e *Entry) []any {
		return []any{&e.Seq, &e.Position, &e.At, &e.EffectiveAt, &e.Type, &e.Summary, &e.Reason, &e.User, &e.UserTenantID, &e.Role,
			&e.ProviderTenantID, &e.ResellerTenantID, &e.CustomerTenantID, &e.SubscriptionID, &e.RequestID, &e.MPNID, &e.EventID, &e.CommandID, &e.Stream, &e.Revision}
	},
	Key: func(e Entry) []any { return []any{e.Seq} },
}

// Entries are the events asked for, in the order of the log.
func Entries(ctx context.Context, r sqldb.Reader, f Filter, page readmodel.Page) (readmodel.Slice[Entry], error) {
	s := readmodel.From(selectEntries, f.At.Facts)
	readmodel.When(s, f.Provider, "t.provider_tenant_id = ?")
	readmodel.When(s, f.Reseller, "t.reseller_tenant_id = ?")
	readmodel.When(s, f.Customer, "t.customer_tenant_id = ?")
	readmodel.When(s, f.Subscription, "t.subscription_id = ?")
	readmodel.When(s, f.Request, "t.request_id = ?")
	readmodel.When(s, f.MPNID, "t.mpn_id = ?")
	readmodel.When(s, f.User, "t.user_name = ?")
	readmodel.When(s, f.Type, "t.type = ?")
	if f.From != nil {
		s.And("t.at >= ?", *f.From)
	}
	if f.To != nil {
		s.And("t.at < ?", *f.To)
	}
	return entries.Page(ctx, r, s, page)
}
