package esdbnode

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"
)

// batchLimit is how many bytes one group commit gathers before it stops waiting for more. A single append may exceed
// it, see appendLimit.
const batchLimit = 4 << 20

// queueLimit is how many appends may wait for the writer; the next ones wait in their own calls.
const queueLimit = 1024

// writer is the one goroutine that appends. It takes every append that is waiting, judges and stages them one after the
// other, makes them durable with one sync, and only then answers all of them. While the disk syncs, the next batch
// gathers: the more callers there are, the more of them share a sync.
//
// Whatever an answer is based on MUST be durable when it is given. So conflicts wait for the sync too, since the event
// they lost against may be in the same batch.
type writer struct {
	log    *eventLog
	index  *index
	now    func() time.Time
	logger *slog.Logger

	queue chan *appendCall
	stop  chan struct{}
	done  chan struct{}
	once  sync.Once
	// failed is why no more appends are taken, and full why those of this moment aren't. Only the writer's goroutine
	// touches them.
	failed, full error
	// refusing says that the lack of room was told.
	refusing bool
	// broken is closed when the log has failed.
	broken chan struct{}
}

// callKind is what a call wants of the writer.
type callKind int

const (
	kindAppend callKind = iota
	kindSoftDelete
	kindTombstone
)

// appendCall is one append, or one deletion, on its way through the writer.
type appendCall struct {
	ctx      context.Context
	kind     callKind
	stream   string
	expected expectation
	events   []proposed

	outcome outcome
	err     error
	// answered is closed when outcome and err are final.
	answered chan struct{}
}

func newCall(ctx context.Context, kind callKind, stream string, expected expectation, events []proposed) *appendCall {
	return &appendCall{
		ctx: ctx, kind: kind, stream: stream, expected: expected, events: events,
		answered: make(chan struct{}),
	}
}

func newWriter(l *eventLog, x *index, now func() time.Time, logger *slog.Logger) *writer {
	w := &writer{
		log: l, index: x, now: now, logger: logger,
		queue: make(chan *appendCall, queueLimit),
		stop:  make(chan struct{}),
		done:  make(chan struct{}),

		broken: make(chan struct{}),
	}
	go w.run()
	return w
}

// append writes events and returns once they are durable. When ctx ends first the append may still happen; the caller
// finds out by repeating it with the same event ids.
func (w *writer) append(ctx context.Context, stream string, expected expectation, events []proposed) (outcome, error) {
	call := newCall(ctx, kindAppend, stream, expected, events)
	if err := w.submit(call); err != nil {
		return outcome{}, err
	}
	return w.await(call)
}

// submit puts a call into the queue; calls that one goroutine submits are judged in that order.
func (w *writer) submit(call *appendCall) error {
	select {
	case w.queue <- call:
		return nil
	case <-call.ctx.Done():
		return call.ctx.Err()
	case <-w.stop:
		return ErrClosed
	}
}

func (w *writer) await(call *appendCall) (outcome, error) {
	select {
	case <-call.answered:
		return call.outcome, call.err
	case <-call.ctx.Done():
		return outcome{}, call.ctx.Err()
	case <-w.done:
		return call.settled()
	}
}

// settled is the answer of a call whose writer has ended: its own, or that it came too late.
func (c *appendCall) settled() (outcome, error) {
	select {
	case <-c.answered:
		return c.outcome, c.err
	default:
		return outcome{}, ErrClosed
	}
}

// close lets the batch in hand finish and reports why the log is no longer sound, if so.
func (w *writer) close() error {
	w.once.Do(func() { close(w.stop) })
	<-w.done
	return w.failure()
}

func (w *writer) failure() error {
	if w.failed == nil {
		return nil
	}
	return fmt.Errorf("%w: %w", ErrFailed, w.failed)
}

func (w *writer) run() {
	defer close(w.done)
	for {
		select {
		case call := <-w.queue:
			w.serve(call)
		case <-w.stop:
			return
		}
	}
}

// serve commits one batch, beginning with a call that is there already.
func (w *writer) serve(first *appendCall) {
	if w.failed == nil {
		w.begin()
	}
	calls := w.gather(first)
	if w.failed == nil && w.log.staged() > 0 {
		w.commit()
	}
	for _, call := range calls {
		if w.failed != nil && call.err == nil {
			call.err = w.failure()
		}
		close(call.answered)
	}
}

// begin starts a record. Where there is no room for a new segment, what of the appends at hand has to be written is
// refused.
func (w *writer) begin() {
	err := w.log.begin()
	switch {
	case errors.Is(err, ErrFull):
		w.full = err
		w.tell(err)
	case err != nil:
		w.fail(err)
	default:
		w.full = nil
	}
}

// commit makes durable what is staged. Whatever goes wrong here is final, lack of room included, for what is staged is in
// the index already; but room was reserved before.
func (w *writer) commit() {
	end, err := w.log.commit()
	if err != nil {
		w.fail(err)
		return
	}
	if w.refusing {
		w.refusing = false
		w.logger.Info("there is room on the disk again; appends are taken")
	}
	w.index.publish(end)
}

func (w *writer) fail(err error) {
	w.failed = err
	w.logger.Error("the log failed, and what of the last appends is on the disk is unknown; the node ends and has to be started again", "error", err)
	close(w.broken)
}

// tell says once that there is no room.
func (w *writer) tell(full error) {
	if !w.refusing {
		w.refusing = true
		w.logger.Error("appends are refused until there is room", "error", full)
	}
}

// gather stages the first call and every further one that waits, up to the limit of a batch.
func (w *writer) gather(first *appendCall) []*appendCall {
	calls := []*appendCall{first}
	w.stage(first)
	for w.log.staged() < batchLimit && len(calls) < queueLimit {
		select {
		case call := <-w.queue:
			calls = append(calls, call)
			w.stage(call)
		default:
			return calls
		}
	}
	return calls
}

// stage judges one call and, when it is to be written, puts its events into the batch.
func (w *writer) stage(call *appendCall) {
	if w.failed != nil {
		return
	}
	// Nobody waits for it any more, and not writing is the answer that surprises least.
	if call.err = call.ctx.Err(); call.err != nil {
		return
	}
	call.outcome, call.err = w.decide(call)
}

func (w *writer) decide(call *appendCall) (outcome, error) {
	before, err := w.standing(call.stream)
	if err != nil {
		return outcome{}, err
	}
	events := call.events
	if call.kind != kindAppend {
		// A deletion is judged like an append of one event that nobody has seen before.
		events = []proposed{{id: uuid.New()}}
	}
	verdict, err := w.judge(call.stream, before, call.expected, events)
	if err != nil || verdict.result != resultWrite {
		return verdict, err
	}
	if w.full != nil {
		return outcome{}, w.full
	}
	if err := w.log.reserve(room(call, before)); err != nil {
		return outcome{}, w.refused(err)
	}
	switch call.kind {
	case kindSoftDelete:
		if !before.exists() {
			return conflict(sequence{}), nil
		}
		return w.placeDelete(call.stream), nil
	case kindTombstone:
		return w.placeTombstone(call.stream), nil
	}
	return w.place(call.stream, before, call.events)
}

// refused is the answer of an append for which no room could be had.
func (w *writer) refused(err error) error {
	if !errors.Is(err, ErrFull) {
		w.fail(err)
		return w.failure()
	}
	w.tell(err)
	return err
}

// frameRoom bounds what the frame of an event has beside the fields that are known before.
const frameRoom = 256

// room bounds how many bytes a call adds to the record, with the metadata that is written again when a stream comes back.
func room(call *appendCall, before standing) int {
	bytes := 2*(len(call.stream)+frameRoom) + 2*len(before.metadata)
	for _, e := range call.events {
		bytes += len(e.fixed) + frameRoom
	}
	if isMetadata(call.stream) {
		bytes *= 2
	}
	return bytes
}
