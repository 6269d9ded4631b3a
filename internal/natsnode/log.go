package natsnode

import (
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"sync/atomic"
)

// serverLog turns the server's log into slog. What the server calls a notice is detail to an operator of
// the ledger, so it is logged as debug; and a fatal error never ends the process: Start returns it.
type serverLog struct {
	to    *slog.Logger
	fatal atomic.Pointer[string]
	stuck atomic.Bool // the server has said that it takes no more messages
}

// surrender are the words by which a server says that it takes no more messages until it is started again. There is an
// advisory too, but of the second kind of trouble nothing is told in any other way.
var surrender = regexp.MustCompile(`(?i)critical write error|out of \S* ?resources, will be disabled`)

func newLog(to *slog.Logger) *serverLog {
	if to == nil {
		to = slog.Default()
	}
	return &serverLog{to: to.With("component", "nats")}
}

// cause is what the server gave as the reason for not starting.
func (l *serverLog) cause() error {
	if text := l.fatal.Load(); text != nil {
		return errors.New(*text)
	}
	return fmt.Errorf("not ready within %s", readyWithin)
}

// Noticef logs what the server does in the normal course of things.
func (l *serverLog) Noticef(format string, v ...any) { l.to.Debug(fmt.Sprintf(format, v...)) }

// Warnf logs a warning.
func (l *serverLog) Warnf(format string, v ...any) { l.to.Warn(fmt.Sprintf(format, v...)) }

// Errorf logs an error.
func (l *serverLog) Errorf(format string, v ...any) {
	text := fmt.Sprintf(format, v...)
	if surrender.MatchString(text) {
		l.stuck.Store(true)
	}
	l.to.Error(text)
}

// Fatalf logs an error and keeps it for Start.
func (l *serverLog) Fatalf(format string, v ...any) {
	text := fmt.Sprintf(format, v...)
	l.fatal.Store(&text)
	l.to.Error(text)
}

// Debugf is never called: the server's debug log is off.
func (l *serverLog) Debugf(string, ...any) {}

// Tracef is never called: the server's trace log is off.
func (l *serverLog) Tracef(string, ...any) {}
