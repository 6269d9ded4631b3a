//go:build linux

package campaign

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/eventstore/esdb"
	"github.com/partnerledger/partnerledger/eventstore/feed"
)

// subscriber is a system downstream: it follows the feed and writes down what it sees, across its own restarts, from
// where it was.
type subscriber struct {
	world  *world
	source *feed.Source
	stop   context.CancelFunc
	ended  chan struct{}

	mu       sync.Mutex
	seen     []note
	cursor   eventstore.Cursor
	restarts int
	failed   error
}

// note is what it writes down about an event.
type note struct {
	seq      uint64
	position eventstore.Position
	id       string
}

func newSubscriber(w *world) *subscriber {
	quiet := slog.New(slog.DiscardHandler)
	store, err := esdb.Open(esdb.Options{ConnectionString: "esdb://" + w.doors[storeForSubscriber].address() + "?tls=false", Logger: quiet})
	require.NoError(w.t, err)
	conn, err := nats.Connect("nats://"+w.doors[natsForSubscriber].address(), nats.MaxReconnects(-1), nats.RetryOnFailedConnect(true), nats.ReconnectWait(100*time.Millisecond))
	require.NoError(w.t, err)
	options := feed.SourceOptions{Logger: quiet}
	if strings.Contains(w.without, "chain") {
		options.Unchecked = true
	}
	source, err := feed.NewSource(store, conn, options)
	require.NoError(w.t, err)
	s := &subscriber{world: w, source: source, cursor: eventstore.Start}
	s.start()
	w.t.Cleanup(func() {
		s.end()
		conn.Close()
		_ = store.Close()
	})
	return s
}

func (s *subscriber) start() {
	ctx, stop := context.WithCancel(context.WithoutCancel(s.world.t.Context())) // it ends when the cleanup says so
	s.stop, s.ended = stop, make(chan struct{})
	go func() {
		defer close(s.ended)
		for e, err := range s.source.Events(ctx, s.at()) {
			if err != nil {
				if ctx.Err() == nil {
					s.fail(err)
				}
				return
			}
			s.write(e)
		}
	}()
}

func (s *subscriber) end() {
	s.stop()
	<-s.ended
}

// restart ends it and lets it begin where it was.
func (s *subscriber) restart() {
	s.end()
	s.restarts++
	s.start()
}

func (s *subscriber) at() eventstore.Cursor {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cursor
}

func (s *subscriber) write(e eventstore.Sequenced) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen = append(s.seen, note{e.Seq, e.Position, e.ID.String()})
	s.cursor = e.After()
}

func (s *subscriber) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failed = err
}

// noticed counts what its source found wrong with the feed.
func (s *subscriber) noticed() uint64 {
	status := s.source.Status()
	return status.Repeats + status.Strays + status.Switches
}

// wrong compares what it wrote down with the log: no gap, no repeat, the right order, the same events.
func (s *subscriber) wrong(log []eventstore.Recorded) (damage []string) {
	_ = until(s.world.t.Context(), s.world.patience, func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.failed != nil || len(s.seen) >= len(log)
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failed != nil {
		damage = append(damage, "the subscriber's subscription ended: "+s.failed.Error())
	}
	for i, n := range s.seen {
		if i >= len(log) || n.seq != uint64(i) || n.position != log[i].Position || n.id != log[i].ID.String() {
			return append(damage, fmt.Sprintf("the subscriber saw, as its %dth event, %+v, which is not what stands there in the log of %d events", i, n, len(log)))
		}
	}
	if len(s.seen) != len(log) {
		damage = append(damage, fmt.Sprintf("the subscriber saw %d events of %d within %s", len(s.seen), len(log), s.world.patience))
	}
	return damage
}
