package reseller

import "github.com/partnerledger/partnerledger/domain"

// ReinstateReseller ends a suspension. Issued by the reference feed.
type ReinstateReseller struct {
	ResellerTenantID domain.TenantID `json:"resellerTenantId"`
	Reason           string          `json:"reason,omitzero"`
}

// CommandType is the name on the wire.
func (ReinstateReseller) CommandType() string { return "ReinstateReseller" }

// Target is the partner's stream.
func (c ReinstateReseller) Target() domain.Stream { return Stream(c.ResellerTenantID) }

// Parties names the reseller.
func (c ReinstateReseller) Parties() domain.Parties {
	return domain.Parties{Reseller: c.ResellerTenantID}
}

// reinstate refuses, in this order: account-not-found, reseller-not-enrolled, reseller-deauthorized.
// Not suspended: nothing.
func reinstate(s State, c ReinstateReseller) (domain.Decision, error) {
	if err := authorized(s, c.ResellerTenantID); err != nil {
		return domain.Decision{}, err
	}
	if !s.Suspended {
		return domain.Decision{}, nil
	}
	return recorded(ResellerReinstated(c))
}
