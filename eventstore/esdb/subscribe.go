package esdb

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	client "github.com/EventStore/EventStore-Client-Go/v4/esdb"

	"github.com/partnerledger/partnerledger/eventstore"
)

// checkpointInterval is how rarely the server tells how far it has looked; nobody here needs it. The
// subscription resumes behind the last event delivered, because that event alone is proven to have come.
const checkpointInterval = 1_000

// Subscribe yields the ledger events after the position, past and future; see eventstore.Store. After an
// outage of any length it goes on behind the last event that it has delivered, once the server has shown that
// it still holds that event; if it doesn't, the subscription ends with eventstore.ErrWentBack.
func (s *Store) Subscribe(ctx context.Context, after eventstore.Position) iter.Seq2[eventstore.Recorded, error] {
	return func(yield func(eventstore.Recorded, error) bool) {
		f := &follower{store: s, last: after, yield: yield}
		if err := f.run(ctx); err != nil {
			yield(eventstore.Recorded{}, fmt.Errorf("subscription after %d: %w", f.last, err))
		}
	}
}

// follower is a subscription of the ledger, over as many of the client as it takes.
type follower struct {
	store    *Store
	last     eventstore.Position
	landmark *eventstore.Landmark // of the event at last, once one was received
	yield    func(eventstore.Recorded, error) bool
	failures int
}

// run returns nil when the subscriber has left, else why there can't be more.
func (f *follower) run(ctx context.Context) error {
	for {
		err := f.once(ctx)
		switch {
		case errors.Is(err, errEnough):
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, eventstore.ErrWentBack):
			return err
		case verdictOn(err) == verdictFinal:
			return errors.Join(err, wentBack(f.holds(ctx)))
		}
		f.failures++
		f.store.logger.Warn("event store: subscription resumes", "after", f.last, "failures", f.failures, "error", err)
		if err := f.store.conn.pause(ctx, f.failures); err != nil {
			return err
		}
	}
}

// once subscribes behind the last event and delivers until that ends.
func (f *follower) once(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	events := f.store.conn.feed(ctx, f.open)
	defer events.stop()
	// To subscribe has to succeed in time; after that, silence is normal.
	limit := time.NewTimer(f.store.patience)
	defer limit.Stop()
	for over := limit.C; ; over = nil {
		next, err := events.next(ctx, over)
		if err != nil {
			return err
		}
		switch {
		case next.is == isOpened:
			if err := f.holds(ctx); err != nil {
				return err
			}
		case next.is == isCaughtUp:
			f.failures = 0
		case next.is == isEvent && !f.deliver(next.event):
			return errEnough
		}
	}
}

// deliver hands an event on unless the subscriber has it already.
func (f *follower) deliver(e eventstore.Recorded) bool {
	if e.Position <= f.last {
		return true
	}
	l := e.Landmark()
	f.last, f.landmark, f.failures = e.Position, &l, 0
	return !ledger(e) || f.yield(e, nil)
}

// holds makes sure, after each new start, that the server wasn't put back to an older copy of the log while it
// was away: what it sends then is of another history. It asks once the server has accepted the subscription,
// because to be put back it has to break that first.
func (f *follower) holds(ctx context.Context) error {
	if f.landmark == nil {
		return nil
	}
	return eventstore.Holds(ctx, f.store, *f.landmark)
}

// wentBack passes on only that error.
func wentBack(err error) error {
	if errors.Is(err, eventstore.ErrWentBack) {
		return err
	}
	return nil
}

func (f *follower) open(ctx context.Context, c *client.Client) (receiver, error) {
	subscription, err := c.SubscribeToAll(ctx, client.SubscribeToAllOptions{
		From: position(f.last), Filter: client.ExcludeSystemEventsFilter(), CheckpointInterval: checkpointInterval,
	})
	if err != nil {
		return nil, err
	}
	return following{subscription}, nil
}
