package customer

import "github.com/partnerledger/partnerledger/domain"

// AssociateCustomerWithReseller lets a reseller manage an existing customer; it replaces the one before.
// It grants no privileges and changes no reseller of record (R11b).
type AssociateCustomerWithReseller struct {
	Key
	ResellerTenantID domain.TenantID `json:"resellerTenantId"`
}

// CommandType is the name on the wire.
func (AssociateCustomerWithReseller) CommandType() string { return "AssociateCustomerWithReseller" }

// Parties names the reseller too.
func (c AssociateCustomerWithReseller) Parties() domain.Parties {
	p := c.Key.Parties()
	p.Reseller = c.ResellerTenantID
	return p
}

// associate refuses, in this order: customer-not-found, partnership-not-active, reseller-deauthorized,
// reseller-suspended. Associated with that reseller already: nothing.
func associate(s State, f *domain.Facts, c AssociateCustomerWithReseller) (domain.Decision, error) {
	if err := s.known(); err != nil {
		return domain.Decision{}, err
	}
	if err := c.checkReseller(f, c.ResellerTenantID); err != nil {
		return domain.Decision{}, err
	}
	if s.ResellerTenantID == c.ResellerTenantID {
		return domain.Decision{}, nil
	}
	return recorded(CustomerAssociatedWithReseller{Key: c.Key, ResellerTenantID: c.ResellerTenantID, PreviousResellerTenantID: s.ResellerTenantID})
}
