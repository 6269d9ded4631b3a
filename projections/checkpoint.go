package projections

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/projections/sqldb"
)

//go:embed checkpoints.sql
var checkpointsSchema string

// State says whether a projection follows the ledger.
type State string

// The closed set of states.
const (
	Running    State = "running"
	Stopped    State = "stopped"    // at a poison event, until somebody retries or skips it
	Rebuilding State = "rebuilding" // from the beginning, beside the live one
	Rebuilt    State = "rebuilt"    // all rows are written; it is yet to come level with the live one
	Kept       State = "kept"       // replaced, until somebody rolls back or drops it
	Missing    State = "missing"    // no tables of this version are there
)

// ErrCheckpointMoved says that another projector is at work on the same database: the rows of this
// batch were not written. Whoever meant to be the only one MUST stop.
var ErrCheckpointMoved = errors.New("the checkpoint moved: another projector is at work on this database")

// build is one set of a projection's tables.
type build string

const (
	live  build = "live"
	next  build = "next"
	prior build = "prior"
)

// suffix is how the names of its tables end.
func (b build) suffix() string {
	if b == live {
		return ""
	}
	return "_" + string(b)
}

// Range is the partitions from First to Last, both included.
type Range struct{ First, Last int }

// Whole is all partitions.
var Whole = Range{0, eventstore.Partitions - 1}

// Has tells whether the events of the stream are in the range.
func (r Range) Has(stream string) bool {
	if r == Whole {
		return true
	}
	p := eventstore.Partition(stream)
	return r.First <= p && p <= r.Last
}

// within tells whether o has all of r.
func (r Range) within(o Range) bool { return o.First <= r.First && r.Last <= o.Last }

// overlaps tells whether some partition is in both.
func (r Range) overlaps(o Range) bool { return r.First <= o.Last && o.First <= r.Last }

// checkpoint is one row: what a build has applied, and whether it goes on.
type checkpoint struct {
	cursor eventstore.Cursor
	at     domain.Instant
	last   eventstore.Landmark // zero before the first event
	state  State
	poison *Poison
	holder string
}

// Poison is an event that a projection could not apply.
type Poison struct {
	Event    string // id
	Position eventstore.Position
	Cause    string
}

const advanceCheckpoint = `UPDATE projection_checkpoints
SET position = $4, next_seq = $5, at = $6, landmark = $7, status = $8, stopped_event = $9, stopped_position = $10, error = $11
WHERE name = $1 AND build = $2 AND first_partition = $3 AND last_partition = $12 AND version = $13`

// unchanged is what makes the update conditional: the guard against two projectors.
const unchanged = ` AND position = $14 AND status = $15 AND holder = $16`

// move changes the row if it still is what it was. Done first in a transaction it is also the lock that
// keeps another projector out of the same rows.
func (m *member) move(ctx context.Context, tx *sqldb.Tx, to checkpoint) error {
	var event, position, fault any
	if to.poison != nil {
		event, position, fault = to.poison.Event, to.poison.Position, to.poison.Cause
	}
	args := []any{m.Name(), m.build, m.part.First, to.cursor.Position, to.cursor.NextSeq, to.at, landmarkText(to.last), to.state,
		event, position, fault, m.part.Last, m.Version()}
	statement := advanceCheckpoint
	if !m.unguarded {
		statement, args = advanceCheckpoint+unchanged, append(args, m.at.cursor.Position, m.at.state, m.at.holder)
	}
	result, err := tx.Exec(ctx, statement, args...)
	if err != nil {
		return fmt.Errorf("checkpoint of %s: %w", m.Name(), err)
	}
	if n, err := result.RowsAffected(); err != nil || n != 1 {
		return errors.Join(fmt.Errorf("projection %s at position %d: %w", m.Name(), m.at.cursor.Position, ErrCheckpointMoved), err)
	}
	return nil
}

// landmarkText is "id revision stream"; the position stands in a column of its own.
func landmarkText(l eventstore.Landmark) string {
	if l.ID == uuid.Nil {
		return ""
	}
	return l.ID.String() + " " + strconv.FormatInt(int64(l.Revision), 10) + " " + l.Stream
}

func parseLandmark(text string, at eventstore.Position) (eventstore.Landmark, error) {
	if text == "" {
		return eventstore.Landmark{}, nil
	}
	words := strings.SplitN(text, " ", 3)
	if len(words) != 3 {
		return eventstore.Landmark{}, fmt.Errorf("the landmark %q of a checkpoint is damaged", text)
	}
	id, err := uuid.Parse(words[0])
	revision, fault := strconv.ParseInt(words[1], 10, 64)
	if err := errors.Join(err, fault); err != nil {
		return eventstore.Landmark{}, fmt.Errorf("the landmark of a checkpoint is damaged: %w", err)
	}
	return eventstore.Landmark{ID: id, Revision: eventstore.Revision(revision), Stream: words[2], Position: at}, nil
}

const selectCheckpoints = `SELECT name, build, first_partition, last_partition, version, schema_digest, tables, position, next_seq, at, landmark,
  status, stopped_event, stopped_position, error, holder
FROM projection_checkpoints ORDER BY name, build, first_partition`

// stored is a checkpoint as it stands in the database, with what made its tables.
type stored struct {
	checkpoint
	name, digest, tables string
	build                build
	part                 Range
	version              int
}

// makes tells whether the tables are as this version of the projection makes them.
func (s stored) makes(p Projection) bool { return s.version == p.Version() && s.digest == digestOf(p) }

// lockCheckpoints waits for whoever is moving a checkpoint, and lets nobody move one before the transaction ends.
// Without it a range could be taken over, or joined to its neighbour, from a place that it has just left. The table is
// locked whole: row by row could mean to wait for a batch that waits for a row which is locked already.
func lockCheckpoints(ctx context.Context, tx *sqldb.Tx) ([]stored, error) {
	if err := tx.Alone(ctx, "projection_checkpoints"); err != nil {
		return nil, fmt.Errorf("lock the checkpoints: %w", err)
	}
	return readCheckpoints(ctx, tx)
}

func readCheckpoints(ctx context.Context, r sqldb.Reader) ([]stored, error) {
	rows, err := r.Query(ctx, selectCheckpoints)
	if err != nil {
		return nil, fmt.Errorf("read checkpoints: %w", err)
	}
	defer rows.Close()
	var all []stored
	for rows.Next() {
		var s stored
		var event, fault *string
		var position *eventstore.Position
		var landmark string
		if err := rows.Scan(&s.name, &s.build, &s.part.First, &s.part.Last, &s.version, &s.digest, &s.tables, &s.cursor.Position, &s.cursor.NextSeq,
			&s.at, &landmark, &s.state, &event, &position, &fault, &s.holder); err != nil {
			return nil, fmt.Errorf("read checkpoints: %w", err)
		}
		if event != nil {
			s.poison = &Poison{Event: *event, Position: *position, Cause: *fault}
		}
		if s.last, err = parseLandmark(landmark, s.cursor.Position); err != nil {
			return nil, fmt.Errorf("checkpoint of %s: %w", s.name, err)
		}
		all = append(all, s)
	}
	return all, rows.Err()
}
