package customer

import "github.com/partnerledger/partnerledger/domain"

// RevokeDelegatedAdminPrivileges ends an open grant. The removal of a partnership never does (R38).
type RevokeDelegatedAdminPrivileges struct {
	Key
	GranteeTenantID domain.TenantID `json:"granteeTenantId"`
	Kind            string          `json:"kind"`
	Reason          string          `json:"reason,omitzero"`
}

// CommandType is the name on the wire.
func (RevokeDelegatedAdminPrivileges) CommandType() string { return "RevokeDelegatedAdminPrivileges" }

// Parties names the grantee too.
func (c RevokeDelegatedAdminPrivileges) Parties() domain.Parties {
	p := c.Key.Parties()
	p.Grantee = c.GranteeTenantID
	return p
}

// revoke refuses, in this order: customer-not-found, privileges-not-found.
func revoke(s State, at domain.Instant, c RevokeDelegatedAdminPrivileges) (domain.Decision, error) {
	if err := s.known(); err != nil {
		return domain.Decision{}, err
	}
	if !s.granted(c.GranteeTenantID, c.Kind, at) {
		return refused(domain.PrivilegesNotFound)
	}
	return recorded(DelegatedAdminPrivilegesRevoked(c))
}
