package esdbnode

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"
)

const (
	// batchDeadline is given to an append of a batch that names none.
	batchDeadline = 10 * time.Second
	// batchPending bounds how many appends of one batch call may be under way. Past it the node stops receiving, which
	// makes the client wait.
	batchPending = 256
	// batchOpen bounds how many appends may have begun to arrive and not be complete.
	batchOpen = 256
)

// batchAppend is one call of BatchAppend: a connection's worth of appends, whose messages may be interleaved and whose
// answers come in any order.
type batchAppend struct {
	node *Node
	call streams.Streams_BatchAppendServer

	// open holds the appends whose last message has not come. One that was refused stays, empty, so that its further
	// messages are passed over in silence.
	open map[uuid.UUID]*batchPart
	// slots limits the answers that are due, sending the goroutines that send them.
	slots   chan struct{}
	sending sync.WaitGroup
	mu      sync.Mutex
	failed  error
}

// batchPart is one append of the batch.
type batchPart struct {
	intake
	id       *shared.UUID
	deadline time.Time
	refused  bool
}

// BatchAppend writes many independent appends over one call.
func (s *streamsService) BatchAppend(call streams.Streams_BatchAppendServer) error {
	b := &batchAppend{node: s.node, call: call, open: make(map[uuid.UUID]*batchPart), slots: make(chan struct{}, batchPending)}
	err := b.receive()
	b.sending.Wait()
	if err == nil {
		err = b.sendError()
	}
	if err != nil {
		return fail(call, err)
	}
	return nil
}

// receive takes messages until the client has no more; the answers that are due then still go out.
func (b *batchAppend) receive() error {
	for {
		m, err := b.call.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := b.sendError(); err != nil {
			return err
		}
		if err := b.take(m); err != nil {
			return err
		}
	}
}

// take adds one message to its append, and submits the append when it is the last.
func (b *batchAppend) take(m *streams.BatchAppendReq) error {
	id, err := parseUUID(m.GetCorrelationId())
	if err != nil {
		return invalid("the correlation id: " + err.Error())
	}
	part := b.open[id]
	if part == nil {
		if len(b.open) == batchOpen {
			return invalid("too many appends have begun and not ended")
		}
		part = begin(m)
		part.check(b.call.Context(), b.node)
		b.open[id] = part
	}
	for _, e := range m.GetProposedMessages() {
		part.add(e)
	}
	if m.GetIsFinal() {
		delete(b.open, id)
	}
	switch {
	case part.refused:
		return nil
	case part.err != nil:
		part.refused = true
		b.answer(part, outcome{}, part.err)
		return nil
	case m.GetIsFinal():
		return b.submit(part)
	}
	return nil
}

// begin takes the first message of an append, the only one with options.
func begin(m *streams.BatchAppendReq) *batchPart {
	o := m.GetOptions()
	part := &batchPart{id: m.GetCorrelationId(), deadline: batchDeadlineOf(o)}
	if o == nil {
		part.refuse(invalid("the options are missing"))
		return part
	}
	expected, given := batchExpectation(o)
	part.intake.open(o.GetStreamIdentifier().GetStreamName(), expected, given)
	return part
}

func batchDeadlineOf(o *streams.BatchAppendReq_Options) time.Time {
	switch d := o.GetDeadlineOption().(type) {
	case *streams.BatchAppendReq_Options_Deadline_21_10_0:
		return d.Deadline_21_10_0.AsTime()
	case *streams.BatchAppendReq_Options_Deadline:
		return time.Now().Add(d.Deadline.AsDuration())
	}
	return time.Now().Add(batchDeadline)
}

// submit queues the append in the order of arrival and leaves the waiting to a goroutine, so that one slow sync serves
// as many appends of the call as have come.
func (b *batchAppend) submit(part *batchPart) error {
	select {
	case b.slots <- struct{}{}:
	case <-b.call.Context().Done():
		return b.call.Context().Err()
	}
	if err := b.node.faults.before(b.call.Context()); err != nil {
		<-b.slots
		return err
	}
	ctx, cancel := context.WithDeadline(b.call.Context(), part.deadline)
	call := newCall(ctx, kindAppend, part.stream, part.expected, part.events)
	err := b.node.writer.submit(call)
	b.sending.Go(func() {
		defer func() { <-b.slots }()
		defer cancel()
		var done outcome
		if err == nil {
			done, err = b.node.writer.await(call)
		}
		if err == nil {
			err = b.node.faults.afterCommit()
		}
		b.answer(part, done, err)
	})
	return nil
}

// answer sends one answer; a failure to send ends the whole call.
func (b *batchAppend) answer(part *batchPart, done outcome, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if e := b.call.Send(part.response(done, err)); b.failed == nil && e != nil {
		b.failed = e
	}
}

func (b *batchAppend) sendError() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.failed
}
