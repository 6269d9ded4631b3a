package partnership

import "github.com/partnerledger/partnerledger/domain"

// Customers tells whether the provider has this customer. Package customer looks at partnerships, so
// this package can't look at customers; who knows both passes the question in.
type Customers func(f *domain.Facts, provider, customer domain.TenantID) bool

// RecordTerminationNotice is evidence of a legal notice given outside the tool (R40), while the
// partnership is active or after its removal.
type RecordTerminationNotice struct {
	ProviderTenantID domain.TenantID  `json:"providerTenantId"`
	ResellerTenantID domain.TenantID  `json:"resellerTenantId"`
	Party            string           `json:"party"`
	CustomerTenantID *domain.TenantID `json:"customerTenantId,omitzero"`
	Method           string           `json:"method"`
	SentAt           domain.Instant   `json:"sentAt"`
	DocumentHash     string           `json:"documentHash,omitzero"`
}

// CommandType is the name on the wire.
func (RecordTerminationNotice) CommandType() string { return "RecordTerminationNotice" }

// Target is the stream of the pair.
func (c RecordTerminationNotice) Target() domain.Stream {
	return Stream(c.ProviderTenantID, c.ResellerTenantID)
}

// Parties names both, and the customer when it was one.
func (c RecordTerminationNotice) Parties() domain.Parties {
	p := domain.Parties{Provider: c.ProviderTenantID, Reseller: c.ResellerTenantID}
	if c.CustomerTenantID != nil {
		p.Customer = *c.CustomerTenantID
	}
	return p
}

// notice refuses, in this order: partnership-not-found, customer-not-found, date-in-future. Each notice
// is evidence of its own, so saying it again records it again.
func notice(s State, f *domain.Facts, at domain.Instant, known Customers, c RecordTerminationNotice) (domain.Decision, error) {
	customer := c.Parties().Customer
	switch {
	case len(s.Episodes) == 0:
		return domain.Decision{}, domain.Refuse(domain.PartnershipNotFound)
	case c.CustomerTenantID != nil && !known(f, c.ProviderTenantID, customer):
		return domain.Decision{}, domain.Refuse(domain.CustomerNotFound)
	case c.SentAt > at:
		return domain.Decision{}, domain.Refuse(domain.DateInFuture)
	}
	return recorded(TerminationNoticeRecorded{ProviderTenantID: c.ProviderTenantID, ResellerTenantID: c.ResellerTenantID, Party: c.Party,
		CustomerTenantID: customer, Method: c.Method, SentAt: c.SentAt, DocumentHash: c.DocumentHash})
}
