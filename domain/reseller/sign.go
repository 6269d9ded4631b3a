package reseller

import "github.com/partnerledger/partnerledger/domain"

// SignPartnerAgreement says that the reseller has signed the partner agreement for a region (R28).
// Issued by the reference feed. It counts from when the ledger learns of it; SignedAt is information.
type SignPartnerAgreement struct {
	ResellerTenantID domain.TenantID `json:"resellerTenantId"`
	Region           string          `json:"region"`
	SignedAt         domain.Instant  `json:"signedAt"`
}

// CommandType is the name on the wire.
func (SignPartnerAgreement) CommandType() string { return "SignPartnerAgreement" }

// Target is the partner's stream.
func (c SignPartnerAgreement) Target() domain.Stream { return Stream(c.ResellerTenantID) }

// Parties names the reseller.
func (c SignPartnerAgreement) Parties() domain.Parties {
	return domain.Parties{Reseller: c.ResellerTenantID}
}

// sign refuses, in this order: account-not-found, date-in-future. Again for the same region: nothing.
func sign(s State, at domain.Instant, c SignPartnerAgreement) (domain.Decision, error) {
	switch {
	case !s.Known():
		return domain.Decision{}, domain.Refuse(domain.AccountNotFound, string(c.ResellerTenantID))
	case c.SignedAt > at:
		return domain.Decision{}, domain.Refuse(domain.DateInFuture)
	case s.Signed(c.Region):
		return domain.Decision{}, nil
	default:
		return recorded(PartnerAgreementSigned{ResellerTenantID: c.ResellerTenantID, Region: c.Region, SignedAt: c.SignedAt})
	}
}
