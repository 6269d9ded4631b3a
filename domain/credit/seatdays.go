package credit

import (
	"fmt"
	"sort"
	"time"

	"github.com/partnerledger/partnerledger/domain"
)

// MonthMPN is what credit is summed by: a calendar month in UTC and the id that earned it.
type MonthMPN struct {
	Month domain.Month
	MPNID domain.MPNID
}

// Months sums seats × time of one subscription by calendar month: what an id earned, and what nobody did.
// The subscription runs from its first step up to until, which is its end or the instant asked; so
// credited and uncredited together are all its seats, to the millisecond.
//
// Steps MUST be in order of time; of several in one instant the last holds. until MUST NOT be MaxInstant.
func Months(intervals []Interval, steps []Step, until domain.Instant) (map[MonthMPN]SeatMillis, map[domain.Month]SeatMillis) {
	t := tally{credited: map[MonthMPN]SeatMillis{}, uncredited: map[domain.Month]SeatMillis{}}
	for i, s := range steps {
		to := until
		if i+1 < len(steps) {
			to = min(until, steps[i+1].From)
		}
		t.step(intervals, s, to)
	}
	return t.credited, t.uncredited
}

type tally struct {
	credited   map[MonthMPN]SeatMillis
	uncredited map[domain.Month]SeatMillis
}

// step shares one step out among the intervals that it meets and the gaps between them.
func (t tally) step(intervals []Interval, s Step, to domain.Instant) {
	at := s.From
	first := sort.Search(len(intervals), func(i int) bool { return intervals[i].To > at })
	for _, i := range intervals[first:] {
		if i.From >= to {
			break
		}
		t.nobody(at, i.From, s.Seats)
		at = max(at, i.From)
		end := min(i.To, to)
		byMonth(at, end, func(m domain.Month, span domain.Instant) {
			t.credited[MonthMPN{Month: m, MPNID: i.MPNID}] += SeatMillis(s.Seats * int64(span))
		})
		at = end
	}
	t.nobody(at, to, s.Seats)
}

func (t tally) nobody(from, to domain.Instant, seats int64) {
	byMonth(from, to, func(m domain.Month, span domain.Instant) {
		t.uncredited[m] += SeatMillis(seats * int64(span))
	})
}

// byMonth cuts [from, to) at the starts of calendar months; it has no pieces when from isn't before to.
func byMonth(from, to domain.Instant, piece func(month domain.Month, span domain.Instant)) {
	for from < to {
		t := from.Time()
		next := domain.InstantOf(time.Date(t.Year(), t.Month()+1, 1, 0, 0, 0, 0, time.UTC))
		piece(domain.MonthOf(from), min(next, to)-from)
		from = next
	}
}

// SeatDays is the amount in seats × days as text, rounded half up to six decimals. It divides the whole
// days off first, so that nothing overflows and nothing is ever a float.
func (s SeatMillis) SeatDays() string {
	const day = SeatMillis(domain.Day)
	days, rest := s/day, s%day
	micro := (rest*10 + 432) / 864 // rest × 1,000,000 / 86,400,000, half up
	return fmt.Sprintf("%d.%06d", days+micro/1_000_000, micro%1_000_000)
}
