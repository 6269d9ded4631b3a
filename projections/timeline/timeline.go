// Package timeline is the read model of all that happened: one line an event, with who, when, what and
// why, to be asked by organization, subscription, user, operation, kind, time and words. What was refused
// stands among it, under whatever the command named. Nothing is ever left out or dropped.
//
// Words are looked for in summaries and reasons as they stand, with no index of words, which every event would
// have to be written into: within what an index finds (a reseller, a customer, a user) a search takes
// milliseconds, through millions of lines seconds (BenchmarkQuestions of package changes).
package timeline

import (
	"context"
	_ "embed"
	"strings"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/customer"
	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/projections"
	"github.com/partnerledger/partnerledger/projections/about"
	"github.com/partnerledger/partnerledger/projections/tables"
)

//go:embed schema.sql
var schema string

// Projection keeps the table of this package.
type Projection struct{}

// Name is the name of the checkpoint.
func (Projection) Name() string { return "timeline" }

// Version changes whenever the same events lead to other rows.
func (Projection) Version() int { return 3 }

// Schema makes the tables.
func (Projection) Schema() string { return schema }

// Splits says that a line, and whose an MPN ID is, are made of one stream.
func (Projection) Splits() bool { return true }

// Apply adds a line for every event but claims, which say nothing that the fact after them doesn't.
func (Projection) Apply(ctx context.Context, rows *tables.Rows, e projections.Event) error {
	if _, claim := e.Fact.(domain.Claim); claim {
		return nil
	}
	a, err := about.Of(e.Fact)
	if err != nil {
		return err
	}
	if err := tried(e, &a); err != nil {
		return err
	}
	if err := own(ctx, rows, e, &a); err != nil {
		return err
	}
	m, effective := e.Meta, e.Meta.At
	if m.EffectiveAt != nil {
		effective = *m.EffectiveAt
	}
	category, _, _ := strings.Cut(e.Stream, "-")
	return lines.Insert(rows, &line{Seq: domain.Place(e.Seq), Position: e.Position, At: m.At, EffectiveAt: effective, Type: e.Type, Category: category,
		Summary: a.Summary, Reason: a.Reason, User: m.Actor.UserPrincipalName, UserTenantID: m.Actor.TenantID, Role: m.Actor.Role,
		Provider: a.Provider, Reseller: a.Reseller, Previous: a.PreviousReseller, Customer: a.Customer, SubscriptionID: a.Subscription,
		RequestID: a.Request, OrderID: a.Order, CorrelationID: correlation(m), MPNID: a.MPNID, PreviousMPNID: a.PreviousMPNID, EventID: e.ID.String(), CommandID: m.CausationID,
		Stream: e.Stream, Revision: e.Revision})
}

// correlation is what the command belongs to, unless that is itself.
func correlation(m eventstore.Metadata) string {
	if m.CorrelationID == string(m.CausationID) {
		return ""
	}
	return m.CorrelationID
}

// own keeps whose the ids are that come on record in a stream, and finds whose the previous one was: it was
// on record in the same stream before, where the event that put it there named the reseller.
func own(ctx context.Context, rows *tables.Rows, e projections.Event, a *about.About) error {
	if a.PreviousMPNID != "" {
		previous, err := owners.Get(ctx, rows, &owner{Stream: e.Stream, MPNID: a.PreviousMPNID})
		if err != nil {
			return err
		}
		if previous != nil {
			a.PreviousReseller = previous.Reseller
		}
	}
	switch e.Fact.(type) {
	case customer.ResellerOfRecordAssigned, customer.ResellerOfRecordCorrected:
		return keep(ctx, rows, &owner{Stream: e.Stream, MPNID: a.MPNID, Reseller: a.Reseller})
	default:
		return nil
	}
}

func keep(ctx context.Context, rows *tables.Rows, o *owner) error {
	known, err := owners.Get(ctx, rows, o)
	if err != nil || known != nil {
		return err
	}
	return owners.Insert(rows, o)
}
