package partnership

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/partnerledger/partnerledger/domain"
)

// The representation that whoever removes a partnership gives (R39). The text is the vendor's: a change
// of it is another version, and evidence of the old one stays what it is.
const (
	RepresentationVersion = "2021-03-23"
	Representation        = "You represent that the decision to discontinue your relationship with partner was made in good faith, " +
		"for a legitimate business purpose, and in accordance with your agreement with your customer or partner, and you agree to " +
		"defend and hold Microsoft harmless from and against any third-party claims to the contrary."
)

// RepresentationSHA256 is the hash of the representation's text, in hex, as it stands in the evidence.
func RepresentationSHA256() string {
	sum := sha256.Sum256([]byte(Representation))
	return hex.EncodeToString(sum[:])
}

// RemovePartnership ends the partnership after confirmation. The reseller leaves the list; nothing else
// changes, however many customers are attached (R35–R43).
type RemovePartnership struct {
	ProviderTenantID      domain.TenantID `json:"providerTenantId"`
	ResellerTenantID      domain.TenantID `json:"resellerTenantId"`
	Confirmed             bool            `json:"confirmed"`
	RepresentationVersion string          `json:"representationVersion"`
	Reason                string          `json:"reason,omitzero"`
}

// CommandType is the name on the wire.
func (RemovePartnership) CommandType() string { return "RemovePartnership" }

// Target is the stream of the pair.
func (c RemovePartnership) Target() domain.Stream {
	return Stream(c.ProviderTenantID, c.ResellerTenantID)
}

// Parties names both.
func (c RemovePartnership) Parties() domain.Parties {
	return domain.Parties{Provider: c.ProviderTenantID, Reseller: c.ResellerTenantID}
}

// remove refuses, in this order: partnership-not-active, removal-not-confirmed, representation-version-unknown.
func remove(s State, c RemovePartnership) (domain.Decision, error) {
	switch {
	case !s.Active():
		return domain.Decision{}, domain.Refuse(domain.PartnershipNotActive).Says("There is no active partnership with this reseller to remove.")
	case !c.Confirmed:
		return domain.Decision{}, domain.Refuse(domain.RemovalNotConfirmed)
	case c.RepresentationVersion != RepresentationVersion:
		return domain.Decision{}, domain.Refuse(domain.RepresentationVersionUnknown)
	}
	return recorded(PartnershipRemoved{ProviderTenantID: c.ProviderTenantID, ResellerTenantID: c.ResellerTenantID,
		RequestID: s.Episodes[len(s.Episodes)-1].RequestID, RepresentationVersion: RepresentationVersion,
		RepresentationTextSHA256: RepresentationSHA256(), Reason: c.Reason, NoticeGenerated: false})
}
