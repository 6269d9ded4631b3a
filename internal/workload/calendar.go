package workload

import (
	"time"

	"github.com/partnerledger/partnerledger/domain"
)

func instantOf(year int, month time.Month, day int) domain.Instant {
	return domain.InstantOf(time.Date(year, month, day, 0, 0, 0, 0, time.UTC))
}

// midnight is the start of the UTC day.
func midnight(at domain.Instant) domain.Instant { return at - at%domain.Day }

// wholeSecond cuts the milliseconds off.
func wholeSecond(at domain.Instant) domain.Instant { return at - at%domain.Second }

// office is a later moment when people are at work: on a weekday between seven and six, most likely
// towards noon. Now and then somebody works late or on a weekend.
func (c chance) office(at domain.Instant) domain.Instant {
	day := midnight(at)
	if at-day > 16*domain.Hour && c.likely(0.9) {
		day += domain.Day
	}
	if weekday := day.Time().Weekday(); (weekday == time.Saturday || weekday == time.Sunday) && c.likely(0.93) {
		day += domain.Day * domain.Instant((8-weekday)%7)
	}
	clock := domain.Instant(c.triangular(float64(7*domain.Hour), float64(11*domain.Hour+30*domain.Minute), float64(18*domain.Hour)))
	if c.likely(0.9) {
		clock = wholeSecond(clock)
	}
	if day+clock > at {
		return day + clock
	}
	return at + domain.Second*c.between(1, 900)
}

// season is a later moment at work, with more of them in the first days of a month and of July, when
// the fiscal year begins.
func (c chance) season(at domain.Instant) domain.Instant {
	roll := c.Float64()
	if roll >= 0.22 {
		return c.office(at)
	}
	t := at.Time()
	first := instantOf(t.Year(), t.Month()+1, 1)
	if roll < 0.05 && t.Month() < time.July {
		first = instantOf(t.Year(), time.July, 1)
	}
	return c.office(first + domain.Day*c.between(0, 3))
}
