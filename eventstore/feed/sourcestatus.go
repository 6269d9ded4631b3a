package feed

import (
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/partnerledger/partnerledger/eventstore"
)

// SourceStatus is how a source does at this moment, all its readers together.
type SourceStatus struct {
	Readers     int       // loops over Events that are running
	OnFeed      int       // those of them that follow the feed at present
	OnLog       int       // those of them that read from the log at present
	FromFeed    uint64    // events delivered from the feed
	FromLog     uint64    // events delivered from the log
	Switches    uint64    // how often a reader went from the feed to the log
	Gaps        uint64    // of these, because a message didn't follow the one before
	Stalls      uint64    // of these, because the feed was silent while the log had more
	Behinds     uint64    // of these, because the feed had lost what the reader has
	Repeats     uint64    // messages passed over because their event had been delivered
	Strays      uint64    // messages passed over because they are no events
	LastTrouble string    // why a reader last went to the log
	TroubleAt   time.Time // when

	// Delivered is after the last event that the reader furthest ahead got, and DeliveredAt is when that
	// event was recorded in the log. How far a reader is behind, its checkpoint says better.
	Delivered   eventstore.Cursor
	DeliveredAt time.Time
}

// Status tells how the source does. It is safe to call at any time.
func (s *Source) Status() SourceStatus {
	s.state.mu.Lock()
	defer s.state.mu.Unlock()
	shown := s.state.SourceStatus
	shown.FromFeed, shown.FromLog = s.state.fromFeed.Load(), s.state.fromLog.Load()
	shown.Readers = len(s.state.readers)
	for r := range s.state.readers {
		r.shows(&shown)
	}
	return shown
}

type sourceState struct {
	fromFeed, fromLog atomic.Uint64

	mu sync.Mutex
	SourceStatus
	readers map[*reader]bool
}

func (s *sourceState) joins(r *reader) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.readers[r] = true
}

func (s *sourceState) leaves(r *reader) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.readers, r)
	r.shows(&s.SourceStatus)
}

// shows puts how far the reader got into the status, unless another got further.
func (r *reader) shows(s *SourceStatus) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.delivered && r.cursor.Position > s.Delivered.Position {
		s.Delivered, s.DeliveredAt = r.cursor, r.created
	}
}

func (s *sourceState) trouble(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Switches++
	switch {
	case errors.Is(err, errBrokenChain):
		s.Gaps++
	case errors.Is(err, errStalled):
		s.Stalls++
	case errors.Is(err, errBehind):
		s.Behinds++
	}
	s.LastTrouble, s.TroubleAt = err.Error(), time.Now()
}

func (s *sourceState) count(which func(*SourceStatus)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	which(&s.SourceStatus)
}
