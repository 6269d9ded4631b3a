package outcomes

import (
	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/projections/tables"
)

// Tables are those of the schema.
func (Projection) Tables() []tables.Definition { return []tables.Definition{answers} }

// answer is what became of a command. Once no event of it is awaited, nobody looks at it again.
type answer struct {
	FirstSeq       domain.Place        `sql:"first_seq,key"`
	CommandID      domain.CommandID    `sql:"command_id"`
	Position       eventstore.Position `sql:"position"`
	At             domain.Instant      `sql:"at"`
	CommandType    string              `sql:"command_type"`
	Digest         string              `sql:"digest"`
	Status         string              `sql:"status"`
	Code           domain.Code         `sql:"code,null"`
	Sentence       string              `sql:"sentence,null"`
	ChangedNothing bool                `sql:"changed_nothing"`
	Stream         string              `sql:"stream"`
	EventIDs       string              `sql:"event_ids,null"`
	Awaited        int                 `sql:"awaited"`
	User           string              `sql:"user_name"`
	UserTenantID   domain.TenantID     `sql:"user_tenant_id"`
	Role           domain.Role         `sql:"user_role"`
	Provider       domain.TenantID     `sql:"provider_tenant_id,null"`
	Reseller       domain.TenantID     `sql:"reseller_tenant_id,null"`
	Customer       domain.TenantID     `sql:"customer_tenant_id,null"`
	CorrelationID  string              `sql:"correlation_id"`
}

func (a *answer) key() domain.Place         { return a.FirstSeq }
func (a *answer) command() domain.CommandID { return a.CommandID }
func (a *answer) unfinished() bool          { return a.Awaited > 0 }
func (a *answer) finished() bool            { return !a.unfinished() }

var (
	answers    = tables.Of("outcomes", (*answer).key).Final((*answer).finished)
	unfinished = tables.On(answers, (*answer).command, (*answer).unfinished, "awaited > 0", "command_id")
)
