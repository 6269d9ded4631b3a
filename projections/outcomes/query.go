package outcomes

import (
	"context"
	"strings"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/projections/readmodel"
	"github.com/partnerledger/partnerledger/projections/sqldb"
)

// Outcome is what became of a command, as the handler needs it.
type Outcome struct {
	CommandID domain.CommandID
	Digest    string
	Status    string
	Code      domain.Code
	Sentence  string
	Position  eventstore.Position // of the last event the command left
	EventIDs  []string            // of the facts recorded, in order
}

const selectOutcome = `SELECT o.command_id, o.digest, o.status, COALESCE(o.code, ''), COALESCE(o.sentence, ''), o.position, COALESCE(o.event_ids, '')
FROM outcomes o WHERE o.command_id = $1`

// ByCommand finds the outcome of a command: the first, if two processes took it at once.
func ByCommand(ctx context.Context, r sqldb.Reader, id domain.CommandID) (Outcome, bool, error) {
	var events string
	o, found, err := readmodel.One(ctx, r, readmodel.From(selectOutcome, string(id)).Order("o.first_seq"), func(o *Outcome) []any {
		return []any{&o.CommandID, &o.Digest, &o.Status, &o.Code, &o.Sentence, &o.Position, &events}
	})
	o.EventIDs = strings.Fields(events)
	return o, found, err
}

// Filter says which commands are asked for; what is empty doesn't matter.
type Filter struct {
	At                           readmodel.Point
	Provider, Reseller, Customer domain.TenantID
	User, CommandType            string
	Status, Code                 string
	From, To                     *domain.Instant // issued at From or later, before To
}

// Entry is one line of the activity log.
type Entry struct {
	Seq              int64            `json:"seq"`
	At               domain.Instant   `json:"at"`
	CommandID        domain.CommandID `json:"commandId"`
	CommandType      string           `json:"commandType"`
	Status           string           `json:"status"`
	Code             string           `json:"code,omitzero"`
	Message          string           `json:"message,omitzero"`
	ChangedNothing   bool             `json:"changedNothing,omitzero"`
	Stream           string           `json:"stream"`
	User             string           `json:"user"`
	UserTenantID     domain.TenantID  `json:"userTenantId"`
	Role             domain.Role      `json:"role"`
	ProviderTenantID domain.TenantID  `json:"providerTenantId,omitzero"`
	ResellerTenantID domain.TenantID  `json:"resellerTenantId,omitzero"`
	CustomerTenantID domain.TenantID  `json:"customerTenantId,omitzero"`
	EventIDs         string           `json:"eventIds,omitzero"` // separated by spaces
	CorrelationID    string           `json:"correlationId"`
}

const selectEntries = `SELECT o.first_seq, o.at, o.command_id, o.command_type, o.status, COALESCE(o.code, ''), COALESCE(o.sentence, ''),
  o.changed_nothing, o.stream, o.user_name, o.user_tenant_id, o.user_role, COALESCE(o.provider_tenant_id, ''), COALESCE(o.reseller_tenant_id, ''),
  COALESCE(o.customer_tenant_id, ''), COALESCE(o.event_ids, ''), o.correlation_id
FROM outcomes o WHERE o.at <= $1 {where}`

var entries = readmodel.List[Entry]{
	OrderBy: []string{"o.first_seq"},
	Fields: func(e *Entry) []any {
		return []any{&e.Seq, &e.At, &e.CommandID, &e.CommandType, &e.Status, &e.Code, &e.Message, &e.ChangedNothing, &e.Stream, &e.User, &e.UserTenantID,
			&e.Role, &e.ProviderTenantID, &e.ResellerTenantID, &e.CustomerTenantID, &e.EventIDs, &e.CorrelationID}
	},
	Key: func(e Entry) []any { return []any{e.Seq} },
}

// Activity is the activity log: every command in the order recorded.
func Activity(ctx context.Context, r sqldb.Reader, f Filter, page readmodel.Page) (readmodel.Slice[Entry], error) {
	s := readmodel.From(selectEntries, f.At.Facts)
	readmodel.When(s, f.Provider, "o.provider_tenant_id = ?")
	readmodel.When(s, f.Reseller, "o.reseller_tenant_id = ?")
	readmodel.When(s, f.Customer, "o.customer_tenant_id = ?")
	readmodel.When(s, f.User, "o.user_name = ?")
	readmodel.When(s, f.CommandType, "o.command_type = ?")
	readmodel.When(s, f.Code, "o.code = ?")
	if f.Status == Refused || f.Code != "" {
		s.And("o.status = 'refused'") // said as the index of the refused says it
	}
	readmodel.When(s, f.Status, "o.status = ?")
	if f.From != nil {
		s.And("o.at >= ?", *f.From)
	}
	if f.To != nil {
		s.And("o.at < ?", *f.To)
	}
	return entries.Page(ctx, r, s, page)
}
