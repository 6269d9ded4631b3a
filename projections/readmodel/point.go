// Package readmodel is what all read models share: the instant that a question is about, pages, and
// rows written and read. Every relationship is a row with a half-open interval of effective time
// [since, until), until is null while it lasts; so "who, at T" is
//
//	since <= T AND (until IS NULL OR until > T)
//
// Rows of one relationship that begin in the same instant are told apart by seq, the number of the
// event that began them; one that ended in its first instant holds at no T.
package readmodel

import "github.com/partnerledger/partnerledger/domain"

// Question asks for the state at an instant, as it was known at another; nil leaves it open.
type Question struct {
	AsOf      *domain.Instant `json:"asOf"`
	AsKnownAt *domain.Instant `json:"asKnownAt"`
}

// Point is a question placed in both times.
type Point struct {
	// Facts is how far facts are seen: what takes effect later isn't shown.
	Facts domain.Instant
	// Instant is when expiry is judged and up to when open intervals count.
	Instant domain.Instant
	// Known is how far the ledger knew: a correction recorded later isn't seen.
	Known domain.Instant
}

// Latest is everything recorded, also what a clock ahead of this one recorded; expiry is judged now.
func Latest(now domain.Instant) Point {
	return Point{Facts: domain.MaxInstant, Instant: now, Known: domain.MaxInstant}
}

// At is the state after everything effective at or before t, as known today.
func At(t domain.Instant) Point { return Point{Facts: t, Instant: t, Known: domain.MaxInstant} }

// At places the question. Without AsOf it is about the instant at which it was known, and without
// both about the latest, where now is the time of the last thing known.
func (q Question) At(now domain.Instant) Point {
	switch {
	case q.AsOf == nil && q.AsKnownAt == nil:
		return Latest(now)
	case q.AsKnownAt == nil:
		return At(*q.AsOf)
	case q.AsOf == nil:
		return Point{Facts: *q.AsKnownAt, Instant: *q.AsKnownAt, Known: *q.AsKnownAt}
	default:
		return Point{Facts: min(*q.AsOf, *q.AsKnownAt), Instant: *q.AsOf, Known: *q.AsKnownAt}
	}
}

// Shown is the end of an interval as the point shows it: what ends later is still open.
func (p Point) Shown(until *domain.Instant) *domain.Instant {
	if until == nil || *until > p.Facts {
		return nil
	}
	return until
}
