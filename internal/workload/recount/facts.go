package recount

import (
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/partnerledger/partnerledger/domain"
)

// Fact names one field of one entity, as a line of a difference does.
type Fact struct {
	Entity                       string
	Provider, Reseller, Customer domain.TenantID
	Subscription                 domain.SubscriptionID
	Item, Field                  string
}

// Facts are all that the state says, under the policy keep or close.
func (l *Ledger) Facts(policy string) map[Fact]string {
	all := map[Fact]string{}
	add := func(f Fact, pairs ...string) {
		for i := 0; i < len(pairs); i += 2 {
			if f.Field = pairs[i]; pairs[i+1] != "" {
				all[f] = pairs[i+1]
			}
		}
	}
	for p, a := range l.partners {
		add(Fact{Entity: "partnership", Provider: p.provider, Reseller: p.reseller}, "state", "active", "mpnId", string(a.MPNID), "location", a.Country)
	}
	for of, a := range l.accounts {
		if a.enrolled {
			add(Fact{Entity: "reseller", Reseller: of}, "accountState", l.state(of))
		}
	}
	for of, regions := range l.agreements {
		for region := range regions {
			add(Fact{Entity: "agreement", Reseller: of, Item: region}, "state", "signed")
		}
	}
	for id, of := range l.locations {
		add(Fact{Entity: "location", Reseller: of, Item: string(id)}, "state", "registered")
	}
	for id, r := range l.requests {
		state := r.state
		if state == "open" && r.ExpiresAt <= l.point.AsOf {
			state = "expired"
		}
		add(Fact{Entity: "request", Provider: r.ProviderTenantID, Item: string(id)}, "state", state)
	}
	l.customerFacts(add)
	l.subscriptionFacts(add, policy)
	return all
}

func (l *Ledger) customerFacts(add func(Fact, ...string)) {
	for k, c := range l.customers {
		f := Fact{Entity: "customer", Provider: k.ProviderTenantID, Customer: k.CustomerTenantID}
		add(f, "company", c.CompanyName, "domain", c.Domain, "country", c.Billing.Address.Country)
		f.Entity = "association"
		add(f, "resellerTenantId", string(c.reseller))
		f.Entity = "contact"
		for i, seq := range c.forgets {
			f.Item = fmt.Sprint(seq)
			add(f, "forgottenAt", c.forgetsAt[i].String())
		}
	}
	for k, g := range l.privileges {
		if g.open(l.point.AsOf) {
			f := Fact{Entity: "privilege", Provider: k.ProviderTenantID, Customer: k.CustomerTenantID, Reseller: k.grantee, Item: k.kind}
			add(f, "state", "granted", "roles", roles(g.roles))
			if g.expires != nil {
				add(f, "expiresAt", g.expires.String())
			}
		}
	}
}

func roles(names []string) string {
	if len(names) == 0 {
		return ""
	}
	text, err := json.Marshal(names)
	if err != nil {
		return strings.Join(names, ",")
	}
	return string(text)
}

func (l *Ledger) subscriptionFacts(add func(Fact, ...string), policy string) {
	for k, b := range l.bought {
		f := Fact{Entity: "subscription", Provider: k.ProviderTenantID, Customer: k.CustomerTenantID, Subscription: k.id}
		add(f, "status", b.status, "quantity", fmt.Sprint(b.now()), "offerId", b.offerID, "offerName", b.offerName, "termDuration", b.term, "billingCycle", b.billing)
		if b.contact.SupportTenantID != "" {
			f.Entity = "supportContact"
			add(f, "supportTenantId", string(b.contact.SupportTenantID), "supportMpnId", string(b.contact.SupportMPNID), "name", b.contact.SupportName)
		}
		owners := b.keep
		if policy == "close" {
			owners = b.close
		}
		f.Entity = "resellerOfRecord"
		add(f, "mpnId", string(last(owners)), "resellerTenantId", string(l.owners[last(owners)]))
		f.Entity = "creditInterval"
		for n, o := range owners {
			if f.Item = o.from.String(); o.id == "" {
				continue
			}
			add(f, "mpnId", string(o.id), "resellerTenantId", string(l.owners[o.id]))
			if to := following(owners, n); to != nil {
				add(f, "to", to.String())
			}
		}
	}
}
