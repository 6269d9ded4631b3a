package legalhold

import "github.com/partnerledger/partnerledger/domain"

// These names and fields are the stored form. They are frozen: never rename, never reuse.

// LegalHoldPlaced says that personal data must be kept, and why.
type LegalHoldPlaced struct {
	Scope
	HoldID string `json:"holdId"`
	Reason string `json:"reason"`
}

// EventType is the stored name, frozen.
func (LegalHoldPlaced) EventType() string { return "LegalHoldPlaced" }

// LegalHoldLifted says that one reason to keep it is gone.
type LegalHoldLifted struct {
	Scope
	HoldID string `json:"holdId"`
	Reason string `json:"reason"`
}

// EventType is the stored name, frozen.
func (LegalHoldLifted) EventType() string { return "LegalHoldLifted" }

var exampleScope = Scope{ProviderTenantID: "4b908c9a-e2eb-4713-a8c1-2d429a55b123", CustomerTenantID: "f8a426eb-ff6d-47d1-92b1-d3118ab19b14"}

// Events holds one filled example of each event of this package.
var Events = []domain.Event{
	LegalHoldPlaced{Scope: exampleScope, HoldID: "court-17", Reason: "claim 17 of the district court"},
	LegalHoldLifted{Scope: exampleScope, HoldID: "court-17", Reason: "the claim was settled"},
}
