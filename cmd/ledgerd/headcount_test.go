package main

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/eventstore/memory"
	"github.com/partnerledger/partnerledger/internal/wire"
)

// held is a log whose reading waits until it is let go, and that counts what is read.
type held struct {
	eventstore.Store
	gate chan struct{}
	read atomic.Int64
}

func (h *held) ReadAll(ctx context.Context, after eventstore.Position) iter.Seq2[eventstore.Recorded, error] {
	return func(yield func(eventstore.Recorded, error) bool) {
		select {
		case <-h.gate:
		case <-ctx.Done():
			yield(eventstore.Recorded{}, ctx.Err())
			return
		}
		for e, err := range h.Store.ReadAll(ctx, after) {
			h.read.Add(1)
			if !yield(e, err) {
				return
			}
		}
	}
}

func heldLog(t *testing.T, events int) *held {
	t.Helper()
	h := &held{Store: memory.New(), gate: make(chan struct{})}
	h.grow(t, events)
	return h
}

func (h *held) grow(t *testing.T, events int) {
	t.Helper()
	for range events {
		_, err := h.Append(t.Context(), "s-"+uuid.NewString(), eventstore.NoStream, eventstore.Proposed{ID: uuid.New(), Type: "T", Data: []byte("{}")})
		require.NoError(t, err)
	}
}

// recorded is all that the log holds.
func (h *held) recorded(t *testing.T) (all []eventstore.Recorded) {
	t.Helper()
	for e, err := range h.Store.ReadAll(t.Context(), eventstore.Beginning) {
		require.NoError(t, err)
		all = append(all, e)
	}
	return all
}

func counting(t *testing.T, log eventstore.Store) *headCount {
	t.Helper()
	h := newHeadCount(t.Context(), log, slog.New(slog.NewTextHandler(t.Output(), nil)))
	t.Cleanup(func() { require.NoError(t, h.close()) })
	return h
}

// Ensure what isn't counted yet is unknown, not zero; that it is known once it has been counted, and that
// nothing is counted twice.
func TestHeadIsUnknownUntilCounted(t *testing.T) {
	log := heldLog(t, 5)
	h := counting(t, log)
	end, known, err := h.end(t.Context())
	require.NoError(t, err)
	require.False(t, known)
	require.Zero(t, end.NextSeq)
	require.Equal(t, log.recorded(t)[4].Position, end.Position, "the position is known all the same")

	close(log.gate)
	require.Eventually(t, func() bool { _, known, err = h.end(t.Context()); return known && err == nil }, 10*time.Second, time.Millisecond)
	log.grow(t, 2)
	end, known, err = h.end(t.Context())
	require.NoError(t, err)
	require.True(t, known)
	require.EqualValues(t, 7, end.NextSeq)
	require.EqualValues(t, 7, log.read.Load(), "each event was read once")
}

// Ensure counting begins at the nearest place whose number is known, and that a place beyond the end of the
// log, left by a log that went back in time, counts for nothing.
func TestHeadIsCountedFromTheNearestPlace(t *testing.T) {
	log := heldLog(t, 10)
	close(log.gate)
	all := log.recorded(t)
	place := func(n int) eventstore.Cursor {
		return eventstore.Cursor{Position: all[n].Position, NextSeq: uint64(n + 1)}
	}
	h := counting(t, log)
	end, known, err := h.end(t.Context(), eventstore.Start, place(3), place(7), eventstore.Cursor{Position: all[9].Position + 1, NextSeq: 4711})
	require.NoError(t, err)
	require.True(t, known)
	require.EqualValues(t, 10, end.NextSeq)
	require.EqualValues(t, 2, log.read.Load())

	earlier := heldLog(t, 4)
	close(earlier.gate)
	h.log = earlier
	end, known, err = h.end(t.Context())
	require.NoError(t, err)
	require.True(t, known)
	require.EqualValues(t, 4, end.NextSeq)
}

// unreadableLog is a log that has events and yields none.
type unreadableLog struct{ eventstore.Store }

func (unreadableLog) Head(context.Context) (eventstore.Position, error) { return 100, nil }

func (unreadableLog) ReadAll(context.Context, eventstore.Position) iter.Seq2[eventstore.Recorded, error] {
	return func(yield func(eventstore.Recorded, error) bool) { yield(eventstore.Recorded{}, errors.New("planted")) }
}

// Ensure a count that breaks off leaves the number unknown.
func TestHeadStaysUnknownWhenReadingFails(t *testing.T) {
	_, known, err := counting(t, unreadableLog{}).end(t.Context())
	require.NoError(t, err)
	require.False(t, known)
}

// Ensure the lag is that of what is outstanding: none where the part is at the head, however old the last
// event is; otherwise since the first event that it lacks, also where nobody knows how many there are.
func TestLag(t *testing.T) {
	log := heldLog(t, 3)
	close(log.gate)
	all, three := log.recorded(t), uint64(3)
	l := &ledger{store: log}
	hour := all[1].Created.Add(time.Hour)
	for name, c := range map[string]struct {
		position eventstore.Position
		events   uint64
		of       *uint64
		lag      any
		seconds  float64
	}{
		"at the head":       {all[2].Position, 3, &three, uint64(0), 0},
		"head not counted":  {all[2].Position, 3, nil, uint64(0), 0},
		"two behind":        {all[0].Position, 1, &three, uint64(2), 3600},
		"nobody knows":      {all[0].Position, 1, nil, nil, 3600},
		"before everything": {eventstore.Beginning, 0, &three, uint64(3), hour.Sub(all[0].Created).Seconds()},
	} {
		p := wire.Part{Name: name, Kind: wire.Projection, Position: position(c.position), Events: c.events}
		require.NoError(t, l.lag(t.Context(), &p, &destination{now: hour, head: all[2].Position, events: c.of, waits: map[string]time.Time{}}))
		if c.lag == nil {
			require.Nil(t, p.Lag, name)
		} else {
			require.Equal(t, c.lag, *p.Lag, name)
		}
		require.InDelta(t, c.seconds, *p.LagSeconds, 1e-6, name)
	}
}
