package feed

import (
	"context"

	"github.com/nats-io/nats.go"

	"github.com/partnerledger/partnerledger/eventstore"
)

// Trace is told of each event with a traceparent when it is sent. What it gives, unless that is nil, is called
// once: when the event is in the stream, or with the error that kept it away.
type Trace func(ctx context.Context, traceparent string, position eventstore.Position) (done func(error))

// trace begins to follow a message. Events without a traceparent, which are nearly all, cost a look into a map.
func (t *tenure) trace(ctx context.Context, msg *nats.Msg, position eventstore.Position) {
	if t.relay.options.Trace == nil {
		return
	}
	if values := msg.Header[headerTraceparent]; len(values) == 1 {
		if done := t.relay.options.Trace(ctx, values[0], position); done != nil {
			t.traced.Store(msg, done)
		}
	}
}

// settled ends what trace began.
func (t *tenure) settled(msg *nats.Msg, err error) {
	if t.relay.options.Trace == nil {
		return
	}
	if done, ok := t.traced.LoadAndDelete(msg); ok {
		done.(func(error))(err)
	}
}
