//go:build unix

package esdb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	client "github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/eventstore/eventstoretest"
)

var (
	benchData     = []byte(`{"text":"` + strings.Repeat("x", 400) + `"}`)
	benchMetadata = []byte(`{"text":"` + strings.Repeat("x", 200) + `"}`)
)

func bare(b *testing.B, server string) *client.Client {
	b.Helper()
	config, err := client.ParseConnectionString(server)
	require.NoError(b, err)
	config.Logger = client.NoopLogging()
	c, err := client.NewClient(config)
	require.NoError(b, err)
	b.Cleanup(func() { _ = c.Close() })
	return c
}

// BenchmarkAppend appends one event to a new stream, through the Store and through the bare client, on the
// same node in memory: what the Store costs is the difference.
func BenchmarkAppend(b *testing.B) {
	for _, writers := range []int{1, 16, 64} {
		n := startNode(b)
		s, c := connect(b, n.ConnectionString()), bare(b, n.ConnectionString())
		run := func(name string, do func(stream string) error) {
			b.Run(fmt.Sprintf("writers=%d/%s", writers, name), func(b *testing.B) {
				require.NoError(b, do("warm-"+uuid.NewString()))
				parallel(b, writers, do)
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
			})
		}
		run("bare", func(stream string) error {
			_, err := c.AppendToStream(b.Context(), stream, client.AppendToStreamOptions{ExpectedRevision: client.NoStream{}},
				client.EventData{EventID: uuid.New(), EventType: "Bench", ContentType: client.ContentTypeJson, Data: benchData, Metadata: benchMetadata})
			return err
		})
		run("store", func(stream string) error {
			_, err := s.Append(b.Context(), stream, eventstore.NoStream,
				eventstore.Proposed{ID: uuid.New(), Type: "Bench", Data: benchData, Metadata: benchMetadata})
			return err
		})
	}
}

// parallel does b.N appends, with so many writers at once.
func parallel(b *testing.B, writers int, do func(stream string) error) {
	var next atomic.Int64
	total := int64(b.N)
	done := make(chan error, writers)
	before := cpu(b)
	b.ResetTimer()
	for range writers {
		go func() {
			for next.Add(1) <= total {
				if err := do("bench-" + uuid.NewString()); err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}()
	}
	for range writers {
		require.NoError(b, <-done)
	}
	b.StopTimer()
	b.ReportMetric(float64((cpu(b)-before).Microseconds())/float64(b.N), "cpu-µs/event")
}

// cpu is the time of the processors that this process has used, client and node together. Unlike the time
// of the clock it says something on a busy machine too.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var used syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &used))
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// BenchmarkRead reads the whole log, an op being all of its events, and follows it from its beginning.
func BenchmarkRead(b *testing.B) {
	const events, size = 100_000, 500
	n := startNode(b)
	s, c := connect(b, n.ConnectionString()), bare(b, n.ConnectionString())
	at := eventstore.NoStream
	for range events / size {
		batch := eventstoretest.Events(size)
		for i := range batch {
			batch[i].Data, batch[i].Metadata = benchData, benchMetadata
		}
		at = eventstoretest.Append(b, s, "bench-1", at, batch...).Revision
	}
	run := func(name string, read func(ctx context.Context) (int, error)) {
		b.Run(name, func(b *testing.B) {
			before := cpu(b)
			for b.Loop() {
				got, err := read(b.Context())
				require.NoError(b, err)
				require.Equal(b, events, got)
			}
			b.ReportMetric(float64(b.N)*events/b.Elapsed().Seconds(), "events/s")
			b.ReportMetric(float64((cpu(b)-before).Microseconds())/(float64(b.N)*events), "cpu-µs/event")
		})
	}
	run("all/bare", func(ctx context.Context) (int, error) { return drainBare(ctx, c) })
	run("all/store", func(ctx context.Context) (n int, err error) {
		for _, err := range s.ReadAll(ctx, eventstore.Beginning) {
			if err != nil {
				return n, err
			}
			n++
		}
		return n, nil
	})
	run("subscribe/store", func(ctx context.Context) (n int, err error) {
		for _, err := range s.Subscribe(ctx, eventstore.Beginning) {
			if err != nil {
				return n, err
			}
			if n++; n == events {
				break
			}
		}
		return n, nil
	})
	run("subscribe/bare", func(ctx context.Context) (n int, err error) { return followBare(ctx, c, events) })
}

func drainBare(ctx context.Context, c *client.Client) (n int, err error) {
	stream, err := c.ReadAll(ctx, client.ReadAllOptions{}, math.MaxUint64)
	if err != nil {
		return 0, err
	}
	defer stream.Close()
	for ; ; n++ {
		if _, err := stream.Recv(); errors.Is(err, io.EOF) {
			return n, nil
		} else if err != nil {
			return n, err
		}
	}
}

func followBare(ctx context.Context, c *client.Client, events int) (n int, err error) {
	subscription, err := c.SubscribeToAll(ctx, client.SubscribeToAllOptions{From: client.Start{}, Filter: client.ExcludeSystemEventsFilter()})
	if err != nil {
		return 0, err
	}
	defer func() { _ = subscription.Close() }()
	for n < events {
		switch said := subscription.Recv(); {
		case said.EventAppeared != nil:
			n++
		case said.SubscriptionDropped != nil:
			return n, said.SubscriptionDropped.Error
		}
	}
	return n, nil
}
