// Package outcomes is the read model of commands: what was tried, by whom, and what became of it,
// refusals too. The handler asks it whether a command is known; people ask it as the activity log.
package outcomes

import (
	"cmp"
	"context"
	_ "embed"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/outcome"
	"github.com/partnerledger/partnerledger/domain/vocabulary"
	"github.com/partnerledger/partnerledger/projections"
	"github.com/partnerledger/partnerledger/projections/about"
	"github.com/partnerledger/partnerledger/projections/tables"
)

//go:embed schema.sql
var schema string

// The states of a command.
const (
	Accepted = "accepted"
	Refused  = "refused"
)

// Projection keeps the table of this package.
type Projection struct{}

// Name is the name of the checkpoint.
func (Projection) Name() string { return "outcomes" }

// Version changes whenever the same events lead to other rows.
func (Projection) Version() int { return 2 }

// Schema makes the tables.
func (Projection) Schema() string { return schema }

// Apply adds the event to the outcome of its command. A claim is no outcome: until the fact that it was
// made for is there, the command may still be finished.
//
// Where two processes took the same command at once, the second finds it done and leaves an outcome of its
// own, under the same id. That makes a second row, and the first stays the answer.
func (Projection) Apply(ctx context.Context, rows *tables.Rows, e projections.Event) error {
	if _, claim := e.Fact.(domain.Claim); claim {
		return nil
	}
	about, err := about.Of(e.Fact)
	if err != nil {
		return err
	}
	a, err := begun(ctx, rows, e)
	if err != nil {
		return err
	}
	if a == nil {
		return answers.Insert(rows, answerOf(e, about))
	}
	a.Position, a.EventIDs, a.Awaited = e.Position, a.EventIDs+" "+e.ID.String(), a.Awaited-1+reactions(e.Fact)
	a.Reseller, a.Customer = cmp.Or(a.Reseller, reseller(about)), cmp.Or(a.Customer, about.Customer)
	answers.Change(rows, a)
	return nil
}

// begun finds what events before this one made of its command. The first part of a command has none before it.
func begun(ctx context.Context, rows *tables.Rows, e projections.Event) (*answer, error) {
	if e.Meta.Part == 0 {
		return nil, nil
	}
	found, err := unfinished.Find(ctx, rows, &answer{CommandID: e.Meta.CausationID})
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return found[len(found)-1], nil
}

func answerOf(e projections.Event, about about.About) *answer {
	m := e.Meta
	a := &answer{FirstSeq: domain.Place(e.Seq), CommandID: m.CausationID, Position: e.Position, At: m.At, CommandType: m.Command.Type,
		Digest: m.Command.Digest, Status: Accepted, Stream: e.Stream, Awaited: max(0, m.Parts-1-m.Part) + reactions(e.Fact),
		User: m.Actor.UserPrincipalName, UserTenantID: m.Actor.TenantID, Role: m.Actor.Role,
		Provider: about.Provider, Reseller: reseller(about), Customer: about.Customer, CorrelationID: m.CorrelationID}
	switch f := e.Fact.(type) {
	case outcome.CommandRefused:
		a.Status, a.Code, a.Sentence, a.Stream = Refused, f.Code, f.Sentence, f.Stream
	case outcome.CommandChangedNothing:
		a.ChangedNothing, a.Stream = true, f.Stream
	default:
		a.EventIDs = e.ID.String()
	}
	return a
}

// reactions is how many events follow from a fact in other streams, if need be only when a process that
// died is started again. They aren't among the parts that the metadata counts, because whoever records the
// fact doesn't know them yet; every reaction there is leaves one event. It leaves none where it finds its
// work done, and then the outcome waits for ever, which does no harm.
func reactions(fact domain.Event) int {
	if _, ok := vocabulary.React(fact); ok {
		return 1
	}
	return 0
}

// reseller is whom the command was about, also where it took something from it.
func reseller(a about.About) domain.TenantID {
	if a.Reseller == "" {
		return a.PreviousReseller
	}
	return a.Reseller
}
