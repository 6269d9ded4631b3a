// Package analytics counts, month by month, what the vendor's reseller dashboard counts (DOMAIN.md
// §3.1), and without its horizon of thirteen months. It has no tables and no projection of its own:
// the intervals of the other read models hold every number already, as of any instant.
package analytics

import (
	"context"
	_ "embed"
	"fmt"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/projections/readmodel"
	"github.com/partnerledger/partnerledger/projections/sqldb"
)

// Defaults and limits of a question, in months.
const (
	lookBack  = 13 // the vendor's, when no first month is asked for
	monthsMax = 120
	churn     = 6 // who sold nothing for so long has churned; the current month doesn't count
)

// Filter asks for months, both ends included; the last is that of the instant unless an earlier is asked for.
type Filter struct {
	At       readmodel.Point
	Provider domain.TenantID
	From, To domain.Month
}

// Month is what one provider had at the end of a month, or at the instant asked about, and what came and went in it.
type Month struct {
	ProviderTenantID domain.TenantID `json:"providerTenantId"`
	Month            domain.Month    `json:"month"`
	// TotalResellers have an active partnership; NewResellers began one, RemovedResellers lost it.
	TotalResellers   int64 `json:"totalResellers"`
	NewResellers     int64 `json:"newResellers"`
	RemovedResellers int64 `json:"removedResellers"`
	// ActiveResellers are on record for a subscription that hasn't ended; TransactingResellers sold one
	// in the month; ChurnedResellers have sold before, but none in the six months before this one.
	ActiveResellers      int64 `json:"activeResellers"`
	TransactingResellers int64 `json:"transactingResellers"`
	ChurnedResellers     int64 `json:"churnedResellers"`
	NewCustomers         int64 `json:"newCustomers"`
	NewSubscriptions     int64 `json:"newSubscriptions"`
	EndedSubscriptions   int64 `json:"endedSubscriptions"`
	ActiveSubscriptions  int64 `json:"activeSubscriptions"`
	Seats                int64 `json:"seats"` // of active subscriptions
}

func (m *Month) fields() []any {
	return []any{&m.ProviderTenantID, &m.TotalResellers, &m.NewResellers, &m.RemovedResellers, &m.ActiveResellers, &m.TransactingResellers,
		&m.ChurnedResellers, &m.NewCustomers, &m.NewSubscriptions, &m.EndedSubscriptions, &m.ActiveSubscriptions, &m.Seats}
}

//go:embed monthly.sql
var selectMonth string

// Monthly counts month by month, by month and provider.
func Monthly(ctx context.Context, r sqldb.Reader, f Filter) ([]Month, error) {
	first, last, err := f.span()
	if err != nil {
		return nil, err
	}
	all := []Month{}
	for month := range monthsMax {
		start := shift(first, month)
		if start > last {
			break
		}
		rows, err := f.month(ctx, r, start)
		if err != nil {
			return nil, fmt.Errorf("analytics of %s: %w", domain.MonthOf(start), err)
		}
		all = append(all, rows...)
	}
	return all, nil
}

// span is the start of the first month and of the last.
func (f Filter) span() (first, last domain.Instant, err error) {
	if last, err = domain.MonthOf(f.At.Instant).Start(); err != nil {
		return 0, 0, err
	}
	if f.To != "" {
		to, err := f.To.Start()
		if err != nil {
			return 0, 0, err
		}
		last = min(last, to)
	}
	if f.From == "" {
		return shift(last, 1-lookBack), last, nil
	}
	first, err = f.From.Start()
	return first, last, err
}

func shift(start domain.Instant, months int) domain.Instant {
	return domain.InstantOf(start.Time().AddDate(0, months, 0))
}

func (f Filter) month(ctx context.Context, r sqldb.Reader, start domain.Instant) ([]Month, error) {
	shown := min(shift(start, 1)-1, f.At.Facts)
	s := readmodel.From(selectMonth, shown, f.At.Known, start, shift(start, -churn))
	readmodel.When(s, f.Provider, "v.provider_tenant_id = ?")
	rows, err := readmodel.All(ctx, r, s.Order("v.provider_tenant_id"), (*Month).fields)
	for i := range rows {
		rows[i].Month = domain.MonthOf(start)
	}
	return rows, err
}
