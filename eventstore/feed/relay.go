package feed

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/partnerledger/partnerledger/eventstore"
)

// RelayOptions tunes a relay; the zero value is right for most.
type RelayOptions struct {
	Stream          string        // name of the stream; default DefaultStream
	Replicas        int           // copies in a NATS cluster; default 1
	DuplicateWindow time.Duration // how long JetStream remembers message ids; default 2 minutes
	Window          int           // messages under way at once; default 1024
	AckWait         time.Duration // how long to wait for an answer of JetStream; default 5 s
	Check           time.Duration // how often to look whether the tail is still there; default 2 s
	Takeover        time.Duration // how long the tail may stand still before a standby takes over; default 5 s
	Logger          *slog.Logger  // default slog.Default
}

func (o RelayOptions) withDefaults() RelayOptions {
	o.Stream = or(o.Stream, DefaultStream)
	o.Replicas = or(o.Replicas, 1)
	o.DuplicateWindow = or(o.DuplicateWindow, 2*time.Minute)
	o.Window = or(o.Window, 1024)
	o.AckWait = or(o.AckWait, 5*time.Second)
	o.Check = or(o.Check, 2*time.Second)
	o.Takeover = or(o.Takeover, 5*time.Second)
	o.Logger = or(o.Logger, slog.Default())
	return o
}

func or[T comparable](value, otherwise T) T {
	var zero T
	if value == zero {
		return otherwise
	}
	return value
}

// Relay publishes every ledger event of a log to the feed.
//
// The stream MUST hold the events in log order, each once, without a gap, whatever is killed or lost and
// however many relays run: each publish is accepted only right behind the message of the event before. On
// any doubt the relay waits for what is under way, reads the tail of the stream and goes on from there.
// What the stream lost at its end is published again; what is missing within, each Source reads from the log.
type Relay struct {
	log     eventstore.Store
	conn    *nats.Conn
	js      jetstream.JetStream
	options RelayOptions
	id      string // of this run; messages carry it, so that a relay tells its own from another's
	state   relayState
}

// NewRelay makes a relay from the log to the stream. It connects to nothing before Run.
func NewRelay(log eventstore.Store, conn *nats.Conn, options RelayOptions) (*Relay, error) {
	js, err := jetstream.New(conn)
	if err != nil {
		return nil, fmt.Errorf("relay: %w", err)
	}
	return &Relay{
		log: log, conn: conn, js: js, options: options.withDefaults(), id: uuid.NewString()[:8],
		state: relayState{seen: eventstore.Start, reissue: eventstore.Beginning},
	}, nil
}

const (
	firstRetry = 50 * time.Millisecond
	lastRetry  = 5 * time.Second
)

// Run relays until ctx ends or something happens that trying again can't mend: ErrForeignFeed, an error of
// the log's subscription, an event that no message can carry, a connection closed for good. It MUST NOT run
// twice at the same time on one Relay; two Relays may.
func (r *Relay) Run(ctx context.Context) error {
	for retry := firstRetry; ; retry = min(2*retry, lastRetry) {
		before := r.Status().Published
		err := r.once(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		r.state.failed(err)
		var end *halt
		if errors.As(err, &end) {
			r.options.Logger.Error("the relay halts", "error", err)
			return err
		}
		if r.Status().Published != before {
			retry = firstRetry
		}
		r.options.Logger.Warn("the relay starts over from the tail of the feed", "error", err)
		if err := r.settle(ctx, err, retry); err != nil {
			return err
		}
	}
}

// halt is an error that trying again can't mend.
type halt struct{ error }

func (h *halt) Unwrap() error { return h.error }

// once relays from the tail until the first doubt.
func (r *Relay) once(ctx context.Context) error {
	from, err := r.begin(ctx)
	if err != nil {
		return err
	}
	return r.publish(ctx, from)
}

// begin makes sure of the stream, reads its tail and of what was seen before notices what is lost.
func (r *Relay) begin(ctx context.Context) (tail, error) {
	if err := connected(ctx, r.conn); err != nil {
		return tail{}, haltIf(err, nats.ErrConnectionClosed)
	}
	ctx, cancel := context.WithTimeout(ctx, 2*r.options.AckWait)
	defer cancel()
	config := streamConfig(r.options.Stream, r.options.Replicas, r.options.DuplicateWindow, r.conn.MaxPayload())
	if _, err := r.js.CreateOrUpdateStream(ctx, config); err != nil {
		return tail{}, fmt.Errorf("make stream %s: %w", r.options.Stream, err)
	}
	t, err := readTail(ctx, r.js, r.options.Stream)
	if err != nil {
		return tail{}, haltIf(err, ErrForeignFeed)
	}
	if err := r.verify(ctx, t); err != nil {
		return tail{}, haltIf(err, ErrForeignFeed)
	}
	if lost := r.state.begin(t.cursor); lost > 0 {
		r.options.Logger.Warn("the feed lost its tail; it is published again from the log",
			"events", lost, "from", t.cursor.NextSeq, "stream_is_new", t.sequence == 0)
	}
	return t, nil
}

func haltIf(err, cause error) error {
	if errors.Is(err, cause) {
		return &halt{err}
	}
	return err
}

// verify makes sure that the tail is of this log: appending to the feed of another would spoil both.
func (r *Relay) verify(ctx context.Context, t tail) error {
	if t.cursor == eventstore.Start {
		return nil
	}
	ours, err := inLog(ctx, r.log, t.last.Event.Recorded)
	if err == nil && !ours {
		err = fmt.Errorf("%w: it ends with event %s at position %d, and the log has no such event there",
			ErrForeignFeed, t.last.Event.ID, t.last.Event.Position)
	}
	return err
}

// RelayStatus is how a relay does at this moment.
type RelayStatus struct {
	Standby   bool              // another relay is at work; this one waits
	Published eventstore.Cursor // after the last event known to be in the stream
	Rate      float64           // events per second, lately
	Healed    uint64            // events found lost from the end of the stream
	Doubts    uint64            // how often it started over from the tail
	LastError string            // why, the last time
	FailedAt  time.Time         // when
}

// Status tells how the relay does. It is safe to call at any time.
func (r *Relay) Status() RelayStatus { return r.state.status() }

// relayState is what a relay remembers. None of it is needed for correctness across restarts.
type relayState struct {
	mu      sync.Mutex
	shown   RelayStatus
	seen    eventstore.Cursor   // as far as the stream is known to have reached
	reissue eventstore.Position // up to here JetStream may remember the ids of messages that it lost
	sampled struct {
		at  time.Time
		seq uint64
	}
}

func (s *relayState) status() RelayStatus {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shown.Published = s.seen
	return s.shown
}

func (s *relayState) failed(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shown.Doubts++
	s.shown.LastError, s.shown.FailedAt = err.Error(), time.Now()
}

// begin takes the tail for what there is and says how many events are lost since the last look.
func (s *relayState) begin(now eventstore.Cursor) (lost uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now.Position < s.seen.Position {
		lost = s.seen.NextSeq - min(now.NextSeq, s.seen.NextSeq)
		s.shown.Healed += lost
	}
	s.seen, s.shown.Standby = now, false
	s.sampled.at, s.sampled.seq = time.Now(), now.NextSeq
	return lost
}

// reached notes that the stream reached this far.
func (s *relayState) reached(c eventstore.Cursor) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.Position > s.seen.Position {
		s.seen = c
	}
}

func (s *relayState) sample() {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if elapsed := now.Sub(s.sampled.at).Seconds(); elapsed > 0 && s.seen.NextSeq >= s.sampled.seq {
		s.shown.Rate = float64(s.seen.NextSeq-s.sampled.seq) / elapsed
	}
	s.sampled.at, s.sampled.seq = now, s.seen.NextSeq
}
