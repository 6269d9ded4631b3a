package esdb

import (
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/eventstore/eventstoretest"
)

func logger(j *journal) *slog.Logger { return slog.New(j) }

func goroutines() int { return runtime.NumGoroutine() }

// Ensure that an outage far longer than the client bears by itself (a second) is lived through: appends
// wait for its end, and a subscription goes on without gap or repeat.
func TestStore_Outage(t *testing.T) {
	n := startNode(t)
	p := newProxy(t, n.Addr().String())
	log := newJournal()
	s := connectWith(t, Options{ConnectionString: p.connectionString(), Patience: patience, Logger: logger(log)})
	direct := connect(t, n.ConnectionString())
	eventstoretest.Append(t, direct, "stream-1", eventstore.NoStream, eventstoretest.Events(5)...)
	follower := subscribe(t, s)
	follower.wait(t, 5)

	p.down()
	appending := make(chan error, 1)
	go func() {
		_, err := s.Append(t.Context(), "stream-2", eventstore.NoStream, eventstoretest.Events(5)...)
		appending <- err
	}()
	log.wait(t, "discovery attempt", 100)
	eventstoretest.Append(t, direct, "stream-1", 4, eventstoretest.Events(5)...)
	log.wait(t, "discovery attempt", 100)
	p.up()
	require.NoError(t, <-appending)
	follower.wait(t, 15)
}

// Ensure that a client that died for good is replaced, each time again.
func TestStore_ClientDies(t *testing.T) {
	n := startNode(t)
	p := newProxy(t, n.Addr().String())
	log := newJournal()
	s := connectWith(t, Options{ConnectionString: p.connectionString(), Patience: patience, Logger: logger(log), discoverAttempts: 2})
	revision := eventstore.NoStream
	for round := range 3 {
		p.down()
		appending := make(chan eventstore.Appended, 1)
		go func() {
			done, err := s.Append(t.Context(), "stream-1", revision, eventstoretest.Events(3)...)
			if err != nil {
				t.Errorf("round %d: %v", round, err)
			}
			appending <- done
		}()
		log.wait(t, "no server was found", 3)
		p.up()
		revision = (<-appending).Revision
	}
	subscribe(t, s).wait(t, 9)
}

// Ensure that clients which were replaced are closed, and their connections with them.
func TestStore_ReplacedClientsAreClosed(t *testing.T) {
	n := startNode(t)
	p := newProxy(t, n.Addr().String())
	s := connect(t, p.connectionString())
	for range 10 {
		requireOnce(t, s)
		n.Faults().RefuseUnavailable(1)
		requireOnce(t, s)
		n.Faults().CutReads(1, 0)
	}
	requireOnce(t, s)
	require.Eventually(t, func() bool { return p.open() == 1 }, patience, time.Millisecond)
}

// Ensure that a subscription whose connection breaks again and again, while others write, delivers every
// event once and in order.
func TestSubscribe_DropsUnderWriters(t *testing.T) {
	const writers, rounds, size = 3, 60, 3
	n := startNode(t)
	p := newProxy(t, n.Addr().String())
	s, direct := connect(t, p.connectionString()), connect(t, n.ConnectionString())
	var writing sync.WaitGroup
	defer writing.Wait()
	for w := range writers {
		writing.Go(func() {
			at := eventstore.NoStream
			for range rounds {
				done, err := direct.Append(t.Context(), fmt.Sprint("stream-", w), at, eventstoretest.Events(size)...)
				if err != nil {
					t.Errorf("append: %v", err)
					return
				}
				at = done.Revision
			}
		})
	}
	var got []eventstore.Recorded
	for e, err := range s.Subscribe(bounded(t), eventstore.Beginning) {
		require.NoError(t, err)
		got = append(got, e)
		switch {
		case len(got)%60 == 0:
			p.drop()
		case len(got)%60 == 20:
			n.Faults().CutReads(1, 7)
			p.drop()
		case len(got)%60 == 40:
			n.Faults().RefuseUnavailable(1)
			p.drop()
		}
		if len(got) == writers*rounds*size {
			break
		}
	}
	require.Len(t, got, writers*rounds*size)
	eventstoretest.InOrder(t, got)
	n.Faults().Clear()
}

// Ensure that closing ends those who wait, with a server and without one, and all calls after it.
func TestStore_Close(t *testing.T) {
	n := startNode(t)
	p := newProxy(t, n.Addr().String())
	for _, name := range []string{"server", "no server"} {
		s, err := Open(Options{ConnectionString: p.connectionString(), Patience: time.Hour})
		require.NoError(t, err)
		if name == "server" {
			requireOnce(t, s)
		} else {
			p.down()
		}
		ended, calls := make(chan error, 3), 1
		go func() { ended <- eventstoretest.Unending(s.Subscribe(t.Context(), eventstore.Beginning)) }()
		if name != "server" {
			calls = 4 // the discovery is one
			go func() { ended <- eventstoretest.Unending(s.ReadAll(t.Context(), eventstore.Beginning)) }()
			go func() {
				_, err := s.Append(t.Context(), "stream-1", eventstore.NoStream, eventstoretest.Event("a"))
				ended <- err
			}()
		}
		require.Eventually(t, func() bool { return users(s) >= calls }, patience, time.Millisecond, "all of them wait")
		require.NoError(t, s.Close())
		require.NoError(t, s.Close(), "twice")
		require.ErrorIs(t, <-ended, ErrClosed, name)
		if name != "server" {
			require.ErrorIs(t, <-ended, ErrClosed, name)
			require.ErrorIs(t, <-ended, ErrClosed, name)
		}
		_, err = s.Head(bounded(t))
		require.ErrorIs(t, err, ErrClosed, name)
		_, err = s.Append(bounded(t), "stream-1", eventstore.NoStream, eventstoretest.Event("a"))
		require.ErrorIs(t, err, ErrClosed, name)
	}
}

// users counts who waits for the present client, or is in it.
func users(s *Store) int {
	s.conn.mu.Lock()
	defer s.conn.mu.Unlock()
	if s.conn.current == nil {
		return 0
	}
	return s.conn.current.users
}

// subscriber subscribes to everything and remembers it.
type subscriber struct {
	mu      sync.Mutex
	got     []eventstore.Recorded
	changed chan struct{}
}

func subscribe(t *testing.T, s *Store) *subscriber {
	t.Helper()
	f := &subscriber{changed: make(chan struct{})}
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	t.Cleanup(func() { cancel(); running.Wait() })
	running.Go(func() {
		for e, err := range s.Subscribe(ctx, eventstore.Beginning) {
			if err != nil {
				if ctx.Err() == nil {
					t.Errorf("subscription: %v", err)
				}
				return
			}
			f.mu.Lock()
			f.got = append(f.got, e)
			close(f.changed)
			f.changed = make(chan struct{})
			f.mu.Unlock()
		}
	})
	return f
}

// wait returns once so many events have come, and fails unless they are in order.
func (f *subscriber) wait(t *testing.T, n int) {
	t.Helper()
	for {
		f.mu.Lock()
		got, changed := f.got, f.changed
		f.mu.Unlock()
		if len(got) >= n {
			require.Len(t, got, n)
			eventstoretest.InOrder(t, got)
			return
		}
		select {
		case <-changed:
		case <-time.After(patience):
			t.Fatalf("%d of %d events came", len(got), n)
		}
	}
}
