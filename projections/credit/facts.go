package credit

import (
	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/credit"
	"github.com/partnerledger/partnerledger/domain/customer"
	"github.com/partnerledger/partnerledger/projections/readmodel"
)

// kinds are the words of the table for the kinds of facts.
var kinds = map[credit.Kind]string{credit.Set: "set", credit.Clear: "clear", credit.End: "end"}

// sourceCorrection is the source of a set that was recorded later than it takes effect.
const sourceCorrection, sourceUpgrade = "correction", "upgrade"

const insertSubscription = `INSERT INTO credit_subscriptions (provider_tenant_id, customer_tenant_id, subscription_id, since)
VALUES ($1, $2, $3, $4)`

// begin is a purchase, or a partial upgrade's new subscription: seats, and for now nobody on record.
func (c change) begin(s subscription, seats int) error {
	err := readmodel.Exec(c.ctx, c.tx, insertSubscription, s.ProviderTenantID, s.CustomerTenantID, s.id, c.e.Meta.At)
	if err != nil {
		return err
	}
	if err := c.insertSeats(s, seats); err != nil {
		return err
	}
	for _, policy := range policies {
		if err := c.insertSpan(s, span{policy: policy, from: c.e.Meta.At, to: domain.MaxInstant}); err != nil {
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

const insertStep = `INSERT INTO credit_seats (provider_tenant_id, customer_tenant_id, subscription_id, since, seq, seats)
VALUES ($1, $2, $3, $4, $5, $6)`

func (c change) insertSeats(s subscription, seats int) error {
	return readmodel.Exec(c.ctx, c.tx, insertStep, s.ProviderTenantID, s.CustomerTenantID, s.id, c.e.Meta.At, c.e.Seq, seats)
}

const closeStep = `UPDATE credit_seats SET until = $4
WHERE provider_tenant_id = $1 AND customer_tenant_id = $2 AND subscription_id = $3 AND until IS NULL`

func (c change) endSeats(s subscription) error {
	return readmodel.Exec(c.ctx, c.tx, closeStep, s.ProviderTenantID, s.CustomerTenantID, s.id, c.e.Meta.At)
}

func (c change) seats(s subscription, seats int) error {
	if err := c.endSeats(s); err != nil {
		return err
	}
	return c.insertSeats(s, seats)
}

// fact is a row of credit_facts.
type fact struct {
	kind      credit.Kind
	effective domain.Instant
	mpn       domain.MPNID
	reseller  domain.TenantID
	source    string
	agreement any // true, false, or nil where nobody looked
	reason    string
	approver  string
}

func (c change) assign(f customer.ResellerOfRecordAssigned) error {
	var agreement any
	if f.Source != sourceUpgrade {
		agreement = f.PartnerAgreementSigned
	}
	return c.record(subscription{f.Key, f.SubscriptionID}, fact{kind: credit.Set, effective: c.e.Meta.At, mpn: f.MPNID,
		reseller: f.ResellerTenantID, source: f.Source, agreement: agreement})
}

// correct records a set at its effective time; the agreement was looked at, or it would have been refused.
func (c change) correct(f customer.ResellerOfRecordCorrected) error {
	return c.record(subscription{f.Key, f.SubscriptionID}, fact{kind: credit.Set, effective: f.From, mpn: f.MPNID,
		reseller: f.ResellerTenantID, source: sourceCorrection, agreement: true, reason: f.Reason, approver: f.Approver})
}

func (c change) clear(f customer.ResellerOfRecordCleared) error {
	return c.record(subscription{f.Key, f.SubscriptionID}, fact{kind: credit.Clear, effective: c.e.Meta.At, reason: f.Reason})
}

const endSubscription = `UPDATE credit_subscriptions SET until = $4
WHERE provider_tenant_id = $1 AND customer_tenant_id = $2 AND subscription_id = $3`

func (c change) end(f customer.SubscriptionCancelled) error {
	s := subscription{f.Key, f.SubscriptionID}
	err := readmodel.Exec(c.ctx, c.tx, endSubscription, s.ProviderTenantID, s.CustomerTenantID, s.id, c.e.Meta.At)
	if err != nil {
		return err
	}
	if err := c.endSeats(s); err != nil {
		return err
	}
	return c.record(s, fact{kind: credit.End, effective: c.e.Meta.At, reason: f.Reason})
}

const insertFact = `INSERT INTO credit_facts (provider_tenant_id, customer_tenant_id, subscription_id, seq, kind, effective_at,
  recorded_at, mpn_id, reseller_tenant_id, source, agreement_signed, event_id, recorded_by, reason, approver)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`

// record keeps the fact and makes the subscription's intervals anew.
func (c change) record(s subscription, f fact) error {
	err := readmodel.Exec(c.ctx, c.tx, insertFact, s.ProviderTenantID, s.CustomerTenantID, s.id, c.e.Seq, kinds[f.kind], f.effective,
		c.e.Meta.At, readmodel.Null(f.mpn), readmodel.Null(f.reseller), readmodel.Null(f.source), f.agreement, c.e.ID.String(),
		c.e.Meta.Actor.UserPrincipalName, readmodel.Null(f.reason), readmodel.Null(f.approver))
	if err != nil {
		return err
	}
	return c.again(s)
}
