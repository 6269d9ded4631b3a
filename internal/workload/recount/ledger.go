package recount

import (
	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/customer"
	"github.com/partnerledger/partnerledger/domain/partnership"
	"github.com/partnerledger/partnerledger/domain/provider"
	"github.com/partnerledger/partnerledger/domain/reseller"
)

type pair struct{ provider, reseller domain.TenantID }

type grant struct {
	customer.Key
	grantee domain.TenantID
	kind    string
}

type granted struct {
	since   domain.Instant
	expires *domain.Instant
	roles   []string
}

type request struct {
	partnership.PartnershipRequested
	at    domain.Instant
	state string
}

type accepted struct {
	partnership.PartnershipAccepted
	since domain.Instant
}

type account struct {
	enrolled, suspended, deauthorized bool
}

type company struct {
	customer.CustomerAdded
	reseller  domain.TenantID
	forgotten *domain.Instant
	forgets   []uint64
	forgetsAt []domain.Instant
}

type placed struct {
	customer.Key
	id domain.SubscriptionID
}

// seats is a number of seats from an instant on.
type seats struct {
	from   domain.Instant
	number int64
}

// owned says whose the credit is from an instant on; empty for nobody's.
type owned struct {
	from domain.Instant
	id   domain.MPNID
}

type bought struct {
	offerID, offerName, status, term, billing string
	purchased                                 domain.Instant
	ended                                     *domain.Instant
	steps                                     []seats
	contact                                   customer.SupportContactAssigned
	contactSince                              domain.Instant
	keep, close                               []owned
}

// Ledger is the state that was counted.
type Ledger struct {
	point      Point
	regions    map[domain.TenantID]string // of providers
	accounts   map[domain.TenantID]*account
	agreements map[domain.TenantID]map[string]bool
	locations  map[domain.MPNID]domain.TenantID // those that aren't deleted
	owners     map[domain.MPNID]domain.TenantID // those that ever were
	requests   map[domain.RequestID]*request
	partners   map[pair]accepted
	customers  map[customer.Key]*company
	privileges map[grant]granted
	bought     map[placed]*bought
}

func newLedger(p Point) *Ledger {
	return &Ledger{point: p, regions: map[domain.TenantID]string{}, accounts: map[domain.TenantID]*account{},
		agreements: map[domain.TenantID]map[string]bool{}, locations: map[domain.MPNID]domain.TenantID{}, owners: map[domain.MPNID]domain.TenantID{},
		requests: map[domain.RequestID]*request{}, partners: map[pair]accepted{}, customers: map[customer.Key]*company{},
		privileges: map[grant]granted{}, bought: map[placed]*bought{}}
}

func (l *Ledger) apply(e happened) {
	switch f := e.fact.(type) {
	case provider.ProviderRegistered:
		l.regions[f.ProviderTenantID] = f.Region
	case reseller.ResellerEnrolled:
		l.account(f.ResellerTenantID).enrolled = true
	case reseller.PartnerLocationRegistered:
		l.locations[f.MPNID], l.owners[f.MPNID] = f.ResellerTenantID, f.ResellerTenantID
	case reseller.PartnerLocationDeleted:
		delete(l.locations, f.MPNID)
		l.lose(e.at, true, func(id domain.MPNID, _ customer.Key) bool { return id == f.MPNID })
	case reseller.PartnerAgreementSigned:
		if l.agreements[f.ResellerTenantID] == nil {
			l.agreements[f.ResellerTenantID] = map[string]bool{}
		}
		l.agreements[f.ResellerTenantID][f.Region] = true
	case reseller.ResellerSuspended:
		l.account(f.ResellerTenantID).suspended = true
	case reseller.ResellerReinstated:
		l.account(f.ResellerTenantID).suspended = false
	case reseller.ResellerDeauthorized:
		if a := l.account(f.ResellerTenantID); !a.deauthorized {
			a.deauthorized = true
			l.lose(e.at, true, func(id domain.MPNID, _ customer.Key) bool { return l.owners[id] == f.ResellerTenantID })
		}
	case partnership.PartnershipRequested:
		l.requests[f.RequestID] = &request{f, e.at, "open"}
	case partnership.PartnershipRequestAccepted:
		l.requests[f.RequestID].state = "accepted"
	case partnership.PartnershipDeclined:
		l.requests[f.RequestID].state = "declined"
	case partnership.PartnershipRequestWithdrawn:
		l.requests[f.RequestID].state = "withdrawn"
	case partnership.PartnershipAccepted:
		l.partners[pair{f.ProviderTenantID, f.ResellerTenantID}] = accepted{f, e.at}
	case partnership.PartnershipRemoved:
		delete(l.partners, pair{f.ProviderTenantID, f.ResellerTenantID})
		l.lose(e.at, false, func(id domain.MPNID, k customer.Key) bool {
			return l.owners[id] == f.ResellerTenantID && k.ProviderTenantID == f.ProviderTenantID
		})
	default:
		l.applyToCustomer(e)
	}
}

func (l *Ledger) account(of domain.TenantID) *account {
	if l.accounts[of] == nil {
		l.accounts[of] = &account{}
	}
	return l.accounts[of]
}

func (l *Ledger) applyToCustomer(e happened) {
	switch f := e.fact.(type) {
	case customer.CustomerAdded:
		l.customers[f.Key] = &company{CustomerAdded: f}
	case customer.CustomerAssociatedWithReseller:
		l.customers[f.Key].reseller = f.ResellerTenantID
	case customer.CustomerDissociatedFromReseller:
		l.customers[f.Key].reseller = ""
	case customer.ContactForgotten:
		c := l.customers[f.Key]
		c.forgotten, c.forgets, c.forgetsAt = &e.at, append(c.forgets, e.seq), append(c.forgetsAt, e.at)
	case customer.DelegatedAdminPrivilegesGranted:
		l.privileges[grant{f.Key, f.GranteeTenantID, f.Kind}] = granted{e.at, f.ExpiresAt, f.Roles}
	case customer.DelegatedAdminPrivilegesRevoked:
		delete(l.privileges, grant{f.Key, f.GranteeTenantID, f.Kind})
	default:
		l.applyToSubscription(e)
	}
}

func (l *Ledger) applyToSubscription(e happened) {
	switch f := e.fact.(type) {
	case customer.SubscriptionPurchased:
		l.bought[placed{f.Key, f.SubscriptionID}] = &bought{offerID: f.OfferID, offerName: f.OfferName, status: "active", term: f.TermDuration, billing: f.BillingCycle,
			purchased: e.at, steps: []seats{{e.at, int64(f.Quantity)}}, contactSince: e.at, contact: customer.SupportContactAssigned{
				SupportTenantID: f.SupportTenantID, SupportMPNID: f.SupportMPNID, SupportName: f.SupportName}}
	case customer.QuantityChanged:
		l.of(f.Key, f.SubscriptionID).seats(e.at, f.New)
	case customer.SubscriptionUpgraded:
		l.upgrade(e.at, f)
	case customer.SubscriptionSuspended:
		l.of(f.Key, f.SubscriptionID).status = "suspended"
	case customer.SubscriptionReactivated:
		l.of(f.Key, f.SubscriptionID).status = "active"
	case customer.SubscriptionRenewed:
		b := l.of(f.Key, f.SubscriptionID)
		b.term, b.billing = orBefore(f.TermDuration, b.term), orBefore(f.BillingCycle, b.billing)
	case customer.SubscriptionCancelled:
		b := l.of(f.Key, f.SubscriptionID)
		b.own(e.at, "", "")
		b.status, b.ended = "cancelled", &e.at
	case customer.SupportContactAssigned:
		b := l.of(f.Key, f.SubscriptionID)
		b.contact, b.contactSince = f, e.at
	case customer.ResellerOfRecordAssigned:
		l.put(e.at, f.Key, f.SubscriptionID, f.MPNID)
	case customer.ResellerOfRecordCorrected:
		l.put(e.at, f.Key, f.SubscriptionID, f.MPNID)
	case customer.ResellerOfRecordCleared:
		l.of(f.Key, f.SubscriptionID).own(e.at, "", "")
	}
}

func orBefore(now, before string) string {
	if now == "" {
		return before
	}
	return now
}

func (l *Ledger) of(k customer.Key, id domain.SubscriptionID) *bought { return l.bought[placed{k, id}] }

func (b *bought) seats(at domain.Instant, number int) {
	b.steps = append(b.steps, seats{at, int64(number)})
}

func (l *Ledger) upgrade(at domain.Instant, f customer.SubscriptionUpgraded) {
	b := l.of(f.Key, f.SubscriptionID)
	if f.NewSubscriptionID == "" {
		b.offerID, b.offerName = orBefore(f.ToOfferID, b.offerID), orBefore(f.ToOfferName, b.offerName)
		b.term, b.billing = orBefore(f.TermDuration, b.term), orBefore(f.BillingCycle, b.billing)
		return
	}
	b.seats(at, f.Remaining)
	l.bought[placed{f.Key, f.NewSubscriptionID}] = &bought{offerID: f.ToOfferID, offerName: f.ToOfferName, status: "active", term: f.TermDuration,
		billing: f.BillingCycle, purchased: at, steps: []seats{{at, int64(f.Moved)}}}
}

// put puts an id on record. Under the policy close it earns only in an active partnership.
func (l *Ledger) put(at domain.Instant, k customer.Key, id domain.SubscriptionID, who domain.MPNID) {
	b, closing := l.of(k, id), who
	if _, partner := l.partners[pair{k.ProviderTenantID, l.owners[who]}]; !partner && last(b.close) != who {
		closing = ""
	}
	b.own(at, who, closing)
}

// own says who owns the credit from now on, under each policy.
func (b *bought) own(at domain.Instant, keep, closing domain.MPNID) {
	if b.ended == nil {
		b.keep, b.close = owning(b.keep, at, keep), owning(b.close, at, closing)
	}
}

func owning(list []owned, at domain.Instant, who domain.MPNID) []owned {
	if n := len(list); n > 0 && list[n-1].from == at {
		list = list[:n-1]
	}
	if last(list) == who {
		return list
	}
	return append(list, owned{at, who})
}

func last(list []owned) domain.MPNID {
	if len(list) == 0 {
		return ""
	}
	return list[len(list)-1].id
}

// lose takes the credit from ids: under both policies, or under close alone.
func (l *Ledger) lose(at domain.Instant, both bool, meant func(domain.MPNID, customer.Key) bool) {
	for k, b := range l.bought {
		if b.ended != nil {
			continue
		}
		if both && meant(last(b.keep), k.Key) {
			b.keep = owning(b.keep, at, "")
		}
		if meant(last(b.close), k.Key) {
			b.close = owning(b.close, at, "")
		}
	}
}
