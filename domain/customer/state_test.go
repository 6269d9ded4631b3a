package customer_test

import (
	"fmt"
	"reflect"
	"sync"
	"testing"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/credit"
	"github.com/partnerledger/partnerledger/domain/customer"
)

func happen(place domain.Place, at domain.Instant, e domain.Event) domain.Happened {
	return domain.Happened{At: at, Place: place, Event: e}
}

// stateOf folds what business says of the customer.
func stateOf(more ...domain.Event) customer.State {
	s := customer.State{}
	for i, g := range and(business(legacy), given(later, more...)) {
		if g.Stream == key.Stream() {
			s = customer.Fold.Apply(s, happen(domain.Place(i), g.At, g.Event))
		}
	}
	return s
}

// Whatever happens next, in however many futures at once, readers of the state before it see no change.
// The race detector watches.
func TestOlderStatesStayAsTheyWere(t *testing.T) {
	past, same := stateOf(changed(10, 15)), stateOf(changed(10, 15))
	before := fmt.Sprintf("%+v", past)
	var futures sync.WaitGroup
	for i := range 4 {
		futures.Go(func() {
			s := past
			for place, e := range customer.Events {
				s = customer.Fold.Apply(s, happen(domain.Place(100+place), later+domain.Instant(i), e))
			}
			if len(s.Subscriptions) != 2 {
				t.Errorf("after all events there are %d subscriptions, want 2", len(s.Subscriptions))
			}
		})
		futures.Go(func() {
			if !reflect.DeepEqual(past, same) {
				t.Error("the past changed while somebody read it")
			}
		})
	}
	futures.Wait()
	if after := fmt.Sprintf("%+v", past); after != before {
		t.Errorf("the past was\n%s\nand is now\n%s", before, after)
	}
}

// Two futures of one state append to the same facts; neither may see the other's.
func TestTwoFuturesShareNothing(t *testing.T) {
	past := stateOf(updated(second, ofHill), updated(ofHill, second))
	one := customer.Fold.Apply(past, happen(200, later, updated(second, ofHill)))
	two := customer.Fold.Apply(past, happen(200, later, customer.ResellerOfRecordCleared{Key: key, SubscriptionID: sub}))
	if kind := one.Subscriptions[sub].Facts[3].Kind; kind != credit.Set {
		t.Errorf("the first future's last fact is %d", kind)
	}
	if kind := two.Subscriptions[sub].Facts[3].Kind; kind != credit.Clear {
		t.Errorf("the second future's last fact is %d", kind)
	}
}

func TestState(t *testing.T) {
	half := upgraded(legacy, legacyE3, 4, 6)
	ended := later + 1
	s := stateOf(half, customer.SupportContactAssigned{Key: key, SubscriptionID: another, SupportTenantID: hill, SupportMPNID: second, SupportName: "Hill"},
		customer.SubscriptionRenewed{Key: key, SubscriptionID: another, TermDuration: "P3Y", BillingCycle: "annual"}, suspendedSub,
		customer.CustomerDissociatedFromReseller{Key: key, ResellerTenantID: hill})
	s = customer.Fold.Apply(s, happen(300, ended, cancelled()))

	if s.ResellerTenantID != "" || !s.Orders["A1"] || !s.Added {
		t.Errorf("got %+v", s)
	}
	old, split := s.Subscriptions[sub], s.Subscriptions[another]
	if old.Quantity != 6 || old.OfferID != legacy || old.Status != customer.Cancelled || *old.Ended != ended || len(old.Facts) != 2 {
		t.Errorf("the old subscription: %+v", old)
	}
	want := customer.Subscription{OfferID: legacyE3, Quantity: 4, Status: customer.Active, TermDuration: "P3Y", BillingCycle: "annual", Purchased: later,
		Window: later, Support: customer.Support{TenantID: hill, MPNID: second, Name: "Hill"}}
	if !reflect.DeepEqual(split, want) {
		t.Errorf("the part split off: %+v", split)
	}
}

// An event about a subscription says something, and of that subscription; the others say nothing.
func TestChangesOfEveryEvent(t *testing.T) {
	about := map[string]int{"SubscriptionPurchased": 1, "ResellerOfRecordAssigned": 1, "ResellerOfRecordCleared": 1, "ResellerOfRecordCorrected": 1,
		"SupportContactAssigned": 1, "QuantityChanged": 1, "SubscriptionUpgraded": 2, "SubscriptionSuspended": 1, "SubscriptionReactivated": 1,
		"SubscriptionCancelled": 1, "SubscriptionRenewed": 1}
	for _, e := range customer.Events {
		changes := customer.Changes(happen(7, later, e))
		if len(changes) != about[e.EventType()] {
			t.Errorf("%s says %d changes, want %d", e.EventType(), len(changes), about[e.EventType()])
		}
		for _, c := range changes {
			if c.SubscriptionID == "" || c.At != later || reflect.DeepEqual(c, customer.Change{SubscriptionID: c.SubscriptionID, At: c.At}) {
				t.Errorf("%s says nothing: %+v", e.EventType(), c)
			}
		}
	}
	late := customer.Changes(happen(7, later, corrected(second, bought)))[0].Credit
	if *late != (credit.Fact{Effective: domain.Moment{At: bought, Place: 7}, Kind: credit.Set, MPNID: second}) {
		t.Errorf("a correction takes effect when it says: %+v", late)
	}
}
