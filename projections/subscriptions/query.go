package subscriptions

import (
	"context"
	_ "embed"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/customer"
	"github.com/partnerledger/partnerledger/projections/readmodel"
	"github.com/partnerledger/partnerledger/projections/sqldb"
)

// Filter says which subscriptions are asked for, and when; what is empty doesn't matter.
type Filter struct {
	At           readmodel.Point
	Provider     domain.TenantID
	Customer     domain.TenantID
	Subscription domain.SubscriptionID
	Reseller     domain.TenantID // the one on record
	MPNID        domain.MPNID    // the id on record
	Status       string          // active, suspended or cancelled
}

// Subscription is a subscription as it stood at the instant asked about.
type Subscription struct {
	ProviderTenantID domain.TenantID       `json:"providerTenantId"`
	CustomerTenantID domain.TenantID       `json:"customerTenantId"`
	SubscriptionID   domain.SubscriptionID `json:"subscriptionId"`
	OrderID          domain.OrderID        `json:"orderId,omitzero"`
	// UpgradedFrom is the subscription from which a partial upgrade took the seats.
	UpgradedFrom domain.SubscriptionID `json:"upgradedFrom,omitzero"`
	OfferID      string                `json:"offerId"`
	OfferName    string                `json:"offerName"`
	Quantity     int64                 `json:"quantity"`
	Status       string                `json:"status"`
	TermDuration string                `json:"termDuration"`
	BillingCycle string                `json:"billingCycle"`
	// MPNID and ResellerTenantID are on record; null where nobody is.
	MPNID            *domain.MPNID    `json:"mpnId"`
	ResellerTenantID *domain.TenantID `json:"resellerTenantId"`
	PurchasedAt      domain.Instant   `json:"purchasedAt"`
	EndedAt          *domain.Instant  `json:"endedAt"`
}

//go:embed subscriptions.sql
var selectSubscriptions string

var subscriptionList = readmodel.List[Subscription]{
	OrderBy: []string{"s.provider_tenant_id", "s.customer_tenant_id", "s.subscription_id"},
	Fields: func(s *Subscription) []any {
		return []any{&s.ProviderTenantID, &s.CustomerTenantID, &s.SubscriptionID, &s.OrderID, &s.UpgradedFrom, &s.OfferID, &s.OfferName,
			&s.Quantity, &s.Status, &s.TermDuration, &s.BillingCycle, &s.MPNID, &s.ResellerTenantID, &s.PurchasedAt, &s.EndedAt}
	},
	Key: func(s Subscription) []any {
		return []any{string(s.ProviderTenantID), string(s.CustomerTenantID), string(s.SubscriptionID)}
	},
}

// ofReseller finds the subscriptions on which a reseller was on record: its partnerships lead to them. Who is on record is
// asked once more through COALESCE, so that the interval is looked up by the subscription: by the reseller, SQLite
// would go through all its intervals for each of its subscriptions.
const ofReseller = `(s.provider_tenant_id, s.customer_tenant_id, s.subscription_id) IN (
    SELECT x.provider_tenant_id, x.customer_tenant_id, x.subscription_id
    FROM (SELECT DISTINCT p.provider_tenant_id, p.reseller_tenant_id FROM partnerships p WHERE p.reseller_tenant_id = ?) p
    JOIN credit_intervals x ON x.provider_tenant_id = p.provider_tenant_id AND x.reseller_tenant_id = p.reseller_tenant_id AND x.policy = 'keep'
    WHERE x.since <= ? AND (x.until IS NULL OR x.until > ?) AND x.known_since <= ? AND (x.known_until IS NULL OR x.known_until > ?))`

// Subscriptions are those asked for, ended ones too, by provider, customer and subscription.
func Subscriptions(ctx context.Context, r sqldb.Reader, f Filter, page readmodel.Page) (readmodel.Slice[Subscription], error) {
	s := readmodel.From(selectSubscriptions, f.At.Facts, f.At.Known)
	readmodel.OfCustomer(s, "s", f.Provider, f.Customer)
	readmodel.When(s, f.Subscription, "s.subscription_id = ?")
	if f.Reseller != "" {
		s.And("COALESCE(i.reseller_tenant_id, '') = ?", f.Reseller).
			And(ofReseller, f.Reseller, f.At.Facts, f.At.Facts, f.At.Known, f.At.Known)
	}
	readmodel.When(s, f.MPNID, "i.mpn_id = ?")
	readmodel.When(s, f.Status, "t.status = ?")
	return subscriptionList.Page(ctx, r, s, page)
}

// Detail is one subscription with everything that changed on it.
type Detail struct {
	Subscription
	Steps           []Step    `json:"steps"`
	SupportContacts []Contact `json:"supportContacts"`
}

// Step is a stretch in which nothing about the subscription changed.
type Step struct {
	Since        domain.Instant  `json:"since"`
	Until        *domain.Instant `json:"until"`
	OfferID      string          `json:"offerId"`
	OfferName    string          `json:"offerName"`
	Quantity     int64           `json:"quantity"`
	Status       string          `json:"status"`
	TermDuration string          `json:"termDuration"`
	BillingCycle string          `json:"billingCycle"`
}

// One is one subscription with its steps and support contacts in order of time, and false where the
// customer had none of that id then.
func One(ctx context.Context, r sqldb.Reader, at readmodel.Point, k customer.Key, id domain.SubscriptionID) (Detail, bool, error) {
	s := readmodel.From(selectSubscriptions, at.Facts, at.Known).And("s.provider_tenant_id = ?", k.ProviderTenantID).
		And("s.customer_tenant_id = ?", k.CustomerTenantID).And("s.subscription_id = ?", id)
	var d Detail
	var found bool
	var err error
	if d.Subscription, found, err = readmodel.One(ctx, r, s, subscriptionList.Fields); err != nil || !found {
		return d, found, err
	}
	if d.Steps, err = stepsOf(ctx, r, at, k, id); err != nil {
		return d, false, err
	}
	d.SupportContacts, err = contactsOf(ctx, r, at, k, id)
	return d, err == nil, err
}

const selectSteps = `SELECT t.since, t.until, t.offer_id, t.offer_name, t.quantity, t.status, t.term_duration, t.billing_cycle
FROM subscription_steps t
WHERE t.since <= $1 AND t.provider_tenant_id = $2 AND t.customer_tenant_id = $3 AND t.subscription_id = $4`

func stepsOf(ctx context.Context, r sqldb.Reader, at readmodel.Point, k customer.Key, id domain.SubscriptionID) ([]Step, error) {
	s := readmodel.From(selectSteps, at.Facts, k.ProviderTenantID, k.CustomerTenantID, id).Order("t.seq")
	list, err := readmodel.All(ctx, r, s, func(t *Step) []any {
		return []any{&t.Since, &t.Until, &t.OfferID, &t.OfferName, &t.Quantity, &t.Status, &t.TermDuration, &t.BillingCycle}
	})
	for i := range list {
		list[i].Until = at.Shown(list[i].Until)
	}
	return list, err
}
