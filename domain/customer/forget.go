package customer

import (
	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/provider"
)

// ForgetContact erases the personal data of the customer's contacts recorded so far; company name and domain stay.
type ForgetContact struct {
	Key
	Reason string `json:"reason,omitzero"`
}

// CommandType is the name on the wire.
func (ForgetContact) CommandType() string { return "ForgetContact" }

// InLiveBusiness is what the command is where it isn't history being imported: there nobody erases anything alone,
// so that it asks for the erasure, and somebody else approves it.
func (c ForgetContact) InLiveBusiness() domain.Command { return RequestContactErasure(c) }

// forget is the erasure as history knows it: one user, a reason or none. It refuses, in this order:
// customer-not-found, under-legal-hold. It is recorded each time: new personal data may have come since.
func forget(s State, f *domain.Facts, c ForgetContact) (domain.Decision, error) {
	if err := s.erasable(f, c.Key); err != nil {
		return domain.Decision{}, err
	}
	return recorded(ContactForgotten(c))
}

// erasable refuses, in this order: customer-not-found, under-legal-hold. A hold on the provider counts too.
func (s State) erasable(f *domain.Facts, k Key) error {
	if err := s.known(); err != nil {
		return err
	}
	if err := s.Holds.Refuse(); err != nil {
		return err
	}
	return provider.Look(f, k.ProviderTenantID).Holds.Refuse()
}
