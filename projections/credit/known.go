package credit

import (
	"fmt"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/credit"
)

// known is all that the rule has to know of one subscription.
type known struct {
	subscription
	since, until domain.Instant // until is MaxInstant while it lasts
	facts        []credit.Fact
	byEvent      map[string]*fact
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

// load gathers what is known of a subscription.
func (c change) load(s subscription) (known, error) {
	l, err := c.life(s)
	if err != nil {
		return known{}, err
	}
	k := known{subscription: s, since: l.Since, until: domain.MaxInstant, byEvent: map[string]*fact{}, partners: map[domain.MPNID]partner{}}
	if l.Until != nil {
		k.until = *l.Until
	}
	recorded, err := factsOf.Find(c.ctx, c.rows, &fact{Provider: s.ProviderTenantID, Customer: s.CustomerTenantID, ID: s.id})
	if err != nil {
		return known{}, err
	}
	for _, f := range recorded {
		if err := c.learn(&k, f); err != nil {
			return known{}, err
		}
	}
	return k, nil
}

// learn adds a fact, and the partner whose id it is about.
func (c change) learn(k *known, f *fact) error {
	asRule, err := f.rule()
	if err != nil {
		return fmt.Errorf("facts of subscription %s: %w", k.id, err)
	}
	k.facts, k.byEvent[f.EventID] = append(k.facts, asRule), f
	if _, ok := k.partners[f.MPNID]; ok || f.MPNID == "" {
		return nil
	}
	p, found, err := c.partner(k.ProviderTenantID, f.MPNID)
	if found {
		k.partners[f.MPNID] = p
	}
	return err
}

func (f *fact) rule() (credit.Fact, error) {
	asRule := credit.Fact{Effective: domain.Moment{At: f.EffectiveAt, Place: f.Seq}, EventID: f.EventID, MPNID: f.MPNID}
	for kind, word := range kinds {
		if word == f.Kind {
			asRule.Kind = kind
			return asRule, nil
		}
	}
	return asRule, fmt.Errorf("fact of the unknown kind %q", f.Kind)
}

// partner is what is known of the partner behind an id, and of the provider's partnership with it.
func (c change) partner(provider domain.TenantID, id domain.MPNID) (p partner, found bool, err error) {
	l, err := locations.Get(c.ctx, c.rows, &location{MPNID: id})
	if err != nil || l == nil {
		return p, false, err
	}
	d, err := deauthorized.Get(c.ctx, c.rows, &deauthorization{Reseller: l.Reseller})
	if err != nil {
		return p, false, err
	}
	episodes, err := episodesOf.Find(c.ctx, c.rows, &episode{Provider: provider, Reseller: l.Reseller})
	if err != nil {
		return p, false, err
	}
	p.LocationDeleted = p.lost(l.DeletedAt, l.DeletedSeq, "location-deleted", l.DeletedBy)
	if d != nil {
		p.Deauthorized = p.lost(&d.At, &d.Seq, "reseller-deauthorized", d.By)
	}
	for _, e := range episodes {
		p.Episodes = append(p.Episodes, credit.Episode{Since: domain.Moment{At: e.Since, Place: e.SinceSeq},
			Until: p.lost(e.Until, e.UntilSeq, "partnership-removed", e.RemovedBy)})
	}
	return p, true, nil
}

// lost is the moment of a loss, nil where there is none.
func (p *partner) lost(at *domain.Instant, seq *domain.Place, how, by string) *domain.Moment {
	if at == nil {
		return nil
	}
	p.lostBy = append(p.lostBy, loss{at: *at, how: how, by: by})
	return &domain.Moment{At: *at, Place: *seq}
}

// rule is the partners as the rule knows them.
func (k known) rule() map[domain.MPNID]credit.Partner {
	partners := make(map[domain.MPNID]credit.Partner, len(k.partners))
	for id, p := range k.partners {
		partners[id] = p.Partner
	}
	return partners
}
