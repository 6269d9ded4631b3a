package partnership

// These names and fields are the stored form. They are frozen: never rename, never reuse.

// InviteeErasureRequested says that somebody wants the personal data of a partnership request erased, and why. Nothing
// is erased yet.
type InviteeErasureRequested struct {
	Invitee
	ErasureID   string `json:"erasureId"`
	Reason      string `json:"reason"`
	RequestedBy string `json:"requestedBy"`
}

// InviteeErasureApproved says that somebody else agreed. InviteeForgotten follows in the same append.
type InviteeErasureApproved struct {
	Invitee
	ErasureID   string `json:"erasureId"`
	RequestedBy string `json:"requestedBy"`
	Approver    string `json:"approver"`
}

// InviteeErasureWithdrawn says that the request to erase was given up, or declined.
type InviteeErasureWithdrawn struct {
	Invitee
	ErasureID string `json:"erasureId"`
	Reason    string `json:"reason,omitzero"`
}

// InviteeForgotten says that the address and the message of a partnership request, recorded so far, are erased. The
// request itself stays as it is, and can still be answered while it is open.
type InviteeForgotten struct {
	Invitee
	Reason string `json:"reason,omitzero"`
}

// EventType is the stored name, frozen.
func (InviteeErasureRequested) EventType() string { return "InviteeErasureRequested" }

// EventType is the stored name, frozen.
func (InviteeErasureApproved) EventType() string { return "InviteeErasureApproved" }

// EventType is the stored name, frozen.
func (InviteeErasureWithdrawn) EventType() string { return "InviteeErasureWithdrawn" }

// EventType is the stored name, frozen.
func (InviteeForgotten) EventType() string { return "InviteeForgotten" }

// DataSubject names the key that is destroyed: the request's.
func (e InviteeForgotten) DataSubject() string { return e.Target().String() }

// ErasesPersonalData is there to be asked for.
func (InviteeForgotten) ErasesPersonalData() {}
