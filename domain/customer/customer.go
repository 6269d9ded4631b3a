// Package customer knows the provider's relationship with one customer: its reseller association, its
// privileges, its agreements, its orders and its subscriptions with reseller of record, support contact,
// seats and life cycle. One append holds one whole order, so nothing is ever half done (R52).
package customer

import (
	"strings"

	"github.com/partnerledger/partnerledger/domain"
)

// Category is the category of the streams of customers, one for each provider and customer.
const Category = "customer"

// DomainCategory is the category of the streams that make a customer's domain unique.
const DomainCategory = "customerdomain"

// Stream is the stream of one customer of one provider.
func Stream(provider, customer domain.TenantID) domain.Stream {
	return domain.Stream{Category: Category, ID: string(provider) + "." + string(customer)}
}

// DomainStream is the stream of one domain; domains compare without regard to case.
func DomainStream(name string) domain.Stream {
	return domain.Stream{Category: DomainCategory, ID: strings.ToLower(name)}
}

// DomainState is who holds a domain; the zero DomainState is a free one.
type DomainState struct{ Holder Key }

// Taken tells whether somebody holds it.
func (s DomainState) Taken() bool { return s.Holder != Key{} }

// DomainFold makes DomainState of events.
var DomainFold = domain.Fold[DomainState]{Category: DomainCategory, Evolve: func(s DomainState, h domain.Happened) DomainState {
	if e, ok := h.Event.(DomainClaimed); ok {
		return DomainState{Holder: e.Key}
	}
	return s
}}
