package partnership

import (
	"strings"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/provider"
)

// openFor is how long a request can be answered.
const openFor = 30 * domain.Day

// RequestPartnership says that the provider has sent a partnership request by e-mail; the ledger sends
// nothing (R14–R20).
type RequestPartnership struct {
	RequestID        domain.RequestID `json:"requestId"`
	ProviderTenantID domain.TenantID  `json:"providerTenantId"`
	ResellerEmail    domain.Personal  `json:"resellerEmail"`
	Message          domain.Personal  `json:"message"`
	Delivery         string           `json:"delivery,omitzero"`
}

// CommandType is the name on the wire.
func (RequestPartnership) CommandType() string { return "RequestPartnership" }

// Target is the request's stream.
func (c RequestPartnership) Target() domain.Stream { return RequestStream(c.RequestID) }

// Parties names the provider; whom the e-mail reaches isn't known before somebody accepts.
func (c RequestPartnership) Parties() domain.Parties {
	return domain.Parties{Provider: c.ProviderTenantID}
}

// DataSubject names the key that seals the personal texts, which is that of the request.
func (c RequestPartnership) DataSubject() string { return c.Target().String() }

// ask refuses, in this order: request-id-in-use, email-invalid, partnership-link-missing. The same
// request again (provider, e-mail and message): nothing.
func ask(s RequestState, f *domain.Facts, at domain.Instant, c RequestPartnership) (domain.Decision, error) {
	email, message := c.ResellerEmail.Reveal(), c.Message.Reveal()
	switch {
	case s.Made() && s.asks(c):
		return domain.Decision{}, nil
	case s.Made():
		return domain.Decision{}, domain.Refuse(domain.RequestIDInUse)
	case !domain.ValidEmail(email):
		return domain.Decision{}, domain.Refuse(domain.EmailInvalid)
	case strings.Count(message, provider.Look(f, c.ProviderTenantID).PartnershipLink) != 1:
		return domain.Decision{}, domain.Refuse(domain.PartnershipLinkMissing)
	}
	return recorded(PartnershipRequested{RequestID: c.RequestID, ProviderTenantID: c.ProviderTenantID, ResellerEmail: c.ResellerEmail,
		Message: c.Message, Delivery: c.Delivery, ExpiresAt: at + openFor})
}

// asks tells whether the request is the one that the command makes. Texts are compared in clear, because
// one text never seals to the same bytes twice.
func (s RequestState) asks(c RequestPartnership) bool {
	return s.ProviderTenantID == c.ProviderTenantID && s.ResellerEmail.Reveal() == c.ResellerEmail.Reveal() &&
		s.Message.Reveal() == c.Message.Reveal()
}
