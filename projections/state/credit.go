package state

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/credit"
	creditrows "github.com/partnerledger/partnerledger/projections/credit"
	"github.com/partnerledger/partnerledger/projections/readmodel"
	"github.com/partnerledger/partnerledger/projections/sqldb"
)

// OnRecord is who was on record on one subscription, from when to when.
type OnRecord struct {
	SubscriptionID domain.SubscriptionID `json:"subscriptionId"`
	Intervals      []Interval            `json:"intervals"`
}

// Interval is half-open; To is null while it is open.
type Interval struct {
	MPNID domain.MPNID    `json:"mpnId"`
	From  domain.Instant  `json:"from"`
	To    *domain.Instant `json:"to"`
}

// SeatDays is what one id earned in one month.
type SeatDays struct {
	ProviderTenantID domain.TenantID   `json:"providerTenantId"`
	Month            domain.Month      `json:"month"`
	MPNID            domain.MPNID      `json:"mpnId"`
	SeatMillis       credit.SeatMillis `json:"seatMillis"`
	SeatDays         string            `json:"seatDays"`
}

// UncreditedSeatDay is what nobody earned in one month.
type UncreditedSeatDay struct {
	ProviderTenantID domain.TenantID   `json:"providerTenantId"`
	Month            domain.Month      `json:"month"`
	SeatMillis       credit.SeatMillis `json:"seatMillis"`
	SeatDays         string            `json:"seatDays"`
}

// account is the credit of one subscription under one policy.
type account struct {
	provider, customer domain.TenantID
	id                 domain.SubscriptionID
	intervals          []Interval
	steps              []credit.Step
	until              *domain.Instant // the subscription's end, null while it lasts
}

// accounts are those of every subscription ever purchased, sorted by subscription.
func accounts(ctx context.Context, r sqldb.Reader, steps []creditrows.Seats, f creditrows.Filter) ([]account, error) {
	intervals, err := creditrows.Intervals(ctx, r, f, readmodel.Everything)
	if err != nil {
		return nil, err
	}
	all := bySubscription(steps, intervals.Items)
	slices.SortStableFunc(all, func(a, b account) int { return cmp.Compare(a.id, b.id) })
	return all, nil
}

type subscriptionKey struct {
	provider, customer domain.TenantID
	id                 domain.SubscriptionID
}

func bySubscription(steps []creditrows.Seats, intervals []creditrows.Interval) []account {
	onRecord := map[subscriptionKey][]Interval{}
	for _, i := range intervals {
		k := subscriptionKey{i.ProviderTenantID, i.CustomerTenantID, i.SubscriptionID}
		onRecord[k] = append(onRecord[k], Interval{i.MPNID, i.From, i.To})
	}
	var all []account
	for _, s := range steps {
		if n := len(all); n == 0 || !all[n-1].holds(s) {
			k := subscriptionKey{s.ProviderTenantID, s.CustomerTenantID, s.SubscriptionID}
			all = append(all, account{provider: k.provider, customer: k.customer, id: k.id, intervals: onRecord[k]})
		}
		last := &all[len(all)-1]
		last.steps, last.until = append(last.steps, credit.Step{From: s.Since, Seats: s.Seats}), s.Until
	}
	return all
}

func (a account) holds(s creditrows.Seats) bool {
	return a.provider == s.ProviderTenantID && a.customer == s.CustomerTenantID && a.id == s.SubscriptionID
}

// onRecord lists the subscriptions that ever had anybody on record.
func onRecord(all []account) []OnRecord {
	list := []OnRecord{}
	for _, a := range all {
		if len(a.intervals) > 0 {
			list = append(list, OnRecord{a.id, a.intervals})
		}
	}
	return list
}

// differing lists what is otherwise under the second policy; it can be that nobody ever is on record there.
func differing(keep, closed []account) []OnRecord {
	list := []OnRecord{}
	for i, a := range closed {
		if !slices.EqualFunc(a.intervals, keep[i].intervals, sameInterval) {
			list = append(list, OnRecord{a.id, append([]Interval{}, a.intervals...)})
		}
	}
	return list
}

func sameInterval(a, b Interval) bool {
	return a.MPNID == b.MPNID && a.From == b.From && (a.To == nil) == (b.To == nil) && (a.To == nil || *a.To == *b.To)
}

type monthOf struct {
	provider domain.TenantID
	credit.MonthMPN
}

// sums adds up the months of all subscriptions; open intervals count up to the instant.
func sums(all []account, instant domain.Instant) ([]SeatDays, []UncreditedSeatDay) {
	credited, uncredited := map[monthOf]credit.SeatMillis{}, map[monthOf]credit.SeatMillis{}
	for _, a := range all {
		until := instant
		if a.until != nil {
			until = *a.until
		}
		earned, nobody := credit.Months(a.rule(), a.steps, until)
		for m, millis := range earned {
			credited[monthOf{a.provider, m}] += millis
		}
		for m, millis := range nobody {
			uncredited[monthOf{a.provider, credit.MonthMPN{Month: m}}] += millis
		}
	}
	return creditedRows(credited), uncreditedRows(uncredited)
}

// rule is the intervals as the rule knows them.
func (a account) rule() []credit.Interval {
	intervals := make([]credit.Interval, len(a.intervals))
	for n, i := range a.intervals {
		intervals[n] = credit.Interval{MPNID: i.MPNID, From: i.From, To: domain.MaxInstant}
		if i.To != nil {
			intervals[n].To = *i.To
		}
	}
	return intervals
}

func sortedMonths(months map[monthOf]credit.SeatMillis) []monthOf {
	return slices.SortedFunc(maps.Keys(months), func(a, b monthOf) int {
		return cmp.Or(cmp.Compare(a.provider, b.provider), cmp.Compare(a.Month, b.Month), cmp.Compare(a.MPNID, b.MPNID))
	})
}

func creditedRows(months map[monthOf]credit.SeatMillis) []SeatDays {
	rows := []SeatDays{}
	for _, m := range sortedMonths(months) {
		rows = append(rows, SeatDays{m.provider, m.Month, m.MPNID, months[m], months[m].SeatDays()})
	}
	return rows
}

func uncreditedRows(months map[monthOf]credit.SeatMillis) []UncreditedSeatDay {
	rows := []UncreditedSeatDay{}
	for _, m := range sortedMonths(months) {
		rows = append(rows, UncreditedSeatDay{m.provider, m.Month, months[m], months[m].SeatDays()})
	}
	return rows
}
