package credit

import (
	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/credit"
	"github.com/partnerledger/partnerledger/domain/customer"
	"github.com/partnerledger/partnerledger/projections/tables"
)

// Tables are those of the schema.
func (Projection) Tables() []tables.Definition {
	return []tables.Definition{subscriptions, seats, managers, facts, intervals, locations, deauthorized, partnerships}
}

// subscription names one subscription.
type subscription struct {
	customer.Key
	id domain.SubscriptionID
}

// life is how long a subscription lasts; Until is nil while it does.
type life struct {
	Provider domain.TenantID       `sql:"provider_tenant_id,key"`
	Customer domain.TenantID       `sql:"customer_tenant_id,key"`
	ID       domain.SubscriptionID `sql:"subscription_id,key"`
	Since    domain.Instant        `sql:"since"`
	Until    *domain.Instant       `sql:"until"`
}

func (l *life) of() subscription { return named(l.Provider, l.Customer, l.ID) }

func named(provider, of domain.TenantID, id domain.SubscriptionID) subscription {
	return subscription{customer.Key{ProviderTenantID: provider, CustomerTenantID: of}, id}
}

var subscriptions = tables.Of("credit_subscriptions", (*life).of)

// placed is the key of what a subscription has one of for each event.
type placed struct {
	subscription
	seq domain.Place
}

// step is a number of seats, and who had to do with them as it was recorded; nobody looks at those that are over.
type step struct {
	Provider domain.TenantID       `sql:"provider_tenant_id,key"`
	Customer domain.TenantID       `sql:"customer_tenant_id,key"`
	ID       domain.SubscriptionID `sql:"subscription_id,key"`
	Seq      domain.Place          `sql:"seq,key"`
	Since    domain.Instant        `sql:"since"`
	Until    *domain.Instant       `sql:"until"`
	Seats    int                   `sql:"seats"`
	Active   bool                  `sql:"active"`
	Reseller domain.TenantID       `sql:"reseller_tenant_id,null"` // on record
	Manager  domain.TenantID       `sql:"manager_tenant_id,null"`  // associated with the customer
}

func (s *step) of() subscription { return named(s.Provider, s.Customer, s.ID) }
func (s *step) key() placed      { return placed{s.of(), s.Seq} }
func (s *step) customer() customer.Key {
	return customer.Key{ProviderTenantID: s.Provider, CustomerTenantID: s.Customer}
}
func (s *step) lasts() bool { return s.Until == nil }

var (
	seats     = tables.Of("credit_seats", (*step).key).Final(func(s *step) bool { return !s.lasts() })
	seatsOpen = tables.On(seats, (*step).of, (*step).lasts, "until IS NULL", "provider_tenant_id", "customer_tenant_id", "subscription_id")
	// customerSeats are the seats that all subscriptions of a customer have now.
	customerSeats = tables.On(seats, (*step).customer, (*step).lasts, "until IS NULL", "provider_tenant_id", "customer_tenant_id")
)

// managed is which reseller is associated with a customer now.
type managed struct {
	Provider domain.TenantID `sql:"provider_tenant_id,key"`
	Customer domain.TenantID `sql:"customer_tenant_id,key"`
	Reseller domain.TenantID `sql:"reseller_tenant_id,null"`
}

func (m *managed) key() customer.Key {
	return customer.Key{ProviderTenantID: m.Provider, CustomerTenantID: m.Customer}
}

var managers = tables.Of("credit_managers", (*managed).key)

// fact is one about the reseller of record, as it was recorded.
type fact struct {
	Provider        domain.TenantID       `sql:"provider_tenant_id,key"`
	Customer        domain.TenantID       `sql:"customer_tenant_id,key"`
	ID              domain.SubscriptionID `sql:"subscription_id,key"`
	Seq             domain.Place          `sql:"seq,key"`
	Kind            string                `sql:"kind"`
	EffectiveAt     domain.Instant        `sql:"effective_at"`
	RecordedAt      domain.Instant        `sql:"recorded_at"`
	MPNID           domain.MPNID          `sql:"mpn_id,null"`
	Reseller        domain.TenantID       `sql:"reseller_tenant_id,null"`
	Source          string                `sql:"source,null"`
	AgreementSigned *bool                 `sql:"agreement_signed"` // nil where nobody looked
	EventID         string                `sql:"event_id"`
	RecordedBy      string                `sql:"recorded_by"`
	Reason          string                `sql:"reason,null"`
	Approver        string                `sql:"approver,null"`
}

func (f *fact) of() subscription { return named(f.Provider, f.Customer, f.ID) }
func (f *fact) key() placed      { return placed{f.of(), f.Seq} }

var (
	facts   = tables.Of("credit_facts", (*fact).key)
	factsOf = tables.On(facts, (*fact).of, nil, "", "provider_tenant_id", "customer_tenant_id", "subscription_id")
)

// interval is a stretch of a subscription with one id on record, or with none; nobody looks at those
// that a correction replaced.
type interval struct {
	Provider          domain.TenantID       `sql:"provider_tenant_id,key"`
	Customer          domain.TenantID       `sql:"customer_tenant_id,key"`
	ID                domain.SubscriptionID `sql:"subscription_id,key"`
	Policy            credit.Policy         `sql:"policy,key"`
	Since             domain.Instant        `sql:"since,key"`
	KnownSince        domain.Instant        `sql:"known_since,key"`
	MPNID             domain.MPNID          `sql:"mpn_id,null"`
	Reseller          domain.TenantID       `sql:"reseller_tenant_id,null"`
	Until             *domain.Instant       `sql:"until"`
	OpenedBy          string                `sql:"opened_by,null"`
	ClosedBy          string                `sql:"closed_by,null"`
	ClosedHow         string                `sql:"closed_how,null"`
	PartnershipActive *bool                 `sql:"partnership_active"` // nil where nobody is on record
	AgreementSigned   *bool                 `sql:"agreement_signed"`   // nil where nobody looked
	KnownUntil        *domain.Instant       `sql:"known_until"`
}

type intervalKey struct {
	subscription
	policy            credit.Policy
	since, knownSince domain.Instant
}

func (i *interval) of() subscription        { return named(i.Provider, i.Customer, i.ID) }
func (i *interval) key() intervalKey        { return intervalKey{i.of(), i.Policy, i.Since, i.KnownSince} }
func (i *interval) believed() bool          { return i.KnownUntil == nil }
func (i *interval) earner() domain.TenantID { return i.Reseller }
func (i *interval) earning() bool           { return i.believed() && i.Until == nil && i.Reseller != "" }

var (
	intervals   = tables.Of("credit_intervals", (*interval).key).Final(func(i *interval) bool { return !i.believed() })
	intervalsOf = tables.On(intervals, (*interval).of, (*interval).believed, "known_until IS NULL",
		"provider_tenant_id", "customer_tenant_id", "subscription_id")
	// openCredit is all open credit of a reseller, of all providers.
	openCredit = tables.On(intervals, (*interval).earner, (*interval).earning,
		"until IS NULL AND known_until IS NULL AND reseller_tenant_id IS NOT NULL", "reseller_tenant_id")
)

// location is whose an id is, and when it was deleted.
type location struct {
	MPNID      domain.MPNID    `sql:"mpn_id,key"`
	Reseller   domain.TenantID `sql:"reseller_tenant_id"`
	DeletedAt  *domain.Instant `sql:"deleted_at"`
	DeletedSeq *domain.Place   `sql:"deleted_seq"`
	DeletedBy  string          `sql:"deleted_by,null"`
}

func (l *location) key() domain.MPNID { return l.MPNID }

var locations = tables.Of("credit_locations", (*location).key)

// deauthorization is when a reseller lost its authorization for good.
type deauthorization struct {
	Reseller domain.TenantID `sql:"reseller_tenant_id,key"`
	At       domain.Instant  `sql:"deauthorized_at"`
	Seq      domain.Place    `sql:"deauthorized_seq"`
	By       string          `sql:"deauthorized_by"`
}

func (d *deauthorization) key() domain.TenantID { return d.Reseller }

var deauthorized = tables.Of("credit_deauthorized", (*deauthorization).key)

// episode is one stretch of a partnership; Until is nil while it is active.
type episode struct {
	Provider  domain.TenantID `sql:"provider_tenant_id,key"`
	Reseller  domain.TenantID `sql:"reseller_tenant_id,key"`
	SinceSeq  domain.Place    `sql:"since_seq,key"`
	Since     domain.Instant  `sql:"since"`
	Until     *domain.Instant `sql:"until"`
	UntilSeq  *domain.Place   `sql:"until_seq"`
	RemovedBy string          `sql:"removed_by,null"`
}

// relation is one provider and one reseller.
type relation struct{ provider, reseller domain.TenantID }

type episodeKey struct {
	relation
	since domain.Place
}

func (e *episode) of() relation    { return relation{e.Provider, e.Reseller} }
func (e *episode) key() episodeKey { return episodeKey{e.of(), e.SinceSeq} }

var (
	partnerships = tables.Of("credit_partnerships", (*episode).key)
	episodesOf   = tables.On(partnerships, (*episode).of, nil, "", "provider_tenant_id", "reseller_tenant_id")
)
