package vocabulary_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/go-json-experiment/json"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/credit"
	"github.com/partnerledger/partnerledger/domain/customer"
	"github.com/partnerledger/partnerledger/domain/partnerid"
	"github.com/partnerledger/partnerledger/domain/partnership"
	"github.com/partnerledger/partnerledger/domain/reseller"
)

// TestWhatEventsSayOfSubscriptions makes subscriptions and credit from nothing but the events of a
// workload, and holds them against the results that it must lead to, as of and as known at several instants.
func TestWhatEventsSayOfSubscriptions(t *testing.T) {
	for _, folder := range []string{"expected-tiny/", "expected-example/"} {
		var queries []struct {
			Commands string `json:"commands"`
			File     string `json:"file"`
		}
		decode(t, workloads+folder+"queries.json", &queries)
		for _, q := range queries {
			t.Run(q.File, func(t *testing.T) {
				var want results
				decode(t, workloads+folder+q.File, &want)
				commands := workloads + folder + q.Commands
				if q.Commands == "tiny.jsonl" {
					commands = workloads + q.Commands
				}
				compare(t, want, made(t, commands, want))
			})
		}
	}
}

func decode(t *testing.T, file string, into any) {
	t.Helper()
	if err := json.UnmarshalRead(open(t, file), into); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

// results are the parts of an expected result that can be told from the events of customers.
type results struct {
	AsKnownAt             *domain.Instant         `json:"asKnownAt"`
	Instant               domain.Instant          `json:"instant"`
	Subscriptions         []subscription          `json:"subscriptions"`
	SupportContacts       []supporter             `json:"supportContacts"`
	ResellerOfRecord      []record                `json:"resellerOfRecord"`
	ResellerOfRecordClose []record                `json:"resellerOfRecordClose"`
	SeatDays              map[string][]seats      `json:"seatDays"`
	Uncredited            map[string][]uncredited `json:"uncreditedSeatDays"`
}

type subscription struct {
	customer.Key
	ID        domain.SubscriptionID `json:"subscriptionId"`
	OfferID   string                `json:"offerId"`
	Quantity  int                   `json:"quantity"`
	Status    customer.Status       `json:"status"`
	MPNID     *domain.MPNID         `json:"mpnId"`
	Purchased domain.Instant        `json:"purchasedAt"`
	Ended     *domain.Instant       `json:"endedAt"`
}

type supporter struct {
	ID       domain.SubscriptionID `json:"subscriptionId"`
	TenantID domain.TenantID       `json:"supportTenantId"`
	MPNID    domain.MPNID          `json:"supportMpnId"`
	Name     string                `json:"name"`
	Since    domain.Instant        `json:"since"`
}

type record struct {
	ID        domain.SubscriptionID `json:"subscriptionId"`
	Intervals []struct {
		MPNID domain.MPNID    `json:"mpnId"`
		From  domain.Instant  `json:"from"`
		To    *domain.Instant `json:"to"`
	} `json:"intervals"`
}

type seats struct {
	Provider   domain.TenantID   `json:"providerTenantId"`
	Month      domain.Month      `json:"month"`
	MPNID      domain.MPNID      `json:"mpnId"`
	SeatMillis credit.SeatMillis `json:"seatMillis"`
	SeatDays   string            `json:"seatDays"`
}

type uncredited struct {
	Provider   domain.TenantID   `json:"providerTenantId"`
	Month      domain.Month      `json:"month"`
	SeatMillis credit.SeatMillis `json:"seatMillis"`
	SeatDays   string            `json:"seatDays"`
}

func compare(t *testing.T, want, got results) {
	t.Helper()
	same(t, "subscriptions", want.Subscriptions, got.Subscriptions)
	same(t, "supportContacts", want.SupportContacts, got.SupportContacts)
	same(t, "resellerOfRecord", want.ResellerOfRecord, got.ResellerOfRecord)
	same(t, "resellerOfRecordClose", want.ResellerOfRecordClose, got.ResellerOfRecordClose)
	for _, policy := range []string{string(credit.Keep), string(credit.Close)} {
		same(t, "seatDays "+policy, want.SeatDays[policy], got.SeatDays[policy])
		same(t, "uncreditedSeatDays "+policy, want.Uncredited[policy], got.Uncredited[policy])
	}
}

// same compares two lists without regard to order, and names what only one of them has.
func same[T any](t *testing.T, name string, want, got []T) {
	t.Helper()
	count := map[string]int{}
	for _, one := range want {
		count[text(t, one)]++
	}
	for _, one := range got {
		count[text(t, one)]--
	}
	for _, one := range slices.Sorted(maps.Keys(count)) {
		if n := count[one]; n > 0 {
			t.Errorf("%s lacks %s", name, one)
		} else if n < 0 {
			t.Errorf("%s has unasked %s", name, one)
		}
	}
}

func text(t *testing.T, v any) string {
	t.Helper()
	out, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// view is all that rows need: the changes of each subscription, in order.
type view struct {
	play    *play
	keys    map[domain.SubscriptionID]customer.Key
	changes map[domain.SubscriptionID][]customer.Change
}

// made plays the commands known at the moment asked, and makes the results as of the instant.
func made(t *testing.T, commands string, asked results) results {
	v := view{play: newPlay(), keys: map[domain.SubscriptionID]customer.Key{}, changes: map[domain.SubscriptionID][]customer.Change{}}
	v.play.recorded = v.hear
	for l := range readLines(t, commands) {
		if asked.AsKnownAt != nil && l.At > *asked.AsKnownAt {
			break
		}
		if _, err := v.play.say(l); err != nil {
			t.Fatalf("line %d: %v", l.number, err)
		}
	}
	return v.asOf(asked.Instant)
}

func (v view) hear(h domain.Happened) {
	for _, c := range customer.Changes(h) {
		v.changes[c.SubscriptionID] = append(v.changes[c.SubscriptionID], c)
		if k, ok := h.Event.(interface{ Parties() domain.Parties }); ok {
			p := k.Parties()
			v.keys[c.SubscriptionID] = customer.Key{ProviderTenantID: p.Provider, CustomerTenantID: p.Customer}
		}
	}
}

type sumKey struct {
	provider domain.TenantID
	month    domain.Month
	mpnID    domain.MPNID
}

func (v view) asOf(at domain.Instant) results {
	r := results{SeatDays: map[string][]seats{}, Uncredited: map[string][]uncredited{}}
	sums := map[credit.Policy]map[sumKey]credit.SeatMillis{credit.Keep: {}, credit.Close: {}}
	for id := range v.changes {
		row, steps, facts := v.row(id, at)
		if len(steps) == 0 {
			continue
		}
		keep, closed := v.intervals(credit.Keep, id, facts, at), v.intervals(credit.Close, id, facts, at)
		if mpn, ok := credit.Now(keep); ok {
			row.MPNID = &mpn
		}
		r.Subscriptions = append(r.Subscriptions, row)
		r.SupportContacts = append(r.SupportContacts, v.supporter(id, at))
		if len(keep) > 0 {
			r.ResellerOfRecord = append(r.ResellerOfRecord, shown(id, keep))
		}
		if fmt.Sprint(keep) != fmt.Sprint(closed) {
			r.ResellerOfRecordClose = append(r.ResellerOfRecordClose, shown(id, closed))
		}
		until := at
		if row.Ended != nil {
			until = *row.Ended
		}
		add(sums[credit.Keep], row.ProviderTenantID, keep, steps, until)
		add(sums[credit.Close], row.ProviderTenantID, closed, steps, until)
	}
	for policy, sum := range sums {
		r.sumUp(string(policy), sum)
	}
	return r
}

func add(sum map[sumKey]credit.SeatMillis, provider domain.TenantID, intervals []credit.Interval, steps []credit.Step, until domain.Instant) {
	credited, none := credit.Months(intervals, steps, until)
	for k, amount := range credited {
		sum[sumKey{provider, k.Month, k.MPNID}] += amount
	}
	for month, amount := range none {
		sum[sumKey{provider, month, ""}] += amount
	}
}

func (r results) sumUp(policy string, sum map[sumKey]credit.SeatMillis) {
	for k, amount := range sum {
		if k.mpnID == "" {
			r.Uncredited[policy] = append(r.Uncredited[policy], uncredited{k.provider, k.month, amount, amount.SeatDays()})
		} else {
			r.SeatDays[policy] = append(r.SeatDays[policy], seats{k.provider, k.month, k.mpnID, amount, amount.SeatDays()})
		}
	}
}

// row makes one row from its changes up to the instant, and the steps and facts for its credit.
func (v view) row(id domain.SubscriptionID, at domain.Instant) (subscription, []credit.Step, []credit.Fact) {
	row := subscription{Key: v.keys[id], ID: id}
	var steps []credit.Step
	var facts []credit.Fact
	for _, c := range v.changes[id] {
		if c.Credit != nil {
			facts = append(facts, *c.Credit)
		}
		if c.At > at {
			continue
		}
		if c.Begins {
			row.Purchased = c.At
		}
		if c.Quantity != 0 {
			row.Quantity = c.Quantity
			steps = append(steps, credit.Step{From: c.At, Seats: int64(c.Quantity)})
		}
		if c.OfferID != "" {
			row.OfferID = c.OfferID
		}
		if c.Status != "" {
			row.Status = c.Status
		}
		if c.Status == customer.Cancelled {
			row.Ended = &c.At
		}
	}
	return row, steps, facts
}

func (v view) supporter(id domain.SubscriptionID, at domain.Instant) supporter {
	s := supporter{ID: id}
	for _, c := range v.changes[id] {
		if c.At <= at && c.Support != (customer.Support{}) {
			s.TenantID, s.MPNID, s.Name, s.Since = c.Support.TenantID, c.Support.MPNID, c.Support.Name, c.At
		}
	}
	return s
}

func (v view) intervals(policy credit.Policy, id domain.SubscriptionID, facts []credit.Fact, at domain.Instant) []credit.Interval {
	partners := map[domain.MPNID]credit.Partner{}
	for _, f := range facts {
		if f.Kind == credit.Set {
			partners[f.MPNID] = v.partner(v.keys[id].ProviderTenantID, f.MPNID)
		}
	}
	return credit.Cut(credit.Intervals(policy, facts, partners), at)
}

func (v view) partner(provider domain.TenantID, id domain.MPNID) credit.Partner {
	owner := v.play.states[partnerid.Stream(id)].(partnerid.State).TenantID
	known := v.play.states[reseller.Stream(owner)].(reseller.State)
	p := credit.Partner{LocationDeleted: known.Locations[id].Deleted, Deauthorized: known.Deauthorized}
	for _, e := range v.play.states[partnership.Stream(provider, owner)].(partnership.State).Episodes {
		p.Episodes = append(p.Episodes, credit.Episode{Since: e.Since, Until: e.Until})
	}
	return p
}

// shown leaves the end open as null.
func shown(id domain.SubscriptionID, intervals []credit.Interval) record {
	r := record{ID: id}
	for _, i := range intervals {
		one := struct {
			MPNID domain.MPNID    `json:"mpnId"`
			From  domain.Instant  `json:"from"`
			To    *domain.Instant `json:"to"`
		}{MPNID: i.MPNID, From: i.From}
		if !i.Open() {
			one.To = &i.To
		}
		r.Intervals = append(r.Intervals, one)
	}
	return r
}
