package esdb

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	client "github.com/EventStore/EventStore-Client-Go/v4/esdb"
)

// callLimit is how many calls may be inside clients at once. While a client looks for a server its calls
// don't respect their contexts; without a limit, an outage would pile up a goroutine for each caller.
const callLimit = 512

// connection lends out a working client and replaces it when it is of no more use.
//
// A fresh client is lent to nobody before it has found a server: the wait for that is one goroutine's, and
// callers wait for it as long as their contexts allow.
type connection struct {
	config  *client.Configuration
	logger  *slog.Logger
	calls   chan struct{} // holds one for each call in a client
	closing chan struct{}
	// trouble is what the client said last about not finding a server.
	trouble atomic.Pointer[string]

	mu       sync.Mutex
	current  *session
	failures int
	closed   bool
}

// session is one client, from its making to its end.
type session struct {
	client *client.Client
	ready  chan struct{} // closed once the client has found a server, or err is why it didn't
	err    error

	// Guarded by the mutex of the connection.
	users   int
	retired bool
}

func newConnection(config *client.Configuration, logger *slog.Logger) *connection {
	c := &connection{config: config, logger: logger, calls: make(chan struct{}, callLimit), closing: make(chan struct{})}
	config.Logger = c.log
	return c
}

// log takes what the client has to say. It talks a lot, so nothing of it is louder than debug.
func (c *connection) log(level client.LogLevel, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if level == client.LogWarn || level == client.LogError {
		c.trouble.Store(&text)
	}
	c.logger.Debug("event store client", "level", level, "says", text)
}

// acquire gives a session whose client has found a server; release has to follow.
func (c *connection) acquire(ctx context.Context) (*session, error) {
	for {
		s, err := c.join()
		if err != nil {
			return nil, err
		}
		select {
		case <-s.ready:
			if s.err == nil {
				return s, nil
			}
		case <-ctx.Done():
			err = c.explain(whyEnded(ctx))
		case <-c.closing:
			err = ErrClosed
		}
		c.release(s)
		if err != nil {
			return nil, err
		}
	}
}

// explain adds what the client said last to the error of a wait.
func (c *connection) explain(err error) error {
	if text := c.trouble.Load(); text != nil {
		return fmt.Errorf("%s: %w", *text, err)
	}
	return err
}

// join makes the caller a user of the current session, or of a new one.
func (c *connection) join() (*session, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, ErrClosed
	}
	if c.current == nil {
		made, err := client.NewClient(c.config)
		if err != nil {
			return nil, err
		}
		c.current = &session{client: made, ready: make(chan struct{}), users: 1}
		go c.discover(c.current, pauseAfter(c.failures))
	}
	c.current.users++
	return c.current, nil
}

// discover makes a fresh client look for a server, after a pause if the one before failed.
func (c *connection) discover(s *session, pause time.Duration) {
	defer c.release(s)
	timer := time.NewTimer(pause)
	defer timer.Stop()
	err := ErrClosed
	select {
	case <-timer.C:
		_, err = guarded(s.client.GetServerVersion)
	case <-c.closing:
	}
	c.mu.Lock()
	if err == nil {
		c.failures = 0
	} else {
		c.failures++
	}
	c.mu.Unlock()
	s.err = err
	if err != nil {
		// Before anybody hears of it, so that nobody gets the same client again.
		c.retire(s, true)
		close(s.ready)
		c.logger.Warn("event store: no server was found", "error", err)
		return
	}
	close(s.ready)
	c.trouble.Store(nil)
	c.logger.Info("event store: connected")
}

// release ends one use of a session.
func (c *connection) release(s *session) {
	c.mu.Lock()
	s.users--
	unused := s.retired && s.users == 0
	c.mu.Unlock()
	if unused {
		_ = s.client.Close() // which never fails
	}
}

// retire makes the next caller begin with a fresh client. The old one is closed when its last user is
// gone: closing it under them would be a race inside of it. A dead client can't wait for that, because
// its users may hang in it until it is closed; they wake with a panic, which is caught.
func (c *connection) retire(s *session, dead bool) {
	c.mu.Lock()
	if c.current == s {
		c.current = nil
	}
	s.retired = true
	unused := s.users == 0
	c.mu.Unlock()
	if unused || dead {
		_ = s.client.Close()
	}
}

// judged retires the session if this error says that its client is of no more use.
func (c *connection) judged(s *session, err error) {
	switch verdictOn(err) {
	case verdictLost:
		c.logger.Warn("event store: connection lost", "error", err)
		c.retire(s, false)
	case verdictDead:
		c.logger.Warn("event store: client died", "error", err)
		c.retire(s, true)
	}
}

// enter waits until a call may go into a client; leave has to follow.
func (c *connection) enter(ctx context.Context) error {
	select {
	case c.calls <- struct{}{}:
		return nil
	case <-ctx.Done():
		return whyEnded(ctx)
	case <-c.closing:
		return ErrClosed
	}
}

func (c *connection) leave() { <-c.calls }

func (c *connection) close() {
	c.mu.Lock()
	current, again := c.current, c.closed
	c.closed = true
	c.mu.Unlock()
	if again {
		return
	}
	close(c.closing)
	if current != nil {
		c.retire(current, false)
	}
}

// outcome is what a call of the client came to.
type outcome[T any] struct {
	value T
	err   error
}

// try makes one call of the client. It returns when the call does, or after the limit, or when ctx ends,
// whichever is first; the call's own context ends then, so that it has no effect later.
func try[T any](ctx context.Context, c *connection, limit time.Duration, call func(context.Context, *client.Client) (T, error)) (T, error) {
	limited, cancel := context.WithTimeoutCause(ctx, limit, errSilent)
	defer cancel()
	var none T
	s, err := c.acquire(limited)
	if err != nil {
		return none, err
	}
	if err := c.enter(limited); err != nil {
		c.release(s)
		return none, err
	}
	done := make(chan outcome[T], 1)
	go func() {
		defer c.release(s)
		defer c.leave()
		value, err := guarded(func() (T, error) { return call(limited, s.client) })
		done <- outcome[T]{value, err}
	}()
	select {
	case o := <-done:
		if o.err != nil && ctx.Err() == nil {
			c.judged(s, o.err)
		}
		return o.value, o.err
	case <-limited.Done():
		if ctx.Err() == nil {
			c.judged(s, errSilent)
		}
		return none, whyEnded(limited)
	case <-c.closing:
		return none, ErrClosed
	}
}
