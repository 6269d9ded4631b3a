package customer

import "github.com/partnerledger/partnerledger/domain"

// ForgetContact erases the personal data of the customer's contacts recorded so far; company name and domain stay.
type ForgetContact struct {
	Key
	Reason string `json:"reason,omitzero"`
}

// CommandType is the name on the wire.
func (ForgetContact) CommandType() string { return "ForgetContact" }

// forget refuses customer-not-found. It is recorded each time: new personal data may have come since.
func forget(s State, c ForgetContact) (domain.Decision, error) {
	if err := s.known(); err != nil {
		return domain.Decision{}, err
	}
	return recorded(ContactForgotten(c))
}
