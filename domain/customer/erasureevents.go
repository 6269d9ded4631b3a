package customer

// These names and fields are the stored form. They are frozen: never rename, never reuse.

// ContactErasureRequested says that somebody wants the personal data of the contacts erased, and why. Nothing is
// erased yet.
type ContactErasureRequested struct {
	Key
	ErasureID   string `json:"erasureId"`
	Reason      string `json:"reason"`
	RequestedBy string `json:"requestedBy"`
}

// ContactErasureApproved says that somebody else agreed. ContactForgotten follows in the same append.
type ContactErasureApproved struct {
	Key
	ErasureID   string `json:"erasureId"`
	RequestedBy string `json:"requestedBy"`
	Approver    string `json:"approver"`
}

// ContactErasureWithdrawn says that the request was given up, or declined.
type ContactErasureWithdrawn struct {
	Key
	ErasureID string `json:"erasureId"`
	Reason    string `json:"reason,omitzero"`
}

// EventType is the stored name, frozen.
func (ContactErasureRequested) EventType() string { return "ContactErasureRequested" }

// EventType is the stored name, frozen.
func (ContactErasureApproved) EventType() string { return "ContactErasureApproved" }

// EventType is the stored name, frozen.
func (ContactErasureWithdrawn) EventType() string { return "ContactErasureWithdrawn" }
