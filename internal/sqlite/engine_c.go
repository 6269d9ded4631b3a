//go:build cgo

package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"regexp"
	"strings"

	"github.com/mattn/go-sqlite3"
)

// Engine names what answers.
const Engine = "SQLite in C"

var engine driver.Driver = &numbering{}

// numbering is the driver for statements whose placeholders are $1, $2, …: to SQLite these are names, and which is
// the first would go by where they stand.
type numbering struct{ sqlite3.SQLiteDriver }

// Open makes a connection.
func (n *numbering) Open(source string) (driver.Conn, error) {
	c, err := n.SQLiteDriver.Open(source)
	if err != nil {
		return nil, err
	}
	return &conn{c.(*sqlite3.SQLiteConn)}, nil
}

type conn struct{ *sqlite3.SQLiteConn }

var named = regexp.MustCompile(`\$([0-9]+)`)

func numbered(statement string) string {
	if !strings.Contains(statement, "$") {
		return statement
	}
	return named.ReplaceAllString(statement, "?$1")
}

// Prepare makes a statement.
func (c *conn) Prepare(statement string) (driver.Stmt, error) {
	return c.SQLiteConn.Prepare(numbered(statement))
}

// PrepareContext makes a statement.
func (c *conn) PrepareContext(ctx context.Context, statement string) (driver.Stmt, error) {
	return c.SQLiteConn.PrepareContext(ctx, numbered(statement))
}

// ExecContext runs a statement once.
func (c *conn) ExecContext(ctx context.Context, statement string, args []driver.NamedValue) (driver.Result, error) {
	return c.SQLiteConn.ExecContext(ctx, numbered(statement), args)
}

// QueryContext asks once.
func (c *conn) QueryContext(ctx context.Context, statement string, args []driver.NamedValue) (driver.Rows, error) {
	return c.SQLiteConn.QueryContext(ctx, numbered(statement), args)
}

func code(err error) (int, bool) {
	e, ok := errors.AsType[sqlite3.Error](err)
	return int(e.Code), ok
}
