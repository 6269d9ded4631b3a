package main

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/partnership"
	"github.com/partnerledger/partnerledger/domain/vocabulary"
	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/projections"
	"github.com/partnerledger/partnerledger/projections/outcomes"
	"github.com/partnerledger/partnerledger/projections/partners"
	"github.com/partnerledger/partnerledger/projections/sqldb"
)

func (c *config) rules() vocabulary.Rules {
	if c.StrictRoles {
		return vocabulary.Rules{Policy: vocabulary.Strict}
	}
	return vocabulary.Rules{}
}

// knownOutcomes lets the handler ask the read models which commands are known.
type knownOutcomes struct {
	db     *sqldb.DB
	models *projections.Models
}

// Outcome finds the outcome of a command.
func (k knownOutcomes) Outcome(ctx context.Context, id domain.CommandID) (eventstore.Outcome, bool, error) {
	row, found, err := outcomes.ByCommand(ctx, k.db, id)
	if err != nil || !found {
		return eventstore.Outcome{}, false, err
	}
	o := eventstore.Outcome{CommandID: id, Digest: row.Digest, Position: row.Position}
	if row.Status == outcomes.Refused {
		o.Refusal = domain.Refuse(row.Code).Says(row.Sentence)
		return o, true, nil
	}
	for _, text := range row.EventIDs {
		event, err := uuid.Parse(text)
		if err != nil {
			return o, false, fmt.Errorf("outcome of command %s: %w", id, err)
		}
		o.EventIDs = append(o.EventIDs, event)
	}
	return o, true, nil
}

// awaitOutcomes waits while the outcomes of commands stand still before the end of the log, because a command
// said again would not be recognized. Whoever looks after the ledger can let them go on meanwhile (see upkeep).
func (l *ledger) awaitOutcomes(ctx context.Context, head eventstore.Position) error {
	for warned := false; ; warned = true {
		known, err := knownOutcomes{l.db, l.models}.Reflects(ctx)
		if err != nil || known >= head {
			return err
		}
		if !warned {
			l.log.Error("commands can't be taken before this read model goes on; see ledger projections",
				"projection", outcomes.Projection{}.Name(), "position", known, "head", head)
		}
		select {
		case <-time.After(lookAgain):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// lookAgain is how often awaitOutcomes looks.
const lookAgain = 100 * time.Millisecond

// Reflects is the position up to which every command is known.
func (k knownOutcomes) Reflects(ctx context.Context) (eventstore.Position, error) {
	r, err := k.models.ReflectsOf(ctx, k.db, outcomes.Projection{}.Name())
	return r.Position, err
}

// finish does what a process that died had begun: partnerships whose request was accepted, and keys of
// people who were to be forgotten. Doing it again changes nothing.
func (l *ledger) finish(ctx context.Context, handler *eventstore.Handler) error {
	requests, err := partners.Unfinished(ctx, l.db)
	if err != nil {
		return fmt.Errorf("accepted requests: %w", err)
	}
	for _, id := range requests {
		if err := handler.Finish(ctx, partnership.RequestStream(id)); err != nil {
			return fmt.Errorf("finish the acceptance of request %s: %w", id, err)
		}
	}
	return l.forgetAgain(ctx)
}
