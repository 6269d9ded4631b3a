// Package sqlite is the engine of every database that is a file: the read models and the keys. There is one SQLite
// in a process, because two would not see each other's locks on a file. Where there is a C compiler it is SQLite
// itself; where there is none (CGO_ENABLED=0) it is SQLite translated into Go, which answers the same and takes
// about two and a half times as long. Placeholders are ?1, ?2, … in both.
package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
)

// Open prepares access to a database: a path, a file: URL or :memory:. Each connection that database/sql makes runs
// the pragmas first, such as "journal_mode(WAL)"; one that fails is no connection.
func Open(source string, pragmas ...string) *sql.DB {
	return sql.OpenDB(&connector{source, pragmas})
}

type connector struct {
	source  string
	pragmas []string
}

// Driver is the engine.
func (c *connector) Driver() driver.Driver { return engine }

// Connect makes a connection.
func (c *connector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := engine.Open(c.source)
	if err != nil {
		return nil, err
	}
	for _, pragma := range c.pragmas {
		if _, err := conn.(driver.ExecerContext).ExecContext(context.WithoutCancel(ctx), "PRAGMA "+pragma, nil); err != nil {
			return nil, errors.Join(fmt.Errorf("PRAGMA %s: %w", pragma, err), conn.Close())
		}
	}
	return conn, nil
}

// Code is SQLite's primary result code of an error, such as 5 for SQLITE_BUSY; ok is false where SQLite has not
// said anything.
func Code(err error) (primary int, ok bool) { return code(err) }

// Result codes of which the same statement may succeed later: the fault is not the statement's.
const (
	busy      = 5
	locked    = 6
	noMemory  = 7
	readOnly  = 8
	interrupt = 9
	ioError   = 10
	corrupt   = 11
	full      = 13
	cantOpen  = 14
	notADB    = 26
)

// Unavailable tells whether SQLite says that the fault is the file's, the disk's or a lock's, and not the statement's.
func Unavailable(err error) bool {
	primary, ok := Code(err)
	if !ok {
		return false
	}
	switch primary {
	case busy, locked, noMemory, readOnly, interrupt, ioError, corrupt, full, cantOpen, notADB:
		return true
	default:
		return false
	}
}
