package credit

import (
	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/credit"
	"github.com/partnerledger/partnerledger/projections/readmodel"
)

// span is a stretch of a subscription with one id on record, or with none: a row of credit_intervals.
type span struct {
	policy              credit.Policy
	mpn                 domain.MPNID
	reseller            domain.TenantID
	from, to            domain.Instant
	openedBy            string
	closedBy, closedHow string
	partnership         *int // nil where nobody is on record
	agreement           *int // nil where nobody looked
}

// same tells whether two spans say the same.
func (s span) same(o span) bool {
	equal := func(a, b *int) bool { return a == b || a != nil && b != nil && *a == *b }
	flags := equal(s.partnership, o.partnership) && equal(s.agreement, o.agreement)
	s.partnership, s.agreement, o.partnership, o.agreement = nil, nil, nil, nil
	return flags && s == o
}

// spans are the intervals of the policy and the gaps between them, from the purchase to the end.
func (k known) spans(policy credit.Policy) []span {
	var all []span
	at := k.since
	for _, i := range credit.Intervals(policy, k.facts, k.rule()) {
		if at < i.From {
			all = append(all, span{policy: policy, from: at, to: i.From})
		}
		all, at = append(all, k.span(policy, i)), i.To
	}
	if at < k.until {
		all = append(all, span{policy: policy, from: at, to: k.until})
	}
	return all
}

func (k known) span(policy credit.Policy, i credit.Interval) span {
	opening := k.byEvent[i.OpenedBy]
	s := span{policy: policy, mpn: i.MPNID, reseller: *opening.reseller, from: i.From, to: i.To, openedBy: i.OpenedBy,
		agreement: opening.agreement, partnership: new(int)}
	if k.activeAt(i.MPNID, domain.Moment{At: i.From, Place: opening.seq}) {
		*s.partnership = 1
	}
	s.closedBy, s.closedHow = k.closing(i)
	return s
}

func (k known) activeAt(id domain.MPNID, m domain.Moment) bool {
	for _, e := range k.partners[id].Episodes {
		if !m.Before(e.Since) && (e.Until == nil || m.Before(*e.Until)) {
			return true
		}
	}
	return false
}

// closing names the event that closed the interval and how.
func (k known) closing(i credit.Interval) (by, how string) {
	if i.Open() {
		return "", ""
	}
	if row, ok := k.byEvent[i.ClosedBy]; ok {
		return i.ClosedBy, map[string]string{"set": "replaced", "clear": "cleared", "end": "ended"}[row.kind]
	}
	for _, l := range k.partners[i.MPNID].lostBy {
		if l.at == i.To {
			return l.by, l.how
		}
	}
	return "", ""
}

// row is a span as it stands in the table.
type row struct {
	span
	knownSince domain.Instant
}

const selectSpans = `SELECT policy, COALESCE(mpn_id, ''), COALESCE(reseller_tenant_id, ''), since, COALESCE(until, 9223372036854775807),
  COALESCE(opened_by, ''), COALESCE(closed_by, ''), COALESCE(closed_how, ''), partnership_active, agreement_signed, known_since
FROM credit_intervals
WHERE provider_tenant_id = $1 AND customer_tenant_id = $2 AND subscription_id = $3 AND known_until IS NULL`

func (r *row) fields() []any {
	return []any{&r.policy, &r.mpn, &r.reseller, &r.from, &r.to, &r.openedBy, &r.closedBy, &r.closedHow, &r.partnership, &r.agreement, &r.knownSince}
}

type spanKey struct {
	policy credit.Policy
	from   domain.Instant
}

// again makes the intervals of one subscription anew and changes the rows that differ.
func (c change) again(s subscription) error {
	k, err := load(c.ctx, c.tx, s)
	if err != nil {
		return err
	}
	rows, err := readmodel.All(c.ctx, c.tx, readmodel.From(selectSpans, s.ProviderTenantID, s.CustomerTenantID, s.id), (*row).fields)
	if err != nil {
		return err
	}
	have := map[spanKey]row{}
	for _, r := range rows {
		have[spanKey{r.policy, r.from}] = r
	}
	for _, policy := range policies {
		for _, want := range k.spans(policy) {
			key := spanKey{policy, want.from}
			if err := c.settle(s, have[key], want); err != nil {
				return err
			}
			delete(have, key)
		}
	}
	return c.dropAll(s, have)
}

// settle makes the row say what is wanted; the zero row is none at all.
func (c change) settle(s subscription, have row, want span) error {
	switch {
	case have.policy == "":
		return c.insertSpan(s, want)
	case have.same(want):
		return nil
	case c.outdates(have):
		if err := c.supersede(s, have); err != nil {
			return err
		}
		return c.insertSpan(s, want)
	default:
		return c.updateSpan(s, have, want)
	}
}

func (c change) dropAll(s subscription, rows map[spanKey]row) error {
	for _, r := range rows {
		drop := c.deleteSpan
		if c.outdates(r) {
			drop = c.supersede
		}
		if err := drop(s, r); err != nil {
			return err
		}
	}
	return nil
}

// outdates tells whether the event changes what was known about the past, so that the row must be kept
// as what was believed. All other facts take effect now, and nobody who asks about before will see them.
func (c change) outdates(r row) bool {
	return c.correction() && r.knownSince < c.e.Meta.At
}

func (c change) correction() bool {
	_, ok := c.e.Fact.(domain.Effective)
	return ok
}

const supersedeSpan = `UPDATE credit_intervals SET known_until = $7
WHERE provider_tenant_id = $1 AND customer_tenant_id = $2 AND subscription_id = $3 AND policy = $4 AND since = $5 AND known_since = $6`

func (c change) supersede(s subscription, r row) error {
	return readmodel.Exec(c.ctx, c.tx, supersedeSpan, s.ProviderTenantID, s.CustomerTenantID, s.id, r.policy, r.from, r.knownSince, c.e.Meta.At)
}

const deleteSpan = `DELETE FROM credit_intervals
WHERE provider_tenant_id = $1 AND customer_tenant_id = $2 AND subscription_id = $3 AND policy = $4 AND since = $5 AND known_since = $6`

func (c change) deleteSpan(s subscription, r row) error {
	return readmodel.Exec(c.ctx, c.tx, deleteSpan, s.ProviderTenantID, s.CustomerTenantID, s.id, r.policy, r.from, r.knownSince)
}

const insertSpan = `INSERT INTO credit_intervals (provider_tenant_id, customer_tenant_id, subscription_id, policy, since, known_since,
  until, mpn_id, reseller_tenant_id, opened_by, closed_by, closed_how, partnership_active, agreement_signed)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`

func (c change) insertSpan(s subscription, want span) error {
	return c.write(insertSpan, s, want, c.e.Meta.At)
}

const updateSpan = `UPDATE credit_intervals SET until = $7, mpn_id = $8, reseller_tenant_id = $9, opened_by = $10, closed_by = $11,
  closed_how = $12, partnership_active = $13, agreement_signed = $14
WHERE provider_tenant_id = $1 AND customer_tenant_id = $2 AND subscription_id = $3 AND policy = $4 AND since = $5 AND known_since = $6`

func (c change) updateSpan(s subscription, have row, want span) error {
	return c.write(updateSpan, s, want, have.knownSince)
}

func (c change) write(statement string, s subscription, w span, knownSince domain.Instant) error {
	var until any
	if w.to != domain.MaxInstant {
		until = w.to
	}
	return readmodel.Exec(c.ctx, c.tx, statement, s.ProviderTenantID, s.CustomerTenantID, s.id, w.policy, w.from, knownSince, until,
		readmodel.Null(w.mpn), readmodel.Null(w.reseller), readmodel.Null(w.openedBy), readmodel.Null(w.closedBy), readmodel.Null(w.closedHow),
		w.partnership, w.agreement)
}
