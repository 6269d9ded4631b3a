package workload

import "github.com/partnerledger/partnerledger/domain"

// provider is an indirect provider. There are two, and their customers have nothing to do with each other.
type provider struct {
	number              int
	tenant              id
	name, country, city string
	region, domain      string
	link                string
	mpn, global         domain.MPNID
	// users are the names of those who may issue commands, by role.
	users map[domain.Role][]string
	// active are the partnerships in force.
	active []*partnership
}

// reseller is a partner and all that is known of it.
type reseller struct {
	number              int
	tenant              id
	name, slug, country string
	email               string
	// location is the MPN ID in use, locatedAt since when it exists; it is empty before there is one.
	location  domain.MPNID
	locatedAt domain.Instant
	global    domain.MPNID

	signed, suspended, deauthorized bool
	// book are subscriptions on which the reseller was put on record at some time, some perhaps twice.
	book         []*subscription
	partnerships []*partnership
}

// free tells that nothing hinders the reseller in starting new business.
func (r *reseller) free() bool { return !r.suspended && !r.deauthorized }

// partnership is one provider with one reseller, from before its first request on.
type partnership struct {
	provider *provider
	reseller *reseller
	outcome  outcome
	request  id
	// active since is the start of the present episode; removed tells that an earlier one has ended.
	active  bool
	since   domain.Instant
	removed bool
	// share is how many customers the reseller is going to bring; those that don't sell are meant to stay without.
	share     int
	sells     bool
	customers []*customer
}

// usable tells that the reseller may start new business with the provider.
func (p *partnership) usable() bool { return p.active && p.reseller.free() }

// outcome is what becomes of a partnership request.
type outcome int

const (
	accepted outcome = iota
	unanswered
	declined
	expired
)

// customer is a company that buys; reseller is nil for a direct customer of the provider.
type customer struct {
	number   int
	tenant   id
	country  string
	provider *provider
	reseller *reseller
	// subscriptions are those that haven't ended.
	subscriptions []*subscription
	privileges    []privilege
	gone          bool
}

func (c *customer) account() account { return account{c.provider.tenant, c.tenant} }

// privilege is an open grant; holder is nil for the provider, expires 0 for one that doesn't.
type privilege struct {
	kind    string
	holder  *reseller
	expires domain.Instant
}

// open forgets grants that have run out and tells whether this one is still open.
func (c *customer) open(kind string, holder *reseller, now domain.Instant) bool {
	kept, found := c.privileges[:0], false
	for _, p := range c.privileges {
		if p.expires == 0 || now < p.expires {
			kept = append(kept, p)
			found = found || p.kind == kind && p.holder == holder
		}
	}
	c.privileges = kept
	return found
}

// subscription is what was bought, as it stands now.
type subscription struct {
	id       id
	customer *customer
	offer    *offer
	term     term
	quantity int
	// purchased and window are when it was bought, and when its window of seven days opened last.
	purchased, window domain.Instant
	steps             []step
	// suspended and ended say what can't be done with it any more.
	suspended, ended bool
	// heavy subscriptions change their quantity more than a thousand times.
	heavy bool

	record record
	// support is the reseller that supports it; nil for the provider.
	support *reseller
}

// record is the reseller of record as the rules see it now: mpn is empty where none is on record.
type record struct {
	mpn    domain.MPNID
	holder *reseller
	since  domain.Instant
	// tangled marks a history of which a correction's outcome can't be foreseen from this record alone.
	tangled bool
}

// step is a change of the quantity.
type step struct {
	at     domain.Instant
	before int
}

func (s *subscription) contract() contract { return contract{s.customer.account(), s.id} }

func (s *subscription) active() bool { return !s.suspended && !s.ended }

// windowOpen tells that a modern subscription may still be cancelled, and reduced without limit.
func (s *subscription) windowOpen(now domain.Instant) bool { return now < s.window+7*domain.Day }

// setQuantity notes the change; steps of which no rule asks any more are forgotten.
func (s *subscription) setQuantity(now domain.Instant, quantity int) {
	if len(s.steps) > 0 && s.steps[0].at < now-8*domain.Day {
		kept := s.steps[:0]
		for _, old := range s.steps {
			if old.at >= now-8*domain.Day {
				kept = append(kept, old)
			}
		}
		s.steps = kept
	}
	s.steps = append(s.steps, step{now, s.quantity})
	s.quantity = quantity
}

// floor is the lowest quantity to which the subscription may be reduced now. After the window that is the
// lowest in force at any moment of the last seven days, so that seats just added can be given back.
func (s *subscription) floor(now domain.Instant) int {
	if !s.offer.modern || s.windowOpen(now) {
		return 1
	}
	lowest := s.quantity
	for _, past := range s.steps {
		if past.at > now-7*domain.Day {
			lowest = min(lowest, past.before)
		}
	}
	return lowest
}
