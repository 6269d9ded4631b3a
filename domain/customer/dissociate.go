package customer

import "github.com/partnerledger/partnerledger/domain"

// DissociateCustomerFromReseller ends the association; privileges, reseller of record and support contact stay.
type DissociateCustomerFromReseller struct {
	Key
	ResellerTenantID domain.TenantID `json:"resellerTenantId"`
}

// CommandType is the name on the wire.
func (DissociateCustomerFromReseller) CommandType() string { return "DissociateCustomerFromReseller" }

// Parties names the reseller too.
func (c DissociateCustomerFromReseller) Parties() domain.Parties {
	p := c.Key.Parties()
	p.Reseller = c.ResellerTenantID
	return p
}

// dissociate refuses, in this order: customer-not-found, customer-not-associated.
func dissociate(s State, c DissociateCustomerFromReseller) (domain.Decision, error) {
	if err := s.known(); err != nil {
		return domain.Decision{}, err
	}
	if s.ResellerTenantID != c.ResellerTenantID {
		return refused(domain.CustomerNotAssociated)
	}
	return recorded(CustomerDissociatedFromReseller(c))
}
