package feed

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/partnerledger/partnerledger/eventstore"
)

// SourceOptions tunes a source; the zero value is right for most.
type SourceOptions struct {
	Stream   string        // name of the stream; default DefaultStream
	Patience time.Duration // how long the feed may be silent while the log has more; default 1 s
	Retry    time.Duration // how often to look whether the feed is good again; default 500 ms
	Check    time.Duration // how often to look whether the log still has what a reader got; default 2 s
	Buffer   int           // messages asked for ahead; default 1000
	Logger   *slog.Logger  // default slog.Default
	// Unchecked believes whatever the feed brings. It is for the fault campaign alone, which must turn red
	// with it.
	Unchecked bool
}

func (o SourceOptions) withDefaults() SourceOptions {
	o.Stream = or(o.Stream, DefaultStream)
	o.Patience = or(o.Patience, time.Second)
	o.Retry = or(o.Retry, 500*time.Millisecond)
	o.Check = or(o.Check, 2*time.Second)
	o.Buffer = or(o.Buffer, 1000)
	o.Logger = or(o.Logger, slog.Default())
	return o
}

// Source yields the ledger's events from the feed and, where the feed fails, from the log.
//
// Its readers MUST get every event once, in order, with its seq, whatever happens to the feed. A message is
// only believed if it follows the one before: its previous position and its seq both say so. On a broken
// link, on silence while the log has more, or without NATS, the source reads from the log and returns to
// the feed once that can go on from there; a reader notices nothing but the time it takes.
//
// A reader MUST NOT get two histories: if the log no longer holds what the reader got, the loop ends with
// eventstore.ErrWentBack. A cursor doesn't say which event stands before it; a reader that kept its landmark
// asks Holds before it goes on.
//
// A Source is safe for concurrent use.
type Source struct {
	log     eventstore.Store
	conn    *nats.Conn
	js      jetstream.JetStream
	options SourceOptions
	state   sourceState
}

// NewSource makes a source of what a Relay from the same log published.
func NewSource(log eventstore.Store, conn *nats.Conn, options SourceOptions) (*Source, error) {
	js, err := jetstream.New(conn)
	if err != nil {
		return nil, fmt.Errorf("source: %w", err)
	}
	s := &Source{log: log, conn: conn, js: js, options: options.withDefaults()}
	s.state.readers, s.state.Delivered = map[*reader]bool{}, eventstore.Start
	return s, nil
}

// Holds returns nil if the log still has this event at its place; see eventstore.Holds.
func (s *Source) Holds(ctx context.Context, l eventstore.Landmark) error {
	return eventstore.Holds(ctx, s.log, l)
}

// Events yields the events after the cursor, past and then future. It ends only with an error: of ctx,
// eventstore.ErrWentBack, or one of the log that trying again can't mend. Breaking out of the loop frees
// everything.
func (s *Source) Events(ctx context.Context, after eventstore.Cursor) iter.Seq2[eventstore.Sequenced, error] {
	return func(yield func(eventstore.Sequenced, error) bool) {
		r := &reader{source: s, yield: yield, cursor: after}
		s.state.joins(r)
		defer s.state.leaves(r)
		err := r.guarded(ctx)
		if !errors.Is(err, errStopped) {
			yield(eventstore.Sequenced{}, fmt.Errorf("events of the ledger: %w", err))
		}
	}
}

// CursorAfter gives the cursor after the event at this position, for a reader that only knows the position.
// The feed knows its seq; without the feed it is counted from the beginning of the log, which takes as long
// as reading the log. It is an error if no event of the ledger is there.
func (s *Source) CursorAfter(ctx context.Context, position eventstore.Position) (eventstore.Cursor, error) {
	if position == eventstore.Beginning {
		return eventstore.Start, nil
	}
	if c, ok := s.askFeed(ctx, position); ok {
		return c, nil
	}
	c := eventstore.Start
	for e, err := range s.log.ReadAll(ctx, eventstore.Beginning) {
		if err != nil {
			return eventstore.Cursor{}, fmt.Errorf("count the events up to position %d: %w", position, err)
		}
		if c = (eventstore.Cursor{Position: e.Position, NextSeq: c.NextSeq + 1}); c.Position >= position {
			break
		}
	}
	if c.Position != position {
		return eventstore.Cursor{}, fmt.Errorf("there is no event at position %d of the log", position)
	}
	return c, nil
}

// askFeed looks for the seq of the event at the position in the message behind it, or in the last one.
func (s *Source) askFeed(ctx context.Context, position eventstore.Position) (eventstore.Cursor, bool) {
	if !s.conn.IsConnected() {
		return eventstore.Cursor{}, false
	}
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	t, err := s.tail(ctx)
	if err != nil || t.cursor.Position < position {
		return eventstore.Cursor{}, false
	}
	witness, found := t.last, eventstore.Cursor{Position: t.cursor.Position, NextSeq: t.cursor.NextSeq}
	if t.cursor.Position > position {
		if witness, _, err = firstAfter(ctx, t, position); err != nil {
			return eventstore.Cursor{}, false
		}
		found = eventstore.Cursor{Position: witness.Previous, NextSeq: witness.Event.Seq}
	}
	err = s.Holds(ctx, witness.Event.Landmark())
	return found, err == nil && found.Position == position
}

// tail is the end of the feed, whatever strangers wrote behind it.
func (s *Source) tail(ctx context.Context) (tail, error) {
	t, err := readTail(ctx, s.js, s.options.Stream)
	if err != nil {
		return tail{}, err
	}
	return trueTail(ctx, t)
}
