package partners

import (
	"context"
	_ "embed"
	"fmt"

	"github.com/partnerledger/partnerledger/projections/readmodel"
	"github.com/partnerledger/partnerledger/projections/sqldb"
)

//go:embed held.sql
var selectHeld string

// held is a part of what one reseller of the list has; the parts are added.
type held struct {
	relation
	customers, subscriptions, seats, managed, managedSeats int64
}

// count fills in what these resellers have, which stand in the order of the list. It is a query of its own: a database
// that misjudges how many rows each part has can't choose to join the parts row by row.
func (f Filter) count(ctx context.Context, r sqldb.Reader, list []Reseller) error {
	const pair = "(p.provider_tenant_id, p.reseller_tenant_id)"
	first, last := list[0], list[len(list)-1]
	s := f.pairs(readmodel.From(selectHeld, f.At.Facts, f.At.Known)).
		And(pair+" >= (?, ?)", first.ProviderTenantID, first.ResellerTenantID).And(pair+" <= (?, ?)", last.ProviderTenantID, last.ResellerTenantID)
	parts, err := readmodel.All(ctx, r, s, func(h *held) []any {
		return []any{&h.provider, &h.reseller, &h.customers, &h.subscriptions, &h.seats, &h.managed, &h.managedSeats}
	})
	if err != nil {
		return fmt.Errorf("what resellers have: %w", err)
	}
	byPair := make(map[relation]*Reseller, len(list))
	for i := range list {
		byPair[relation{list[i].ProviderTenantID, list[i].ResellerTenantID}] = &list[i]
	}
	for _, h := range parts {
		if l, ok := byPair[h.relation]; ok { // one that joined in between is for the next question
			l.Customers, l.ActiveSubscriptions, l.Seats = l.Customers+h.customers, l.ActiveSubscriptions+h.subscriptions, l.Seats+h.seats
			l.CustomerSubscriptions, l.CustomerSeats = l.CustomerSubscriptions+h.managed, l.CustomerSeats+h.managedSeats
		}
	}
	return nil
}
