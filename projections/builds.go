package projections

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"

	"github.com/google/uuid"

	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/projections/sqldb"
)

const insertCheckpoint = `INSERT INTO projection_checkpoints (name, build, first_partition, last_partition, version, schema_digest, tables,
  position, next_seq, at, landmark, status, holder)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`

const forgetBuild = `DELETE FROM projection_checkpoints WHERE name = $1 AND build = $2`

// begin makes the tables of a build anew, empty, with its checkpoint before every event. The checkpoint comes
// first: it is the lock that another projector waits for. Old names what tables an earlier version left.
func begin(ctx context.Context, tx *sqldb.Tx, p Projection, b build, old string, holder string, state State) error {
	if _, err := tx.Exec(ctx, forgetBuild, p.Name(), b); err != nil {
		return fmt.Errorf("checkpoint of %s: %w", p.Name(), err)
	}
	made := tablesOf(p.Schema())
	if err := insertRow(ctx, tx, p, b, Whole, start(holder, state)); err != nil {
		return err
	}
	for _, table := range append(strings.Fields(old), made...) {
		if err := tx.Script(ctx, "DROP TABLE IF EXISTS "+table+b.suffix()); err != nil {
			return fmt.Errorf("drop table %s of %s: %w", table, p.Name(), err)
		}
	}
	for _, s := range statements(p.Schema()) {
		if state == Rebuilding && s.index != "" {
			continue // made last: to keep it up to date while rows pour in costs several times as much
		}
		if state == Rebuilding {
			s = s.withoutKey() // so is this
		}
		if err := tx.Script(ctx, s.on(b.suffix(), b.suffix())); err != nil {
			return fmt.Errorf("make the tables of %s: %w", p.Name(), err)
		}
	}
	return nil
}

// start is the checkpoint before every event.
func start(holder string, state State) checkpoint {
	return checkpoint{cursor: eventstore.Start, state: state, holder: holder}
}

func insertRow(ctx context.Context, tx *sqldb.Tx, p Projection, b build, part Range, c checkpoint) error {
	_, err := tx.Exec(ctx, insertCheckpoint, p.Name(), b, part.First, part.Last, p.Version(), digestOf(p), strings.Join(tablesOf(p.Schema()), " "),
		c.cursor.Position, c.cursor.NextSeq, c.at, landmarkText(c.last), c.state, c.holder)
	if err != nil {
		return fmt.Errorf("checkpoint of %s: %w", p.Name(), err)
	}
	return nil
}

// makeIndexes makes what begin left out. Their names are new ones: indexes keep their names when their tables
// are renamed, and so the names in the schema may be taken.
func makeIndexes(ctx context.Context, tx *sqldb.Tx, p Projection, b build) error {
	unique := "_" + uuid.NewString()[:8]
	for _, s := range statements(p.Schema()) {
		var err error
		switch {
		case s.index != "":
			err = tx.Script(ctx, s.on(b.suffix(), unique))
		case s.key != "":
			err = tx.AddKey(ctx, s.table+b.suffix(), s.table+"_key"+unique, s.key)
		}
		if err != nil {
			return fmt.Errorf("index table %s of %s: %w", s.table, p.Name(), err)
		}
	}
	return nil
}

const renameBuild = `UPDATE projection_checkpoints SET build = $3 WHERE name = $1 AND build = $2`

// rename gives the tables of one build to another, of which there MUST be none.
func rename(ctx context.Context, tx *sqldb.Tx, p Projection, from, to build) error {
	for _, table := range tablesOf(p.Schema()) {
		if err := tx.Script(ctx, "ALTER TABLE "+table+from.suffix()+" RENAME TO "+table+to.suffix()); err != nil {
			return fmt.Errorf("rename table %s%s of %s: %w", table, from.suffix(), p.Name(), err)
		}
	}
	if _, err := tx.Exec(ctx, renameBuild, p.Name(), from, to); err != nil {
		return fmt.Errorf("checkpoint of %s: %w", p.Name(), err)
	}
	return nil
}

// dropBuild removes the tables of a build and its checkpoint.
func dropBuild(ctx context.Context, tx *sqldb.Tx, p Projection, b build, tables string) error {
	for _, table := range append(strings.Fields(tables), tablesOf(p.Schema())...) {
		if err := tx.Script(ctx, "DROP TABLE IF EXISTS "+table+b.suffix()); err != nil {
			return fmt.Errorf("drop table %s%s of %s: %w", table, b.suffix(), p.Name(), err)
		}
	}
	_, err := tx.Exec(ctx, forgetBuild, p.Name(), b)
	return err
}

// statement is one statement of a schema: it makes a table, or an index of one. The key of a table are the columns of a
// PRIMARY KEY that stands on a line of its own.
type statement struct {
	text, table, key, index string
}

var (
	makesTable = regexp.MustCompile(`(?i)(CREATE TABLE IF NOT EXISTS\s+)([a-z0-9_]+)`)
	makesIndex = regexp.MustCompile(`(?i)(CREATE (?:UNIQUE )?INDEX IF NOT EXISTS\s+)([a-z0-9_]+)\s+ON\s+([a-z0-9_]+)`)
)

var keyLine = regexp.MustCompile(`(?i),\s*PRIMARY KEY \(([a-z0-9_, ]+)\)`)

// withoutKey makes the table as a heap.
func (s statement) withoutKey() statement {
	s.text = keyLine.ReplaceAllString(s.text, "")
	return s
}

var comment = regexp.MustCompile(`--[^\n]*`)

// statements reads a schema. Its comments may hold semicolons.
func statements(schema string) []statement {
	var all []statement
	for text := range strings.SplitSeq(comment.ReplaceAllString(schema, ""), ";") {
		if m := makesIndex.FindStringSubmatch(text); m != nil {
			all = append(all, statement{text: text, index: m[2], table: m[3]})
		} else if m := makesTable.FindStringSubmatch(text); m != nil {
			s := statement{text: text, table: m[2]}
			if key := keyLine.FindStringSubmatch(text); key != nil {
				s.key = key[1]
			}
			all = append(all, s)
		}
	}
	return all
}

// on is the statement for a table and an index whose names end like this.
func (s statement) on(table, index string) string {
	if s.index == "" {
		return makesTable.ReplaceAllString(s.text, "${1}${2}"+table)
	}
	return makesIndex.ReplaceAllString(s.text, "${1}${2}"+index+" ON ${3}"+table)
}

// tablesOf lists the tables that a schema makes.
func tablesOf(schema string) []string {
	var names []string
	for _, s := range statements(schema) {
		if s.index == "" {
			names = append(names, s.table)
		}
	}
	return names
}

// digestOf notices a schema that was changed without a new version.
func digestOf(p Projection) string {
	sum := sha256.Sum256([]byte(p.Schema()))
	return hex.EncodeToString(sum[:8])
}
