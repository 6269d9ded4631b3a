// Package outcomes is the read model of commands: what was tried, by whom, and what became of it,
// refusals too. The handler asks it whether a command is known; people ask it as the activity log.
package outcomes

import (
	"context"
	_ "embed"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/outcome"
	"github.com/partnerledger/partnerledger/projections"
	"github.com/partnerledger/partnerledger/projections/about"
	"github.com/partnerledger/partnerledger/projections/readmodel"
	"github.com/partnerledger/partnerledger/projections/sqldb"
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
func (Projection) Version() int { return 1 }

// Schema makes the tables.
func (Projection) Schema() string { return schema }

const insertOutcome = `INSERT INTO outcomes (command_id, first_seq, position, at, command_type, digest, status, code, sentence, changed_nothing, stream, event_ids,
  user_name, user_tenant_id, user_role, provider_tenant_id, reseller_tenant_id, customer_tenant_id, correlation_id)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)
ON CONFLICT (command_id) DO UPDATE SET position = excluded.position, event_ids = outcomes.event_ids || ' ' || excluded.event_ids,
  reseller_tenant_id = CASE WHEN outcomes.reseller_tenant_id = '' THEN excluded.reseller_tenant_id ELSE outcomes.reseller_tenant_id END,
  customer_tenant_id = CASE WHEN outcomes.customer_tenant_id = '' THEN excluded.customer_tenant_id ELSE outcomes.customer_tenant_id END`

// Apply adds the event to the outcome of its command. A claim is no outcome: until the fact that it was
// made for is there, the command may still be finished.
func (Projection) Apply(ctx context.Context, tx *sqldb.Tx, e projections.Event) error {
	if _, claim := e.Fact.(domain.Claim); claim {
		return nil
	}
	a, err := about.Of(e.Fact)
	if err != nil {
		return err
	}
	row := rowOf(e)
	m := e.Meta
	return readmodel.Exec(ctx, tx, insertOutcome, m.CausationID, e.Seq, e.Position, m.At, m.Command.Type, m.Command.Digest,
		row.status, row.code, row.sentence, row.nothing, row.stream, row.events, m.Actor.UserPrincipalName, m.Actor.TenantID, m.Actor.Role,
		a.Provider, reseller(a), a.Customer, m.CorrelationID)
}

// reseller is whom the command was about, also where it took something from it.
func reseller(a about.About) domain.TenantID {
	if a.Reseller == "" {
		return a.PreviousReseller
	}
	return a.Reseller
}

type row struct {
	status, code, sentence, stream, events string
	nothing                                bool
}

func rowOf(e projections.Event) row {
	switch f := e.Fact.(type) {
	case outcome.CommandRefused:
		return row{status: Refused, code: string(f.Code), sentence: f.Sentence, stream: f.Stream}
	case outcome.CommandChangedNothing:
		return row{status: Accepted, nothing: true, stream: f.Stream}
	default:
		return row{status: Accepted, stream: e.Stream, events: e.ID.String()}
	}
}
