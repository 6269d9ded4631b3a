package eventstoretest

import (
	"context"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/eventstore"
)

var subscriptions = map[string]func(*testing.T, eventstore.Store){
	"Subscribe goes from past to future without gap or repeat": pastToFuture,
	"Subscribe starts after the position":                      startsAfter,
	"Subscribe serves each subscriber alike":                   subscribersAlike,
	"Subscribe resumes where a break left off":                 resumesAfterBreak,
	"Subscribe ends with the context's error":                  subscriptionEndsWithContext,
}

// Ensure that a subscriber who begins in the past and reads on while others write sees every event once.
func pastToFuture(t *testing.T, s eventstore.Store) {
	const writers, rounds, size = 4, 25, 3
	start, err := s.Head(Bounded(t))
	require.NoError(t, err)
	streams := make([]string, writers)
	for i := range streams {
		streams[i] = Stream("Flow")
	}
	past := Stream("Past")
	write(t, s, []string{past}, 5, 10)

	var writing sync.WaitGroup
	writing.Go(func() { write(t, s, streams, rounds, size) })
	defer writing.Wait()
	got := Take(t, s.Subscribe(Bounded(t), start), 50+writers*rounds*size, append(streams, past)...)
	InOrder(t, got)
}

// Ensure that the event at the position is not delivered again, and the next one is, past or future.
func startsAfter(t *testing.T, s eventstore.Store) {
	stream := Stream("After")
	first := Append(t, s, stream, eventstore.NoStream, Event("a"))
	second := Append(t, s, stream, 0, Event("b"))
	got := Take(t, s.Subscribe(Bounded(t), first.Position), 1, stream)
	require.Equal(t, second.Position, got[0].Position)

	ready := make(chan eventstore.Appended, 1)
	go func() {
		done, err := s.Append(t.Context(), stream, 1, Event("c"))
		if err != nil {
			t.Errorf("append: %v", err)
		}
		ready <- done
	}()
	got = Take(t, s.Subscribe(Bounded(t), second.Position), 1, stream)
	require.Equal(t, (<-ready).Position, got[0].Position)
}

// Ensure that subscribers who come at different times see the same events in the same order.
func subscribersAlike(t *testing.T, s eventstore.Store) {
	const subscribers, rounds, size = 3, 20, 2
	start, err := s.Head(Bounded(t))
	require.NoError(t, err)
	stream := Stream("Alike")
	results := make([][]eventstore.Recorded, subscribers)
	var wait sync.WaitGroup
	for i := range subscribers {
		wait.Go(func() { results[i] = Take(t, s.Subscribe(Bounded(t), start), rounds*size, stream) })
	}
	write(t, s, []string{stream}, rounds, size)
	wait.Wait()
	InOrder(t, results[0])
	for _, other := range results[1:] {
		require.Equal(t, results[0], other)
	}
}

// Ensure that a subscriber who stops after every few events and comes again loses and doubles nothing.
func resumesAfterBreak(t *testing.T, s eventstore.Store) {
	const rounds, size = 10, 3
	at, err := s.Head(Bounded(t))
	require.NoError(t, err)
	stream := Stream("Resume")
	var writing sync.WaitGroup
	writing.Go(func() { write(t, s, []string{stream}, rounds, size) })
	defer writing.Wait()
	var got []eventstore.Recorded
	for len(got) < rounds*size {
		got = append(got, Take(t, s.Subscribe(Bounded(t), at), min(7, rounds*size-len(got)), stream)...)
		at = got[len(got)-1].Position
	}
	InOrder(t, got)
}

// Ensure that a subscription that waits at the end of the log ends as soon as its context does, once.
func subscriptionEndsWithContext(t *testing.T, s eventstore.Store) {
	stream := Stream("Cancel")
	start, err := s.Head(Bounded(t))
	require.NoError(t, err)
	Append(t, s, stream, eventstore.NoStream, Event("a"))
	ctx, cancel := context.WithCancel(Bounded(t))
	defer cancel()
	var errs []error
	for e, err := range s.Subscribe(ctx, start) {
		if err != nil {
			errs = append(errs, err)
		}
		if e.Stream == stream {
			cancel()
		}
	}
	require.Len(t, errs, 1)
	require.ErrorIs(t, errs[0], context.Canceled)
}
