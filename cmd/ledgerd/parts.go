package main

import (
	"context"
	"fmt"
	"runtime/debug"
	"strconv"

	"github.com/google/uuid"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/partnership"
	"github.com/partnerledger/partnerledger/domain/vocabulary"
	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/eventstore/feed"
	"github.com/partnerledger/partnerledger/internal/httpapi"
	"github.com/partnerledger/partnerledger/projections"
	"github.com/partnerledger/partnerledger/projections/customers"
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

// knowsCommands refuses to start where the outcomes of commands stand still before the end of the log:
// a command said again would not be recognized.
func (l *ledger) knowsCommands(ctx context.Context, head eventstore.Position) error {
	known, err := knownOutcomes{l.db, l.models}.Reflects(ctx)
	if err != nil {
		return err
	}
	if known < head {
		return fmt.Errorf("the read model %s stands still at position %d of %d; commands can't be taken before it goes on",
			outcomes.Projection{}.Name(), known, head)
	}
	return nil
}

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
	forgotten, err := customers.Forgettings(ctx, l.db)
	if err != nil {
		return fmt.Errorf("forgotten contacts: %w", err)
	}
	for _, f := range forgotten {
		if err := l.keys.ForgetOnce(f.Subject, f.EventID); err != nil {
			return fmt.Errorf("destroy the key of %s: %w", f.Subject, err)
		}
	}
	return nil
}

// status describes the parts that run here.
func (l *ledger) status(ctx context.Context) (httpapi.Status, error) {
	head, err := l.store.Head(ctx)
	if err != nil {
		return httpapi.Status{}, err
	}
	s := httpapi.Status{Version: version(), Head: position(head)}
	at := eventstore.Cursor{Position: head}
	if l.relay != nil {
		relay := l.relay.Status()
		s.Parts = append(s.Parts, httpapi.Part{Name: "relay", State: relayState(relay), Position: position(relay.Published.Position),
			Events: relay.Published.NextSeq, Rate: relay.Rate, Healed: relay.Healed, Error: relay.LastError})
		at.NextSeq = relay.Published.NextSeq
	}
	list, err := l.models.Status(ctx, at)
	if err != nil {
		return s, err
	}
	for _, p := range list {
		part := httpapi.Part{Name: p.Name, State: string(p.State), Position: position(p.Position), Events: p.NextSeq, Lag: p.Lag, Rate: p.Rate}
		if p.Poison != nil {
			part.Error = fmt.Sprintf("event %s: %s", p.Poison.Event, p.Poison.Cause)
		}
		s.Parts = append(s.Parts, part)
	}
	reflected, err := l.models.Reflects(ctx, l.db)
	s.Position = position(reflected.Position)
	return s, err
}

func relayState(s feed.RelayStatus) string {
	if s.Standby {
		return "standby"
	}
	return "running"
}

func position(p eventstore.Position) string { return strconv.FormatInt(int64(p), 10) }

// version is that of the module, as far as the build knows it.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		return info.Main.Version
	}
	return "unknown"
}
