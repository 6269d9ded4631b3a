package sqldb

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"net"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/partnerledger/partnerledger/internal/sqlite"
)

// Unavailable tells whether the fault is the database's and not the statement's: the connection, the
// disk, a lock, the end of the context. The same statement may succeed later.
func Unavailable(err error) bool {
	if lost(err) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return true
	}
	if _, ok := sqlite.Code(err); ok {
		return sqlite.Unavailable(err)
	}
	if p, ok := errors.AsType[*pgconn.PgError](err); ok {
		return postgresUnavailable(p.Code)
	}
	_, connecting := errors.AsType[*pgconn.ConnectError](err)
	return connecting || pgconn.Timeout(err)
}

// lost tells whether the connection is to blame: it was cut, or never stood. PostgreSQL's driver gives what the network
// gave it, so a connection that is cut while rows are read ends them with io.ErrUnexpectedEOF.
func lost(err error) bool {
	if errors.Is(err, driver.ErrBadConn) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) {
		return true
	}
	_, network := errors.AsType[net.Error](err)
	return network || pgconn.SafeToRetry(err)
}

// postgresUnavailable goes by the class of the SQLSTATE: connection, rollback by the server (deadlock),
// resources, operator, system, internal.
func postgresUnavailable(state string) bool {
	if len(state) < 2 {
		return false
	}
	switch state[:2] {
	case "08", "40", "53", "57", "58", "XX":
		return true
	default:
		return false
	}
}
