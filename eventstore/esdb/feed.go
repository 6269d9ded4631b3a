package esdb

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	client "github.com/EventStore/EventStore-Client-Go/v4/esdb"

	"github.com/partnerledger/partnerledger/eventstore"
)

// feedBuffer is how many events are received ahead of whoever reads them.
const feedBuffer = 256

// item is something that the server sent: an event, or another sign of life, or the error that ends it.
type item struct {
	event eventstore.Recorded
	is    itemKind
	err   error
}

type itemKind int

const (
	isEvent itemKind = iota
	isOpened
	isCaughtUp
	isNothing
	isEnd
)

// receiver is an open read or subscription of the client.
type receiver interface {
	receive() (item, error)
	close()
}

// opener opens a read or subscription where the reader has come to.
type opener func(context.Context, *client.Client) (receiver, error)

// feed receives in a goroutine of its own: the client's calls can outlast their context, its reader mustn't.
type feed struct {
	conn   *connection
	items  chan item
	cancel context.CancelCauseFunc
}

func (c *connection) feed(ctx context.Context, open opener) *feed {
	ctx, cancel := context.WithCancelCause(ctx)
	f := &feed{conn: c, items: make(chan item, feedBuffer), cancel: cancel}
	go c.pump(ctx, open, f.items)
	return f
}

// stop ends the feed; nothing of it is left soon after.
func (f *feed) stop() { f.cancel(nil) }

// pump moves what the server sends to the reader. The last item has the error, io.EOF where all was sent.
func (c *connection) pump(ctx context.Context, open opener, items chan<- item) {
	s, err := c.acquire(ctx)
	if err == nil {
		defer c.release(s)
		_, err = guarded(func() (any, error) { return nil, c.receiveAll(ctx, s, open, items) })
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		if !complete(err) {
			c.judged(s, err)
		}
	}
	send(ctx, items, item{is: isEnd, err: err})
}

// receiveAll returns the error that ended the feed; there always is one.
func (c *connection) receiveAll(ctx context.Context, s *session, open opener, items chan<- item) error {
	r, err := c.opened(ctx, s, open)
	if err != nil {
		return err
	}
	defer r.close()
	send(ctx, items, item{is: isOpened})
	for {
		next, err := r.receive()
		if err != nil {
			return err
		}
		if next.is != isNothing && !send(ctx, items, next) {
			return ctx.Err()
		}
	}
}

func (c *connection) opened(ctx context.Context, s *session, open opener) (receiver, error) {
	if err := c.enter(ctx); err != nil {
		return nil, err
	}
	defer c.leave()
	return open(ctx, s.client)
}

func send(ctx context.Context, items chan<- item, i item) bool {
	select {
	case items <- i:
		return true
	case <-ctx.Done():
		return false
	}
}

// next waits for an item. When it is over, the server is taken for silent, and its client for useless.
func (f *feed) next(ctx context.Context, over <-chan time.Time) (item, error) {
	select {
	case i := <-f.items:
		if i.is == isEnd {
			return item{}, i.err
		}
		return i, nil
	case <-ctx.Done():
		return item{}, ctx.Err()
	case <-f.conn.closing:
		return item{}, ErrClosed
	case <-over:
		f.cancel(errSilent)
		return item{}, f.conn.explain(errSilent)
	}
}

// reading receives from a read of the client.
type reading struct{ stream *client.ReadStream }

func (r reading) close() { r.stream.Close() }

func (r reading) receive() (item, error) {
	resolved, err := r.stream.Recv()
	if err != nil {
		return item{}, err
	}
	event, err := recorded(resolved)
	return item{event: event}, err
}

// following receives from a subscription of the client.
type following struct{ subscription *client.Subscription }

func (f following) close() { _ = f.subscription.Close() }

func (f following) receive() (item, error) {
	switch said := f.subscription.Recv(); {
	case said.EventAppeared != nil:
		event, err := recorded(said.EventAppeared)
		return item{event: event}, err
	case said.SubscriptionDropped != nil:
		return item{}, dropped(said.SubscriptionDropped.Error)
	case said.CaughtUp != nil:
		return item{is: isCaughtUp}, nil
	}
	return item{is: isNothing}, nil
}

// dropped is the error of a subscription's end. There is always one, and it is never the end of a read.
func dropped(cause error) error {
	if cause == nil {
		cause = errors.New("no reason was given")
	}
	return fmt.Errorf("subscription dropped: %w", cause)
}

// recorded turns an event into that of the ledger. Links are taken as what they are: events of the server.
func recorded(resolved *client.ResolvedEvent) (eventstore.Recorded, error) {
	e := resolved.OriginalEvent()
	if e == nil {
		return eventstore.Recorded{}, &unexpected{"an event without content"}
	}
	if e.Position.Commit > math.MaxInt64 || e.EventNumber > math.MaxInt64 {
		return eventstore.Recorded{}, &unexpected{"an event without a position; EventStoreDB 22.6 or newer is needed"}
	}
	return eventstore.Recorded{
		Stream: e.StreamID, Revision: eventstore.Revision(e.EventNumber), Position: eventstore.Position(e.Position.Commit),
		ID: e.EventID, Type: e.EventType, Created: e.CreatedDate, Data: e.Data, Metadata: e.UserMetadata,
	}, nil
}
