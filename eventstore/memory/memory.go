// Package memory is a log that lives in the memory of one process, for unit tests.
//
// It keeps every promise of eventstore.Store but one: nothing outlives the process. Its positions have
// gaps, as those of the real log do, so that a test fails where code takes them for a count.
package memory

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/partnerledger/partnerledger/eventstore"
)

// maxAppendSize is the limit of EventStoreDB for the data of one append.
const maxAppendSize = 1 << 20

// stride is the distance between two positions.
const stride = 100

// Store is a log in memory. It is safe for concurrent use; New makes one.
type Store struct {
	mu      sync.RWMutex
	all     []eventstore.Recorded // only ever appended to, so a slice of it taken under the lock stays true
	streams map[string][]int      // stream → its events, as places in all
	changed chan struct{}         // closed and replaced by every append
}

var _ eventstore.Store = (*Store)(nil)

// New makes an empty log.
func New() *Store {
	return &Store{streams: map[string][]int{}, changed: make(chan struct{})}
}

// Append writes the events to the stream; see eventstore.Store. An append without events is an error.
func (s *Store) Append(ctx context.Context, stream string, expected eventstore.Revision, events ...eventstore.Proposed) (eventstore.Appended, error) {
	if err := check(ctx, stream, events); err != nil {
		return eventstore.Appended{}, fmt.Errorf("append to %s: %w", stream, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	actual := eventstore.Revision(len(s.streams[stream]) - 1)
	switch {
	case expected == actual:
		return s.write(stream, events), nil
	case expected >= eventstore.NoStream && s.follow(stream, int(expected)+1, events):
		return s.at(stream, int(expected)+len(events)), nil
	}
	return eventstore.Appended{}, &eventstore.WrongRevision{Stream: stream, Expected: expected, Actual: actual}
}

func check(ctx context.Context, stream string, events []eventstore.Proposed) error {
	size := 0
	for _, e := range events {
		size += len(e.Data)
	}
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case stream == "":
		return errors.New("the stream has no name")
	case len(events) == 0:
		return errors.New("there are no events to append")
	case size > maxAppendSize:
		return eventstore.ErrTooLarge
	}
	return nil
}

// follow tells whether exactly these events stand in the stream from this revision on.
func (s *Store) follow(stream string, first int, events []eventstore.Proposed) bool {
	places := s.streams[stream]
	if first+len(events) > len(places) {
		return false
	}
	for i, e := range events {
		if s.all[places[first+i]].ID != e.ID {
			return false
		}
	}
	return true
}

func (s *Store) at(stream string, revision int) eventstore.Appended {
	return eventstore.Appended{
		Revision: eventstore.Revision(revision),
		Position: s.all[s.streams[stream][revision]].Position,
	}
}

func (s *Store) write(stream string, events []eventstore.Proposed) eventstore.Appended {
	created := time.Now().UTC()
	for _, e := range events {
		s.all = append(s.all, eventstore.Recorded{
			Stream: stream, Revision: eventstore.Revision(len(s.streams[stream])),
			Position: eventstore.Position(stride * (len(s.all) + 1)),
			ID:       e.ID, Type: e.Type, Created: created,
			Data: slices.Clone(e.Data), Metadata: slices.Clone(e.Metadata),
		})
		s.streams[stream] = append(s.streams[stream], len(s.all)-1)
	}
	close(s.changed)
	s.changed = make(chan struct{})
	return s.at(stream, len(s.streams[stream])-1)
}

// ReadStream yields the stream's events from the revision on; see eventstore.Store.
func (s *Store) ReadStream(ctx context.Context, stream string, from eventstore.Revision) iter.Seq2[eventstore.Recorded, error] {
	return func(yield func(eventstore.Recorded, error) bool) {
		s.mu.RLock()
		all, places := s.all, s.streams[stream]
		s.mu.RUnlock()
		for _, place := range places[min(max(int(from), 0), len(places)):] {
			if !give(ctx, all[place], yield) {
				return
			}
		}
		if err := ctx.Err(); err != nil {
			yield(eventstore.Recorded{}, fmt.Errorf("read stream %s: %w", stream, err))
		}
	}
}

// ReadAll yields the ledger events after the position; see eventstore.Store.
func (s *Store) ReadAll(ctx context.Context, after eventstore.Position) iter.Seq2[eventstore.Recorded, error] {
	return func(yield func(eventstore.Recorded, error) bool) {
		events, _ := s.after(after)
		for _, e := range events {
			if ledger(e) && !give(ctx, e, yield) {
				return
			}
		}
		if err := ctx.Err(); err != nil {
			yield(eventstore.Recorded{}, fmt.Errorf("read the log: %w", err))
		}
	}
}

// Head is the position of the last ledger event; see eventstore.Store.
func (s *Store) Head(ctx context.Context) (eventstore.Position, error) {
	if err := ctx.Err(); err != nil {
		return eventstore.Beginning, fmt.Errorf("head of the log: %w", err)
	}
	events, _ := s.after(eventstore.Beginning)
	for _, e := range slices.Backward(events) {
		if ledger(e) {
			return e.Position, nil
		}
	}
	return eventstore.Beginning, nil
}

// Subscribe yields the ledger events after the position, past and future; see eventstore.Store.
func (s *Store) Subscribe(ctx context.Context, after eventstore.Position) iter.Seq2[eventstore.Recorded, error] {
	return func(yield func(eventstore.Recorded, error) bool) {
		for {
			events, changed := s.after(after)
			for _, e := range events {
				after = e.Position
				if ctx.Err() == nil && ledger(e) && !give(ctx, e, yield) {
					return
				}
			}
			select {
			case <-changed:
			case <-ctx.Done():
				yield(eventstore.Recorded{}, fmt.Errorf("subscription: %w", ctx.Err()))
				return
			}
		}
	}
}

// after gives the events after the position, and a channel that is closed once there are more.
func (s *Store) after(position eventstore.Position) ([]eventstore.Recorded, <-chan struct{}) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	first := min(max(int(position/stride), 0), len(s.all))
	return s.all[first:], s.changed
}

// ledger tells an event of the ledger from one of the server.
func ledger(e eventstore.Recorded) bool { return !strings.HasPrefix(e.Type, "$") }

// give yields a copy, so that no caller can change the log, and tells whether to go on.
func give(ctx context.Context, e eventstore.Recorded, yield func(eventstore.Recorded, error) bool) bool {
	if err := ctx.Err(); err != nil {
		yield(eventstore.Recorded{}, err)
		return false
	}
	e.Data, e.Metadata = slices.Clone(e.Data), slices.Clone(e.Metadata)
	return yield(e, nil)
}
