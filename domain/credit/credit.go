// Package credit is the incentive credit rule (DOMAIN.md §4.4): a pure function from facts to intervals
// and from intervals to seat-days. The unit is one subscription.
//
// Facts are taken in order of (effective time, place in the log). A Set closes what is open and opens
// its id; with the id that is open already it changes nothing. Clear and End close; after the End
// nothing opens. A location's deletion and a lost authorization close the interval of that id, and
// under the policy Close the removal of the partnership does too. Intervals are half-open; those of
// length zero are dropped, and touching ones of the same id are one.
package credit

import "github.com/partnerledger/partnerledger/domain"

// Policy says what the removal of a partnership does to credit (credit.on_partnership_removal).
type Policy string

// The two readings of the same events. Decisions go by Keep; only whether an id assigned again is worth
// recording is asked of both.
const (
	Keep  Policy = "keep"  // the interval stays open
	Close Policy = "close" // the interval closes, and nothing opens outside an active partnership
)

// Kind is what a fact does.
type Kind int

// The closed set of kinds.
const (
	Set   Kind = iota // purchase line, assignment, correction at its effective time, partial upgrade
	Clear             // no reseller from now on
	End               // the subscription ended
)

// Fact is one fact about the reseller of record of one subscription.
type Fact struct {
	Effective domain.Moment // when it takes effect; Place is that of its event in the log
	Kind      Kind
	MPNID     domain.MPNID // of a Set
	EventID   string       // the event behind it, for evidence; may be empty
}

// Partner is what the rule has to know of the partner behind one MPN ID.
type Partner struct {
	LocationDeleted *domain.Moment
	Deauthorized    *domain.Moment
	Episodes        []Episode // of the provider's partnership with it, in order
}

// Episode is one stretch of partnership; Until is nil while it is active.
type Episode struct {
	Since domain.Moment
	Until *domain.Moment
}

// Interval is credit of one MPN ID, half-open [From, To).
type Interval struct {
	MPNID domain.MPNID
	From  domain.Instant
	To    domain.Instant // domain.MaxInstant while open
	// OpenedBy and ClosedBy are the events behind the ends, where they are known and are facts of the subscription.
	OpenedBy, ClosedBy string
}

// Open tells whether the interval has no end yet.
func (i Interval) Open() bool { return i.To == domain.MaxInstant }

// Step is the number of seats from a moment on, until the next step or the end of the subscription.
type Step struct {
	From  domain.Instant
	Seats int64
}

// SeatMillis is seats × milliseconds, the exact unit of credit.
type SeatMillis int64
