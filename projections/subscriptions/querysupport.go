package subscriptions

import (
	"context"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/customer"
	"github.com/partnerledger/partnerledger/projections/readmodel"
	"github.com/partnerledger/partnerledger/projections/sqldb"
)

// ContactFilter says whose support contacts are asked for, and when; what is empty doesn't matter.
type ContactFilter struct {
	At           readmodel.Point
	Provider     domain.TenantID
	Customer     domain.TenantID
	Subscription domain.SubscriptionID
	Support      domain.TenantID // who supports
}

// Contact is who supports a subscription, from when to when.
type Contact struct {
	SupportTenantID domain.TenantID `json:"supportTenantId"`
	SupportMPNID    domain.MPNID    `json:"supportMpnId"`
	Name            string          `json:"name"`
	Since           domain.Instant  `json:"since"`
	Until           *domain.Instant `json:"until"`
}

// SupportContact is the contact of one subscription at the instant asked about.
type SupportContact struct {
	ProviderTenantID domain.TenantID       `json:"providerTenantId"`
	CustomerTenantID domain.TenantID       `json:"customerTenantId"`
	SubscriptionID   domain.SubscriptionID `json:"subscriptionId"`
	SupportTenantID  domain.TenantID       `json:"supportTenantId"`
	SupportMPNID     domain.MPNID          `json:"supportMpnId"`
	Name             string                `json:"name"`
	Since            domain.Instant        `json:"since"`
}

const selectContacts = `SELECT c.provider_tenant_id, c.customer_tenant_id, c.subscription_id, c.support_tenant_id, c.support_mpn_id, c.name, c.since
FROM support_contacts c
WHERE c.since <= $1 AND (c.until IS NULL OR c.until > $1){where}`

var contactList = readmodel.List[SupportContact]{
	OrderBy: []string{"c.provider_tenant_id", "c.customer_tenant_id", "c.subscription_id"},
	Fields: func(c *SupportContact) []any {
		return []any{&c.ProviderTenantID, &c.CustomerTenantID, &c.SubscriptionID, &c.SupportTenantID, &c.SupportMPNID, &c.Name, &c.Since}
	},
	Key: func(c SupportContact) []any {
		return []any{string(c.ProviderTenantID), string(c.CustomerTenantID), string(c.SubscriptionID)}
	},
}

// ofSubscription finds the customer of a subscription asked for by its id alone.
const ofSubscription = `(c.provider_tenant_id, c.customer_tenant_id) IN
    (SELECT k.provider_tenant_id, k.customer_tenant_id FROM subscriptions k WHERE k.subscription_id = ?)`

// SupportContacts are those in force then, of ended subscriptions too; one whose partnership was removed stays.
func SupportContacts(ctx context.Context, r sqldb.Reader, f ContactFilter, page readmodel.Page) (readmodel.Slice[SupportContact], error) {
	s := readmodel.From(selectContacts, f.At.Facts)
	readmodel.OfCustomer(s, "c", f.Provider, f.Customer)
	if f.Subscription != "" {
		s.And("c.subscription_id = ?", f.Subscription).And(ofSubscription, f.Subscription)
	}
	readmodel.When(s, f.Support, "c.support_tenant_id = ?")
	return contactList.Page(ctx, r, s, page)
}

const selectContactHistory = `SELECT c.support_tenant_id, c.support_mpn_id, c.name, c.since, c.until
FROM support_contacts c
WHERE c.since <= $1 AND c.provider_tenant_id = $2 AND c.customer_tenant_id = $3 AND c.subscription_id = $4`

func contactsOf(ctx context.Context, r sqldb.Reader, at readmodel.Point, k customer.Key, id domain.SubscriptionID) ([]Contact, error) {
	s := readmodel.From(selectContactHistory, at.Facts, k.ProviderTenantID, k.CustomerTenantID, id).Order("c.seq")
	list, err := readmodel.All(ctx, r, s, func(c *Contact) []any {
		return []any{&c.SupportTenantID, &c.SupportMPNID, &c.Name, &c.Since, &c.Until}
	})
	for i := range list {
		list[i].Until = at.Shown(list[i].Until)
	}
	return list, err
}
