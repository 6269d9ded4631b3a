package reseller

import "github.com/partnerledger/partnerledger/domain"

// DeauthorizeReseller ends the authorization for good: new business is refused, credit of all the
// reseller's locations ends; partnerships, associations and privileges stay. Issued by the reference feed.
type DeauthorizeReseller struct {
	ResellerTenantID domain.TenantID `json:"resellerTenantId"`
	Reason           string          `json:"reason,omitzero"`
}

// CommandType is the name on the wire.
func (DeauthorizeReseller) CommandType() string { return "DeauthorizeReseller" }

// Target is the partner's stream.
func (c DeauthorizeReseller) Target() domain.Stream { return Stream(c.ResellerTenantID) }

// Parties names the reseller.
func (c DeauthorizeReseller) Parties() domain.Parties {
	return domain.Parties{Reseller: c.ResellerTenantID}
}

// deauthorize refuses, in this order: account-not-found, reseller-not-enrolled. Deauthorized already: nothing.
func deauthorize(s State, c DeauthorizeReseller) (domain.Decision, error) {
	if err := enrolled(s, c.ResellerTenantID); err != nil {
		return domain.Decision{}, err
	}
	if s.Deauthorized != nil {
		return domain.Decision{}, nil
	}
	return recorded(ResellerDeauthorized(c))
}
