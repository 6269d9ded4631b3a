package sqldb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"sync/atomic"
	"time"
)

// sessions are connections that keep their prepared statements from transaction to transaction.
// database/sql alone would prepare again in each, or wait for a second connection to prepare on.
type sessions struct {
	db      *sql.DB
	free    chan *session
	dialect dialect
	ending  time.Duration
	closed  atomic.Bool
}

// session is one connection, used by one transaction at a time; conn is nil until it is needed.
type session struct {
	dialect
	db     *sql.DB
	conn   *sql.Conn
	cache  *statements
	ending time.Duration
	broken bool
}

// lastWords is how long a COMMIT may take, and then a ROLLBACK; they go on though the caller has given up.
const lastWords = 30 * time.Second

func newSessions(db *sql.DB, n int, d dialect) *sessions {
	p := &sessions{db: db, free: make(chan *session, n), dialect: d, ending: lastWords}
	for range n {
		p.free <- p.unconnected()
	}
	return p
}

func (p *sessions) unconnected() *session {
	return &session{dialect: p.dialect, db: p.db, ending: p.ending}
}

func (p *sessions) take(ctx context.Context) (*session, error) {
	var s *session
	select {
	case s = <-p.free:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if s.conn != nil {
		return s, nil
	}
	conn, err := p.db.Conn(ctx)
	if err != nil {
		p.free <- s
		return nil, err
	}
	s.conn, s.cache = conn, newStatements(conn)
	return s, nil
}

func (p *sessions) give(s *session) {
	if s.broken || p.closed.Load() {
		s.drop()
		s = p.unconnected()
	}
	p.free <- s
	if p.closed.Load() { // perhaps only since, and whoever closed has not seen it
		_ = p.close()
	}
}

// drop makes database/sql forget the connection: nobody knows in what state it is. The statements MUST be closed
// first, and database/sql doesn't close those of a single connection: SQLite keeps a connection, with its transaction
// and its lock on the file, as long as it has a statement.
func (s *session) drop() {
	_ = s.cache.close()
	_ = s.conn.Raw(func(any) error { return driver.ErrBadConn })
	_ = s.conn.Close()
}

// close ends the connections that aren't in use; those that are end with their transaction.
func (p *sessions) close() error {
	p.closed.Store(true)
	var errs []error
	for {
		select {
		case s := <-p.free:
			if s.conn != nil {
				errs = append(errs, s.cache.close(), s.conn.Close())
			}
		default:
			return errors.Join(errs...)
		}
	}
}

func (s *session) transact(ctx context.Context, begin string, fn func(*Tx) error) error {
	if err := s.begins(ctx, begin); err != nil {
		s.broken = true
		return fmt.Errorf("begin: %w", err)
	}
	tx, committed := &Tx{s: s}, false
	defer func() { // also when fn panics
		if !committed {
			s.rollback(ctx)
		}
	}()
	if err := errors.Join(fn(tx), tx.stuck, ctx.Err()); err != nil {
		return err
	}
	end, cancel := s.end(ctx)
	defer cancel()
	if err := s.commit(end, s.conn); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	committed = true
	return nil
}

// end is the context of a statement that ends a transaction. Its time begins now, however long the transaction took,
// and a ROLLBACK has its own: the one of a COMMIT that took too long is over.
func (s *session) end(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), s.ending)
}

// begins begins a transaction. A connection that broke while it lay idle shows it only now, when nothing has been done
// yet: then another is made, once. Otherwise after an outage of the server each session would fail its next user.
func (s *session) begins(ctx context.Context, begin string) error {
	_, err := s.conn.ExecContext(ctx, begin)
	if err == nil || !lost(err) || ctx.Err() != nil {
		return err
	}
	s.drop()
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return err
	}
	s.conn, s.cache = conn, newStatements(conn)
	_, err = s.conn.ExecContext(ctx, begin)
	return err
}

// rollback gives no error: the transaction is undone also when the connection is dropped.
func (s *session) rollback(ctx context.Context) {
	end, cancel := s.end(ctx)
	defer cancel()
	if _, err := s.conn.ExecContext(end, "ROLLBACK"); err != nil {
		s.broken = true
	}
}
