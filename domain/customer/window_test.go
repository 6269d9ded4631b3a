package customer

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/partnerledger/partnerledger/domain"
)

const nceOffer = "CFQ7TTC0LH18:0001:CFQ7TTC0K971"

func bought(quantity int) Subscription {
	return Subscription{}.after(Change{At: 0, Begins: true, OfferID: nceOffer, Quantity: quantity, Status: Active})
}

// What is remembered of the quantities gives the same floor as all of them would.
func TestTheFloorIsTheLowestOfSevenDays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		type held struct {
			quantity int
			until    domain.Instant
		}
		s, at := bought(5), domain.Instant(0)
		all := []held{{quantity: 5}}
		for range rapid.IntRange(0, 30).Draw(t, "changes") {
			at += domain.Instant(rapid.Int64Range(0, 60).Draw(t, "hours")) * domain.Hour
			all[len(all)-1].until = at
			all = append(all, held{quantity: rapid.IntRange(1, 9).Draw(t, "quantity")})
			s = s.after(Change{At: at, Quantity: all[len(all)-1].quantity})
		}
		when := max(at, window) + domain.Instant(rapid.Int64Range(0, 200).Draw(t, "asked"))*domain.Hour
		all[len(all)-1].until = domain.MaxInstant
		lowest := 10
		for _, h := range all { // also what held for no time at all: it was in force in its instant
			if h.until > when-window {
				lowest = min(lowest, h.quantity)
			}
		}
		if got := s.floor(when); got != lowest {
			t.Fatalf("floor = %d, want %d of %v; remembered %v", got, lowest, all, s.lows)
		}
		if len(s.lows) > 8 {
			t.Fatalf("%d quantities remembered, though there are only 9", len(s.lows))
		}
	})
}

func TestAThousandChangesAreForgotten(t *testing.T) {
	s := bought(1)
	for i := range 5000 {
		s = s.after(Change{At: domain.Instant(i) * domain.Hour, Quantity: 1 + i})
	}
	if len(s.lows) != 7*24 {
		t.Errorf("%d quantities remembered of a number that grew each hour, want those of seven days", len(s.lows))
	}
	for range 5000 {
		s = s.after(Change{At: 5000 * domain.Hour, Quantity: 1})
		s = s.after(Change{At: 5000 * domain.Hour, Quantity: 2})
	}
	if len(s.lows) != 1 {
		t.Errorf("%d quantities remembered of a number that goes up and down, want one", len(s.lows))
	}
}
