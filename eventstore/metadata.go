package eventstore

import (
	"github.com/go-json-experiment/json/jsontext"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/vocabulary"
)

// Metadata stands beside every event: who, by which command, on what basis. The form is frozen.
type Metadata struct {
	CorrelationID string           `json:"$correlationId"`
	CausationID   domain.CommandID `json:"$causationId"` // the command
	Actor         domain.Actor     `json:"actor"`
	Command       CommandRef       `json:"command"`
	// Basis are the streams that the decision looked at, as it saw them. Where the event stands in the
	// stream that was decided on, that one is left out: it was seen at the revision before.
	Basis []Basis `json:"basis,omitzero"`
	// Policy is the role table under which it was decided; empty for the default one.
	Policy        vocabulary.Policy `json:"policy,omitzero"`
	SchemaVersion int               `json:"schemaVersion"`
	// At is when the command was issued: when its facts are recorded and, unless EffectiveAt says
	// otherwise, take effect.
	At          domain.Instant  `json:"at"`
	EffectiveAt *domain.Instant `json:"effectiveAt,omitzero"`
	// Provider is the provider whose business it is; empty for reference facts.
	Provider domain.TenantID `json:"provider,omitzero"`
	// Part and Parts number the events of one command, claims first: 0 of 3, 1 of 3, …
	Part        int    `json:"part"`
	Parts       int    `json:"parts"`
	Traceparent string `json:"traceparent,omitzero"`
}

// CommandRef names the command behind an event. Digest is keyed, so that it tells nothing about the
// personal data that the command held (see seal).
//
// Data is what the command said, with every personal text sealed. It stands beside the first event of the
// command's outcome alone (its first fact, its refusal, or that it changed nothing), and only there: claims
// and reactions don't repeat it.
type CommandRef struct {
	Type   string         `json:"type"`
	Digest string         `json:"digest"`
	Data   jsontext.Value `json:"data,omitzero"`
}

// Basis is a stream and the revision at which a decision saw it; NoStream (-1) if it didn't exist.
type Basis struct {
	Stream   string   `json:"stream"`
	Revision Revision `json:"revision"`
	// Abandoned says that the claim found there counted for nothing; see Sight.
	Abandoned bool `json:"abandoned,omitzero"`
}
