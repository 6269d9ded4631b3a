package timeline

import (
	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/projections/tables"
)

// Tables are those of the schema.
func (Projection) Tables() []tables.Definition { return []tables.Definition{lines, owners} }

// line is one event.
type line struct {
	Seq            domain.Place          `sql:"seq,key"`
	Position       eventstore.Position   `sql:"position"`
	At             domain.Instant        `sql:"at"`
	EffectiveAt    domain.Instant        `sql:"effective_at"`
	Type           string                `sql:"type"`
	Category       string                `sql:"category"`
	Summary        string                `sql:"summary"`
	Reason         string                `sql:"reason,null"`
	User           string                `sql:"user_name"`
	UserTenantID   domain.TenantID       `sql:"user_tenant_id"`
	Role           domain.Role           `sql:"user_role"`
	Provider       domain.TenantID       `sql:"provider_tenant_id,null"`
	Reseller       domain.TenantID       `sql:"reseller_tenant_id,null"`
	Previous       domain.TenantID       `sql:"previous_tenant_id,null"`
	Customer       domain.TenantID       `sql:"customer_tenant_id,null"`
	SubscriptionID domain.SubscriptionID `sql:"subscription_id,null"`
	RequestID      domain.RequestID      `sql:"request_id,null"`
	OrderID        domain.OrderID        `sql:"order_id,null"`
	MPNID          domain.MPNID          `sql:"mpn_id,null"`
	PreviousMPNID  domain.MPNID          `sql:"previous_mpn_id,null"`
	EventID        string                `sql:"event_id"`
	CommandID      domain.CommandID      `sql:"command_id"`
	CorrelationID  string                `sql:"correlation_id,null"`
	Stream         string                `sql:"stream"`
	Revision       eventstore.Revision   `sql:"revision"`
}

func (l *line) key() domain.Place { return l.Seq }

var lines = tables.Of("timeline", (*line).key).Once()

// owner is whose an MPN ID is that was on record in a stream; it never changes.
type owner struct {
	Stream   string          `sql:"stream,key"`
	MPNID    domain.MPNID    `sql:"mpn_id,key"`
	Reseller domain.TenantID `sql:"reseller_tenant_id"`
}

type onRecord struct {
	stream string
	id     domain.MPNID
}

func (o *owner) key() onRecord { return onRecord{o.Stream, o.MPNID} }

var owners = tables.Of("timeline_owners", (*owner).key)
