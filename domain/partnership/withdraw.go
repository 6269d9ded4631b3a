package partnership

import "github.com/partnerledger/partnerledger/domain"

// WithdrawPartnershipRequest says that the provider takes its request back.
type WithdrawPartnershipRequest struct {
	RequestID        domain.RequestID `json:"requestId"`
	ProviderTenantID domain.TenantID  `json:"providerTenantId"`
	Reason           string           `json:"reason,omitzero"`
}

// CommandType is the name on the wire.
func (WithdrawPartnershipRequest) CommandType() string { return "WithdrawPartnershipRequest" }

// Target is the request's stream.
func (c WithdrawPartnershipRequest) Target() domain.Stream { return RequestStream(c.RequestID) }

// Parties names the provider.
func (c WithdrawPartnershipRequest) Parties() domain.Parties {
	return domain.Parties{Provider: c.ProviderTenantID}
}

// withdraw refuses, in this order: request-not-found, request-not-open.
func withdraw(s RequestState, at domain.Instant, c WithdrawPartnershipRequest) (domain.Decision, error) {
	if err := answerable(s, c.ProviderTenantID, at); err != nil {
		return domain.Decision{}, err
	}
	return recorded(PartnershipRequestWithdrawn(c))
}
