package customer

import (
	"slices"

	"github.com/partnerledger/partnerledger/domain"
)

// window is how long after a purchase or a renewal an NCE subscription may be cancelled or reduced at will.
const window = 7 * domain.Day

// low is a quantity that was in force up to Until and is lower than all that came after it.
type low struct {
	Quantity int
	Until    domain.Instant
}

// held is what must be remembered once the quantity changes: the quantities lower than all later ones,
// unless their seven days are over. Others can never again be the lowest of the days before some moment,
// so that a subscription changed a thousand times stays as cheap as a new one. It makes a new slice.
func (s Subscription) held(next int, at domain.Instant) []low {
	var kept []low
	for _, l := range append(slices.Clip(s.lows), low{Quantity: s.Quantity, Until: at}) {
		if 0 < l.Quantity && l.Quantity < next && l.Until > at-window {
			kept = append(kept, l)
		}
	}
	return kept
}

// floor is the lowest quantity to which the subscription may be reduced now: one, where it isn't NCE or
// a window is open; else the lowest that was in force at any moment of the last seven days.
func (s Subscription) floor(now domain.Instant) int {
	if !nce(s.OfferID) || s.windowOpen(now) {
		return 1
	}
	for _, l := range s.lows {
		if l.Until > now-window {
			return l.Quantity
		}
	}
	return s.Quantity
}

func (s Subscription) windowOpen(now domain.Instant) bool { return now < s.Window+window }
