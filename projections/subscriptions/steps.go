package subscriptions

import (
	"context"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/customer"
	"github.com/partnerledger/partnerledger/projections/readmodel"
	"github.com/partnerledger/partnerledger/projections/sqldb"
)

// The states of a subscription.
const (
	active    = "active"
	suspended = "suspended"
	cancelled = "cancelled"
)

// change is one event on its way into the tables.
type change struct {
	ctx context.Context
	tx  *sqldb.Tx
	at  domain.Instant
	seq uint64
}

const insertSubscription = `INSERT INTO subscriptions (provider_tenant_id, customer_tenant_id, subscription_id, order_id, upgraded_from,
  purchased_at, seq)
VALUES ($1, $2, $3, $4, $5, $6, $7)`

const insertFirstStep = `INSERT INTO subscription_steps (provider_tenant_id, customer_tenant_id, subscription_id, since, seq,
  offer_id, offer_name, quantity, status, term_duration, billing_cycle)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`

func (c change) purchase(f customer.SubscriptionPurchased) error {
	err := readmodel.Exec(c.ctx, c.tx, insertSubscription, f.ProviderTenantID, f.CustomerTenantID, f.SubscriptionID, f.OrderID, nil, c.at, c.seq)
	if err != nil {
		return err
	}
	err = readmodel.Exec(c.ctx, c.tx, insertFirstStep, f.ProviderTenantID, f.CustomerTenantID, f.SubscriptionID, c.at, c.seq,
		f.OfferID, f.OfferName, f.Quantity, active, f.TermDuration, f.BillingCycle)
	if err != nil {
		return err
	}
	return c.contact(f.Key, f.SubscriptionID, contact{f.SupportTenantID, f.SupportMPNID, f.SupportName})
}

// upgrade is full, and then the offer changes; or partial, and then seats leave for a new subscription,
// which begins now with the terms of the old one. Its support contact comes with an event of its own.
func (c change) upgrade(f customer.SubscriptionUpgraded) error {
	if f.NewSubscriptionID == "" {
		return c.step(f.Key, f.SubscriptionID, stepTo{offer: f.ToOfferID, offerName: f.ToOfferName, term: f.TermDuration, billing: f.BillingCycle})
	}
	if err := c.step(f.Key, f.SubscriptionID, stepTo{quantity: &f.Remaining}); err != nil {
		return err
	}
	err := readmodel.Exec(c.ctx, c.tx, insertSubscription, f.ProviderTenantID, f.CustomerTenantID, f.NewSubscriptionID, nil, f.SubscriptionID, c.at, c.seq)
	if err != nil {
		return err
	}
	return readmodel.Exec(c.ctx, c.tx, insertFirstStep, f.ProviderTenantID, f.CustomerTenantID, f.NewSubscriptionID, c.at, c.seq,
		f.ToOfferID, f.ToOfferName, f.Moved, active, f.TermDuration, f.BillingCycle)
}

const markEnded = `UPDATE subscriptions SET ended_at = $4
WHERE provider_tenant_id = $1 AND customer_tenant_id = $2 AND subscription_id = $3`

func (c change) cancel(f customer.SubscriptionCancelled) error {
	if err := readmodel.Exec(c.ctx, c.tx, markEnded, f.ProviderTenantID, f.CustomerTenantID, f.SubscriptionID, c.at); err != nil {
		return err
	}
	return c.step(f.Key, f.SubscriptionID, stepTo{status: cancelled})
}

// stepTo is what a new step changes; the rest goes on as it was.
type stepTo struct {
	offer, offerName string
	quantity         *int
	status           string
	term, billing    string
}

// The new step is a copy of the open one but for what changed; only then is the old one closed.
const copyStep = `INSERT INTO subscription_steps (provider_tenant_id, customer_tenant_id, subscription_id, since, seq,
  offer_id, offer_name, quantity, status, term_duration, billing_cycle)
SELECT provider_tenant_id, customer_tenant_id, subscription_id, CAST($4 AS BIGINT), CAST($5 AS BIGINT),
  COALESCE(CAST($6 AS TEXT), offer_id), COALESCE(CAST($7 AS TEXT), offer_name), COALESCE(CAST($8 AS BIGINT), quantity),
  COALESCE(CAST($9 AS TEXT), status), COALESCE(CAST($10 AS TEXT), term_duration), COALESCE(CAST($11 AS TEXT), billing_cycle)
FROM subscription_steps
WHERE provider_tenant_id = $1 AND customer_tenant_id = $2 AND subscription_id = $3 AND until IS NULL`

const closeStep = `UPDATE subscription_steps SET until = $4
WHERE provider_tenant_id = $1 AND customer_tenant_id = $2 AND subscription_id = $3 AND until IS NULL AND seq <> $5`

func (c change) step(k customer.Key, id domain.SubscriptionID, to stepTo) error {
	err := readmodel.Exec(c.ctx, c.tx, copyStep, k.ProviderTenantID, k.CustomerTenantID, id, c.at, c.seq,
		readmodel.Null(to.offer), readmodel.Null(to.offerName), to.quantity, readmodel.Null(to.status), readmodel.Null(to.term), readmodel.Null(to.billing))
	if err != nil {
		return err
	}
	return readmodel.Exec(c.ctx, c.tx, closeStep, k.ProviderTenantID, k.CustomerTenantID, id, c.at, c.seq)
}

// contact is who supports a subscription.
type contact struct {
	tenant domain.TenantID
	mpn    domain.MPNID
	name   string
}

const closeContact = `UPDATE support_contacts SET until = $4
WHERE provider_tenant_id = $1 AND customer_tenant_id = $2 AND subscription_id = $3 AND until IS NULL`

func (c change) support(f customer.SupportContactAssigned) error {
	if err := readmodel.Exec(c.ctx, c.tx, closeContact, f.ProviderTenantID, f.CustomerTenantID, f.SubscriptionID, c.at); err != nil {
		return err
	}
	return c.contact(f.Key, f.SubscriptionID, contact{f.SupportTenantID, f.SupportMPNID, f.SupportName})
}

const insertContact = `INSERT INTO support_contacts (provider_tenant_id, customer_tenant_id, subscription_id, since, seq,
  support_tenant_id, support_mpn_id, name)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`

func (c change) contact(k customer.Key, id domain.SubscriptionID, s contact) error {
	return readmodel.Exec(c.ctx, c.tx, insertContact, k.ProviderTenantID, k.CustomerTenantID, id, c.at, c.seq, s.tenant, s.mpn, s.name)
}
