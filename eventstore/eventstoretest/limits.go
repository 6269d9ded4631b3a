package eventstoretest

import (
	"bytes"
	"context"
	"errors"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/eventstore"
)

var limits = map[string]func(*testing.T, eventstore.Store){
	"A big event is kept, a larger append is refused": bigAndTooLarge,
	"An append of nothing is refused":                 nothingToAppend,
	"A cancelled context is respected everywhere":     cancelledEverywhere,
	"Breaking out of a loop frees everything":         breakFrees,
}

// Ensure that 1 MiB of data is accepted and one byte more isn't, in one event or in several.
func bigAndTooLarge(t *testing.T, s eventstore.Store) {
	const limit = 1 << 20
	stream := Stream("Big")
	sized := func(n int) eventstore.Proposed {
		e := Event("big")
		e.Data = append(append([]byte{'"'}, bytes.Repeat([]byte{'x'}, n-2)...), '"')
		return e
	}
	full := sized(limit)
	Append(t, s, stream, eventstore.NoStream, full)
	for name, events := range map[string][]eventstore.Proposed{
		"one":     {sized(limit + 1)},
		"several": {sized(limit / 2), sized(limit / 4), sized(limit/4 + 1)},
	} {
		_, err := s.Append(Bounded(t), stream, 0, events...)
		require.ErrorIs(t, err, eventstore.ErrTooLarge, name)
	}
	got := Drain(t, s.ReadStream(Bounded(t), stream, 0))
	require.Len(t, got, 1)
	require.True(t, bytes.Equal(full.Data, got[0].Data))
}

// Ensure that an append without events, or without a stream, is an error and not a silent success.
func nothingToAppend(t *testing.T, s eventstore.Store) {
	_, err := s.Append(Bounded(t), Stream("Empty"), eventstore.NoStream)
	require.Error(t, err)
	_, err = s.Append(Bounded(t), "", eventstore.NoStream, Event("a"))
	require.Error(t, err)
}

// Ensure that a context that has ended ends every call with its error, and no read looks complete.
func cancelledEverywhere(t *testing.T, s eventstore.Store) {
	stream := Stream("Ended")
	Append(t, s, stream, eventstore.NoStream, Events(3)...)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.Append(ctx, stream, 2, Event("late"))
	require.ErrorIs(t, err, context.Canceled)
	_, err = s.Head(ctx)
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorIs(t, Unending(s.ReadStream(ctx, stream, 0)), context.Canceled)
	require.ErrorIs(t, Unending(s.ReadStream(ctx, Stream("Nothing"), 0)), context.Canceled)
	require.ErrorIs(t, Unending(s.ReadAll(ctx, eventstore.Beginning)), context.Canceled)
	require.ErrorIs(t, Unending(s.Subscribe(ctx, eventstore.Beginning)), context.Canceled)

	midway, stop := context.WithCancel(t.Context())
	defer stop()
	for _, err = range s.ReadStream(midway, stream, 0) {
		stop()
	}
	if err != nil && !errors.Is(err, context.Canceled) {
		t.Fatalf("a read cancelled midway ended with %v", err)
	}
}

// Ensure that loops left after their first event leave no goroutine behind.
func breakFrees(t *testing.T, s eventstore.Store) {
	stream := Stream("Break")
	start, err := s.Head(Bounded(t))
	require.NoError(t, err)
	write(t, s, []string{stream}, 3, 200)
	round := func() {
		for range s.ReadStream(Bounded(t), stream, 0) {
			break
		}
		for range s.ReadAll(Bounded(t), start) {
			break
		}
		for range s.Subscribe(Bounded(t), start) {
			break
		}
	}
	round()
	before := runtime.NumGoroutine()
	for range 30 {
		round()
	}
	require.Eventually(t, func() bool { return runtime.NumGoroutine() <= before+5 }, patience, 5*time.Millisecond,
		"goroutines are left over")
}
