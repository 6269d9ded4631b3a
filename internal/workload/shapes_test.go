package workload_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/partnerledger/partnerledger/internal/workload"
)

// order is the part of a line that the shapes of a business can be seen from.
type order struct {
	Type string
	At   time.Time
	Data struct {
		RequestID, ProviderTenantID, ResellerTenantID, CustomerTenantID, SubscriptionID, MPNID string
		Quantity                                                                               int
		Order                                                                                  struct{ Lines []bought }
		Lines                                                                                  []bought
	}
}

type bought struct {
	SubscriptionID, OfferName, MPNID string
	Quantity                         int
}

// business is what was counted over the accepted lines of some workloads.
type business struct {
	enrolled, requests, accepts, second, removals, removedWithBook int
	customers, direct, monthStarts, subscriptions, unrecorded      int
	changes, ups, office, busyStreams                              int
	subscriptionYears                                              float64
	delays, seats, books                                           []float64
	asked                                                          map[string]time.Time
	quantities                                                     map[string]int
	steps                                                          map[string]int
	customersOf                                                    map[string]int
}

func observe(t *testing.T, seeds ...uint64) *business {
	t.Helper()
	b := &business{}
	for _, seed := range seeds {
		b.asked, b.customersOf = map[string]time.Time{}, map[string]int{}
		b.quantities, b.steps = map[string]int{}, map[string]int{}
		err := workload.Each(t.Context(), workload.Options{Seed: seed, Size: workload.Small}, func(l workload.Line) error {
			var o order
			if l.Refused != "" || l.Repeated {
				return nil
			}
			if err := json.Unmarshal(l.Text, &o); err != nil {
				return err
			}
			b.count(o)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range b.customersOf {
			b.books = append(b.books, float64(n))
		}
		for _, n := range b.steps {
			if n > 1000 {
				b.busyStreams++
				b.changes -= n
			}
		}
	}
	return b
}

func (b *business) count(o order) {
	switch o.Type {
	case "EnrollReseller":
		b.enrolled++
	case "RequestPartnership":
		b.requests++
		b.asked[o.Data.RequestID] = o.At
	case "AcceptPartnership":
		b.accepts++
		b.delays = append(b.delays, o.At.Sub(b.asked[o.Data.RequestID]).Hours()/24)
		b.customersOf[o.Data.ResellerTenantID] += 0
	case "RemovePartnership":
		b.removals++
		if b.customersOf[o.Data.ResellerTenantID] > 0 {
			b.removedWithBook++
		}
	case "AddCustomer":
		b.customers++
		if o.Data.ResellerTenantID == "" {
			b.direct++
		} else {
			b.customersOf[o.Data.ResellerTenantID]++
		}
		if o.At.Day() <= 3 {
			b.monthStarts++
		}
		b.buy(o, o.Data.Order.Lines)
	case "PlaceOrder":
		b.buy(o, o.Data.Lines)
	case "ChangeQuantity":
		b.change(o)
	}
}

func (b *business) buy(o order, lines []bought) {
	for _, l := range lines {
		b.subscriptions++
		b.subscriptionYears += time.Date(2024, time.July, 1, 0, 0, 0, 0, time.UTC).Sub(o.At).Hours() / 24 / 365
		b.seats = append(b.seats, float64(l.Quantity))
		b.quantities[l.SubscriptionID] = l.Quantity
		if l.MPNID == "" {
			b.unrecorded++
		}
	}
}

func (b *business) change(o order) {
	b.changes++
	s := o.Data.SubscriptionID
	b.steps[s]++
	if before, known := b.quantities[s]; known && b.steps[s] < 50 {
		if o.Data.Quantity > before {
			b.ups++
		}
		if weekday, hour := o.At.Weekday(), o.At.Hour(); weekday != time.Saturday && weekday != time.Sunday && hour >= 7 && hour < 18 {
			b.office++
		}
	}
	b.quantities[s] = o.Data.Quantity
}

func quantile(values []float64, q float64) float64 {
	slices.Sort(values)
	return values[int(q*float64(len(values)-1))]
}

// TestShapes holds the workload against the distributions that it is to have. The tolerances are wide
// enough for four workloads of size small, and narrow enough to see a wrong number.
func TestShapes(t *testing.T) {
	b := observe(t, 1, 2, 3, 4)
	empty := 0
	for _, n := range b.books {
		if n == 0 {
			empty++
		}
	}
	share := func(part, of int) float64 { return float64(part) / float64(of) }
	for _, c := range []struct {
		what           string
		got, low, high float64
	}{
		{"resellers enrolled of those ever asked", share(b.enrolled, 4*60), 0.95, 1},
		{"requests accepted", share(b.accepts, b.requests), 0.70, 0.90},
		{"median days to accept", quantile(b.delays, 0.5), 1, 3.5},
		{"days within which 95 % accept", quantile(b.delays, 0.95), 12, 30},
		{"accepted resellers without customers", share(empty, len(b.books)), 0.15, 0.30},
		{"median customers of the others", quantile(b.books, 0.6), 4, 25},
		{"customers of the biggest reseller", quantile(b.books, 1), 100, 1200},
		{"customers", float64(b.customers), 4 * 1100, 4 * 1250},
		{"direct customers", share(b.direct, b.customers), 0.02, 0.08},
		{"customers added in the first three days of a month", share(b.monthStarts, b.customers), 0.18, 0.45},
		{"subscriptions per customer", share(b.subscriptions, b.customers), 1.9, 2.7},
		{"median seats", quantile(b.seats, 0.5), 8, 14},
		{"seats that 90 % stay below", quantile(b.seats, 0.9), 40, 110},
		{"order lines without a reseller of record", share(b.unrecorded, b.subscriptions), 0.04, 0.20},
		{"quantity changes in a subscription's year", float64(b.changes) / b.subscriptionYears, 1.1, 1.6},
		{"quantity changes that go up", share(b.ups, b.changes), 0.72, 0.88},
		{"quantity changes in office hours", share(b.office, b.changes), 0.80, 1},
		{"streams with more than a thousand changes", float64(b.busyStreams), 4, 4},
		{"removals a year of a hundred partnerships", 100 * share(b.removals, b.accepts) / 3, 2, 9},
		{"removals that leave customers", share(b.removedWithBook, max(1, b.removals)), 0.5, 1},
	} {
		t.Logf("%s: %.3g", c.what, c.got)
		if c.got < c.low || c.got > c.high {
			t.Errorf("%s: %.3g, wanted %.3g to %.3g", c.what, c.got, c.low, c.high)
		}
	}
}
