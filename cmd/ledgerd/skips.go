package main

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"github.com/partnerledger/partnerledger/domain/upkeep"
	"github.com/partnerledger/partnerledger/domain/vocabulary"
	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/internal/httpapi"
)

// skips are the events that a projection passes over, by the decisions on record.
func (l *ledger) skips(ctx context.Context, projection string) ([]uuid.UUID, error) {
	codec := eventstore.NewCodec(vocabulary.Events(), nil)
	var ids []uuid.UUID
	for r, err := range l.store.ReadStream(ctx, upkeep.Stream(projection).String(), 0) {
		if err != nil {
			return nil, err
		}
		fact, _, err := codec.Decode(r)
		if err != nil {
			return nil, err
		}
		skipped, ok := fact.(upkeep.ProjectionEventSkipped)
		if !ok {
			continue
		}
		id, err := uuid.Parse(skipped.EventID)
		if err != nil {
			return nil, fmt.Errorf("event %s: %w", r.ID, err)
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// upkeep is how people look after the read models. Its handler works while they stand still, for a decision that
// they haven't seen is known by its own stream when it is said again.
func (l *ledger) upkeep() *httpapi.Upkeep {
	handler := eventstore.NewHandler(l.telemetry.Store(l.store), eventstore.NewCodec(vocabulary.Events(), l.keys), knownOutcomes{l.db, l.models},
		eventstore.Options{Rules: l.config.rules(), Logger: l.log.With("part", "upkeep")})
	return &httpapi.Upkeep{Projections: l.models, DB: l.db, Condition: l.status, EventAfter: l.eventAfter, Handler: l.telemetry.Commands(handler),
		Digest: l.keys.Digest, Now: l.config.Trial.now, Logger: l.log.With("part", "upkeep")}
}

// eventAfter is the first event after a position of the log.
func (l *ledger) eventAfter(ctx context.Context, p eventstore.Position) (eventstore.Recorded, error) {
	for e, err := range l.store.ReadAll(ctx, p) {
		return e, err
	}
	return eventstore.Recorded{}, fmt.Errorf("the log has no event after position %d", p)
}
