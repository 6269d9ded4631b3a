package esdbnode

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"
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
	// failed is why no more appends are taken. Only the writer's goroutine touches it.
	failed error
}

// appendCall is one append on its way through the writer.
type appendCall struct {
	ctx      context.Context
	stream   string
	expected expectation
	events   []proposed

	outcome outcome
	err     error
	// answered is closed when outcome and err are final.
	answered chan struct{}
}

func newWriter(l *eventLog, x *index, now func() time.Time, logger *slog.Logger) *writer {
	w := &writer{
		log: l, index: x, now: now, logger: logger,
		queue: make(chan *appendCall, queueLimit),
		stop:  make(chan struct{}),
		done:  make(chan struct{}),
	}
	go w.run()
	return w
}

// append writes events and returns once they are durable. When ctx ends first the append may still happen; the caller
// finds out by repeating it with the same event ids.
func (w *writer) append(ctx context.Context, stream string, expected expectation, events []proposed) (outcome, error) {
	call, err := w.submit(ctx, stream, expected, events)
	if err != nil {
		return outcome{}, err
	}
	return w.await(call)
}

// submit puts an append into the queue; appends that one goroutine submits are judged in that order.
func (w *writer) submit(ctx context.Context, stream string, expected expectation, events []proposed) (*appendCall, error) {
	call := &appendCall{ctx: ctx, stream: stream, expected: expected, events: events, answered: make(chan struct{})}
	select {
	case w.queue <- call:
		return call, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-w.stop:
		return nil, ErrClosed
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
		w.failed = w.log.begin()
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

func (w *writer) commit() {
	end, err := w.log.commit()
	if err != nil {
		w.failed = err
		w.logger.Error("the log failed; appends are refused until the node is restarted", "error", err)
		return
	}
	w.index.publish(end)
}

// gather stages the first call and every further one that waits, up to the limit of a batch.
func (w *writer) gather(first *appendCall) []*appendCall {
	calls := []*appendCall{first}
	w.stage(first)
	for w.log.staged() < batchLimit {
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
	call.outcome, call.err = w.judge(call.stream, call.expected, call.events)
	if call.err == nil && call.outcome.result == resultWrite {
		call.outcome = w.place(call.stream, call.events)
	}
}

// place gives events their revisions and positions.
func (w *writer) place(stream string, events []proposed) outcome {
	now := w.now()
	next := uint64(len(w.index.staged(stream)))
	done := outcome{result: resultDone}
	for i, e := range events {
		done.revision = next + uint64(i)
		done.position = w.log.stage(func(dst []byte, position uint64) []byte {
			return e.appendFrame(dst, now, done.revision, position)
		})
		w.index.add(stream, e.id, done.position)
	}
	return done
}
