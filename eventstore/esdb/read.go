package esdb

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"strings"
	"time"

	client "github.com/EventStore/EventStore-Client-Go/v4/esdb"

	"github.com/partnerledger/partnerledger/eventstore"
)

// errEnough ends a read from our side: whoever reads has left, or has everything.
var errEnough = errors.New("enough")

// ReadStream yields the stream's events from the revision on; see eventstore.Store. A revision missing in
// between is an error: what is folded from a stream with a hole is wrong.
func (s *Store) ReadStream(ctx context.Context, stream string, from eventstore.Revision) iter.Seq2[eventstore.Recorded, error] {
	return func(yield func(eventstore.Recorded, error) bool) {
		next := max(from, 0)
		err := s.read(ctx, readJob{
			open: func(ctx context.Context, c *client.Client) (receiver, error) {
				return openRead(c.ReadStream(ctx, stream, client.ReadStreamOptions{From: client.Revision(uint64(next))}, math.MaxUint64))
			},
			deliver: func(e eventstore.Recorded) error {
				if e.Revision != next {
					return &unexpected{fmt.Sprintf("revision %d where %d follows", e.Revision, next)}
				}
				next++
				return wants(yield(e, nil))
			},
		})
		if err != nil {
			yield(eventstore.Recorded{}, fmt.Errorf("read stream %s: %w", stream, err))
		}
	}
}

// ReadAll yields the ledger events after the position, up to what was the end of the log at the beginning
// of the read; see eventstore.Store.
func (s *Store) ReadAll(ctx context.Context, after eventstore.Position) iter.Seq2[eventstore.Recorded, error] {
	return func(yield func(eventstore.Recorded, error) bool) {
		if err := s.readAll(ctx, after, yield); err != nil {
			yield(eventstore.Recorded{}, fmt.Errorf("read the log after %d: %w", after, err))
		}
	}
}

func (s *Store) readAll(ctx context.Context, last eventstore.Position, yield func(eventstore.Recorded, error) bool) error {
	head, err := s.Head(ctx)
	if err != nil || head <= last {
		return err
	}
	return s.read(ctx, readJob{
		open: func(ctx context.Context, c *client.Client) (receiver, error) {
			return openRead(c.ReadAll(ctx, client.ReadAllOptions{From: position(last)}, math.MaxUint64))
		},
		deliver: func(e eventstore.Recorded) error {
			if e.Position <= last {
				return nil // the server begins with the event at the position
			}
			last = e.Position
			if ledger(e) && !yield(e, nil) {
				return errEnough
			}
			return wants(last < head)
		},
		incomplete: func() bool { return last < head },
	})
}

// Head is the position of the last ledger event; see eventstore.Store. It looks back past events of the
// server, which writes some by itself, further each time.
func (s *Store) Head(ctx context.Context) (eventstore.Position, error) {
	head := eventstore.Beginning
	var from client.AllPosition = client.End{}
	for count := uint64(1); ; count = min(count*32, 4096) {
		seen := uint64(0)
		err := s.read(ctx, readJob{
			open: func(ctx context.Context, c *client.Client) (receiver, error) {
				return openRead(c.ReadAll(ctx, client.ReadAllOptions{Direction: client.Backwards, From: from}, count))
			},
			deliver: func(e eventstore.Recorded) error {
				seen++
				from = position(e.Position)
				if ledger(e) {
					head = e.Position
				}
				return wants(!ledger(e))
			},
		})
		if err != nil {
			return eventstore.Beginning, fmt.Errorf("head of the log: %w", err)
		}
		if head != eventstore.Beginning || seen < count {
			return head, nil
		}
	}
}

// lastRevision is where the stream is now.
func (s *Store) lastRevision(ctx context.Context, stream string) (eventstore.Revision, error) {
	last := eventstore.NoStream
	err := s.read(ctx, readJob{
		open: func(ctx context.Context, c *client.Client) (receiver, error) {
			return openRead(c.ReadStream(ctx, stream, client.ReadStreamOptions{Direction: client.Backwards, From: client.End{}}, 1))
		},
		deliver: func(e eventstore.Recorded) error { last = e.Revision; return nil },
	})
	return last, err
}

// readJob is a read that can be opened again where it has come to.
type readJob struct {
	open opener
	// deliver takes an event; errEnough ends the read.
	deliver func(eventstore.Recorded) error
	// incomplete, where given, tells that the server can't have sent all.
	incomplete func() bool
}

// read does the job to its end. Where the read breaks it is opened again, until for the length of the
// patience nothing came. A read of a stream that doesn't exist is a read of nothing.
func (s *Store) read(ctx context.Context, job readJob) error {
	idle := time.Now()
	for failures := 1; ; failures++ {
		progress, err := s.readOnce(ctx, job)
		switch v := verdictOn(err); {
		case ctx.Err() != nil && !errors.Is(err, errEnough):
			return ctx.Err()
		case errors.Is(err, errEnough), complete(err), v == verdictMissing:
			return nil
		case v == verdictFinal, v == verdictTooLarge:
			return err
		}
		if progress {
			idle, failures = time.Now(), 0
		}
		if time.Since(idle) >= s.patience {
			return unavailable(err)
		}
		if err := s.conn.pause(ctx, failures); err != nil {
			return err
		}
	}
}

// readOnce opens the read and delivers until it ends. Its error is never nil; progress tells that something came.
func (s *Store) readOnce(ctx context.Context, job readJob) (progress bool, err error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	f := s.conn.feed(ctx, job.open)
	defer f.stop()
	limit := time.NewTimer(s.patience / tries)
	defer limit.Stop()
	for {
		// The time that the reader takes for an event doesn't count as the server's silence.
		limit.Reset(s.patience / tries)
		next, err := f.next(ctx, limit.C)
		if complete(err) && job.incomplete != nil && job.incomplete() {
			err = errIncomplete
		}
		if err != nil {
			return progress, err
		}
		if next.is != isEvent {
			continue
		}
		progress = true
		if err := job.deliver(next.event); err != nil {
			return progress, err
		}
	}
}

func openRead(stream *client.ReadStream, err error) (receiver, error) {
	if err != nil {
		return nil, err
	}
	return reading{stream}, nil
}

// wants is what deliver answers: go on, or enough.
func wants(more bool) error {
	if more {
		return nil
	}
	return errEnough
}

func position(p eventstore.Position) client.AllPosition {
	if p == eventstore.Beginning {
		return client.Start{}
	}
	return client.Position{Commit: uint64(p), Prepare: uint64(p)}
}

// ledger tells an event of the ledger from one of the server.
func ledger(e eventstore.Recorded) bool { return !strings.HasPrefix(e.Type, "$") }
