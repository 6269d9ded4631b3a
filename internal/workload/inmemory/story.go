package inmemory

import (
	"fmt"

	"github.com/google/uuid"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/projections"
)

// Told is a fact as a test tells it, with no command behind it.
type Told struct {
	At   string // RFC 3339
	Fact domain.Event
}

// Teller is who did everything in a story.
const Teller = "teller@northwind.example"

// Tell makes events of a story, in the order told. Event n has the id that EventID gives.
func Tell(story ...Told) ([]projections.Event, error) {
	events := make([]projections.Event, len(story))
	for i, told := range story {
		at, err := domain.ParseInstant(told.At)
		if err != nil {
			return nil, fmt.Errorf("fact %d of the story: %w", i, err)
		}
		meta := eventstore.Metadata{At: at, Actor: domain.Actor{UserPrincipalName: Teller}}
		if effective, ok := told.Fact.(domain.Effective); ok {
			from := effective.EffectiveFrom()
			meta.EffectiveAt = &from
		}
		recorded := eventstore.Recorded{ID: EventID(i), Type: told.Fact.EventType(), Position: eventstore.Position(i * 100)}
		events[i] = projections.Event{Sequenced: eventstore.Sequenced{Recorded: recorded, Seq: uint64(i)}, Fact: told.Fact, Meta: meta}
	}
	return events, nil
}

// EventID is the id of the nth event of a story, from 0.
func EventID(n int) uuid.UUID { return uuid.NewSHA1(uuid.Nil, fmt.Append(nil, n)) }
