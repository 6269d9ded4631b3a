package partnership

import "github.com/partnerledger/partnerledger/domain"

// RequestCategory is the category of the streams of requests, one for each.
const RequestCategory = "partnershiprequest"

// RequestStream is the stream of one request.
func RequestStream(id domain.RequestID) domain.Stream {
	return domain.Stream{Category: RequestCategory, ID: string(id)}
}

// RequestState is one request; the zero RequestState is one that was never made.
type RequestState struct {
	ProviderTenantID domain.TenantID
	ResellerEmail    domain.Personal
	Message          domain.Personal
	RequestedAt      domain.Instant
	ExpiresAt        domain.Instant
	Answered         bool     // accepted, declined or withdrawn
	Erasure          *Erasure // that awaits approval
}

// Made tells whether the request exists.
func (s RequestState) Made() bool { return s.ProviderTenantID != "" }

// Open tells whether it can still be answered at t: asked, unanswered, and t before its expiry.
func (s RequestState) Open(t domain.Instant) bool {
	return s.Made() && !s.Answered && t < s.ExpiresAt
}

// RequestFold makes RequestState of events.
var RequestFold = domain.Fold[RequestState]{Category: RequestCategory, Evolve: evolveRequest}

func evolveRequest(s RequestState, h domain.Happened) RequestState {
	switch e := h.Event.(type) {
	case PartnershipRequested:
		return RequestState{ProviderTenantID: e.ProviderTenantID, ResellerEmail: e.ResellerEmail, Message: e.Message,
			RequestedAt: h.At, ExpiresAt: e.ExpiresAt}
	case PartnershipRequestAccepted, PartnershipDeclined, PartnershipRequestWithdrawn:
		s.Answered = true
	case InviteeErasureRequested:
		s.Erasure = &Erasure{ID: e.ErasureID, RequestedBy: e.RequestedBy, Reason: e.Reason}
	case InviteeErasureApproved, InviteeErasureWithdrawn:
		s.Erasure = nil
	case InviteeForgotten:
		// Whoever decides later must not see more than whoever replays the decision, and nobody keeps it in memory.
		s.ResellerEmail, s.Message = domain.Personal{}, domain.Personal{}
	}
	return s
}
