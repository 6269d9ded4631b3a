// Package projections turns the ledger's events into read models that answer questions in SQL.
//
// A Projection is a name, a version and the pure application of events to rows. The runner applies
// batches in one transaction together with the checkpoint, so that every event takes effect exactly
// once; a poison event stops its own projection, visibly, and no other. Queries wait for a position
// and always say which position and time they reflect.
//
// One package holds one read model; sqldb holds the databases. Nothing here knows where events come
// from: a Source gives them in order.
package projections

import (
	"context"
	"iter"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/projections/tables"
)

// Event is a ledger event as projections see it: decoded, personal texts still sealed.
type Event struct {
	eventstore.Sequenced
	Fact domain.Event
	Meta eventstore.Metadata
}

// Moment is when the event was recorded (the command's time), and where it stands.
func (e Event) Moment() domain.Moment {
	return domain.Moment{At: e.Meta.At, Place: domain.Place(e.Seq)}
}

// Projection is one read model: its tables, and what each event does to them.
//
// Apply MUST depend on nothing but the rows of its own tables and the event, so that a rebuilt read
// model is identical to the live one. It MUST ignore events that don't concern it. An error from Apply
// stops this projection at this event, with everything before it applied, until somebody retries or
// skips the event on record.
type Projection interface {
	// Name is stable; the checkpoint is kept under it.
	Name() string
	// Version changes whenever the same events would lead to other rows.
	Version() int
	// Schema is the SQL that makes the tables and indexes, "IF NOT EXISTS" throughout, each statement
	// ended by a semicolon at the end of a line.
	Schema() string
	// Tables are all tables of the schema as Apply works on them, in the order in which they are written.
	Tables() []tables.Definition
	// Apply changes rows.
	Apply(ctx context.Context, rows *tables.Rows, e Event) error
}

// Splitting is a projection that several processes may share, each for some partitions of the streams.
//
// Splits MUST be true only if each row is made and changed by the events of a single stream, and nothing
// but rows of that stream is looked at.
type Splitting interface {
	Splits() bool
}

// Source yields the ledger events after a cursor in log order, without a gap or a repeat, past and
// then future; it ends only with an error: of ctx, or one that trying again can't mend. Breaking out of
// the loop frees everything.
type Source interface {
	Events(ctx context.Context, after eventstore.Cursor) iter.Seq2[eventstore.Sequenced, error]
}
