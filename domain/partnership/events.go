package partnership

import "github.com/partnerledger/partnerledger/domain"

// These names and fields are the stored form. They are frozen: never rename, never reuse.

// PartnershipRequested says that the provider has sent a request by e-mail; the ledger sends nothing (R14–R20).
type PartnershipRequested struct {
	RequestID        domain.RequestID `json:"requestId"`
	ProviderTenantID domain.TenantID  `json:"providerTenantId"`
	ResellerEmail    domain.Personal  `json:"resellerEmail"`
	Message          domain.Personal  `json:"message"`
	Delivery         string           `json:"delivery,omitzero"`
	ExpiresAt        domain.Instant   `json:"expiresAt"`
}

// PartnershipRequestAccepted uses the request up. The partnership itself is established in a stream of
// its own, by the same command or, if that died in between, by the reaction (see React).
type PartnershipRequestAccepted struct {
	RequestID        domain.RequestID `json:"requestId"`
	ProviderTenantID domain.TenantID  `json:"providerTenantId"`
	ResellerTenantID domain.TenantID  `json:"resellerTenantId"`
	MPNID            domain.MPNID     `json:"mpnId"`
	Name             string           `json:"name"`
	Country          string           `json:"country"`
}

// PartnershipDeclined says that the reseller doesn't want to.
type PartnershipDeclined struct {
	RequestID        domain.RequestID `json:"requestId"`
	ProviderTenantID domain.TenantID  `json:"providerTenantId"`
	ResellerTenantID domain.TenantID  `json:"resellerTenantId"`
	Reason           string           `json:"reason,omitzero"`
}

// PartnershipRequestWithdrawn says that the provider took its request back.
type PartnershipRequestWithdrawn struct {
	RequestID        domain.RequestID `json:"requestId"`
	ProviderTenantID domain.TenantID  `json:"providerTenantId"`
	Reason           string           `json:"reason,omitzero"`
}

// PartnershipAccepted begins an episode: from now on the reseller is in the provider's list (R21).
type PartnershipAccepted struct {
	ProviderTenantID domain.TenantID  `json:"providerTenantId"`
	ResellerTenantID domain.TenantID  `json:"resellerTenantId"`
	RequestID        domain.RequestID `json:"requestId"`
	MPNID            domain.MPNID     `json:"mpnId"`
	Name             string           `json:"name"`
	Country          string           `json:"country"`
}

// PartnershipRemoved ends the episode and nothing else: customers, privileges, support contacts and
// resellers of record stay, and no notice is generated (R36–R42).
type PartnershipRemoved struct {
	ProviderTenantID         domain.TenantID  `json:"providerTenantId"`
	ResellerTenantID         domain.TenantID  `json:"resellerTenantId"`
	RequestID                domain.RequestID `json:"requestId"`
	RepresentationVersion    string           `json:"representationVersion"`
	RepresentationTextSHA256 string           `json:"representationTextSha256"`
	Reason                   string           `json:"reason,omitzero"`
	NoticeGenerated          bool             `json:"noticeGenerated"`
}

// TerminationNoticeRecorded is evidence of a legal notice given outside the tool (R40).
type TerminationNoticeRecorded struct {
	ProviderTenantID domain.TenantID `json:"providerTenantId"`
	ResellerTenantID domain.TenantID `json:"resellerTenantId"`
	Party            string          `json:"party"`
	CustomerTenantID domain.TenantID `json:"customerTenantId,omitzero"`
	Method           string          `json:"method"`
	SentAt           domain.Instant  `json:"sentAt"`
	DocumentHash     string          `json:"documentHash,omitzero"`
}

// EventType is the stored name, frozen.
func (PartnershipRequested) EventType() string { return "PartnershipRequested" }

// EventType is the stored name, frozen.
func (PartnershipRequestAccepted) EventType() string { return "PartnershipRequestAccepted" }

// EventType is the stored name, frozen.
func (PartnershipDeclined) EventType() string { return "PartnershipDeclined" }

// EventType is the stored name, frozen.
func (PartnershipRequestWithdrawn) EventType() string { return "PartnershipRequestWithdrawn" }

// EventType is the stored name, frozen.
func (PartnershipAccepted) EventType() string { return "PartnershipAccepted" }

// EventType is the stored name, frozen.
func (PartnershipRemoved) EventType() string { return "PartnershipRemoved" }

// EventType is the stored name, frozen.
func (TerminationNoticeRecorded) EventType() string { return "TerminationNoticeRecorded" }

// DataSubject names the key that seals the personal texts: one for each request.
func (e PartnershipRequested) DataSubject() string { return RequestStream(e.RequestID).String() }

const (
	exampleProvider = domain.TenantID("4b908c9a-e2eb-4713-a8c1-2d429a55b123")
	exampleReseller = domain.TenantID("6628166e-221e-46b4-b97d-94d327067ed7")
	exampleRequest  = domain.RequestID("9d282942-a74c-4cb0-af36-98b679f2340a")
	exampleErasure  = "5f4f2f0e-6f0a-5d9e-9a55-a1b2c3d4e5f6"
)

var exampleInvitee = Invitee{ProviderTenantID: exampleProvider, RequestID: exampleRequest}

// Events holds one filled example of each event of this package.
var Events = []domain.Event{
	PartnershipRequested{RequestID: exampleRequest, ProviderTenantID: exampleProvider, ResellerEmail: domain.PersonalText("partner@hill.example"),
		Message: domain.PersonalText("Accept here: https://partner.example/accept?token=bdc46f1d"), Delivery: "copyToClipboard", ExpiresAt: 1630499145773},
	PartnershipRequestAccepted{RequestID: exampleRequest, ProviderTenantID: exampleProvider, ResellerTenantID: exampleReseller,
		MPNID: "1062006", Name: "Hill Networks Ltd", Country: "IE"},
	PartnershipDeclined{RequestID: exampleRequest, ProviderTenantID: exampleProvider, ResellerTenantID: exampleReseller, Reason: "no capacity this year"},
	PartnershipRequestWithdrawn{RequestID: exampleRequest, ProviderTenantID: exampleProvider, Reason: "sent to the wrong address"},
	PartnershipAccepted{ProviderTenantID: exampleProvider, ResellerTenantID: exampleReseller, RequestID: exampleRequest,
		MPNID: "1062006", Name: "Hill Networks Ltd", Country: "IE"},
	PartnershipRemoved{ProviderTenantID: exampleProvider, ResellerTenantID: exampleReseller, RequestID: exampleRequest,
		RepresentationVersion: "2021-03-23", RepresentationTextSHA256: "6cb28b09e200f6e989c8e54a64b930936f38ffd2eceaa2293cc9a7954aa65bbe",
		Reason: "the reseller left the market", NoticeGenerated: false},
	TerminationNoticeRecorded{ProviderTenantID: exampleProvider, ResellerTenantID: exampleReseller, Party: "customer",
		CustomerTenantID: "f8a426eb-ff6d-47d1-92b1-d3118ab19b14", Method: "letter", SentAt: 1650000000000,
		DocumentHash: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"},
	InviteeErasureRequested{Invitee: exampleInvitee, ErasureID: exampleErasure, Reason: "asked by the person", RequestedBy: "kim@northwind.example"},
	InviteeErasureApproved{Invitee: exampleInvitee, ErasureID: exampleErasure, RequestedBy: "kim@northwind.example", Approver: "lee@northwind.example"},
	InviteeErasureWithdrawn{Invitee: exampleInvitee, ErasureID: exampleErasure, Reason: "another request was meant"},
	InviteeForgotten{Invitee: exampleInvitee, Reason: "asked by the person"},
}
