package sqldb

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// The driver of PostgreSQL, on pgx's protocol layer alone. pgx has one of its own, but that pulls in a
// pool beside the one of database/sql; and this one sees the answer to COMMIT. Values travel as text,
// which the server reads as the type of the column: nothing is guessed on this side.

// pgConnector makes connections. life outlives every call: ending a connection takes a context too.
type pgConnector struct {
	config *pgconn.Config
	life   context.Context
}

func newPGConnector(ctx context.Context, url string) (*pgConnector, error) {
	config, err := pgconn.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("read the database URL: %w", err) // pgconn leaves the password out
	}
	return &pgConnector{config: config, life: context.WithoutCancel(ctx)}, nil
}

// Connect makes a connection.
func (c *pgConnector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := pgconn.ConnectConfig(ctx, c.config)
	if err != nil {
		return nil, err
	}
	return &pgSession{conn: conn, life: c.life}, nil
}

// Driver is asked for by nobody: the database is opened by its connector.
func (c *pgConnector) Driver() driver.Driver { return nil }

// errRolledBack says that PostgreSQL answered COMMIT with a rollback, which it doesn't call an error.
var errRolledBack = errors.New("a statement of the transaction had failed; nothing was written")

// errNoContext answers the entrances of database/sql/driver from before contexts.
var errNoContext = errors.New("this driver wants a context, and BEGIN as a statement")

type pgSession struct {
	conn     *pgconn.PgConn
	life     context.Context
	prepared int
}

// Prepare is never called, because PrepareContext exists.
func (s *pgSession) Prepare(string) (driver.Stmt, error) { return nil, errNoContext }

// Begin is never called: transactions begin with a statement.
func (s *pgSession) Begin() (driver.Tx, error) { return nil, errNoContext }

// PrepareContext makes a named statement on the server.
func (s *pgSession) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	s.prepared++
	name := "s" + strconv.Itoa(s.prepared)
	d, err := s.conn.Prepare(ctx, name, query, nil)
	if err != nil {
		return nil, s.fault(err)
	}
	return &pgStatement{session: s, name: name, inputs: len(d.ParamOIDs)}, nil
}

// ExecContext runs statements without arguments, however many, or one with.
func (s *pgSession) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if len(args) > 0 {
		return s.done(s.conn.ExecParams(ctx, query, pgTexts(args), nil, nil, nil))
	}
	results, err := s.conn.Exec(ctx, query).ReadAll()
	if err != nil {
		return nil, s.fault(err)
	}
	if len(results) == 1 && query == "COMMIT" && strings.HasPrefix(results[0].CommandTag.String(), "ROLLBACK") {
		return nil, errRolledBack
	}
	return driver.ResultNoRows, nil
}

// QueryContext reads the rows of one statement.
func (s *pgSession) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	return s.rows(s.conn.ExecParams(ctx, query, pgTexts(args), nil, nil, nil))
}

func (s *pgSession) done(r *pgconn.ResultReader) (driver.Result, error) {
	for r.NextRow() { // a statement run for its effect may answer with rows; nobody wants them
	}
	tag, err := r.Close()
	if err != nil {
		return nil, s.fault(err)
	}
	return driver.RowsAffected(tag.RowsAffected()), nil
}

// fault lets database/sql forget a connection that is gone; the cause stays readable.
func (s *pgSession) fault(err error) error {
	if s.conn.IsClosed() {
		return errors.Join(err, driver.ErrBadConn)
	}
	return err
}

// Ping asks the server.
func (s *pgSession) Ping(ctx context.Context) error { return s.conn.Ping(ctx) }

// IsValid tells whether the connection may be used again.
func (s *pgSession) IsValid() bool { return !s.conn.IsClosed() }

// Close says goodbye.
func (s *pgSession) Close() error {
	ctx, cancel := context.WithTimeout(s.life, lastWords)
	defer cancel()
	return s.conn.Close(ctx)
}

// pgStatement is a prepared statement.
type pgStatement struct {
	session *pgSession
	name    string
	inputs  int
}

// NumInput is how many arguments it takes.
func (p *pgStatement) NumInput() int { return p.inputs }

// Exec is never called, because ExecContext exists.
func (p *pgStatement) Exec([]driver.Value) (driver.Result, error) { return nil, errNoContext }

// Query is never called, because QueryContext exists.
func (p *pgStatement) Query([]driver.Value) (driver.Rows, error) { return nil, errNoContext }

// ExecContext runs the statement.
func (p *pgStatement) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	return p.session.done(p.session.conn.ExecPrepared(ctx, p.name, pgTexts(args), nil, nil))
}

// QueryContext reads rows.
func (p *pgStatement) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	return p.session.rows(p.session.conn.ExecPrepared(ctx, p.name, pgTexts(args), nil, nil))
}

// Close frees the statement on the server; with the connection it is gone anyway.
func (p *pgStatement) Close() error {
	if p.session.conn.IsClosed() {
		return nil
	}
	ctx, cancel := context.WithTimeout(p.session.life, lastWords)
	defer cancel()
	return p.session.conn.Deallocate(ctx, p.name)
}
