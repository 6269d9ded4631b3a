package credit

import (
	"errors"
	"fmt"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/credit"
	"github.com/partnerledger/partnerledger/domain/customer"
)

// kinds are the words of the table for the kinds of facts.
var kinds = map[credit.Kind]string{credit.Set: "set", credit.Clear: "clear", credit.End: "end"}

// sourceCorrection is the source of a set that was recorded later than it takes effect.
const sourceCorrection, sourceUpgrade = "correction", "upgrade"

// errUnknown says that an event is about what no event before it made; the domain refuses such commands.
var errUnknown = errors.New("no event before tells of it")

// begin is a purchase, or a partial upgrade's new subscription: seats, and for now nobody on record.
func (c change) begin(s subscription, seats int) error {
	since := c.e.Meta.At
	err := subscriptions.Insert(c.rows, &life{Provider: s.ProviderTenantID, Customer: s.CustomerTenantID, ID: s.id, Since: since})
	if err != nil {
		return err
	}
	if err := c.firstSeats(s, seats); err != nil {
		return err
	}
	for _, policy := range policies {
		if err := c.insert(s.nobody(policy, since)); err != nil {
			return err
		}
	}
	return nil
}

// upgrade moves seats where it is partial; where it is full the credit goes on untouched.
func (c change) upgrade(f customer.SubscriptionUpgraded) error {
	if f.NewSubscriptionID == "" {
		return nil
	}
	if err := c.seats(subscription{f.Key, f.SubscriptionID}, f.Remaining); err != nil {
		return err
	}
	return c.begin(subscription{f.Key, f.NewSubscriptionID}, f.Moved)
}

func (c change) assign(f customer.ResellerOfRecordAssigned) error {
	set := fact{EffectiveAt: c.e.Meta.At, MPNID: f.MPNID, Reseller: f.ResellerTenantID, Source: f.Source}
	if f.Source != sourceUpgrade {
		signed := f.PartnerAgreementSigned
		set.AgreementSigned = &signed
	}
	return c.record(subscription{f.Key, f.SubscriptionID}, credit.Set, set)
}

// correct records a set at its effective time; the agreement was looked at, or it would have been refused.
func (c change) correct(f customer.ResellerOfRecordCorrected) error {
	signed := true
	return c.record(subscription{f.Key, f.SubscriptionID}, credit.Set, fact{EffectiveAt: f.From, MPNID: f.MPNID,
		Reseller: f.ResellerTenantID, Source: sourceCorrection, AgreementSigned: &signed, Reason: f.Reason, Approver: f.Approver})
}

func (c change) clear(f customer.ResellerOfRecordCleared) error {
	return c.record(subscription{f.Key, f.SubscriptionID}, credit.Clear, fact{EffectiveAt: c.e.Meta.At, Reason: f.Reason})
}

func (c change) end(f customer.SubscriptionCancelled) error {
	s := subscription{f.Key, f.SubscriptionID}
	l, err := c.life(s)
	if err != nil {
		return err
	}
	l.Until = c.now()
	subscriptions.Change(c.rows, l)
	if err := c.endSeats(s); err != nil {
		return err
	}
	return c.record(s, credit.End, fact{EffectiveAt: c.e.Meta.At, Reason: f.Reason})
}

func (c change) life(s subscription) (*life, error) {
	l, err := subscriptions.Get(c.ctx, c.rows, &life{Provider: s.ProviderTenantID, Customer: s.CustomerTenantID, ID: s.id})
	if err == nil && l == nil {
		err = fmt.Errorf("subscription %s: %w", s.id, errUnknown)
	}
	return l, err
}

// record keeps the fact and makes the subscription's intervals anew.
func (c change) record(s subscription, kind credit.Kind, f fact) error {
	f.Provider, f.Customer, f.ID, f.Seq = s.ProviderTenantID, s.CustomerTenantID, s.id, domain.Place(c.e.Seq)
	f.Kind, f.RecordedAt = kinds[kind], c.e.Meta.At
	f.EventID, f.RecordedBy = c.e.ID.String(), c.e.Meta.Actor.UserPrincipalName
	if err := facts.Insert(c.rows, &f); err != nil {
		return err
	}
	return c.again(s)
}
