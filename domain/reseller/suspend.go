package reseller

import "github.com/partnerledger/partnerledger/domain"

// SuspendReseller stops new business of the reseller; existing business continues. Issued by the
// reference feed.
type SuspendReseller struct {
	ResellerTenantID domain.TenantID `json:"resellerTenantId"`
	Reason           string          `json:"reason,omitzero"`
}

// CommandType is the name on the wire.
func (SuspendReseller) CommandType() string { return "SuspendReseller" }

// Target is the partner's stream.
func (c SuspendReseller) Target() domain.Stream { return Stream(c.ResellerTenantID) }

// Parties names the reseller.
func (c SuspendReseller) Parties() domain.Parties {
	return domain.Parties{Reseller: c.ResellerTenantID}
}

// suspend refuses, in this order: account-not-found, reseller-not-enrolled, reseller-deauthorized.
// Suspended already: nothing.
func suspend(s State, c SuspendReseller) (domain.Decision, error) {
	if err := authorized(s, c.ResellerTenantID); err != nil {
		return domain.Decision{}, err
	}
	if s.Suspended {
		return domain.Decision{}, nil
	}
	return recorded(ResellerSuspended(c))
}
