package feed

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/partnerledger/partnerledger/eventstore"
)

// errDisconnected, errTailMoved, errLeaseLost, errBeginsLate and refused are the doubts that make a relay start over.
var (
	errDisconnected = errors.New("the connection to NATS was lost")
	errTailMoved    = errors.New("the end of the stream is not where this relay left it")
	errLeaseLost    = errors.New("another relay has the lease")
	errBeginsLate   = errors.New("the stream lost its beginning")
)

// refused says that JetStream didn't take a message because another stands where it belongs, or because it
// remembers a message of the same id.
type refused struct {
	position eventstore.Position
	cause    error
}

// Error says which event was refused.
func (e *refused) Error() string {
	return fmt.Sprintf("the event at position %d was refused: %v", e.position, e.cause)
}

// Unwrap gives JetStream's reason.
func (e *refused) Unwrap() error { return e.cause }

var errDuplicate = errors.New("JetStream remembers a message with this id")

// JetStream's codes for a message that doesn't follow the one that it says it follows.
const (
	codeWrongLastMsgID    jetstream.ErrorCode = 10070
	codeWrongLastSequence jetstream.ErrorCode = 10071
)

// tenure is one stretch of publishing, from reading the tail to the first doubt.
//
// The first message is fenced by JetStream's sequence, because after a restart the server may not know the
// id of its last message; it is waited for, so that a relay that isn't alone learns so before it sends
// more. All others are fenced by the id of the message before and sent without waiting. They are never
// sent again by the client library: a retry of one message overtakes those behind it.
type tenure struct {
	relay  *Relay
	js     jetstream.JetStream // of its own, so that late answers to an earlier tenure find nobody
	doubt  context.CancelCauseFunc
	slots  chan struct{} // one taken for each message under way
	start  uint64        // JetStream's last sequence at the beginning
	tail   tail          // it begins behind
	cursor eventstore.Cursor
	lastID string // of the message before; empty until the first is in
	limit  int64
	traced sync.Map // of *nats.Msg under way to what is called when it is settled
}

// publish relays from the tail on; it always returns an error, and nothing is under way then.
func (r *Relay) publish(ctx context.Context, from tail) error {
	ctx, doubt := context.WithCancelCause(ctx)
	defer doubt(nil)
	t, err := r.tenure(from, doubt)
	if err != nil {
		return err
	}
	defer t.js.CleanupPublisher()
	var watch sync.WaitGroup
	watch.Go(func() { r.watch(ctx, t) })
	err = t.follow(ctx)
	t.drain()
	doubt(nil)
	watch.Wait()
	return err
}

func (r *Relay) tenure(from tail, doubt context.CancelCauseFunc) (*tenure, error) {
	t := &tenure{
		relay: r, doubt: doubt, slots: make(chan struct{}, r.options.Window),
		start: from.sequence, tail: from, cursor: from.cursor, limit: r.conn.MaxPayload(),
	}
	var err error
	t.js, err = jetstream.New(r.conn,
		jetstream.WithPublishAsyncTimeout(r.options.AckWait),
		jetstream.WithPublishAsyncAckHandler(t.acknowledged),
		jetstream.WithPublishAsyncErrHandler(t.failed))
	if err != nil {
		return nil, fmt.Errorf("relay: %w", err)
	}
	return t, nil
}

// follow publishes what the log yields.
func (t *tenure) follow(ctx context.Context) error {
	for e, err := range t.relay.log.Subscribe(ctx, t.cursor.Position) {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			err = explained(err, t.relay.verify(ctx, t.tail))
			if ctx.Err() != nil {
				return context.Cause(ctx) // meanwhile there is a better reason
			}
			return &halt{fmt.Errorf("relay: %w", err)}
		}
		if err := t.send(ctx, e); err != nil {
			return err
		}
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return &halt{errors.New("relay: the subscription to the log ended without an error")}
}

func (t *tenure) send(ctx context.Context, e eventstore.Recorded) error {
	event := eventstore.Sequenced{Recorded: e, Seq: t.cursor.NextSeq}
	msg, err := Message{Event: event, Previous: t.cursor.Position}.NATS(t.limit)
	if err != nil {
		return &halt{fmt.Errorf("relay: %w", err)}
	}
	msg.Header[headerRelay] = []string{t.relay.id}
	if e.Position <= t.relay.state.reissue {
		msg.Header[headerMessageID] = []string{msg.Header[headerMessageID][0] + "." + strconv.FormatUint(t.start, 10)}
	}
	lastID := msg.Header[headerMessageID][0]
	t.trace(ctx, msg, e.Position)
	if t.lastID == "" {
		err = t.first(ctx, msg, event)
		t.settled(msg, err)
	} else {
		err = t.next(ctx, msg)
	}
	t.lastID, t.cursor = lastID, event.After()
	return err
}

// first also proves once more that the log is the one that the tail came from: it may have been replaced
// between that proof and the subscription.
func (t *tenure) first(ctx context.Context, msg *nats.Msg, event eventstore.Sequenced) error {
	ctx, cancel := context.WithTimeout(ctx, t.relay.options.AckWait)
	defer cancel()
	if err := t.relay.verify(ctx, t.tail); err != nil {
		return err
	}
	t.fence(msg, headerExpectedLast, strconv.FormatUint(t.start, 10))
	ack, err := t.js.PublishMsg(ctx, msg, jetstream.WithRetryAttempts(0))
	if err == nil && ack.Duplicate {
		err = errDuplicate
	}
	if err != nil {
		return doubtOf(event.Position, err)
	}
	t.relay.state.reached(event.After(), msg)
	return nil
}

// fence has JetStream refuse the message unless it comes right behind the one before.
func (t *tenure) fence(msg *nats.Msg, by, before string) {
	if t.relay.options.Unfenced {
		delete(msg.Header, headerMessageID)
		return
	}
	msg.Header[by] = []string{before}
}

func (t *tenure) next(ctx context.Context, msg *nats.Msg) error {
	select {
	case t.slots <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	t.fence(msg, headerExpectedID, t.lastID)
	if _, err := t.js.PublishMsgAsync(msg, jetstream.WithRetryAttempts(0)); err != nil {
		<-t.slots
		t.settled(msg, err)
		return fmt.Errorf("publish: %w", err)
	}
	return nil
}

func (t *tenure) acknowledged(_ jetstream.JetStream, msg *nats.Msg, ack *jetstream.PubAck) {
	defer t.release()
	c, err := cursorAfter(msg)
	if err == nil && ack.Duplicate {
		err = &refused{position: c.Position, cause: errDuplicate}
	}
	t.settled(msg, err)
	if err != nil {
		t.doubt(err)
		return
	}
	t.relay.state.reached(c, msg)
}

func (t *tenure) failed(_ jetstream.JetStream, msg *nats.Msg, err error) {
	defer t.release()
	c, parseErr := cursorAfter(msg)
	t.settled(msg, err)
	t.doubt(errors.Join(doubtOf(c.Position, err), parseErr))
}

func (t *tenure) release() { <-t.slots }

// drain waits until nothing is under way: every message is answered or given up within AckWait.
func (t *tenure) drain() {
	if t.relay.conn.IsClosed() {
		t.js.CleanupPublisher() // no answer will come
	}
	deadline := time.NewTimer(2 * t.relay.options.AckWait)
	defer deadline.Stop()
	for range cap(t.slots) {
		select {
		case t.slots <- struct{}{}:
		case <-deadline.C:
			return
		}
	}
}

// cursorAfter reads the two numbers of a message that this relay made.
func cursorAfter(msg *nats.Msg) (eventstore.Cursor, error) {
	p := parser{header: msg.Header}
	c := eventstore.Cursor{Position: eventstore.Position(p.integer(headerPosition)), NextSeq: p.unsigned(headerSeq) + 1}
	return c, p.err
}

// errNoStorage is advice: a NATS server whose disk was full takes no more messages, room or no room, until it is started
// again. The embedded one is, by itself.
var errNoStorage = errors.New("NATS takes no more messages, because its disk is or was full; free space, and start it again unless it is the embedded one")

// JetStream's codes for that: no resources, JetStream disabled, the stream can't be written.
var codesNoStorage = []jetstream.ErrorCode{10023, 10076, 10077}

func advised(err error) error {
	var api *jetstream.APIError
	if errors.As(err, &api) && slices.Contains(codesNoStorage, api.ErrorCode) {
		return fmt.Errorf("%w: %w", errNoStorage, err)
	}
	return err
}

func doubtOf(position eventstore.Position, err error) error {
	var api *jetstream.APIError
	if errors.As(err, &api) && (api.ErrorCode == codeWrongLastMsgID || api.ErrorCode == codeWrongLastSequence) ||
		errors.Is(err, errDuplicate) {
		return &refused{position: position, cause: err}
	}
	return fmt.Errorf("publish the event at position %d: %w", position, err)
}

// watch raises a doubt when the connection breaks, when the lease is lost, or when a look at stream and log
// shows that one of them lost its end while nothing is published: otherwise that would show only with the
// next event, and followers would wait for it.
func (r *Relay) watch(ctx context.Context, t *tenure) {
	broken := r.conn.StatusChanged(nats.DISCONNECTED, nats.RECONNECTING, nats.CLOSED)
	defer r.conn.RemoveStatusListener(broken)
	ticker := time.NewTicker(r.options.Check)
	defer ticker.Stop()
	for {
		state, changed := r.lease.look()
		if state == leaseTaken {
			t.doubt(errLeaseLost)
		}
		select {
		case <-ctx.Done():
			return
		case <-broken:
			t.doubt(errDisconnected)
		case <-changed:
		case <-ticker.C:
			if err := r.checkTail(ctx); err != nil && ctx.Err() == nil {
				t.doubt(err)
			}
		}
	}
}

// checkTail compares the stream with what was known to be in it before asking, and its tail with the log.
// A log that can't be asked is no reason to stop: its subscription waits for it.
func (r *Relay) checkTail(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, r.options.AckWait)
	defer cancel()
	known := r.state.published()
	now, err := readTail(ctx, r.js, r.options.Stream)
	if err == nil && now.cursor.Position < known.Position {
		now, err = trueTail(ctx, now)
	}
	if err != nil {
		return err
	}
	if now.cursor.Position < known.Position {
		return errTailMoved
	}
	if _, late, err := now.beginsLate(ctx); err != nil || late && r.lease.now() == leaseMine {
		return errors.Join(err, errBeginsLate)
	}
	if missing := now.missing(); r.state.misses(missing) {
		r.options.Logger.Warn("the stream lost messages before its end; sources read their events from the log, others need the stream to be "+
			"made again: purge it", "missing", missing)
	}
	if err := r.verify(ctx, now); errors.Is(err, eventstore.ErrWentBack) {
		return err
	}
	return nil
}
