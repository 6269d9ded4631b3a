package recount

import (
	"fmt"
	"time"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/customer"
)

type object = map[string]any

// Document is the state as the workload's README §6 has it, but for what commands came to.
func (l *Ledger) Document(reveal func(sealed string) (string, error)) (object, error) {
	requests, err := l.openRequests(reveal)
	if err != nil {
		return nil, err
	}
	keep, closed := l.intervals(func(b *bought) []owned { return b.keep }), l.intervals(func(b *bought) []owned { return b.close })
	kept, uncredited := l.seatDays(func(b *bought) []owned { return b.keep })
	keptClose, uncreditedClose := l.seatDays(func(b *bought) []owned { return b.close })
	return object{"resellerList": l.resellerList(), "openRequests": requests, "customersByReseller": l.byReseller(), "subscriptions": l.subscriptions(),
		"supportContacts": l.contacts(), "delegatedPrivileges": l.grants(), "resellerOfRecord": onRecord(keep), "resellerOfRecordClose": differing(keep, closed),
		"seatDays": object{"keep": kept, "close": keptClose}, "uncreditedSeatDays": object{"keep": uncredited, "close": uncreditedClose}}, nil
}

// shown leaves out what an instant ends that isn't one yet.
func shown(at *domain.Instant) any {
	if at == nil {
		return nil
	}
	return at.String()
}

func (l *Ledger) partner(k customer.Key, reseller domain.TenantID) bool {
	_, active := l.partners[pair{k.ProviderTenantID, reseller}]
	return active
}

func (l *Ledger) state(of domain.TenantID) string {
	switch a := l.account(of); {
	case a.deauthorized:
		return "deauthorized"
	case a.suspended:
		return "suspended"
	default:
		return "active"
	}
}

func (l *Ledger) resellerList() []any {
	list := []any{}
	for p, a := range l.partners {
		row := object{"providerTenantId": string(p.provider), "resellerTenantId": string(p.reseller), "name": a.Name, "mpnId": string(a.MPNID),
			"location": a.Country, "since": a.since.String(), "accountState": l.state(p.reseller), "mpaSigned": l.agreements[p.reseller][l.regions[p.provider]]}
		var customers, subscriptions, number float64
		for k, c := range l.customers {
			if k.ProviderTenantID == p.provider && c.reseller == p.reseller {
				customers++
			}
		}
		for k, b := range l.bought {
			if k.ProviderTenantID == p.provider && b.status == "active" && last(b.keep) != "" && l.owners[last(b.keep)] == p.reseller {
				subscriptions++
				number += float64(b.now())
			}
		}
		row["customers"], row["activeSubscriptions"], row["seats"] = customers, subscriptions, number
		list = append(list, row)
	}
	return list
}

func (b *bought) now() int64 { return b.steps[len(b.steps)-1].number }

func (l *Ledger) openRequests(reveal func(string) (string, error)) ([]any, error) {
	list := []any{}
	for id, r := range l.requests {
		if r.state != "open" || r.ExpiresAt <= l.point.AsOf {
			continue
		}
		email, err := reveal(r.ResellerEmail.Sealed())
		if err != nil {
			return nil, err
		}
		list = append(list, object{"providerTenantId": string(r.ProviderTenantID), "requestId": string(id), "resellerEmail": email,
			"requestedAt": r.at.String(), "expiresAt": r.ExpiresAt.String()})
	}
	return list, nil
}

func (l *Ledger) byReseller() []any {
	groups := map[pair][]any{}
	for k, c := range l.customers {
		row := object{"customerTenantId": string(k.CustomerTenantID), "company": c.CompanyName, "domain": c.Domain}
		if c.forgotten != nil {
			row["contactForgottenAt"] = c.forgotten.String()
		}
		of := pair{k.ProviderTenantID, c.reseller}
		groups[of] = append(groups[of], row)
	}
	list := []any{}
	for of, customers := range groups {
		_, active := l.partners[of]
		row := object{"providerTenantId": string(of.provider), "resellerTenantId": orNull(of.reseller), "partnershipActive": active, "customers": customers}
		list = append(list, row)
	}
	return list
}

func orNull[T ~string](id T) any {
	if id == "" {
		return nil
	}
	return string(id)
}

func (l *Ledger) subscriptions() []any {
	list := []any{}
	for k, b := range l.bought {
		list = append(list, object{"providerTenantId": string(k.ProviderTenantID), "customerTenantId": string(k.CustomerTenantID), "subscriptionId": string(k.id),
			"offerId": b.offerID, "quantity": float64(b.now()), "status": b.status, "mpnId": orNull(last(b.keep)), "purchasedAt": b.purchased.String(),
			"endedAt": shown(b.ended), "termDuration": b.term, "billingCycle": b.billing})
	}
	return list
}

func (l *Ledger) contacts() []any {
	list := []any{}
	for k, b := range l.bought {
		if b.contact.SupportTenantID != "" {
			list = append(list, object{"subscriptionId": string(k.id), "supportTenantId": string(b.contact.SupportTenantID),
				"supportMpnId": string(b.contact.SupportMPNID), "name": b.contact.SupportName, "since": b.contactSince.String()})
		}
	}
	return list
}

func (g granted) open(at domain.Instant) bool { return g.expires == nil || *g.expires > at }

func (l *Ledger) grants() []any {
	list := []any{}
	for k, g := range l.privileges {
		if !g.open(l.point.AsOf) {
			continue
		}
		row := object{"providerTenantId": string(k.ProviderTenantID), "customerTenantId": string(k.CustomerTenantID), "granteeTenantId": string(k.grantee),
			"kind": k.kind, "since": g.since.String(), "partnershipActive": k.grantee == k.ProviderTenantID || l.partner(k.Key, k.grantee)}
		if len(g.roles) > 0 {
			roles := make([]any, len(g.roles))
			for i, r := range g.roles {
				roles[i] = r
			}
			row["roles"] = roles
		}
		if g.expires != nil {
			row["expiresAt"] = g.expires.String()
		}
		list = append(list, row)
	}
	return list
}

// intervals are the stretches of each subscription in which somebody was on record.
func (l *Ledger) intervals(of func(*bought) []owned) map[domain.SubscriptionID][]any {
	all := map[domain.SubscriptionID][]any{}
	for k, b := range l.bought {
		list := []any{}
		for n, o := range of(b) {
			if o.id != "" {
				list = append(list, object{"mpnId": string(o.id), "from": o.from.String(), "to": shown(following(of(b), n))})
			}
		}
		all[k.id] = list
	}
	return all
}

func following(list []owned, n int) *domain.Instant {
	if n+1 < len(list) {
		return &list[n+1].from
	}
	return nil
}

func onRecord(all map[domain.SubscriptionID][]any) []any {
	list := []any{}
	for id, intervals := range all {
		if len(intervals) > 0 {
			list = append(list, object{"subscriptionId": string(id), "intervals": intervals})
		}
	}
	return list
}

func differing(keep, closed map[domain.SubscriptionID][]any) []any {
	list := []any{}
	for id, intervals := range closed {
		if fmt.Sprint(intervals) != fmt.Sprint(keep[id]) {
			list = append(list, object{"subscriptionId": string(id), "intervals": intervals})
		}
	}
	return list
}

type month struct {
	provider domain.TenantID
	month    string
	id       domain.MPNID
}

// seatDays adds up seats × milliseconds, cut wherever the owner, the seats or the month change.
func (l *Ledger) seatDays(of func(*bought) []owned) (credited, nobody []any) {
	sums := map[month]int64{}
	for k, b := range l.bought {
		end := l.point.AsOf
		if b.ended != nil {
			end = *b.ended
		}
		for at := b.purchased; at < end; {
			next, number, owner := end, int64(0), domain.MPNID("")
			for _, s := range b.steps {
				number, next = passing(s.from, at, s.number, number, next)
			}
			for _, o := range of(b) {
				owner, next = passing(o.from, at, o.id, owner, next)
			}
			start := time.UnixMilli(int64(at)).UTC()
			next = min(next, domain.Instant(time.Date(start.Year(), start.Month()+1, 1, 0, 0, 0, 0, time.UTC).UnixMilli()))
			sums[month{k.ProviderTenantID, start.Format("2006-01"), owner}] += number * int64(next-at)
			at = next
		}
	}
	credited, nobody = []any{}, []any{}
	for m, sum := range sums {
		row := object{"providerTenantId": string(m.provider), "month": m.month, "seatMillis": float64(sum)}
		switch {
		case sum == 0:
		case m.id == "":
			nobody = append(nobody, row)
		default:
			row["mpnId"] = string(m.id)
			credited = append(credited, row)
		}
	}
	return credited, nobody
}

// passing takes a value that counts from an instant on, or makes that instant the next at which something changes.
func passing[T any](from, at domain.Instant, value, before T, next domain.Instant) (T, domain.Instant) {
	if from <= at {
		return value, next
	}
	return before, min(next, from)
}
