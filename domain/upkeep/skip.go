package upkeep

import (
	"strings"

	"github.com/partnerledger/partnerledger/domain"
)

// The refusals of this package; they are no part of the published catalogue, like the commands themselves.
const (
	ReasonMissing domain.Code = "reason-missing"
	NothingToSkip domain.Code = "nothing-to-skip"
)

// SkipProjectionEvent lets a read model pass over an event. Whoever issues it MUST say in StandsAt where the read
// model stands still at present, because a decision can't look: what it names was in the way when it was asked for.
type SkipProjectionEvent struct {
	Projection string `json:"projection"`
	EventID    string `json:"eventId"`
	EventType  string `json:"eventType"`
	Position   int64  `json:"position"`
	Reason     string `json:"reason"`
	// StandsAt is the id of the event at which the read model stands still, empty where it doesn't.
	StandsAt string `json:"standsAt,omitzero"`
}

// CommandType is the name on record.
func (SkipProjectionEvent) CommandType() string { return "SkipProjectionEvent" }

// Target is the read model's stream.
func (c SkipProjectionEvent) Target() domain.Stream { return Stream(c.Projection) }

// Parties names nobody.
func (SkipProjectionEvent) Parties() domain.Parties { return domain.Parties{} }

// skip refuses, in this order: reason-missing, nothing-to-skip. An event that is passed over already stays so.
func skip(s State, c SkipProjectionEvent) (domain.Decision, error) {
	reason := strings.TrimSpace(c.Reason)
	switch {
	case reason == "":
		return domain.Decision{}, domain.Refuse(ReasonMissing).Says("Say why the event is skipped; the reason stays on record.")
	case s.Skipped[c.EventID]:
		return domain.Decision{}, nil
	case c.StandsAt == "":
		return domain.Decision{}, domain.Refuse(NothingToSkip).Says("The read model " + c.Projection + " doesn't stand still, so there is nothing to skip.")
	case c.StandsAt != c.EventID:
		return domain.Decision{}, domain.Refuse(NothingToSkip).Says("The read model " + c.Projection + " stands still at the event " + c.StandsAt + ", not at this one.")
	}
	return domain.Decision{Events: []domain.Event{ProjectionEventSkipped{Projection: c.Projection, EventID: c.EventID,
		Type: c.EventType, Position: c.Position, Reason: reason}}}, nil
}
