// Package reseller knows the partners: enrolment, locations, agreements signed, and standing. All of it
// is told by the vendor's reference feed.
//
//	unknown ── PartnerLocationRegistered ──▶ known ── ResellerEnrolled ──▶ enrolled ◀──▶ suspended
//	   └────────────── ResellerEnrolled ────────────────▶─┘                   └──▶ deauthorized (for good)
package reseller

import (
	"maps"

	"github.com/partnerledger/partnerledger/domain"
)

// Category is the category of the streams, one for each partner.
const Category = "reseller"

// Stream is the stream of one partner.
func Stream(id domain.TenantID) domain.Stream {
	return domain.Stream{Category: Category, ID: string(id)}
}

// State is what is known of one partner; the zero State is an account nobody has heard of.
type State struct {
	Enrolled     bool
	Name         string
	Country      string
	Region       string
	Suspended    bool
	Deauthorized *domain.Moment
	// Agreements holds, by region, since when the ledger knows the partner agreement to be signed.
	Agreements map[string]domain.Instant
	Locations  map[domain.MPNID]Location
}

// Location is one partner location account (PLA).
type Location struct {
	Name    string
	Country string
	Deleted *domain.Moment
}

// Known tells whether the account exists: it is enrolled or has a location.
func (s State) Known() bool { return s.Enrolled || len(s.Locations) > 0 }

// Signed tells whether the partner agreement for the region is signed (R28).
func (s State) Signed(region string) bool { _, ok := s.Agreements[region]; return ok }

// Look asks what is known of a partner.
func Look(f *domain.Facts, id domain.TenantID) State { return domain.Look[State](f, Stream(id)) }

// Fold makes State of events.
var Fold = domain.Fold[State]{Category: Category, Clone: clone, Evolve: evolve}

func clone(s State) State {
	s.Agreements, s.Locations = maps.Clone(s.Agreements), maps.Clone(s.Locations)
	return s
}

func evolve(s State, h domain.Happened) State {
	switch e := h.Event.(type) {
	case ResellerEnrolled:
		s.Enrolled, s.Name, s.Country, s.Region = true, e.Name, e.Country, e.Region
	case PartnerLocationRegistered:
		s.Locations = with(s.Locations, e.MPNID, Location{Name: e.Name, Country: e.Country})
	case PartnerLocationDeleted:
		l, moment := s.Locations[e.MPNID], h.Moment()
		l.Deleted = &moment
		s.Locations = with(s.Locations, e.MPNID, l)
	case PartnerAgreementSigned:
		if !s.Signed(e.Region) {
			s.Agreements = with(s.Agreements, e.Region, h.At)
		}
	case ResellerSuspended:
		s.Suspended = true
	case ResellerReinstated:
		s.Suspended = false
	case ResellerDeauthorized:
		if s.Deauthorized == nil {
			moment := h.Moment()
			s.Deauthorized = &moment
		}
	}
	return s
}

func with[K comparable, V any](m map[K]V, k K, v V) map[K]V {
	if m == nil {
		m = map[K]V{}
	}
	m[k] = v
	return m
}
