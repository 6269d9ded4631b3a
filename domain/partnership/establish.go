package partnership

import (
	"slices"

	"github.com/partnerledger/partnerledger/domain"
)

// EstablishPartnership finishes an accepted request: the ledger issues it to itself.
type EstablishPartnership struct {
	ProviderTenantID domain.TenantID
	ResellerTenantID domain.TenantID
	RequestID        domain.RequestID
	MPNID            domain.MPNID
	Name             string
	Country          string
}

// React gives what a fact makes necessary in another stream, if anything.
func React(e domain.Event) (domain.Reaction, bool) {
	a, ok := e.(PartnershipRequestAccepted)
	if !ok {
		return nil, false
	}
	return EstablishPartnership{ProviderTenantID: a.ProviderTenantID, ResellerTenantID: a.ResellerTenantID, RequestID: a.RequestID,
		MPNID: a.MPNID, Name: a.Name, Country: a.Country}, true
}

// CommandType is its name in the record; it isn't in the vocabulary.
func (EstablishPartnership) CommandType() string { return "EstablishPartnership" }

// ReactsTo is the acceptance that it finishes.
func (EstablishPartnership) ReactsTo() string { return PartnershipRequestAccepted{}.EventType() }

// Target is the stream of the pair.
func (c EstablishPartnership) Target() domain.Stream {
	return Stream(c.ProviderTenantID, c.ResellerTenantID)
}

// Parties names both.
func (c EstablishPartnership) Parties() domain.Parties {
	return domain.Parties{Provider: c.ProviderTenantID, Reseller: c.ResellerTenantID}
}

// establish refuses nothing, because the acceptance is a fact. A request makes one episode, however
// often this is said, and no second one beside an active one: of two requests accepted at once the
// later one changes nothing.
func establish(s State, c EstablishPartnership) (domain.Decision, error) {
	ofThisRequest := func(e Episode) bool { return e.RequestID == c.RequestID }
	if s.Active() || slices.ContainsFunc(s.Episodes, ofThisRequest) {
		return domain.Decision{}, nil
	}
	return recorded(PartnershipAccepted(c))
}
