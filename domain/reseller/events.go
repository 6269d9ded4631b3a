package reseller

import "github.com/partnerledger/partnerledger/domain"

// These names and fields are the stored form. They are frozen: never rename, never reuse.

// ResellerEnrolled makes a partner an indirect reseller of the program, with an account (R13).
type ResellerEnrolled struct {
	ResellerTenantID domain.TenantID `json:"resellerTenantId"`
	Name             string          `json:"name"`
	Country          string          `json:"country"`
	Region           string          `json:"region"`
	GlobalMPNID      domain.MPNID    `json:"globalMpnId,omitzero"`
}

// PartnerLocationRegistered gives the partner a location (PLA); from then on its account is known (R27).
type PartnerLocationRegistered struct {
	ResellerTenantID domain.TenantID `json:"resellerTenantId"`
	MPNID            domain.MPNID    `json:"mpnId"`
	Name             string          `json:"name"`
	Country          string          `json:"country"`
}

// PartnerLocationDeleted ends a location for good; credit tied to it ceases to accrue (DOMAIN.md §2.4.5).
type PartnerLocationDeleted struct {
	ResellerTenantID domain.TenantID `json:"resellerTenantId"`
	MPNID            domain.MPNID    `json:"mpnId"`
}

// PartnerAgreementSigned says that the reseller has signed the partner agreement for a region (R28).
type PartnerAgreementSigned struct {
	ResellerTenantID domain.TenantID `json:"resellerTenantId"`
	Region           string          `json:"region"`
	SignedAt         domain.Instant  `json:"signedAt"`
}

// ResellerSuspended stops new business; existing business continues (DOMAIN.md §2.3).
type ResellerSuspended struct {
	ResellerTenantID domain.TenantID `json:"resellerTenantId"`
	Reason           string          `json:"reason,omitzero"`
}

// ResellerReinstated ends a suspension.
type ResellerReinstated struct {
	ResellerTenantID domain.TenantID `json:"resellerTenantId"`
	Reason           string          `json:"reason,omitzero"`
}

// ResellerDeauthorized ends the authorization for good; credit of all its locations ends.
type ResellerDeauthorized struct {
	ResellerTenantID domain.TenantID `json:"resellerTenantId"`
	Reason           string          `json:"reason,omitzero"`
}

// EventType is the stored name, frozen.
func (ResellerEnrolled) EventType() string { return "ResellerEnrolled" }

// EventType is the stored name, frozen.
func (PartnerLocationRegistered) EventType() string { return "PartnerLocationRegistered" }

// EventType is the stored name, frozen.
func (PartnerLocationDeleted) EventType() string { return "PartnerLocationDeleted" }

// EventType is the stored name, frozen.
func (PartnerAgreementSigned) EventType() string { return "PartnerAgreementSigned" }

// EventType is the stored name, frozen.
func (ResellerSuspended) EventType() string { return "ResellerSuspended" }

// EventType is the stored name, frozen.
func (ResellerReinstated) EventType() string { return "ResellerReinstated" }

// EventType is the stored name, frozen.
func (ResellerDeauthorized) EventType() string { return "ResellerDeauthorized" }

const exampleTenant = domain.TenantID("6628166e-221e-46b4-b97d-94d327067ed7")

// Events holds one filled example of each event of this package.
var Events = []domain.Event{
	ResellerEnrolled{ResellerTenantID: exampleTenant, Name: "Hill Networks Ltd", Country: "IE", Region: "Europe", GlobalMPNID: "515595"},
	PartnerLocationRegistered{ResellerTenantID: exampleTenant, MPNID: "1062006", Name: "Hill Networks Cork", Country: "IE"},
	PartnerLocationDeleted{ResellerTenantID: exampleTenant, MPNID: "1062006"},
	PartnerAgreementSigned{ResellerTenantID: exampleTenant, Region: "Europe", SignedAt: 1627894245773},
	ResellerSuspended{ResellerTenantID: exampleTenant, Reason: "identity check is overdue"},
	ResellerReinstated{ResellerTenantID: exampleTenant, Reason: "identity check passed"},
	ResellerDeauthorized{ResellerTenantID: exampleTenant, Reason: "twelve months without revenue"},
}
