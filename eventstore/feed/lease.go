package feed

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/partnerledger/partnerledger/eventstore"
)

// holder is who has the lease, as it stands in the bucket.
type holder struct {
	ID       string              `json:"id"` // the run of the relay
	Name     string              `json:"name"`
	Since    time.Time           `json:"since"`
	Position eventstore.Position `json:"position"` // of the last event known to be in the stream
	NextSeq  uint64              `json:"nextSeq"`  // seq of the event after it
}

const leaseKey = "holder"

// leaseState is what a relay knows of the lease.
type leaseState int

const (
	leaseUnknown  leaseState = iota // it has not been asked, or NATS is away
	leaseMine                       // this relay works
	leaseTaken                      // another relay works; this one stands by
	leaseHopeless                   // the bucket can't be used: this relay works without
)

// lease lets one of several relays work and has the others stand by.
//
// It only spares them a fight: that the feed is right is due to the fence, and a relay that wrongly believes
// to hold the lease MUST be harmless. So it may be lost at any time. Its bucket is kept in memory, because
// after a restart of the server it is worth nothing and meanwhile it would cost a write to disk each second;
// whoever misses it makes it again.
//
// The holder renews every third of the TTL. A standby takes the lease when the key is gone, which is what a
// relay that stops leaves behind and what the bucket does by itself after the TTL; or when it has seen no
// renewal for a TTL by its own clock, which needs no two clocks to agree. Every change is conditional on the
// revision before, so that of two that reach for it one gets it.
type lease struct {
	conn     *nats.Conn
	js       jetstream.JetStream
	config   jetstream.KeyValueConfig
	ttl      time.Duration
	me       holder
	position func() eventstore.Cursor
	hears    func(eventstore.Cursor) // is told what another that has the lease says of the stream
	logger   *slog.Logger

	// Only the goroutine that tends the lease uses these.
	bucket   jetstream.KeyValue
	revision uint64 // of this relay's own entry, or 0
	other    uint64 // the revision seen last of another's entry
	otherAt  time.Time
	answered time.Time // when the bucket last did what was asked

	mu      sync.Mutex
	state   leaseState
	shown   holder
	changed chan struct{} // closed and replaced when the state changes
}

func newLease(r *Relay) *lease {
	o := r.options
	return &lease{
		conn: r.conn, js: r.js, ttl: o.LeaseTTL, logger: o.Logger,
		config: jetstream.KeyValueConfig{
			Bucket: o.Stream + "-relay", Description: "Partner Ledger: which relay is at work.",
			TTL: o.LeaseTTL, Storage: jetstream.MemoryStorage, Replicas: o.Replicas,
		},
		me:       holder{ID: r.id, Name: o.Name},
		position: r.state.published,
		hears:    r.state.hears,
		changed:  make(chan struct{}),
	}
}

// tend gets, keeps or waits for the lease until ctx ends, and then gives it back.
func (l *lease) tend(ctx context.Context) {
	changes := make(chan *nats.Msg, 64)
	if s, err := l.conn.ChanSubscribe("$KV."+l.config.Bucket+"."+leaseKey, changes); err == nil {
		defer func() { _ = s.Unsubscribe() }()
	}
	l.answered = time.Now()
	for {
		l.step(ctx)
		if !l.rest(ctx, changes) {
			l.giveBack(ctx)
			return
		}
	}
}

// rest waits until there is something to do: to renew, or to look. A standby looks at once when the entry
// changes, so that it takes over right after a relay that stops; the steady look is for what isn't told.
func (l *lease) rest(ctx context.Context, changes <-chan *nats.Msg) bool {
	mine := l.now() == leaseMine && l.revision != 0 && l.bucket != nil
	wait := l.ttl / 12
	if mine {
		wait = l.ttl / 3
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
			return true
		case <-changes:
			if !mine {
				return true
			}
		case <-ctx.Done():
			return false
		}
	}
}

// step does what is due and draws the conclusion.
func (l *lease) step(ctx context.Context) {
	if !l.conn.IsConnected() {
		l.answered = time.Now() // the silence isn't the bucket's
		l.becomes(leaseUnknown, holder{})
		return
	}
	ctx, cancel := context.WithTimeout(ctx, l.ttl/2)
	defer cancel()
	state, who, err := l.try(ctx)
	switch {
	case err == nil:
		l.answered = time.Now()
		l.becomes(state, who)
	case ctx.Err() == nil || errors.Is(ctx.Err(), context.DeadlineExceeded):
		l.bucket = nil
		if time.Since(l.answered) > l.ttl && l.now() != leaseHopeless {
			l.logger.Warn("the lease of the relays can't be used; working without it", "bucket", l.config.Bucket, "error", err)
			l.becomes(leaseHopeless, holder{})
		}
	}
}

func (l *lease) try(ctx context.Context) (leaseState, holder, error) {
	if err := l.openBucket(ctx); err != nil {
		return leaseUnknown, holder{}, err
	}
	if l.revision != 0 {
		err := l.write(ctx, l.revision)
		if !lostRace(err) {
			return leaseMine, l.me, err
		}
		l.revision = 0 // another has it, or it ran out
	}
	entry, err := l.bucket.Get(ctx, leaseKey)
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return l.take(ctx, 0)
	}
	if err != nil {
		return leaseUnknown, holder{}, err
	}
	if entry.Revision() != l.other {
		l.other, l.otherAt = entry.Revision(), time.Now()
	}
	if time.Since(l.otherAt) > l.ttl {
		return l.take(ctx, l.other)
	}
	var who holder
	if json.Unmarshal(entry.Value(), &who) == nil && who.ID != l.me.ID { // what can't be read is held by somebody all the same
		l.hears(eventstore.Cursor{Position: who.Position, NextSeq: who.NextSeq})
	}
	return leaseTaken, who, nil
}

// openBucket makes the bucket unless it is there; one that somebody made in another way will do.
func (l *lease) openBucket(ctx context.Context) error {
	if l.bucket != nil {
		return nil
	}
	bucket, err := l.js.CreateOrUpdateKeyValue(ctx, l.config)
	if err != nil {
		if bucket, err = l.js.KeyValue(ctx, l.config.Bucket); err != nil {
			return fmt.Errorf("make bucket %s: %w", l.config.Bucket, err)
		}
	}
	l.bucket = bucket
	return nil
}

// take reaches for the lease in place of the entry of this revision, or where there is none.
func (l *lease) take(ctx context.Context, instead uint64) (leaseState, holder, error) {
	l.me.Since = time.Now().UTC()
	err := l.write(ctx, instead)
	if lostRace(err) {
		return leaseTaken, holder{}, nil
	}
	return leaseMine, l.me, err
}

func (l *lease) write(ctx context.Context, instead uint64) error {
	at := l.position()
	l.me.Position, l.me.NextSeq = at.Position, at.NextSeq
	value, err := json.Marshal(l.me)
	if err != nil {
		return err
	}
	var revision uint64
	if instead == 0 {
		revision, err = l.bucket.Create(ctx, leaseKey, value)
	} else {
		revision, err = l.bucket.Update(ctx, leaseKey, value, instead)
	}
	if err == nil {
		l.revision = revision
	}
	return err
}

// lostRace says that the entry isn't what it was taken for.
func lostRace(err error) bool {
	return errors.Is(err, jetstream.ErrKeyExists) || errors.Is(err, jetstream.ErrKeyRevisionMismatch)
}

// giveBack lets a standby take over at once.
func (l *lease) giveBack(ctx context.Context) {
	defer l.becomes(leaseUnknown, holder{})
	if l.revision == 0 || l.bucket == nil || !l.conn.IsConnected() {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if err := l.bucket.Delete(ctx, leaseKey, jetstream.LastRevision(l.revision)); err != nil {
		l.logger.Info("the lease wasn't given back; it runs out by itself", "error", err)
	}
	l.revision = 0
}

func (l *lease) becomes(state leaseState, who holder) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.shown = who
	if l.state == state {
		return
	}
	l.state = state
	close(l.changed)
	l.changed = make(chan struct{})
}

func (l *lease) now() leaseState {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.state
}

// look gives the state and a channel that is closed when it changes.
func (l *lease) look() (leaseState, <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.state, l.changed
}

// who gives what is known of the lease.
func (l *lease) who() (leaseState, holder) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.state, l.shown
}

// await returns once this relay may work: it holds the lease, or no lease can be had.
func (l *lease) await(ctx context.Context, standby func()) error {
	for {
		state, changed := l.look()
		switch state {
		case leaseMine, leaseHopeless:
			return nil
		case leaseTaken:
			standby()
		}
		if l.conn.IsClosed() {
			return &halt{fmt.Errorf("relay: %w", nats.ErrConnectionClosed)}
		}
		select {
		case <-changed:
		case <-time.After(l.ttl): // a connection that is closed for good changes nothing
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
