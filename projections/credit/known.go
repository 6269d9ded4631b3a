package credit

import (
	"context"
	"fmt"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/credit"
	"github.com/partnerledger/partnerledger/projections/readmodel"
	"github.com/partnerledger/partnerledger/projections/sqldb"
)

// known is all that the rule has to know of one subscription.
type known struct {
	since, until domain.Instant // until is MaxInstant while it lasts
	facts        []credit.Fact
	byEvent      map[string]factRow
	partners     map[domain.MPNID]partner
}

// partner is what the rule has to know, with the events behind it.
type partner struct {
	credit.Partner
	lostBy []loss
}

// loss is a moment at which an id loses its credit.
type loss struct {
	at      domain.Instant
	how, by string
}

type factRow struct {
	seq              domain.Place
	kind             string
	effective        domain.Instant
	mpn              *domain.MPNID
	reseller         *domain.TenantID
	agreement        *int
	event            string
	lifeFrom, lifeTo *domain.Instant
}

const selectFacts = `SELECT f.seq, f.kind, f.effective_at, f.mpn_id, f.reseller_tenant_id, f.agreement_signed, f.event_id, s.since, s.until
FROM credit_facts f
JOIN credit_subscriptions s ON s.provider_tenant_id = f.provider_tenant_id AND s.customer_tenant_id = f.customer_tenant_id
  AND s.subscription_id = f.subscription_id
WHERE f.provider_tenant_id = $1 AND f.customer_tenant_id = $2 AND f.subscription_id = $3
ORDER BY f.seq`

func (f *factRow) fields() []any {
	return []any{&f.seq, &f.kind, &f.effective, &f.mpn, &f.reseller, &f.agreement, &f.event, &f.lifeFrom, &f.lifeTo}
}

// load reads what is known of a subscription that has facts.
func load(ctx context.Context, r sqldb.Reader, s subscription) (known, error) {
	rows, err := readmodel.All(ctx, r, readmodel.From(selectFacts, s.ProviderTenantID, s.CustomerTenantID, s.id), (*factRow).fields)
	if err != nil {
		return known{}, err
	}
	k := known{until: domain.MaxInstant, byEvent: map[string]factRow{}}
	for _, row := range rows {
		f, err := row.fact()
		if err != nil {
			return known{}, fmt.Errorf("facts of subscription %s: %w", s.id, err)
		}
		k.since = *row.lifeFrom
		if row.lifeTo != nil {
			k.until = *row.lifeTo
		}
		k.facts, k.byEvent[row.event] = append(k.facts, f), row
	}
	k.partners, err = loadPartners(ctx, r, s)
	return k, err
}

func (f factRow) fact() (credit.Fact, error) {
	fact := credit.Fact{Effective: domain.Moment{At: f.effective, Place: f.seq}, EventID: f.event}
	for kind, word := range kinds {
		if word == f.kind {
			fact.Kind = kind
			if f.mpn != nil {
				fact.MPNID = *f.mpn
			}
			return fact, nil
		}
	}
	return fact, fmt.Errorf("fact of the unknown kind %q", f.kind)
}

// rule is the partners as the rule knows them.
func (k known) rule() map[domain.MPNID]credit.Partner {
	partners := make(map[domain.MPNID]credit.Partner, len(k.partners))
	for id, p := range k.partners {
		partners[id] = p.Partner
	}
	return partners
}

type partnerRow struct {
	mpn                                                 domain.MPNID
	deletedAt, deauthorizedAt, since, until             *domain.Instant
	deletedSeq, deauthorizedSeq, sinceSeq, untilSeq     *domain.Place
	deletedByEvent, deauthorizedByEvent, removedByEvent *string
}

const selectPartners = `SELECT l.mpn_id, l.deleted_at, l.deleted_seq, l.deleted_by, d.deauthorized_at, d.deauthorized_seq,
  d.deauthorized_by, p.since, p.since_seq, p.until, p.until_seq, p.removed_by
FROM (SELECT DISTINCT mpn_id FROM credit_facts
      WHERE provider_tenant_id = $1 AND customer_tenant_id = $2 AND subscription_id = $3 AND mpn_id IS NOT NULL) f
JOIN credit_locations l ON l.mpn_id = f.mpn_id
LEFT JOIN credit_deauthorized d ON d.reseller_tenant_id = l.reseller_tenant_id
LEFT JOIN credit_partnerships p ON p.provider_tenant_id = $1 AND p.reseller_tenant_id = l.reseller_tenant_id
ORDER BY l.mpn_id, p.since_seq`

func (p *partnerRow) fields() []any {
	return []any{&p.mpn, &p.deletedAt, &p.deletedSeq, &p.deletedByEvent, &p.deauthorizedAt, &p.deauthorizedSeq, &p.deauthorizedByEvent,
		&p.since, &p.sinceSeq, &p.until, &p.untilSeq, &p.removedByEvent}
}

func loadPartners(ctx context.Context, r sqldb.Reader, s subscription) (map[domain.MPNID]partner, error) {
	rows, err := readmodel.All(ctx, r, readmodel.From(selectPartners, s.ProviderTenantID, s.CustomerTenantID, s.id), (*partnerRow).fields)
	if err != nil {
		return nil, err
	}
	partners := map[domain.MPNID]partner{}
	for _, row := range rows {
		partners[row.mpn] = partners[row.mpn].with(row)
	}
	return partners, nil
}

// with adds a row: one for each episode, or a single one without.
func (p partner) with(row partnerRow) partner {
	if len(p.Episodes) == 0 {
		p.LocationDeleted, p.Deauthorized = moment(row.deletedAt, row.deletedSeq), moment(row.deauthorizedAt, row.deauthorizedSeq)
		p.lost(p.LocationDeleted, "location-deleted", row.deletedByEvent)
		p.lost(p.Deauthorized, "reseller-deauthorized", row.deauthorizedByEvent)
	}
	if row.since != nil {
		e := credit.Episode{Since: *moment(row.since, row.sinceSeq), Until: moment(row.until, row.untilSeq)}
		p.Episodes = append(p.Episodes, e)
		p.lost(e.Until, "partnership-removed", row.removedByEvent)
	}
	return p
}

func (p *partner) lost(m *domain.Moment, how string, by *string) {
	if m != nil {
		p.lostBy = append(p.lostBy, loss{at: m.At, how: how, by: *by})
	}
}

func moment(at *domain.Instant, seq *domain.Place) *domain.Moment {
	if at == nil {
		return nil
	}
	return &domain.Moment{At: *at, Place: *seq}
}
