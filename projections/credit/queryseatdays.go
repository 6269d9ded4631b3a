package credit

import (
	"context"
	_ "embed"
	"fmt"
	"strings"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/credit"
	"github.com/partnerledger/partnerledger/projections/readmodel"
	"github.com/partnerledger/partnerledger/projections/sqldb"
)

// Grouping says how fine the sums of seat-days are: each is also by everything before it.
type Grouping int

// The groupings.
const (
	ByID           Grouping = iota // by provider, month, reseller and id
	ByCustomer                     // and by customer
	BySubscription                 // and by subscription
)

// monthsMax is how many months one question may span.
const monthsMax = 600

// SeatDaysFilter asks for sums over months, both ends included; without them over all there are.
type SeatDaysFilter struct {
	Filter
	From, To domain.Month
	By       Grouping
	// Uncredited asks for the time in which nobody was on record, instead.
	Uncredited bool
}

// SeatDays is what was earned in one month, exactly and as seats × days.
type SeatDays struct {
	ProviderTenantID domain.TenantID       `json:"providerTenantId"`
	Month            domain.Month          `json:"month"`
	ResellerTenantID domain.TenantID       `json:"resellerTenantId,omitzero"`
	MPNID            domain.MPNID          `json:"mpnId,omitzero"`
	CustomerTenantID domain.TenantID       `json:"customerTenantId,omitzero"`
	SubscriptionID   domain.SubscriptionID `json:"subscriptionId,omitzero"`
	SeatMillis       credit.SeatMillis     `json:"seatMillis"`
	SeatDays         string                `json:"seatDays"`
}

//go:embed seatdays.sql
var selectSeatDays string

// Monthly sums the incentive credit by month.
func Monthly(ctx context.Context, r sqldb.Reader, f SeatDaysFilter) ([]SeatDays, error) {
	months, err := f.months(ctx, r)
	if err != nil {
		return nil, err
	}
	all := []SeatDays{}
	for _, m := range months {
		rows, err := f.month(ctx, r, m)
		if err != nil {
			return nil, fmt.Errorf("seat-days of %s: %w", m, err)
		}
		all = append(all, rows...)
	}
	return all, nil
}

const selectFirst = `SELECT COALESCE(MIN(since), $1) FROM credit_subscriptions WHERE since <= $1`

// months are those asked for, as far as there is anything in them.
func (f SeatDaysFilter) months(ctx context.Context, r sqldb.Reader) ([]domain.Month, error) {
	first, _, err := readmodel.One(ctx, r, readmodel.From(selectFirst, f.At.Instant), func(at *domain.Instant) []any { return []any{at} })
	if err != nil {
		return nil, err
	}
	month, last := max(f.From, domain.MonthOf(first)), domain.MonthOf(f.At.Instant)
	if f.To != "" {
		last = min(f.To, last)
	}
	var months []domain.Month
	for month <= last && len(months) < monthsMax {
		months = append(months, month)
		if month, err = next(month); err != nil {
			return nil, err
		}
	}
	return months, nil
}

func next(m domain.Month) (domain.Month, error) {
	start, err := m.Start()
	return domain.MonthOf(domain.InstantOf(start.Time().AddDate(0, 1, 0))), err
}

func (f SeatDaysFilter) month(ctx context.Context, r sqldb.Reader, m domain.Month) ([]SeatDays, error) {
	start, err := m.Start()
	if err != nil {
		return nil, err
	}
	end := min(domain.InstantOf(start.Time().AddDate(0, 1, 0)), f.At.Instant)
	rows, err := readmodel.All(ctx, r, f.sums(start, end), f.fields)
	for i := range rows {
		rows[i].Month, rows[i].SeatDays = m, rows[i].SeatMillis.SeatDays()
	}
	return rows, err
}

func (f SeatDaysFilter) sums(start, end domain.Instant) *readmodel.Select {
	columns := []string{"provider_tenant_id", "reseller_tenant_id", "mpn_id"}
	condition := "i.mpn_id IS NOT NULL"
	if f.Uncredited {
		columns, condition = columns[:1], "i.mpn_id IS NULL"
	}
	if f.By >= ByCustomer {
		columns = append(columns, "customer_tenant_id")
	}
	if f.By >= BySubscription {
		columns = append(columns, "subscription_id")
	}
	text := strings.ReplaceAll(selectSeatDays, "{group}", strings.Join(columns, ", "))
	return f.narrow(readmodel.From(text, f.At.Facts, f.At.Known, start, end, f.policy())).And(condition)
}

func (f SeatDaysFilter) fields(s *SeatDays) []any {
	fields := []any{&s.ProviderTenantID}
	if !f.Uncredited {
		fields = append(fields, &s.ResellerTenantID, &s.MPNID)
	}
	if f.By >= ByCustomer {
		fields = append(fields, &s.CustomerTenantID)
	}
	if f.By >= BySubscription {
		fields = append(fields, &s.SubscriptionID)
	}
	return append(fields, &s.SeatMillis)
}
