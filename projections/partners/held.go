package partners

import (
	"context"
	"fmt"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/projections/readmodel"
	"github.com/partnerledger/partnerledger/projections/sqldb"
)

// held is a part of what one reseller of the list has; the parts are added.
type held struct {
	relation
	number, seats int64
}

// part is a query for a part: one walk through an index whose order is that of the list.
type part struct {
	reseller string // the column
	text     string // $1 is how far facts are seen
	known    bool   // $2 is how far the ledger knew
	add      func(*Reseller, held)
}

var parts = []part{
	{"t.reseller_tenant_id", `SELECT t.provider_tenant_id, t.reseller_tenant_id, COUNT(*), 0
FROM customer_resellers t
WHERE t.since <= $1 AND (t.until IS NULL OR t.until > $1){where}
GROUP BY t.provider_tenant_id, t.reseller_tenant_id`, false,
		func(r *Reseller, h held) { r.Customers += h.number }},
	{"t.manager_tenant_id", `SELECT t.provider_tenant_id, t.manager_tenant_id, COUNT(*), CAST(SUM(t.seats) AS BIGINT)
FROM credit_seats t
WHERE t.active = 1 AND t.manager_tenant_id IS NOT NULL AND t.since <= $1 AND (t.until IS NULL OR t.until > $1){where}
GROUP BY t.provider_tenant_id, t.manager_tenant_id`, false,
		func(r *Reseller, h held) {
			r.CustomerSubscriptions, r.CustomerSeats = r.CustomerSubscriptions+h.number, r.CustomerSeats+h.seats
		}},
	{"t.reseller_tenant_id", `SELECT t.provider_tenant_id, t.reseller_tenant_id, COUNT(*), CAST(SUM(t.seats) AS BIGINT)
FROM credit_seats t
WHERE t.active = 1 AND t.reseller_tenant_id IS NOT NULL AND t.since <= $1 AND (t.until IS NULL OR t.until > $1){where}
GROUP BY t.provider_tenant_id, t.reseller_tenant_id`, false, (*Reseller).credit},
	{"t.reseller_tenant_id", selectCorrected, true, (*Reseller).credit},
	{"t.reseller_tenant_id", selectReplaced, true, (*Reseller).credit},
}

// Seats say who was on record when the instant was the present. What corrections made of it since, as far as they were
// known at $2, comes from the intervals: they are few, and have indexes of their own.
const selectCorrected = `SELECT t.provider_tenant_id, t.reseller_tenant_id, 1, s.seats
FROM credit_intervals t
CROSS JOIN credit_seats s
WHERE s.provider_tenant_id = t.provider_tenant_id AND s.customer_tenant_id = t.customer_tenant_id AND s.subscription_id = t.subscription_id
  AND s.active = 1 AND s.since <= $1 AND (s.until IS NULL OR s.until > $1)
  AND t.policy = 'keep' AND t.reseller_tenant_id IS NOT NULL AND t.since <= $1 AND (t.until IS NULL OR t.until > $1)
  AND t.known_since > t.since AND t.known_since > $1 AND t.known_since <= $2 AND (t.known_until IS NULL OR t.known_until > $2){where}`

const selectReplaced = `SELECT t.provider_tenant_id, t.reseller_tenant_id, -1, -s.seats
FROM credit_intervals t
CROSS JOIN credit_seats s
WHERE s.provider_tenant_id = t.provider_tenant_id AND s.customer_tenant_id = t.customer_tenant_id AND s.subscription_id = t.subscription_id
  AND s.active = 1 AND s.since <= $1 AND (s.until IS NULL OR s.until > $1)
  AND t.policy = 'keep' AND t.reseller_tenant_id IS NOT NULL AND t.since <= $1 AND (t.until IS NULL OR t.until > $1)
  AND t.known_since <= $1 AND t.known_until IS NOT NULL AND t.known_until > $1 AND t.known_until <= $2{where}`

func (r *Reseller) credit(h held) {
	r.ActiveSubscriptions, r.Seats = r.ActiveSubscriptions+h.number, r.Seats+h.seats
}

// count fills in what these resellers have, which stand in the order of the list. Each part is a query of its own: a
// database that misjudges how many rows a part has can't choose to join the parts row by row.
func (f Filter) count(ctx context.Context, r sqldb.Reader, list []Reseller) error {
	byPair := make(map[relation]*Reseller, len(list))
	for i := range list {
		byPair[relation{list[i].ProviderTenantID, list[i].ResellerTenantID}] = &list[i]
	}
	for _, p := range parts {
		args := []any{f.At.Facts}
		if p.known {
			args = append(args, f.At.Known)
		}
		s := within(readmodel.From(p.text, args...), p.reseller, list)
		found, err := readmodel.All(ctx, r, s, func(h *held) []any { return []any{&h.provider, &h.reseller, &h.number, &h.seats} })
		if err != nil {
			return fmt.Errorf("what resellers have: %w", err)
		}
		for _, h := range found {
			if l, ok := byPair[h.relation]; ok {
				p.add(l, h)
			}
		}
	}
	return nil
}

// within asks for the part of an index that these resellers take up.
func within(s *readmodel.Select, reseller string, list []Reseller) *readmodel.Select {
	first, last := list[0], list[len(list)-1]
	if one := func(r Reseller) [2]domain.TenantID {
		return [2]domain.TenantID{r.ProviderTenantID, r.ResellerTenantID}
	}; one(first) == one(last) {
		return s.And("t.provider_tenant_id = ?", first.ProviderTenantID).And(reseller+" = ?", first.ResellerTenantID)
	}
	if first.ProviderTenantID == last.ProviderTenantID {
		return s.And("t.provider_tenant_id = ?", first.ProviderTenantID).And(reseller+" >= ?", first.ResellerTenantID).
			And(reseller+" <= ?", last.ResellerTenantID)
	}
	pair := "(t.provider_tenant_id, " + reseller + ")"
	return s.And(pair+" >= (?, ?)", first.ProviderTenantID, first.ResellerTenantID).
		And(pair+" <= (?, ?)", last.ProviderTenantID, last.ResellerTenantID)
}
