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
	errStopped     = errors.New("the reader has left the loop")
)

// reader is one loop over Events: now on the feed, now on the log.
type reader struct {
	source *Source
	yield  func(eventstore.Sequenced, error) bool

	mu     sync.Mutex // the cursor is read by whoever looks whether the feed is good again
	cursor eventstore.Cursor
}

func (r *reader) run(ctx context.Context) error {
	for {
		err := r.fromFeed(ctx)
		if errors.Is(err, errStopped) {
			return err // also when ctx has ended by now: a loop that was left must not be called again
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		r.source.state.trouble(err)
		r.source.options.Logger.Warn("reading from the log instead of the feed", "reason", err, "after", r.at().Position)
		if err := r.fromLog(ctx); !errors.Is(err, errFeedIsBack) {
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
	r.cursor = e.After()
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
			err = r.take(ctx, msg)
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
	t, err := readTail(ctx, s.js, s.options.Stream)
	if err != nil {
		return nil, 0, err
	}
	if t.cursor.Position < at.Position {
		return nil, 0, fmt.Errorf("%w: it ends at position %d", errBehind, t.cursor.Position)
	}
	witness, link, start := t.last, t.cursor, max(t.sequence, t.last.sequence)+1
	if t.cursor.Position > at.Position {
		if witness, _, err = firstAfter(ctx, t, at.Position); err != nil {
			return nil, 0, err
		}
		start = witness.sequence
		link = eventstore.Cursor{Position: witness.Previous, NextSeq: witness.Event.Seq}
	}
	if link != at {
		return nil, 0, fmt.Errorf("%w: after position %d and before seq %d comes what says that it follows %d and is %d",
			errBrokenChain, at.Position, at.NextSeq, link.Position, link.NextSeq)
	}
	if link == eventstore.Start && witness.sequence == 0 {
		return t.consumer, start, nil
	}
	ours, err := inLog(ctx, s.log, witness.Event.Recorded)
	if err == nil && !ours {
		err = ErrForeignFeed
	}
	return t.consumer, start, err
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
	case m.Event.Position <= at.Position:
		r.source.state.count(func(s *SourceStatus) { s.Repeats++ })
		return nil
	case m.Previous != at.Position || m.Event.Seq != at.NextSeq:
		return fmt.Errorf("%w: after position %d and before seq %d came position %d with seq %d, which follows %d",
			errBrokenChain, at.Position, at.NextSeq, m.Event.Position, m.Event.Seq, m.Previous)
	case m.Omitted:
		if m.Event.Recorded, err = r.source.whole(ctx, m.Event.Recorded); err != nil {
			return err
		}
	}
	r.source.state.count(func(s *SourceStatus) { s.FromFeed++ })
	return r.deliver(m.Event)
}

// whole reads an event from the log that was too large for a message.
func (s *Source) whole(ctx context.Context, e eventstore.Recorded) (eventstore.Recorded, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	whole, ok, err := reread(ctx, s.log, e)
	if err == nil && (!ok || whole.ID != e.ID || whole.Position != e.Position) {
		err = ErrForeignFeed
	}
	return whole, err
}

// silence remembers where the feed fell silent.
type silence struct {
	at    eventstore.Position
	heard bool
}

// silent looks whether the log has what the feed doesn't bring. A single look may come between an append
// and its message; two at the same place are a stall.
func (r *reader) silent(ctx context.Context, before *silence) error {
	if !r.source.conn.IsConnected() {
		return errDisconnected
	}
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	head, err := r.source.log.Head(ctx)
	if err != nil || head <= r.cursor.Position {
		*before = silence{}
		return nil // without the log there is nothing better than to wait on
	}
	if before.heard && before.at == r.cursor.Position {
		return errStalled
	}
	*before = silence{at: r.cursor.Position, heard: true}
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
	for e, err := range r.source.log.Subscribe(both, r.at().Position) {
		if both.Err() != nil {
			return context.Cause(both)
		}
		if err != nil {
			return err
		}
		r.source.state.count(func(s *SourceStatus) { s.FromLog++ })
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
