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
	Name            string        // what operators see as the holder of the lease; default "relay-" and its id
	Stream          string        // name of the stream; default DefaultStream
	Replicas        int           // copies in a NATS cluster; default 1
	DuplicateWindow time.Duration // how long JetStream remembers message ids; default 2 minutes
	Window          int           // messages under way at once; default 1024
	AckWait         time.Duration // how long to wait for an answer of JetStream; default 5 s
	Check           time.Duration // how often to look at the tail and the log while at work; default 2 s
	LeaseTTL        time.Duration // after how long a standby takes over from a relay that died; default 3 s
	Takeover        time.Duration // the same where no lease can be had: how long the tail may stand still; default 5 s
	Logger          *slog.Logger  // default slog.Default
	Trace           Trace         // default none
	// Unfenced publishes without a fence. It is for the fault campaign alone, which must turn red with it.
	Unfenced bool
}

func (o RelayOptions) withDefaults() RelayOptions {
	o.Stream = or(o.Stream, DefaultStream)
	o.Replicas = or(o.Replicas, 1)
	o.DuplicateWindow = or(o.DuplicateWindow, 2*time.Minute)
	o.Window = or(o.Window, 1024)
	o.AckWait = or(o.AckWait, 5*time.Second)
	o.Check = or(o.Check, 2*time.Second)
	o.LeaseTTL = or(o.LeaseTTL, 3*time.Second)
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
//
// What the stream lost at its end is published again. If it lost its beginning, as by a purge in the midst of publishing,
// the relay empties it and publishes everything again, for whoever subscribes without a Source would never see what was
// before. Nothing of value is lost by that: the stream is a copy, consumers and their names stay, and all of them get
// every event again in order, to be told by its seq. What is missing in the middle stays missing, and Missing says so:
// nobody who has read past it would gain, and each Source reads it from the log.
//
// Of several relays one works, by a lease; the others stand by and take over within seconds.
//
// A relay MUST NOT mix two histories: if the log no longer holds what the feed ends with, it halts.
type Relay struct {
	log     eventstore.Store
	conn    *nats.Conn
	js      jetstream.JetStream
	options RelayOptions
	id      string // of this run; messages carry it, so that a relay tells its own from another's
	lease   *lease
	state   relayState
}

// NewRelay makes a relay from the log to the stream. It connects to nothing before Run.
func NewRelay(log eventstore.Store, conn *nats.Conn, options RelayOptions) (*Relay, error) {
	js, err := jetstream.New(conn)
	if err != nil {
		return nil, fmt.Errorf("relay: %w", err)
	}
	r := &Relay{
		log: log, conn: conn, js: js, options: options.withDefaults(), id: uuid.NewString()[:8],
		state: relayState{seen: eventstore.Start, heard: eventstore.Start, reissue: eventstore.Beginning, head: eventstore.Beginning},
	}
	r.options.Name = or(r.options.Name, "relay-"+r.id)
	r.lease = newLease(r)
	return r, nil
}

const (
	firstRetry = 50 * time.Millisecond
	lastRetry  = 5 * time.Second
)

// Run relays until ctx ends or something happens that trying again can't mend: eventstore.ErrWentBack,
// ErrForeignFeed, an error of the log's subscription, an event that no message can carry, a connection
// closed for good. It MUST NOT run twice at the same time on one Relay; two Relays may.
func (r *Relay) Run(ctx context.Context) error {
	// The lease outlives ctx until nothing is under way any more.
	leased, giveBack := context.WithCancel(context.WithoutCancel(ctx))
	var tending sync.WaitGroup
	defer tending.Wait()
	defer giveBack()
	tending.Go(func() { r.lease.tend(leased) })
	tending.Go(func() { r.observe(leased) })
	return r.keepOn(ctx)
}

func (r *Relay) keepOn(ctx context.Context) error {
	for retry := firstRetry; ; retry = min(2*retry, lastRetry) {
		before := r.state.published()
		err := r.once(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		err = advised(err)
		r.state.failed(err)
		var end *halt
		if errors.As(err, &end) {
			r.options.Logger.Error("the relay halts", "error", err)
			return err
		}
		if r.state.published() != before {
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
	if err := r.lease.await(ctx, r.state.standby); err != nil {
		return err
	}
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
	if err == nil {
		t, err = trueTail(ctx, t)
	}
	if err != nil {
		return tail{}, haltIf(err, ErrForeignFeed)
	}
	if err := r.verify(ctx, t); err != nil {
		return tail{}, err
	}
	if t, err = r.wholeFromTheStart(ctx, t); err != nil {
		return tail{}, err
	}
	if lost := r.state.begin(t); lost > 0 {
		r.options.Logger.Warn("the feed lost its tail; it is published again from the log",
			"events", lost, "from", t.cursor.NextSeq, "stream_is_new", t.sequence == 0)
	}
	return t, nil
}

// wholeFromTheStart empties a stream that lost its beginning. Only the relay that has the lease does that; the log holds
// what the stream ends with, that was proven before.
func (r *Relay) wholeFromTheStart(ctx context.Context, t tail) (tail, error) {
	first, lost, err := t.beginsLate(ctx)
	if err != nil || !lost || r.lease.now() != leaseMine {
		return t, err
	}
	r.options.Logger.Warn("the stream lost its beginning; it is emptied, and every event is published again from the log",
		"begins_with", first, "until", t.cursor.NextSeq)
	if err := t.consumer.Purge(ctx); err != nil {
		return tail{}, fmt.Errorf("empty stream %s: %w", r.options.Stream, err)
	}
	r.state.remade()
	return readTail(ctx, r.js, r.options.Stream)
}

func haltIf(err error, causes ...error) error {
	for _, cause := range causes {
		if errors.Is(err, cause) {
			return &halt{err}
		}
	}
	return err
}
