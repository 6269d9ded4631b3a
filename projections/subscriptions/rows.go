package subscriptions

import (
	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/customer"
	"github.com/partnerledger/partnerledger/projections/tables"
)

// Tables are those of the schema.
func (Projection) Tables() []tables.Definition {
	return []tables.Definition{subscriptions, steps, contacts}
}

// subscription names one subscription.
type subscription struct {
	customer.Key
	id domain.SubscriptionID
}

func named(provider, of domain.TenantID, id domain.SubscriptionID) subscription {
	return subscription{customer.Key{ProviderTenantID: provider, CustomerTenantID: of}, id}
}

// life is a subscription as a whole; EndedAt is nil until it is cancelled, and then nothing follows.
type life struct {
	Provider     domain.TenantID       `sql:"provider_tenant_id,key"`
	Customer     domain.TenantID       `sql:"customer_tenant_id,key"`
	ID           domain.SubscriptionID `sql:"subscription_id,key"`
	OrderID      *domain.OrderID       `sql:"order_id"` // nil where a partial upgrade made it
	UpgradedFrom domain.SubscriptionID `sql:"upgraded_from,null"`
	PurchasedAt  domain.Instant        `sql:"purchased_at"`
	EndedAt      *domain.Instant       `sql:"ended_at"`
	Seq          domain.Place          `sql:"seq"`
}

func (l *life) key() subscription { return named(l.Provider, l.Customer, l.ID) }
func (l *life) ended() bool       { return l.EndedAt != nil }

var subscriptions = tables.Of("subscriptions", (*life).key).Final((*life).ended)

// placed is the key of what a subscription has one of for each event.
type placed struct {
	subscription
	seq domain.Place
}

// step is a stretch without a change. The present one may be followed by another unless it is cancelled:
// nobody looks at those that are over or at the last.
type step struct {
	Provider     domain.TenantID       `sql:"provider_tenant_id,key"`
	Customer     domain.TenantID       `sql:"customer_tenant_id,key"`
	ID           domain.SubscriptionID `sql:"subscription_id,key"`
	Seq          domain.Place          `sql:"seq,key"`
	Since        domain.Instant        `sql:"since"`
	Until        *domain.Instant       `sql:"until"`
	OfferID      string                `sql:"offer_id"`
	OfferName    string                `sql:"offer_name"`
	Quantity     int                   `sql:"quantity"`
	Status       string                `sql:"status"`
	TermDuration string                `sql:"term_duration"`
	BillingCycle string                `sql:"billing_cycle"`
}

func (s *step) of() subscription { return named(s.Provider, s.Customer, s.ID) }
func (s *step) key() placed      { return placed{s.of(), s.Seq} }
func (s *step) present() bool    { return s.Until == nil && s.Status != cancelled }
func (s *step) past() bool       { return !s.present() }

var (
	steps       = tables.Of("subscription_steps", (*step).key).Final((*step).past)
	presentStep = tables.On(steps, (*step).of, (*step).present, "until IS NULL AND status <> '"+cancelled+"'",
		"provider_tenant_id", "customer_tenant_id", "subscription_id")
)

// contact is who supports a subscription for a while; nobody looks at those that were replaced.
type contact struct {
	Provider      domain.TenantID       `sql:"provider_tenant_id,key"`
	Customer      domain.TenantID       `sql:"customer_tenant_id,key"`
	ID            domain.SubscriptionID `sql:"subscription_id,key"`
	Seq           domain.Place          `sql:"seq,key"`
	Since         domain.Instant        `sql:"since"`
	Until         *domain.Instant       `sql:"until"`
	SupportTenant domain.TenantID       `sql:"support_tenant_id"`
	SupportMPNID  domain.MPNID          `sql:"support_mpn_id"`
	Name          string                `sql:"name"`
}

func (c *contact) of() subscription { return named(c.Provider, c.Customer, c.ID) }
func (c *contact) key() placed      { return placed{c.of(), c.Seq} }
func (c *contact) present() bool    { return c.Until == nil }
func (c *contact) past() bool       { return !c.present() }

var (
	contacts       = tables.Of("support_contacts", (*contact).key).Final((*contact).past)
	presentContact = tables.On(contacts, (*contact).of, (*contact).present, "until IS NULL",
		"provider_tenant_id", "customer_tenant_id", "subscription_id")
)
