package feed

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/partnerledger/partnerledger/eventstore"
)

const (
	requestTimeout = 2 * time.Second
	pullExpiry     = 5 * time.Second
	pullHeartbeat  = time.Second
	// forgetAfter is how long JetStream keeps a consumer whose reader vanished without a word.
	forgetAfter = 2 * time.Minute
)

// Why a reader leaves the feed, returns to it, or ends.
var (
	errBrokenChain = errors.New("the feed's chain is broken")
	errStalled     = errors.New("the feed is silent while the log has more")
	errBehind      = errors.New("the feed is behind the reader")
	errFeedIsBack  = errors.New("the feed is good again")
	errUnproven    = errors.New("the log can't be asked whether it is still the same")
	errStopped     = errors.New("the reader has left the loop")
)

// reader is one loop over Events: now on the feed, now on the log.
type reader struct {
	source *Source
	yield  func(eventstore.Sequenced, error) bool

	mu        sync.Mutex // others look at what the reader has while it reads on
	cursor    eventstore.Cursor
	last      eventstore.Landmark // the event before the cursor; without a stream where that isn't known
	created   time.Time           // when that was recorded
	delivered bool                // to this loop
}

func (r *reader) run(ctx context.Context) error {
	for {
		err := r.fromFeed(ctx)
		if errors.Is(err, errStopped) {
			return err // also when ctx has ended by now: a loop that was left must not be called again
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if errors.Is(err, eventstore.ErrWentBack) {
			return err
		}
		r.source.state.trouble(err)
		r.source.options.Logger.Warn("reading from the log instead of the feed", "reason", err, "after", r.at().Position)
		switch err := r.fromLog(ctx); {
		case errors.Is(err, errUnproven):
			if err := pause(ctx, r.source.options.Retry); err != nil {
				return context.Cause(ctx)
			}
		case !errors.Is(err, errFeedIsBack):
			return err
		}
		r.source.options.Logger.Info("reading from the feed again", "after", r.at().Position)
	}
}

func (r *reader) at() eventstore.Cursor {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.cursor
}

// deliver is the only way of an event to the loop.
func (r *reader) deliver(e eventstore.Sequenced) error {
	if !r.yield(e, nil) {
		return errStopped
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cursor, r.last, r.created, r.delivered = e.After(), e.Landmark(), e.Created, true
	return nil
}

// fromFeed delivers what the feed has after the cursor, until the first doubt, which it returns.
//
// The library's ordered consumer isn't used: when it breaks it goes on by JetStream's sequence, and after a
// lost tail that number belongs to another event. Here every new start looks up its place by position.
func (r *reader) fromFeed(ctx context.Context) error {
	stream, sequence, err := r.attach(ctx)
	if err != nil {
		return err
	}
	consumer, err := createConsumer(ctx, stream, sequence)
	if err != nil {
		return err
	}
	defer r.deleteConsumer(ctx, stream, consumer)
	messages, err := consumer.Messages(jetstream.PullMaxMessages(r.source.options.Buffer),
		jetstream.PullExpiry(pullExpiry), jetstream.PullHeartbeat(pullHeartbeat))
	if err != nil {
		return fmt.Errorf("read the feed: %w", err)
	}
	defer messages.Stop()
	defer context.AfterFunc(ctx, messages.Stop)()
	r.source.state.count(func(s *SourceStatus) { s.OnFeed++ })
	defer r.source.state.count(func(s *SourceStatus) { s.OnFeed-- })
	var silence silence
	for {
		msg, err := messages.Next(jetstream.NextMaxWait(r.source.options.Patience))
		switch {
		case err == nil:
			before := r.cursor
			if err = r.take(ctx, msg); err == nil && silence.noise(r.cursor != before) > r.source.options.Patience {
				err = r.silent(ctx, &silence)
			}
		case errors.Is(err, nats.ErrTimeout):
			err = r.silent(ctx, &silence)
		default:
			err = fmt.Errorf("read the feed: %w", err)
		}
		if err != nil {
			return err
		}
	}
}

// attach finds where the feed goes on after the cursor, and makes sure that it does.
func (r *reader) attach(ctx context.Context) (jetstream.Stream, uint64, error) {
	s, at := r.source, r.at()
	if !s.conn.IsConnected() {
		return nil, 0, errDisconnected
	}
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	t, err := s.tail(ctx)
	if err != nil {
		return nil, 0, err
	}
	if t.cursor.Position < at.Position {
		return nil, 0, fmt.Errorf("%w: it ends at position %d", errBehind, t.cursor.Position)
	}
	witness, link, start := t.last, t.cursor, max(t.sequence, t.last.sequence)+1
	if t.cursor.Position > at.Position {
		var found bool
		if witness, found, err = firstAfter(ctx, t, at.Position); err != nil {
			return nil, 0, err
		}
		if !found {
			return nil, 0, fmt.Errorf("%w: nothing is found after position %d", errBrokenChain, at.Position)
		}
		start = witness.sequence
		link = eventstore.Cursor{Position: witness.Previous, NextSeq: witness.Event.Seq}
	}
	if link != at && !s.options.Unchecked {
		return nil, 0, fmt.Errorf("%w: after position %d and before seq %d comes what says that it follows %d and is %d",
			errBrokenChain, at.Position, at.NextSeq, link.Position, link.NextSeq)
	}
	if link == eventstore.Start && witness.sequence == 0 {
		return t.consumer, start, nil
	}
	if err := s.Holds(ctx, witness.Event.Landmark()); err != nil {
		return nil, 0, foreign(err)
	}
	if witness.Event.Position == at.Position {
		r.learns(witness.Event.Landmark())
	}
	return t.consumer, start, nil
}

// foreign is what it means for the feed that the log doesn't have an event of it. Whether it is the log that
// went back, the reader's own events tell.
func foreign(err error) error {
	if errors.Is(err, eventstore.ErrWentBack) {
		return ErrForeignFeed
	}
	return err
}

func createConsumer(ctx context.Context, stream jetstream.Stream, sequence uint64) (jetstream.Consumer, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	consumer, err := stream.CreateConsumer(ctx, jetstream.ConsumerConfig{
		DeliverPolicy:     jetstream.DeliverByStartSequencePolicy,
		OptStartSeq:       sequence,
		AckPolicy:         jetstream.AckNonePolicy,
		InactiveThreshold: forgetAfter,
		MemoryStorage:     true,
		Replicas:          1,
	})
	if err != nil {
		return nil, fmt.Errorf("read the feed: %w", err)
	}
	return consumer, nil
}

// deleteConsumer is a courtesy to the server, which forgets the consumer by itself later on.
func (r *reader) deleteConsumer(ctx context.Context, stream jetstream.Stream, consumer jetstream.Consumer) {
	if !r.source.conn.IsConnected() {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	_ = stream.DeleteConsumer(ctx, consumer.CachedInfo().Name)
}

// take judges one message.
func (r *reader) take(ctx context.Context, msg jetstream.Msg) error {
	m, err := Parse(msg.Headers(), msg.Data())
	if err != nil {
		// Passing it over is safe: had it been an event, the next one wouldn't follow.
		r.source.state.count(func(s *SourceStatus) { s.Strays++ })
		r.source.options.Logger.Warn("passing over a message of the feed", "subject", msg.Subject(), "reason", err)
		return nil
	}
	at := r.cursor
	switch {
	case r.source.options.Unchecked:
	case m.Event.Position <= at.Position:
		r.source.state.count(func(s *SourceStatus) { s.Repeats++ })
		return nil
	case m.Previous != at.Position || m.Event.Seq != at.NextSeq:
		return fmt.Errorf("%w: after position %d and before seq %d came position %d with seq %d, which follows %d",
			errBrokenChain, at.Position, at.NextSeq, m.Event.Position, m.Event.Seq, m.Previous)
	}
	if m.Omitted {
		if m.Event.Recorded, err = r.source.whole(ctx, m.Event.Recorded); err != nil {
			return err
		}
	}
	r.source.state.fromFeed.Add(1)
	return r.deliver(m.Event)
}

// whole reads an event from the log that was too large for a message.
func (s *Source) whole(ctx context.Context, e eventstore.Recorded) (eventstore.Recorded, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	for there, err := range s.log.ReadStream(ctx, e.Stream, e.Revision) {
		if err == nil && there.Landmark() != e.Landmark() {
			err = ErrForeignFeed
		}
		return there, err
	}
	return eventstore.Recorded{}, ErrForeignFeed
}

// silence remembers where the feed fell silent.
type silence struct {
	at    eventstore.Position
	heard bool
	since time.Time // when the feed began to bring nothing but what is passed over
}

// noise gives how long the feed has brought nothing new.
func (s *silence) noise(new bool) time.Duration {
	switch {
	case new:
		s.since = time.Time{}
		return 0
	case s.since.IsZero():
		s.since = time.Now()
	}
	return time.Since(s.since)
}

// silent looks whether the log has what the feed doesn't bring, or no longer has what it brought. A single
// look may come between an append and its message; two at the same place are a stall.
func (r *reader) silent(ctx context.Context, before *silence) error {
	if !r.source.conn.IsConnected() {
		return errDisconnected
	}
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	before.since = time.Time{}
	head, err := r.source.log.Head(ctx)
	switch {
	case err != nil || head == r.cursor.Position:
		before.heard = false
		return nil // without the log there is nothing better than to wait on
	case head < r.cursor.Position:
		before.heard = false
		return wentBack(r.stands(ctx))
	case before.heard && before.at == r.cursor.Position:
		return errStalled
	}
	before.at, before.heard = r.cursor.Position, true
	return nil
}

// fromLog delivers from the log until the feed can go on from there (errFeedIsBack) or nothing can.
func (r *reader) fromLog(ctx context.Context) error {
	r.source.state.count(func(s *SourceStatus) { s.OnLog++ })
	defer r.source.state.count(func(s *SourceStatus) { s.OnLog-- })
	both, back := context.WithCancelCause(ctx)
	var probe sync.WaitGroup
	defer probe.Wait()
	defer back(nil)
	probe.Go(func() { r.probe(both, back) })
	proven := false
	for e, err := range r.source.log.Subscribe(both, r.at().Position) {
		if both.Err() != nil {
			return context.Cause(both)
		}
		if err != nil {
			return explained(err, r.stands(both))
		}
		if !proven {
			if err := r.prove(both); err != nil {
				return err
			}
			proven = true
		}
		r.source.state.fromLog.Add(1)
		if err := r.deliver(eventstore.Sequenced{Recorded: e, Seq: r.cursor.NextSeq}); err != nil {
			return err
		}
	}
	if both.Err() != nil {
		return context.Cause(both)
	}
	return errors.New("the subscription to the log ended without an error")
}

func (r *reader) probe(ctx context.Context, back context.CancelCauseFunc) {
	for pause(ctx, r.source.options.Retry) == nil {
		if _, _, err := r.attach(ctx); err == nil {
			back(errFeedIsBack)
			return
		}
	}
}
