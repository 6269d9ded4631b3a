package credit

import (
	"context"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/credit"
	"github.com/partnerledger/partnerledger/projections/readmodel"
	"github.com/partnerledger/partnerledger/projections/sqldb"
)

// Filter says which intervals are asked for, when, and under which policy; what is empty doesn't matter,
// but for the policy, which is Keep.
type Filter struct {
	At           readmodel.Point
	Policy       credit.Policy
	Provider     domain.TenantID
	Customer     domain.TenantID
	Subscription domain.SubscriptionID
	Reseller     domain.TenantID
	MPNID        domain.MPNID
	// Corrections asks for the intervals too that were believed once and that a correction replaced.
	Corrections bool
}

// Interval is credit on one subscription, half-open; To is null while it is open.
type Interval struct {
	ProviderTenantID domain.TenantID       `json:"providerTenantId"`
	CustomerTenantID domain.TenantID       `json:"customerTenantId"`
	SubscriptionID   domain.SubscriptionID `json:"subscriptionId"`
	// MPNID and ResellerTenantID are on record; empty in a gap, where nobody is.
	MPNID            domain.MPNID    `json:"mpnId,omitzero"`
	ResellerTenantID domain.TenantID `json:"resellerTenantId,omitzero"`
	From             domain.Instant  `json:"from"`
	To               *domain.Instant `json:"to"`
	// OpenedBy and ClosedBy are the events behind the ends; ClosedHow is replaced, cleared, ended,
	// location-deleted, reseller-deauthorized or partnership-removed.
	OpenedBy  string `json:"openedBy,omitzero"`
	ClosedBy  string `json:"closedBy,omitzero"`
	ClosedHow string `json:"closedHow,omitzero"`
	// PartnershipActiveAtAssignment and AgreementSignedAtAssignment are what was so when it opened; the
	// second is null where nobody looked (a partial upgrade).
	PartnershipActiveAtAssignment *bool `json:"partnershipActiveAtAssignment,omitzero"`
	AgreementSignedAtAssignment   *bool `json:"agreementSignedAtAssignment,omitzero"`
	// KnownFrom is since when the ledger says so, later than From where a correction made it so. KnownUntil
	// and SupersededBy are the time and the event of the correction after which it says something else.
	KnownFrom    domain.Instant  `json:"knownFrom"`
	KnownUntil   *domain.Instant `json:"knownUntil,omitzero"`
	SupersededBy string          `json:"supersededBy,omitzero"`
}

const selectIntervals = `SELECT i.provider_tenant_id, i.customer_tenant_id, i.subscription_id, COALESCE(i.mpn_id, ''),
  COALESCE(i.reseller_tenant_id, ''), i.since, i.until, COALESCE(i.opened_by, ''), COALESCE(i.closed_by, ''), COALESCE(i.closed_how, ''),
  i.partnership_active, i.agreement_signed, i.known_since, CASE WHEN i.known_until <= $2 THEN i.known_until END,
  COALESCE(CASE WHEN i.known_until <= $2 THEN (SELECT f.event_id FROM credit_facts f
    WHERE f.provider_tenant_id = i.provider_tenant_id AND f.customer_tenant_id = i.customer_tenant_id AND f.subscription_id = i.subscription_id
      AND f.source = 'correction' AND f.recorded_at = i.known_until ORDER BY f.seq LIMIT 1) END, '')
FROM credit_intervals i
WHERE i.since <= $1 AND i.known_since <= $2 AND i.policy = $3{where}`

var intervalList = readmodel.List[Interval]{
	OrderBy: []string{"i.provider_tenant_id", "i.customer_tenant_id", "i.subscription_id", "i.since", "i.known_since"},
	Fields: func(i *Interval) []any {
		return []any{&i.ProviderTenantID, &i.CustomerTenantID, &i.SubscriptionID, &i.MPNID, &i.ResellerTenantID, &i.From, &i.To,
			&i.OpenedBy, &i.ClosedBy, &i.ClosedHow, &i.PartnershipActiveAtAssignment, &i.AgreementSignedAtAssignment, &i.KnownFrom, &i.KnownUntil,
			&i.SupersededBy}
	},
	Key: func(i Interval) []any {
		return []any{string(i.ProviderTenantID), string(i.CustomerTenantID), string(i.SubscriptionID), i.From, i.KnownFrom}
	},
}

// ofSubscription finds the customer of a subscription asked for by its id alone.
const ofSubscription = `(i.provider_tenant_id, i.customer_tenant_id) IN
    (SELECT k.provider_tenant_id, k.customer_tenant_id FROM credit_subscriptions k WHERE k.subscription_id = ?)`

// ofReseller names the providers with which a reseller ever had a partnership: the index of its intervals begins with them.
const ofReseller = `i.provider_tenant_id IN (SELECT p.provider_tenant_id FROM partnerships p WHERE p.reseller_tenant_id = ?)`

func (f Filter) policy() credit.Policy {
	if f.Policy == "" {
		return credit.Keep
	}
	return f.Policy
}

func (f Filter) narrow(s *readmodel.Select) *readmodel.Select {
	readmodel.OfCustomer(s, "i", f.Provider, f.Customer)
	if f.Subscription != "" {
		s.And("i.subscription_id = ?", f.Subscription).And(ofSubscription, f.Subscription)
	}
	if f.Reseller != "" {
		s.And("i.reseller_tenant_id = ?", f.Reseller).And(ofReseller, f.Reseller)
	}
	readmodel.When(s, f.MPNID, "i.mpn_id = ?")
	return s
}

func (f Filter) intervals() *readmodel.Select {
	s := f.narrow(readmodel.From(selectIntervals, f.At.Facts, f.At.Known, f.policy()))
	if !f.Corrections {
		s.And("(i.known_until IS NULL OR i.known_until > ?)", f.At.Known)
	}
	return s
}

// Intervals are the credit intervals that had begun, past ones too, by subscription and time; with
// corrections, what was believed before a correction stands before what is believed since.
func Intervals(ctx context.Context, r sqldb.Reader, f Filter, page readmodel.Page) (readmodel.Slice[Interval], error) {
	return f.page(ctx, r, f.intervals().And("i.mpn_id IS NOT NULL"), page)
}

// Gaps are the times in which a subscription ran and nobody earned for it.
func Gaps(ctx context.Context, r sqldb.Reader, f Filter, page readmodel.Page) (readmodel.Slice[Interval], error) {
	return f.page(ctx, r, f.intervals().And("i.mpn_id IS NULL"), page)
}

// Orphaned is the credit open at the instant of resellers that had no active partnership with the
// provider then: under Keep a removal closes nothing.
func Orphaned(ctx context.Context, r sqldb.Reader, f Filter, page readmodel.Page) (readmodel.Slice[Interval], error) {
	s := f.intervals().And("i.mpn_id IS NOT NULL").And("(i.until IS NULL OR i.until > ?)", f.At.Facts).
		And(`NOT EXISTS (SELECT 1 FROM credit_partnerships p
    WHERE p.provider_tenant_id = i.provider_tenant_id AND p.reseller_tenant_id = i.reseller_tenant_id
      AND p.since <= ? AND (p.until IS NULL OR p.until > ?))`, f.At.Facts, f.At.Facts)
	return f.page(ctx, r, s, page)
}

func (f Filter) page(ctx context.Context, r sqldb.Reader, s *readmodel.Select, page readmodel.Page) (readmodel.Slice[Interval], error) {
	slice, err := intervalList.Page(ctx, r, s, page)
	for n, i := range slice.Items {
		if i.To = f.At.Shown(i.To); i.To == nil {
			i.ClosedBy, i.ClosedHow = "", ""
		}
		slice.Items[n] = i
	}
	return slice, err
}

// Seats is a step of a subscription's seats, half-open; Until is null while it lasts.
type Seats struct {
	ProviderTenantID domain.TenantID       `json:"providerTenantId"`
	CustomerTenantID domain.TenantID       `json:"customerTenantId"`
	SubscriptionID   domain.SubscriptionID `json:"subscriptionId"`
	Since            domain.Instant        `json:"since"`
	Until            *domain.Instant       `json:"until"`
	Seats            int64                 `json:"seats"`
}

const selectSeats = `SELECT i.provider_tenant_id, i.customer_tenant_id, i.subscription_id, i.since, i.until, i.seats
FROM credit_seats i
WHERE i.since <= $1{where}`

// SeatSteps are the steps that had begun, by subscription and time; of the filter only provider,
// customer and subscription matter.
func SeatSteps(ctx context.Context, r sqldb.Reader, f Filter) ([]Seats, error) {
	s := readmodel.From(selectSeats, f.At.Facts)
	Filter{Provider: f.Provider, Customer: f.Customer, Subscription: f.Subscription}.narrow(s)
	s.Order("i.provider_tenant_id, i.customer_tenant_id, i.subscription_id, i.seq")
	list, err := readmodel.All(ctx, r, s, func(s *Seats) []any {
		return []any{&s.ProviderTenantID, &s.CustomerTenantID, &s.SubscriptionID, &s.Since, &s.Until, &s.Seats}
	})
	steps := list[:0]
	for _, s := range list {
		s.Until = f.At.Shown(s.Until)
		if last := len(steps) - 1; last >= 0 && steps[last].goesOn(s) {
			steps[last].Until = s.Until
			continue
		}
		steps = append(steps, s)
	}
	return steps, err
}

// goesOn tells whether the next row is of the same step: rows end also when who has to do with the seats changes.
func (s Seats) goesOn(next Seats) bool {
	return s.SubscriptionID == next.SubscriptionID && s.CustomerTenantID == next.CustomerTenantID &&
		s.ProviderTenantID == next.ProviderTenantID && s.Seats == next.Seats && s.Until != nil && *s.Until == next.Since
}
