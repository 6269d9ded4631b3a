// Package eventstore is what the ledger asks of a log, and the one way of a command into it.
//
// Store is the log: streams of immutable events, and one order of all of them. Codec turns facts into
// their stored form and back. Handler takes a command: load, fold, decide, append at an exact revision,
// and again if another came first. Implementations of Store stand in packages of their own: esdb (the
// official client), memory (unit tests); eventstoretest holds the one suite that all of them pass.
package eventstore

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/google/uuid"
)

// Revision numbers the events of one stream: 0, 1, 2, … without gaps.
type Revision int64

// NoStream is the revision of a stream that has no events.
const NoStream Revision = -1

// Position orders all events of the log; only comparisons have a meaning. It is EventStoreDB's commit
// position, the ledger's checkpoint and its consistency token.
type Position int64

// Beginning is the position before every event.
const Beginning Position = -1

// Proposed is an event to be appended. Its ID is derived from the command, so that proposing it again
// is recognized.
type Proposed struct {
	ID       uuid.UUID
	Type     string
	Data     []byte // JSON
	Metadata []byte // JSON
}

// Recorded is an event in the log. It never changes.
type Recorded struct {
	Stream   string
	Revision Revision
	Position Position
	ID       uuid.UUID
	Type     string
	Created  time.Time
	Data     []byte
	Metadata []byte
}

// Sequenced is a ledger event with its seq: the dense number of it among the ledger's events in log
// order, from 0. A gap is visible at a glance; the same event has the same seq on every copy of the log.
type Sequenced struct {
	Recorded
	Seq uint64
}

// Appended says where the events of an append stand.
type Appended struct {
	Revision Revision // of the last event
	Position Position // of the last event
}

// Store is a log of streams.
//
// Append MUST be atomic (all events or none), durable before it returns, and MUST refuse with
// *WrongRevision if the stream isn't at the expected revision, unless exactly these events (by ID)
// already follow that revision: then it answers as the first time. Events of one append are adjacent.
//
// A read that breaks MUST yield an error; a sequence that ends without one has ended. Breaking out of
// the loop frees everything. Ledger events are all but those whose type starts with "$".
//
// Subscribe MUST deliver every ledger event after the position, once and in order, past and then
// future, across outages of the server; it ends only with an error: of ctx, or one that trying again
// can't mend.
type Store interface {
	// Append writes the events to the stream, expected to be at exactly this revision (NoStream: to be new).
	// Errors: *WrongRevision; ErrTooLarge; ErrUnavailable when the log didn't answer in time, and then the
	// events may or may not be written: append the same again to learn which.
	Append(ctx context.Context, stream string, expected Revision, events ...Proposed) (Appended, error)
	// ReadStream yields the stream's events from the revision on, inclusive. A stream that doesn't exist is empty.
	ReadStream(ctx context.Context, stream string, from Revision) iter.Seq2[Recorded, error]
	// ReadAll yields the ledger events after the position, up to the end of the log as it is now.
	ReadAll(ctx context.Context, after Position) iter.Seq2[Recorded, error]
	// Head is the position of the last ledger event, or Beginning if there is none.
	Head(ctx context.Context) (Position, error)
	// Subscribe yields the ledger events after the position, and goes on with those to come.
	Subscribe(ctx context.Context, after Position) iter.Seq2[Recorded, error]
}

// ErrUnavailable says that the log could not be reached in time; try again.
var ErrUnavailable = errors.New("the event store is unavailable; try again")

// ErrTooLarge says that the append is larger than the log accepts (1 MiB of data); nothing was written.
var ErrTooLarge = errors.New("the append is larger than the event store accepts")

// WrongRevision says that another came first: the stream isn't where the decision expected it.
type WrongRevision struct {
	Stream           string
	Expected, Actual Revision // Actual is NoStream where the stream doesn't exist
}

// Error names the stream and both revisions.
func (e *WrongRevision) Error() string {
	return fmt.Sprintf("stream %s is at revision %d, expected %d", e.Stream, e.Actual, e.Expected)
}
