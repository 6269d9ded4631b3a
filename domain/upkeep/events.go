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

// ReadModelSealed says what a read model held as of an event. Like every event it is a leaf of the proof log, so that
// what was held then can't be denied later on.
type ReadModelSealed struct{ Seal }

// EventType is the stored name, frozen.
func (ReadModelSealed) EventType() string { return "ReadModelSealed" }

// Events holds one filled example of each event of this package.
var Events = []domain.Event{
	ProjectionEventSkipped{Projection: "timeline", EventID: "0b7c9a2e-5d1f-5c5e-9d4e-7f6a1c2b3d4e", Type: "CustomerAdded",
		Position: 104729, Reason: "written by a trial of the next version"},
	ReadModelSealed{Seal{Projection: "timeline", Version: 3, Schema: "0f1e2d3c4b5a6978", Events: 1731, Position: 204811,
		EventID: "1c8d0b3f-6e20-5d6f-8e5f-807b2d3c4e5f", Rows: 1742, Digest: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
		Tables: []SealedTable{{Table: "timeline", Rows: 1731, Digest: "60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752"},
			{Table: "timeline_owners", Rows: 11, Digest: "fd61a03af4f77d870fc21e05e7e80678095c92d808cfb3b5c279ee04c74aca13"}}}},
}
