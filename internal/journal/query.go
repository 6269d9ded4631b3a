package journal

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/projections/state"
)

// Counts and RefusedLine are what the state document says of a journal.
type (
	Counts      = state.Counts
	RefusedLine = state.Refused
)

// repeated holds for a line l of submission s when the same command with the same content was said before.
// Other content under a known id isn't known by being refused for it. Two processes may give two
// submissions the same place; their ids decide then.
const repeated = `EXISTS (SELECT 1 FROM submission_lines e JOIN submissions es ON es.id = e.submission
	WHERE e.command_id = l.command_id AND e.digest = l.digest AND e.status <> 'failed' AND e.code <> '` + string(domain.CommandIDReused) + `'
	  AND (es.ord, es.id, e.line) < (s.ord, s.id, l.line))`

// Counts counts the lines whose command was issued at or before until.
func (j *Journal) Counts(ctx context.Context, until domain.Instant) (Counts, error) {
	var c Counts
	err := j.db.QueryRow(ctx, `SELECT COUNT(*), COALESCE(SUM(CASE WHEN l.status = 'accepted' THEN 1 ELSE 0 END), 0),
		COALESCE(SUM(CASE WHEN l.status = 'refused' THEN 1 ELSE 0 END), 0), COALESCE(SUM(CASE WHEN `+repeated+` THEN 1 ELSE 0 END), 0)
		FROM submission_lines l JOIN submissions s ON s.id = l.submission
		WHERE l.at <= $1 AND l.status <> 'failed'`, until).Scan(&c.Commands, &c.Accepted, &c.Refused, &c.Repeated)
	if err != nil {
		return Counts{}, fmt.Errorf("journal: count lines: %w", err)
	}
	return c, nil
}

// Refused lists the refused lines whose command was issued at or before until, in the order said.
func (j *Journal) Refused(ctx context.Context, until domain.Instant) ([]RefusedLine, error) {
	rows, err := j.db.Query(ctx, `SELECT l.line, l.command_id, l.code FROM submission_lines l JOIN submissions s ON s.id = l.submission
		WHERE l.at <= $1 AND l.status = 'refused' ORDER BY s.ord, s.id, l.line`, until)
	if err != nil {
		return nil, fmt.Errorf("journal: refused lines: %w", err)
	}
	defer rows.Close()
	lines := []RefusedLine{}
	for rows.Next() {
		var l RefusedLine
		if err := rows.Scan(&l.Line, &l.CommandID, &l.Code); err != nil {
			return nil, fmt.Errorf("journal: refused lines: %w", err)
		}
		lines = append(lines, l)
	}
	return lines, rows.Err()
}

// LastAt is when the last command was issued; false if there is none.
func (j *Journal) LastAt(ctx context.Context) (domain.Instant, bool, error) {
	var at sql.NullInt64
	if err := j.db.QueryRow(ctx, `SELECT MAX(at) FROM submission_lines WHERE status <> 'failed'`).Scan(&at); err != nil {
		return 0, false, fmt.Errorf("journal: last line: %w", err)
	}
	return domain.Instant(at.Int64), at.Valid, nil
}

// Submission is a file or stream of commands, and how far it got.
type Submission struct {
	ID        string         `json:"id"`
	Name      string         `json:"name"`
	StartedAt domain.Instant `json:"startedAt"`
	Lines     int64          `json:"lines"`
	LastLine  int64          `json:"lastLine"`
	Accepted  int64          `json:"accepted"`
	Refused   int64          `json:"refused"`
	Failed    int64          `json:"failed"`
}

// submissionsMax bounds the list; the newest come first.
const submissionsMax = 1000

// Submissions lists the newest submissions, the newest first; with an id only that one.
func (j *Journal) Submissions(ctx context.Context, id string) ([]Submission, error) {
	rows, err := j.db.Query(ctx, `SELECT s.id, s.name, s.started_at, COUNT(l.line), COALESCE(MAX(l.line), 0),
		COALESCE(SUM(CASE WHEN l.status = 'accepted' THEN 1 ELSE 0 END), 0), COALESCE(SUM(CASE WHEN l.status = 'refused' THEN 1 ELSE 0 END), 0),
		COALESCE(SUM(CASE WHEN l.status = 'failed' THEN 1 ELSE 0 END), 0)
		FROM submissions s LEFT JOIN submission_lines l ON l.submission = s.id
		WHERE $1 = '' OR s.id = $2 GROUP BY s.id, s.name, s.started_at, s.ord ORDER BY s.ord DESC, s.id DESC LIMIT $3`, id, id, submissionsMax)
	if err != nil {
		return nil, fmt.Errorf("journal: submissions: %w", err)
	}
	defer rows.Close()
	var found []Submission
	for rows.Next() {
		var s Submission
		if err := rows.Scan(&s.ID, &s.Name, &s.StartedAt, &s.Lines, &s.LastLine, &s.Accepted, &s.Refused, &s.Failed); err != nil {
			return nil, fmt.Errorf("journal: submissions: %w", err)
		}
		found = append(found, s)
	}
	return found, rows.Err()
}
