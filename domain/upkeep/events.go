package upkeep

import "github.com/partnerledger/partnerledger/domain"

// These names and fields are the stored form. They are frozen: never rename, never reuse.

// ProjectionEventSkipped says that a read model passes over an event, and why: everything else in it goes on
// as if the event had never been.
type ProjectionEventSkipped struct {
	Projection string `json:"projection"`
	EventID    string `json:"eventId"`
	Type       string `json:"eventType"` // of the event
	Position   int64  `json:"position"`
	Reason     string `json:"reason"`
}

// EventType is the stored name, frozen.
func (ProjectionEventSkipped) EventType() string { return "ProjectionEventSkipped" }

// Events holds one filled example of each event of this package.
var Events = []domain.Event{
	ProjectionEventSkipped{Projection: "timeline", EventID: "0b7c9a2e-5d1f-5c5e-9d4e-7f6a1c2b3d4e", Type: "CustomerAdded",
		Position: 104729, Reason: "written by a trial of the next version"},
}
