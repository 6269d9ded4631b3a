package sqldb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
	"sync"
)

// maxStatements is how many prepared statements one cache keeps; queries beyond are prepared each time.
const maxStatements = 512

// statements are the prepared statements of a database or of one connection, by their text.
type statements struct {
	on interface {
		PrepareContext(context.Context, string) (*sql.Stmt, error)
	}
	mu     sync.Mutex
	byText map[string]*sql.Stmt
}

func newStatements(on interface {
	PrepareContext(context.Context, string) (*sql.Stmt, error)
}) *statements {
	return &statements{on: on, byText: map[string]*sql.Stmt{}}
}

// ready gives the prepared statement (nil when the cache is full) and its arguments as drivers know them.
func (c *statements) ready(ctx context.Context, query string, args []any) (*sql.Stmt, []any, error) {
	args, err := plain(args)
	if err != nil {
		return nil, args, err
	}
	stmt, err := c.get(ctx, query)
	return stmt, args, err
}

func (c *statements) get(ctx context.Context, query string) (*sql.Stmt, error) {
	c.mu.Lock()
	stmt, full := c.byText[query], len(c.byText) >= maxStatements
	c.mu.Unlock()
	if stmt != nil || full {
		return stmt, nil
	}
	// What follows the last semicolon would make the driver parse the text anew each time.
	stmt, err := c.on.PrepareContext(ctx, strings.TrimRight(query, "; \t\r\n"))
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if other := c.byText[query]; other != nil {
		return other, stmt.Close()
	}
	c.byText[query] = stmt
	return stmt, nil
}

func (c *statements) close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	var errs []error
	for _, stmt := range c.byText {
		errs = append(errs, stmt.Close())
	}
	clear(c.byText)
	return errors.Join(errs...)
}

// plain turns the ledger's own types into those that all drivers know, and a bool into 1 or 0. It is in
// one place so that no database accepts what the other doesn't.
func plain(args []any) ([]any, error) {
	out := make([]any, len(args))
	for i, arg := range args {
		switch arg.(type) {
		case string, int64, nil, []*string, []*int64: // as they are; arrays are for PostgreSQL's own driver
			out[i] = arg
			continue
		}
		v, err := driver.DefaultParameterConverter.ConvertValue(arg)
		if err != nil {
			return args, fmt.Errorf("argument $%d: %w", i+1, err)
		}
		if yes, isBool := v.(bool); isBool {
			v = int64(0)
			if yes {
				v = int64(1)
			}
		}
		out[i] = v
	}
	return out, nil
}
