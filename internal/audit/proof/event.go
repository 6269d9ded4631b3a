package proof

import (
	"fmt"

	"github.com/go-json-experiment/json"
)

// Event is an event as its bytes are stored, with its number: what a leaf is made of, and what an auditor
// takes away. As JSON, a line each, data and metadata are in base64.
type Event struct {
	Seq      uint64 `json:"seq"`
	Stream   string `json:"stream"`
	Revision int64  `json:"revision"`
	ID       string `json:"id"`
	Type     string `json:"type"`
	Data     []byte `json:"data"`
	Metadata []byte `json:"metadata"`
}

// Leaf is the leaf of the event in a log of this origin.
func (e Event) Leaf(origin string) Leaf {
	return Leaf{Origin: origin, Seq: e.Seq, Stream: e.Stream, Revision: e.Revision, EventID: e.ID, Type: e.Type}.Seal(e.Data, e.Metadata)
}

// Line is the event as a line of JSON.
func (e Event) Line() ([]byte, error) {
	line, err := json.Marshal(e)
	if err != nil {
		return nil, fmt.Errorf("event %d: %w", e.Seq, err)
	}
	return append(line, '\n'), nil
}

// ParseEvent reads such a line.
func ParseEvent(line []byte) (e Event, err error) {
	if err := json.Unmarshal(line, &e, json.RejectUnknownMembers(true)); err != nil {
		return e, fmt.Errorf("not an event: %w", err)
	}
	return e, nil
}
