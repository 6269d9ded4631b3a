package projections

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"strings"

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
	Stopped    State = "stopped"    // at a poison event, until somebody retries
	Rebuilding State = "rebuilding" // from the beginning, on its own
)

// ErrCheckpointMoved says that another projector is at work on the same database: the rows of this
// batch were not written. Whoever meant to be the only one MUST stop.
var ErrCheckpointMoved = errors.New("the checkpoint moved: another projector is at work on this database")

// checkpoint is one row: what a projection has applied, and whether it goes on.
type checkpoint struct {
	cursor eventstore.Cursor
	at     domain.Instant
	state  State
	poison *Poison
}

// Poison is an event that a projection could not apply.
type Poison struct {
	Event    string // id
	Position eventstore.Position
	Cause    string
}

const advanceCheckpoint = `UPDATE checkpoints
SET position = $2, next_seq = $3, at = $4, status = $5, stopped_event = $6, stopped_position = $7, error = $8
WHERE name = $1 AND version = $9 AND position = $10 AND status = $11`

// move changes the row if it still is what it was. Done first in a transaction it is also the lock that
// keeps another projector out of the same rows.
func move(ctx context.Context, tx *sqldb.Tx, p Projection, from, to checkpoint) error {
	var event, position, fault any
	if to.poison != nil {
		event, position, fault = to.poison.Event, to.poison.Position, to.poison.Cause
	}
	result, err := tx.Exec(ctx, advanceCheckpoint, p.Name(), to.cursor.Position, to.cursor.NextSeq, to.at, to.state, event, position, fault,
		p.Version(), from.cursor.Position, from.state)
	if err != nil {
		return fmt.Errorf("checkpoint of %s: %w", p.Name(), err)
	}
	if n, err := result.RowsAffected(); err != nil || n != 1 {
		return errors.Join(fmt.Errorf("projection %s at position %d: %w", p.Name(), from.cursor.Position, ErrCheckpointMoved), err)
	}
	return nil
}

const selectCheckpoints = `SELECT name, version, schema_digest, tables, position, next_seq, at, status, stopped_event, stopped_position, error
FROM checkpoints ORDER BY name`

// stored is a checkpoint as it stands in the database, with what made its tables.
type stored struct {
	checkpoint
	name, digest, tables string
	version              int
}

// makes tells whether the tables are as this version of the projection makes them.
func (s stored) makes(p Projection) bool { return s.version == p.Version() && s.digest == digestOf(p) }

func readCheckpoints(ctx context.Context, r sqldb.Reader) (map[string]stored, error) {
	rows, err := r.Query(ctx, selectCheckpoints)
	if err != nil {
		return nil, fmt.Errorf("read checkpoints: %w", err)
	}
	defer rows.Close()
	all := map[string]stored{}
	for rows.Next() {
		var s stored
		var event, fault *string
		var position *eventstore.Position
		if err := rows.Scan(&s.name, &s.version, &s.digest, &s.tables, &s.cursor.Position, &s.cursor.NextSeq, &s.at, &s.state,
			&event, &position, &fault); err != nil {
			return nil, fmt.Errorf("read checkpoints: %w", err)
		}
		if event != nil {
			s.poison = &Poison{Event: *event, Position: *position, Cause: *fault}
		}
		all[s.name] = s
	}
	return all, rows.Err()
}

const insertCheckpoint = `INSERT INTO checkpoints (name, version, schema_digest, tables, position, next_seq, at, status)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (name) DO UPDATE SET version = excluded.version, schema_digest = excluded.schema_digest, tables = excluded.tables,
    position = excluded.position, next_seq = excluded.next_seq, at = excluded.at, status = excluded.status,
    stopped_event = NULL, stopped_position = NULL, error = NULL`

// begin puts the checkpoint before every event, drops what an earlier version left and makes the tables
// anew. The checkpoint comes first here too: it is the lock that another projector waits for.
func begin(ctx context.Context, tx *sqldb.Tx, p Projection, old string, state State) (checkpoint, error) {
	made := tablesOf(p.Schema())
	cp := checkpoint{cursor: eventstore.Start, state: state}
	_, err := tx.Exec(ctx, insertCheckpoint, p.Name(), p.Version(), digestOf(p), strings.Join(made, " "), cp.cursor.Position, cp.cursor.NextSeq, cp.at, state)
	if err != nil {
		return checkpoint{}, fmt.Errorf("checkpoint of %s: %w", p.Name(), err)
	}
	for _, table := range append(strings.Fields(old), made...) {
		if err := tx.Script(ctx, "DROP TABLE IF EXISTS "+table); err != nil {
			return checkpoint{}, fmt.Errorf("drop table %s of %s: %w", table, p.Name(), err)
		}
	}
	if err := tx.Script(ctx, p.Schema()); err != nil {
		return checkpoint{}, fmt.Errorf("make the tables of %s: %w", p.Name(), err)
	}
	return cp, nil
}

var createTable = regexp.MustCompile(`(?i)CREATE TABLE IF NOT EXISTS\s+([a-z0-9_]+)`)

// tablesOf lists the tables that a schema makes.
func tablesOf(schema string) []string {
	var names []string
	for _, match := range createTable.FindAllStringSubmatch(schema, -1) {
		names = append(names, match[1])
	}
	return names
}

// digestOf notices a schema that was changed without a new version.
func digestOf(p Projection) string {
	sum := sha256.Sum256([]byte(p.Schema()))
	return hex.EncodeToString(sum[:8])
}
