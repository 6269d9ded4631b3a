package readmodels

import (
	"context"
	"iter"
	"sync"

	"github.com/google/uuid"

	"github.com/partnerledger/partnerledger/eventstore"
)

// stages gives the events of a log to a fold, which it lets stand still after so many events, and after so many more.
type stages struct {
	log     Log
	stops   []uint64 // ascending: the number of the event before which the fold stands still
	reached chan stage
	goOn    chan struct{}
	seen    func(events uint64)

	mu   sync.Mutex
	next int // of stops
}

// stage is where the fold stands still: after this event.
type stage struct {
	eventstore.Cursor
	last uuid.UUID
}

func newStages(log Log, stops []uint64, seen func(uint64)) *stages {
	return &stages{log: log, stops: stops, reached: make(chan stage), goOn: make(chan struct{}), seen: seen}
}

// Events is projections.Source.
func (s *stages) Events(ctx context.Context, after eventstore.Cursor) iter.Seq2[eventstore.Sequenced, error] {
	return func(yield func(eventstore.Sequenced, error) bool) {
		at := stage{Cursor: after}
		for r, err := range s.log.ReadAll(ctx, after.Position) {
			if err == nil {
				err = s.pause(ctx, at)
			}
			if err != nil {
				yield(eventstore.Sequenced{}, err)
				return
			}
			e := eventstore.Sequenced{Recorded: r, Seq: at.NextSeq}
			if !yield(e, nil) {
				return
			}
			at = stage{e.After(), r.ID}
			s.seen(at.NextSeq)
		}
		if err := s.pause(ctx, at); err != nil {
			yield(eventstore.Sequenced{}, err)
			return
		}
		<-ctx.Done()
		yield(eventstore.Sequenced{}, ctx.Err())
	}
}

// pause waits where the fold is to stand still, until it may go on; after the last stop that is never.
func (s *stages) pause(ctx context.Context, at stage) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.next == len(s.stops) || s.stops[s.next] != at.NextSeq {
		return nil
	}
	select {
	case s.reached <- at:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case <-s.goOn:
		s.next++
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
