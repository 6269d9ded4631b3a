package partnership

import "github.com/partnerledger/partnerledger/domain"

// DeclinePartnership says that the reseller doesn't want to. The declining tenant need not be known.
type DeclinePartnership struct {
	RequestID        domain.RequestID `json:"requestId"`
	ProviderTenantID domain.TenantID  `json:"providerTenantId"`
	ResellerTenantID domain.TenantID  `json:"resellerTenantId"`
	Reason           string           `json:"reason,omitzero"`
}

// CommandType is the name on the wire.
func (DeclinePartnership) CommandType() string { return "DeclinePartnership" }

// Target is the request's stream.
func (c DeclinePartnership) Target() domain.Stream { return RequestStream(c.RequestID) }

// Parties names the provider and the declining reseller.
func (c DeclinePartnership) Parties() domain.Parties {
	return domain.Parties{Provider: c.ProviderTenantID, Reseller: c.ResellerTenantID}
}

// decline refuses, in this order: request-not-found, request-not-open.
func decline(s RequestState, at domain.Instant, c DeclinePartnership) (domain.Decision, error) {
	if err := answerable(s, c.ProviderTenantID, at); err != nil {
		return domain.Decision{}, err
	}
	return recorded(PartnershipDeclined(c))
}
