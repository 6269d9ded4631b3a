package customers

import (
	"context"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/customer"
	"github.com/partnerledger/partnerledger/domain/partnership"
	"github.com/partnerledger/partnerledger/projections/readmodel"
	"github.com/partnerledger/partnerledger/projections/sqldb"
)

// Forgetting is a data subject whose key is to be gone, and the event that says so.
type Forgetting struct{ Subject, EventID string }

const (
	selectForgettings        = `SELECT provider_tenant_id, customer_tenant_id, event_id FROM customer_forgettings`
	selectInviteeForgettings = `SELECT request_id, event_id FROM invitee_forgettings`
)

// Forgettings are all there ever were: whoever starts a ledger makes sure that each was carried out.
func Forgettings(ctx context.Context, r sqldb.Reader) ([]Forgetting, error) {
	type row struct {
		provider, tenant domain.TenantID
		request          domain.RequestID
		event            string
	}
	contacts, err := readmodel.All(ctx, r, readmodel.From(selectForgettings), func(f *row) []any { return []any{&f.provider, &f.tenant, &f.event} })
	if err != nil {
		return nil, err
	}
	invitees, err := readmodel.All(ctx, r, readmodel.From(selectInviteeForgettings), func(f *row) []any { return []any{&f.request, &f.event} })
	all := make([]Forgetting, 0, len(contacts)+len(invitees))
	for _, f := range contacts {
		all = append(all, Forgetting{Subject: customer.Key{ProviderTenantID: f.provider, CustomerTenantID: f.tenant}.DataSubject(), EventID: f.event})
	}
	for _, f := range invitees {
		all = append(all, Forgetting{Subject: partnership.RequestStream(f.request).String(), EventID: f.event})
	}
	return all, err
}
