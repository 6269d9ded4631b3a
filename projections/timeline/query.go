package timeline

import (
	"context"
	_ "embed"
	"strings"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/eventstore"
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
	// Operation is the id of a command, of what commands belong to together, of an order or of a request.
	Operation string
	// Search are words that all stand in the type, the summary, the reason or the company's name, without regard to case.
	Search   string
	From, To *domain.Instant // recorded at From or later, before To
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
	Reason           string                `json:"reason,omitzero"` // of a refusal: the sentence that says why
	User             string                `json:"user"`
	UserTenantID     domain.TenantID       `json:"userTenantId"`
	Role             domain.Role           `json:"role"`
	ProviderTenantID domain.TenantID       `json:"providerTenantId,omitzero"`
	ResellerTenantID domain.TenantID       `json:"resellerTenantId,omitzero"`
	PreviousTenantID domain.TenantID       `json:"previousResellerTenantId,omitzero"`
	CustomerTenantID domain.TenantID       `json:"customerTenantId,omitzero"`
	Company          string                `json:"company,omitzero"` // the customer's name
	SubscriptionID   domain.SubscriptionID `json:"subscriptionId,omitzero"`
	RequestID        domain.RequestID      `json:"requestId,omitzero"`
	OrderID          domain.OrderID        `json:"orderId,omitzero"`
	MPNID            domain.MPNID          `json:"mpnId,omitzero"`
	PreviousMPNID    domain.MPNID          `json:"previousMpnId,omitzero"`
	EventID          string                `json:"eventId"`
	CommandID        domain.CommandID      `json:"commandId"`
	CorrelationID    string                `json:"correlationId"`
	Stream           string                `json:"stream"`
	Revision         int64                 `json:"revision"`
	// Basis are the streams that the decision looked at, as it saw them; null unless it was asked for.
	Basis []eventstore.Basis `json:"basis,omitzero"`
}

//go:embed entries.sql
var selectEntries string

var entries = readmodel.List[Entry]{
	OrderBy: []string{"t.seq"},
	Fields: func(e *Entry) []any {
		return []any{&e.Seq, &e.Position, &e.At, &e.EffectiveAt, &e.Type, &e.Category, &e.Summary, &e.Reason, &e.User, &e.UserTenantID, &e.Role,
			&e.ProviderTenantID, &e.ResellerTenantID, &e.PreviousTenantID, &e.CustomerTenantID, &e.Company, &e.SubscriptionID, &e.RequestID, &e.OrderID,
			&e.MPNID, &e.PreviousMPNID, &e.EventID, &e.CommandID, &e.CorrelationID, &e.Stream, &e.Revision}
	},
	Key: func(e Entry) []any { return []any{e.Seq} },
}

// Entries are the events asked for, in the order of the log.
func Entries(ctx context.Context, r sqldb.Reader, f Filter, page readmodel.Page) (readmodel.Slice[Entry], error) {
	s := readmodel.From(selectEntries, f.At.Facts, f.At.Known)
	readmodel.When(s, f.Provider, "t.provider_tenant_id = ?")
	if err := f.ofReseller(ctx, r, s); err != nil {
		return readmodel.Slice[Entry]{}, err
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
	if f.Operation != "" {
		seqs, err := operation(ctx, r, f.Operation)
		if err != nil {
			return readmodel.Slice[Entry]{}, err
		}
		among(s, seqs)
	}
	for _, word := range strings.Fields(f.Search) {
		s.Contains(word, "t.summary", "t.reason", "t.type")
	}
	return entries.Page(ctx, r, s, page)
}

// among asks for the events of these numbers only; none of them is none at all.
func among(s *readmodel.Select, seqs []any) {
	if len(seqs) == 0 {
		s.And("1 = 0")
		return
	}
	s.And("t.seq IN (?"+strings.Repeat(", ?", len(seqs)-1)+")", seqs...)
}
