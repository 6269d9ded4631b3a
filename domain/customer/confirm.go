package customer

import "github.com/partnerledger/partnerledger/domain"

// ConfirmCustomerAgreement confirms, perhaps again, that the customer has accepted the customer agreement.
type ConfirmCustomerAgreement struct {
	Key
	Contact    Contact     `json:"contact"`
	DateAgreed domain.Date `json:"dateAgreed"`
	TemplateID string      `json:"templateId"`
}

// CommandType is the name on the wire.
func (ConfirmCustomerAgreement) CommandType() string { return "ConfirmCustomerAgreement" }

// confirm refuses, in this order: customer-not-found, agreement-date-in-future. Each confirmation is recorded.
func confirm(s State, at domain.Instant, c ConfirmCustomerAgreement) (domain.Decision, error) {
	if err := s.known(); err != nil {
		return domain.Decision{}, err
	}
	if err := checkAgreed(c.DateAgreed, at); err != nil {
		return domain.Decision{}, err
	}
	return recorded(CustomerAgreementConfirmed(c))
}

// checkAgreed refuses agreement-date-in-future: a day after the day of the command, both in UTC.
func checkAgreed(agreed domain.Date, at domain.Instant) error {
	if agreed > domain.DateOf(at) {
		return domain.Refuse(domain.AgreementDateInFuture)
	}
	return nil
}
