package main

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/partnerledger/partnerledger/eventstore"
)

// headCount knows how many events the log holds, also in a process that neither relays nor projects.
//
// It MUST NOT guess: it counts from a place whose number is known, and what isn't counted yet is unknown.
// Usually that place is near; where it isn't, the counting goes on beside whoever asked first.
type headCount struct {
	log    eventstore.Store
	logger *slog.Logger

	life context.Context // counting outlasts the question that began it, and ends with close
	stop context.CancelFunc
	work sync.WaitGroup

	mu      sync.Mutex
	known   eventstore.Cursor
	counted chan struct{} // closed when the counting under way is done; nil while none is
}

// countWait is how long a question waits for the counting.
const countWait = 250 * time.Millisecond

func newHeadCount(ctx context.Context, log eventstore.Store, logger *slog.Logger) *headCount {
	h := &headCount{log: log, logger: logger, known: eventstore.Start}
	h.life, h.stop = context.WithCancel(ctx)
	return h
}

func (h *headCount) close() error {
	h.mu.Lock() // nobody begins to count from here on
	h.stop()
	h.mu.Unlock()
	h.work.Wait()
	return nil
}

// end is the end of the log, and whether its number is known. The places that others know may be anywhere
// before it.
func (h *headCount) end(ctx context.Context, places ...eventstore.Cursor) (eventstore.Cursor, bool, error) {
	before := h.at()
	head, err := h.log.Head(ctx)
	if err != nil {
		return eventstore.Cursor{}, false, err
	}
	if head < before.Position { // the log went back in time, and so does its count
		h.forget()
	}
	done := h.begin(head, places)
	wait := time.NewTimer(countWait)
	defer wait.Stop()
	select {
	case <-done:
	case <-wait.C:
	case <-ctx.Done():
	}
	if now := h.at(); now.Position >= head {
		return now, true, nil
	}
	return eventstore.Cursor{Position: head}, false, nil
}

func (h *headCount) at() eventstore.Cursor {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.known
}

func (h *headCount) forget() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.known = eventstore.Start
}

// begin makes sure that the events up to the head are being counted, and gives what is closed when they are.
func (h *headCount) begin(head eventstore.Position, places []eventstore.Cursor) <-chan struct{} {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, c := range places {
		if c.Position > h.known.Position && c.Position <= head {
			h.known = c
		}
	}
	if h.known.Position >= head || h.life.Err() != nil {
		ready := make(chan struct{})
		close(ready)
		return ready
	}
	if h.counted == nil {
		done := make(chan struct{})
		h.counted = done
		from := h.known
		h.work.Go(func() { h.walk(from, done) })
	}
	return h.counted
}

// walk counts to the present end of the log. What it has counted when it breaks off is kept.
func (h *headCount) walk(from eventstore.Cursor, done chan struct{}) {
	var broke error
	for e, err := range h.log.ReadAll(h.life, from.Position) {
		if err != nil {
			broke = err
			break
		}
		from = eventstore.Cursor{Position: e.Position, NextSeq: from.NextSeq + 1}
	}
	if broke != nil && h.life.Err() == nil {
		h.logger.Warn("the events of the log could not be counted; the next who asks begins again", "error", broke)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if from.Position > h.known.Position {
		h.known = from
	}
	h.counted = nil
	close(done)
}
