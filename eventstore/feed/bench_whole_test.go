//go:build unix

package feed

import (
	"context"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/eventstore"
)

// cpu is the processor time of this process, with the event store and NATS in it.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var use syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &use))
	return time.Duration(use.Utime.Nano() + use.Stime.Nano())
}

// catchingUp reports the median rate and processor time of several rounds.
func catchingUp(b *testing.B, events int, round func()) {
	b.Helper()
	var rate, cost []float64
	for range 5 {
		began, used := time.Now(), cpu(b)
		round()
		rate = append(rate, float64(events)/time.Since(began).Seconds())
		cost = append(cost, float64((cpu(b)-used).Microseconds())/float64(events))
	}
	slices.Sort(rate)
	slices.Sort(cost)
	b.ReportMetric(rate[len(rate)/2], "events/s")
	b.ReportMetric(cost[len(cost)/2], "cpu-µs/event")
	b.ReportMetric(0, "ns/op")
}

// relays runs a relay until it has published the whole log.
func (w *world) relays(b *testing.B, conn *nats.Conn) {
	b.Helper()
	r, err := NewRelay(w.log, conn, RelayOptions{Logger: quiet()})
	require.NoError(b, err)
	ctx, cancel := context.WithCancel(w.ctx)
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	for r.Status().Published.NextSeq < benchEvents {
		require.NoError(b, pause(ctx, time.Millisecond))
	}
	cancel()
	require.ErrorIs(b, <-ended, context.Canceled)
	require.Zero(b, r.Status().Doubts)
}

// BenchmarkCatchUp is how fast each part of the feed gets from the beginning to the end of a long log, all in
// one process and on disk: event store node, official client, NATS server. Its "log" is the reading alone,
// of which the relay can't be faster. Run it with -benchtime 1x.
func BenchmarkCatchUp(b *testing.B) {
	w := newWorld(b)
	server := w.serve()
	const streams, each = 500, 100 // 50,000 events
	for range streams {
		batch := make([]eventstore.Proposed, each)
		for i := range batch {
			batch[i] = proposed("PartnershipEstablished")
		}
		_, err := w.log.Append(w.ctx, w.stream(), eventstore.NoStream, batch...)
		require.NoError(b, err)
	}
	b.Run("log", func(b *testing.B) {
		catchingUp(b, benchEvents, func() {
			left := benchEvents
			for _, err := range w.log.Subscribe(w.ctx, eventstore.Beginning) {
				require.NoError(b, err)
				if left--; left == 0 {
					break
				}
			}
		})
	})
	admin := w.jetstream()
	b.Run("relay", func(b *testing.B) {
		catchingUp(b, benchEvents, func() {
			_ = admin.DeleteStream(w.ctx, DefaultStream)
			conn, err := w.node.Conn()
			require.NoError(b, err)
			defer conn.Close()
			w.relays(b, conn)
		})
	})
	b.Run("source", func(b *testing.B) {
		conn, err := w.node.Conn()
		require.NoError(b, err)
		defer conn.Close()
		s, err := NewSource(w.log, conn, SourceOptions{Logger: quiet()})
		require.NoError(b, err)
		catchingUp(b, benchEvents, func() {
			for e, err := range s.Events(w.ctx, eventstore.Start) {
				require.NoError(b, err)
				if e.Seq == benchEvents-1 {
					break
				}
			}
		})
		require.Zero(b, s.Status().FromLog, "it measured the feed")
	})
	server.stop()
}
