package subscriptions

import (
	"context"
	"errors"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/customer"
	"github.com/partnerledger/partnerledger/projections/tables"
)

// The states of a subscription.
const (
	active    = "active"
	suspended = "suspended"
	cancelled = "cancelled"
)

// errUnknown says that an event changes a subscription of which no event before it tells, or one that has
// ended; the domain refuses such commands.
var errUnknown = errors.New("there is no such subscription to be changed")

// change is one event on its way into the tables.
type change struct {
	ctx  context.Context
	rows *tables.Rows
	at   domain.Instant
	seq  domain.Place
}

// now is when it was recorded, as a column that may be NULL holds it: without anything around it.
func (c change) now() *domain.Instant {
	at := c.at
	return &at
}

func (c change) purchase(f customer.SubscriptionPurchased) error {
	order := f.OrderID
	err := c.begin(life{Provider: f.ProviderTenantID, Customer: f.CustomerTenantID, ID: f.SubscriptionID, OrderID: &order},
		step{OfferID: f.OfferID, OfferName: f.OfferName, Quantity: f.Quantity, TermDuration: f.TermDuration, BillingCycle: f.BillingCycle})
	if err != nil {
		return err
	}
	return c.contact(subscription{f.Key, f.SubscriptionID}, contact{SupportTenant: f.SupportTenantID, SupportMPNID: f.SupportMPNID, Name: f.SupportName})
}

// begin adds a subscription and its first step.
func (c change) begin(l life, first step) error {
	l.PurchasedAt, l.Seq = c.at, c.seq
	if err := subscriptions.Insert(c.rows, &l); err != nil {
		return err
	}
	first.Provider, first.Customer, first.ID, first.Seq = l.Provider, l.Customer, l.ID, c.seq
	first.Since, first.Status = c.at, active
	return steps.Insert(c.rows, &first)
}

// upgrade is full, and then the offer changes; or partial, and then seats leave for a new subscription,
// which begins now with the terms of the old one. Its support contact comes with an event of its own.
func (c change) upgrade(f customer.SubscriptionUpgraded) error {
	s := subscription{f.Key, f.SubscriptionID}
	if f.NewSubscriptionID == "" {
		return c.step(s, func(to *step) {
			to.OfferID, to.OfferName = said(f.ToOfferID, to.OfferID), said(f.ToOfferName, to.OfferName)
			to.TermDuration, to.BillingCycle = said(f.TermDuration, to.TermDuration), said(f.BillingCycle, to.BillingCycle)
		})
	}
	if err := c.step(s, func(to *step) { to.Quantity = f.Remaining }); err != nil {
		return err
	}
	return c.begin(life{Provider: f.ProviderTenantID, Customer: f.CustomerTenantID, ID: f.NewSubscriptionID, UpgradedFrom: f.SubscriptionID},
		step{OfferID: f.ToOfferID, OfferName: f.ToOfferName, Quantity: f.Moved, TermDuration: f.TermDuration, BillingCycle: f.BillingCycle})
}

// said is the new text where one was said, else the one before.
func said(now, before string) string {
	if now == "" {
		return before
	}
	return now
}

func (c change) renew(f customer.SubscriptionRenewed) error {
	return c.step(subscription{f.Key, f.SubscriptionID}, func(to *step) {
		to.TermDuration, to.BillingCycle = said(f.TermDuration, to.TermDuration), said(f.BillingCycle, to.BillingCycle)
	})
}

func (c change) seats(s subscription, number int) error {
	return c.step(s, func(to *step) { to.Quantity = number })
}

func (c change) status(s subscription, status string) error {
	return c.step(s, func(to *step) { to.Status = status })
}

func (c change) cancel(f customer.SubscriptionCancelled) error {
	s := subscription{f.Key, f.SubscriptionID}
	l, err := subscriptions.Get(c.ctx, c.rows, &life{Provider: s.ProviderTenantID, Customer: s.CustomerTenantID, ID: s.id})
	if err != nil {
		return err
	}
	if l == nil || l.ended() {
		return errUnknown
	}
	l.EndedAt = c.now()
	subscriptions.Change(c.rows, l)
	return c.status(s, cancelled)
}

// step ends the present step and adds one that is the same but for what is changed in it.
func (c change) step(s subscription, alter func(*step)) error {
	last, err := presentStep.One(c.ctx, c.rows, &step{Provider: s.ProviderTenantID, Customer: s.CustomerTenantID, ID: s.id})
	if err != nil {
		return err
	}
	if last == nil {
		return errUnknown
	}
	next := *last
	next.Since, next.Seq = c.at, c.seq
	alter(&next)
	last.Until = c.now()
	steps.Change(c.rows, last)
	return steps.Insert(c.rows, &next)
}

// support replaces the contact before, if there is one: a subscription that was split off has none at first.
func (c change) support(f customer.SupportContactAssigned) error {
	last, err := presentContact.One(c.ctx, c.rows, &contact{Provider: f.ProviderTenantID, Customer: f.CustomerTenantID, ID: f.SubscriptionID})
	if err != nil {
		return err
	}
	if last != nil {
		last.Until = c.now()
		contacts.Change(c.rows, last)
	}
	return c.contact(subscription{f.Key, f.SubscriptionID}, contact{SupportTenant: f.SupportTenantID, SupportMPNID: f.SupportMPNID, Name: f.SupportName})
}

func (c change) contact(s subscription, who contact) error {
	who.Provider, who.Customer, who.ID, who.Seq, who.Since = s.ProviderTenantID, s.CustomerTenantID, s.id, c.seq, c.at
	return contacts.Insert(c.rows, &who)
}
