// Package journal keeps what was said to the ledger, line by line, and what was answered: how far a file
// got, how many of its commands were refused, and which were only repeated.
//
// It is no projection: a command said again records no event, so the log can't tell that it was said. A
// line is known by its submission and number, so a file that is submitted again after a crash counts once.
package journal

import (
	"context"
	_ "embed"
	"fmt"
	"time"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/projections/sqldb"
)

//go:embed schema.sql
var schema string

// Line is one command as it was said, and what was answered.
type Line struct {
	Line      int64
	CommandID domain.CommandID
	Type      string
	At        domain.Instant
	Digest    string
	Status    string // accepted, refused or failed
	Code      string // of a refusal or failure
}

// Journal is safe for concurrent use.
type Journal struct {
	db    *sqldb.DB
	now   func() time.Time
	batch *batcher
}

// Open makes the tables where they don't exist.
func Open(ctx context.Context, db *sqldb.DB, now func() time.Time) (*Journal, error) {
	err := db.Write(ctx, func(tx *sqldb.Tx) error { return tx.Script(ctx, schema) })
	if err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	return &Journal{db: db, now: now, batch: newBatcher(db)}, nil
}

// Begin notes that a submission begins, unless it is known already.
func (j *Journal) Begin(ctx context.Context, id, name string) error {
	return j.batch.add(ctx, entry{submission: id, name: name, begun: domain.InstantOf(j.now()), begins: true})
}

// Single puts a command on record that was said on its own: a submission of one line, under its own id.
func (j *Journal) Single(ctx context.Context, l Line) error {
	l.Line = 1
	return j.batch.add(ctx, entry{submission: string(l.CommandID), begun: domain.InstantOf(j.now()), begins: true, lines: []Line{l}})
}

// Append puts lines on record. A line that is on record already stays as it is, except that one that had
// failed is replaced: it was said again, and that is its outcome. Lines of several callers go into one
// transaction.
func (j *Journal) Append(ctx context.Context, submission string, lines []Line) error {
	if len(lines) == 0 {
		return nil
	}
	return j.batch.add(ctx, entry{submission: submission, lines: lines})
}

const insertLine = `INSERT INTO submission_lines (submission, line, command_id, type, at, digest, status, code)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
	ON CONFLICT (submission, line) DO UPDATE SET status = excluded.status, code = excluded.code, at = excluded.at
	WHERE submission_lines.status = 'failed'`

const insertSubmission = `INSERT INTO submissions (id, name, started_at, ord)
	SELECT $1, $2, $3, COALESCE(MAX(ord), 0) + 1 FROM submissions WHERE true ON CONFLICT (id) DO NOTHING`

func write(ctx context.Context, tx *sqldb.Tx, e entry) error {
	if e.begins {
		if _, err := tx.Exec(ctx, insertSubmission, e.submission, e.name, e.begun); err != nil {
			return fmt.Errorf("journal: submission %s: %w", e.submission, err)
		}
	}
	for _, l := range e.lines {
		_, err := tx.Exec(ctx, insertLine, e.submission, l.Line, string(l.CommandID), l.Type, l.At, l.Digest, l.Status, l.Code)
		if err != nil {
			return fmt.Errorf("journal: line %d of %s: %w", l.Line, e.submission, err)
		}
	}
	return nil
}
