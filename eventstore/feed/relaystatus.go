package feed

import (
	"context"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/partnerledger/partnerledger/eventstore"
)

// RelayStatus is how a relay does at this moment.
type RelayStatus struct {
	Standby     bool      // another relay is at work; this one waits
	Leased      bool      // this relay has the lease; at work without it, no lease could be had
	Holder      string    // name of the relay that has the lease; empty where that isn't known
	HolderSince time.Time // since when

	Published   eventstore.Cursor   // after the last event known to be in the stream
	PublishedAt time.Time           // when that event was recorded in the log; zero where this relay didn't publish it
	Head        eventstore.Position // of the last event in the log, when it was last asked
	HeadAt      time.Time           // when it was last asked; a time long ago says that the log can't be reached
	// Lag is the age of the oldest event that is in the log and not in the stream. It is 0 when there is
	// none, however long ago the last event was.
	Lag  time.Duration
	Rate float64 // events per second, lately

	Healed    uint64 // events found lost from the end of the stream, and published again
	LostTails uint64 // how often that was
	Missing   uint64 // messages that the stream lost before its end; sources read their events from the log
	Remade    uint64 // how often the stream had lost its beginning, and all of it was published again
	Strays    uint64 // messages at the end of the stream that others put there, and that were passed over
	Reissued  uint64 // how often JetStream claimed to have messages that it no longer has

	Doubts    uint64    // how often it started over from the tail
	LastError string    // why, the last time
	FailedAt  time.Time // when
}

// Status tells how the relay does. It is safe to call at any time.
func (r *Relay) Status() RelayStatus {
	s := r.state.status(time.Now())
	state, who := r.lease.who()
	s.Leased, s.Holder, s.HolderSince = state == leaseMine, who.Name, who.Since
	return s
}

// relayState is what a relay remembers. None of it is needed for correctness across restarts.
type relayState struct {
	mu      sync.Mutex
	shown   RelayStatus
	seen    eventstore.Cursor   // as far as the stream is known to have reached
	heard   eventstore.Cursor   // the same, as the relay that had the lease last said it
	last    *nats.Msg           // that took it there, if this relay published it
	reissue eventstore.Position // up to here JetStream may remember the ids of messages that it lost
	sampled struct {
		at  time.Time
		seq uint64
	}
	strays  strays
	head    eventstore.Position
	waiting struct { // the oldest event that wasn't in the stream when the log was last asked
		position eventstore.Position
		since    time.Time
	}
}

func (s *relayState) published() eventstore.Cursor {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seen
}

func (s *relayState) status(now time.Time) RelayStatus {
	s.mu.Lock()
	defer s.mu.Unlock()
	shown := s.shown
	shown.Published, shown.Head, shown.PublishedAt = s.seen, max(s.head, s.seen.Position), time.Time{}
	if s.last != nil {
		p := parser{header: s.last.Header}
		shown.PublishedAt = p.time(headerTime)
	}
	if since := s.since(shown.PublishedAt); !since.IsZero() {
		shown.Lag = max(0, now.Sub(since))
	}
	return shown
}

// since gives the time of the oldest event that waits: known if the log was asked since it came, else not
// before the last event that is in the stream.
func (s *relayState) since(publishedAt time.Time) time.Time {
	switch {
	case s.head <= s.seen.Position:
		return time.Time{}
	case s.waiting.position > s.seen.Position:
		return s.waiting.since
	}
	return publishedAt
}

func (s *relayState) failed(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shown.Doubts++
	s.shown.LastError, s.shown.FailedAt = err.Error(), time.Now()
}

// begin takes the tail for what there is and says how many events are lost since the last look.
func (s *relayState) begin(now tail) (lost uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	known := s.seen
	if s.heard.Position > known.Position { // it reached farther before this relay took over
		known = s.heard
	}
	s.heard = eventstore.Start
	if now.cursor.Position < known.Position {
		lost = known.NextSeq - min(now.cursor.NextSeq, known.NextSeq)
		s.shown.Healed += lost
		s.shown.LostTails++
	}
	if now.cursor != s.seen {
		s.seen, s.last = now.cursor, nil
	}
	s.shown.Standby, s.shown.Missing = false, now.missing()
	s.shown.Strays += now.strays() - min(s.strays.since(now), now.strays())
	s.sampled.at, s.sampled.seq = time.Now(), now.cursor.NextSeq
	return lost
}

// strays remembers which messages behind the last event were counted, for a relay may start over before it
// publishes behind them.
type strays struct {
	last, end uint64
}

// since gives how many of those behind this tail were counted before.
func (s *strays) since(now tail) (counted uint64) {
	if s.last == now.last.sequence && s.end <= now.end {
		counted = s.end - min(s.last, s.end)
	}
	s.last, s.end = now.last.sequence, now.end
	return counted
}

// reached notes that the stream reached this far, and the message that took it there, if that is known.
func (s *relayState) reached(c eventstore.Cursor, msg *nats.Msg) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.Position > s.seen.Position {
		s.seen, s.last = c, msg
	}
}

// misses tells whether more messages are missing than were before.
func (s *relayState) misses(messages uint64) (more bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	more = messages > s.shown.Missing
	s.shown.Missing = messages
	return more
}

// hears notes how far another relay says that the stream reaches.
func (s *relayState) hears(c eventstore.Cursor) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.heard = c
}

func (s *relayState) remade() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shown.Remade++
}

func (s *relayState) standby() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shown.Standby, s.shown.Rate = true, 0
}

// observe keeps the numbers of the status fresh, at work and on standby.
func (r *Relay) observe(ctx context.Context) {
	for {
		r.state.sample()
		r.observeLog(ctx)
		if pause(ctx, r.options.Check) != nil {
			return
		}
	}
}

func (s *relayState) sample() {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if elapsed := now.Sub(s.sampled.at).Seconds(); elapsed > 0 && !s.shown.Standby && s.seen.NextSeq >= s.sampled.seq {
		s.shown.Rate = float64(s.seen.NextSeq-s.sampled.seq) / elapsed
	}
	s.sampled.at, s.sampled.seq = now, s.seen.NextSeq
}

// observeLog asks for the head of the log and, if that isn't in the stream yet, for the oldest event that
// isn't. A log that doesn't answer shows in HeadAt.
func (r *Relay) observeLog(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, r.options.AckWait)
	defer cancel()
	head, err := r.log.Head(ctx)
	if err != nil {
		return
	}
	r.state.mu.Lock()
	r.state.head, r.state.shown.HeadAt = head, time.Now()
	seen := r.state.seen.Position
	r.state.mu.Unlock()
	if head <= seen {
		return
	}
	for e, err := range r.log.ReadAll(ctx, seen) {
		if err != nil {
			return
		}
		r.state.mu.Lock()
		r.state.waiting.position, r.state.waiting.since = e.Position, e.Created
		r.state.mu.Unlock()
		return
	}
}
