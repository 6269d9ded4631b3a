//go:build linux

package campaign

import (
	"context"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/eventstore/feed"
)

// streamIsWhole reads the stream as a third party would, who checks nothing: every event once, in order, linked.
func (c *campaign) streamIsWhole() []string {
	var found error
	if until(c.t.Context(), c.world.patience, func() bool { found = c.streamReached(); return found == nil }) {
		found = c.readStream()
	}
	if found != nil {
		return []string{"the stream of the feed: " + found.Error()}
	}
	return nil
}

// streamReached tells why the stream's tail isn't the end of the log.
func (c *campaign) streamReached() error {
	if len(c.log) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(c.t.Context(), revivalOfNATS)
	defer cancel()
	stream, err := c.stream(ctx)
	if err != nil {
		return err
	}
	msg, err := stream.GetLastMsgForSubject(ctx, feed.Subjects)
	if err != nil {
		return fmt.Errorf("last message: %w", err)
	}
	m, err := feed.Parse(msg.Header, msg.Data)
	if err != nil {
		return err
	}
	if last := c.log[len(c.log)-1]; m.Event.Position < last.Position {
		return fmt.Errorf("it ends at position %d, the log at %d", m.Event.Position, last.Position)
	}
	return nil
}

func (c *campaign) stream(ctx context.Context) (jetstream.Stream, error) {
	js, err := jetstream.New(c.world.conn)
	if err != nil {
		return nil, err
	}
	return js.Stream(ctx, feed.DefaultStream)
}

func (c *campaign) readStream() error {
	ctx, cancel := context.WithTimeout(c.t.Context(), c.world.patience)
	defer cancel()
	stream, err := c.stream(ctx)
	if err != nil {
		return err
	}
	consumer, err := stream.OrderedConsumer(ctx, jetstream.OrderedConsumerConfig{})
	if err != nil {
		return err
	}
	messages, err := consumer.Messages()
	if err != nil {
		return err
	}
	defer messages.Stop()
	previous := eventstore.Beginning
	for i, e := range c.log {
		msg, err := messages.Next(jetstream.NextContext(ctx))
		if err != nil {
			return fmt.Errorf("message %d: %w", i, err)
		}
		m, err := feed.Parse(msg.Headers(), msg.Data())
		if err != nil {
			return fmt.Errorf("message %d: %w", i, err)
		}
		if m.Event.Seq != uint64(i) || m.Event.ID != e.ID || m.Event.Position != e.Position || m.Previous != previous {
			return fmt.Errorf("message %d is event %s with seq %d at position %d after %d, but event %d of the log is %s at position %d after %d",
				i, m.Event.ID, m.Event.Seq, m.Event.Position, m.Previous, i, e.ID, e.Position, previous)
		}
		previous = e.Position
	}
	if info, err := stream.Info(ctx); err != nil || info.State.Msgs != uint64(len(c.log)) {
		return fmt.Errorf("it holds %d messages for %d events (%w)", info.State.Msgs, len(c.log), err)
	}
	return nil
}
