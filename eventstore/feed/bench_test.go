package feed

import (
	"slices"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/eventstore"
)

const benchEvents = 50_000

// rounds is how often the bare client and the feed take turns. Each round measures both, one right after
// the other, so that whatever else the machine does weighs on both; run them with -benchtime 1x.
const rounds = 7

// compare reports the median of each and the median of the ratios within a round.
func compare(b *testing.B, bare, feed func() time.Duration) {
	b.Helper()
	var bareRate, feedRate, ratio []float64
	for range rounds {
		x, y := bare(), feed()
		bareRate = append(bareRate, benchEvents/x.Seconds())
		feedRate = append(feedRate, benchEvents/y.Seconds())
		ratio = append(ratio, x.Seconds()/y.Seconds())
	}
	for unit, values := range map[string][]float64{"bare/s": bareRate, "events/s": feedRate, "of-bare": ratio} {
		slices.Sort(values)
		b.ReportMetric(values[len(values)/2], unit)
	}
	slices.Sort(ratio)
	b.Logf("ratios from %.2f to %.2f", ratio[0], ratio[len(ratio)-1])
	b.ReportMetric(0, "ns/op")
}

// emptyFeed makes an empty stream of the feed's configuration.
func (w *world) emptyFeed(js jetstream.JetStream) {
	w.t.Helper()
	_ = js.DeleteStream(w.ctx, DefaultStream)
	_, err := js.CreateStream(w.ctx, streamConfig(DefaultStream, 1, 2*time.Minute, 2<<20))
	require.NoError(w.t, err)
}

// BenchmarkRelay stands beside the bare client, which publishes the same messages, made beforehand, without
// fences.
func BenchmarkRelay(b *testing.B) {
	w := newWorld(b)
	w.write(benchEvents)
	truth, admin := w.truth(), w.jetstream()
	bare := func() time.Duration {
		w.emptyFeed(admin)
		messages, previous := make([]*nats.Msg, benchEvents), eventstore.Beginning
		for i := range messages {
			msg, err := Message{Event: truth[i], Previous: previous}.NATS(2 << 20)
			require.NoError(b, err)
			messages[i], previous = msg, truth[i].Position
		}
		js, err := jetstream.New(w.connect(), jetstream.WithPublishAsyncMaxPending(1024))
		require.NoError(b, err)
		began := time.Now()
		for _, msg := range messages {
			_, err := js.PublishMsgAsync(msg, jetstream.WithStallWait(patience))
			require.NoError(b, err)
		}
		<-js.PublishAsyncComplete()
		return time.Since(began)
	}
	compare(b, bare, func() time.Duration {
		w.emptyFeed(admin)
		began := time.Now()
		r := w.relay(RelayOptions{Logger: quiet()})
		for r.Status().Published.NextSeq < benchEvents {
			require.NoError(b, pause(w.ctx, time.Millisecond))
		}
		took := time.Since(began)
		_ = r.stop()
		require.Zero(b, r.Status().Doubts)
		return took
	})
}

// BenchmarkSource stands beside the bare client's ordered consumer, which looks into no message.
func BenchmarkSource(b *testing.B) {
	w := newWorld(b)
	w.write(benchEvents)
	r := w.relay(RelayOptions{Logger: quiet()})
	w.caughtUp()
	_ = r.stop()
	s, err := NewSource(w.log, w.connect(), SourceOptions{Logger: quiet()})
	require.NoError(b, err)
	bare := func() time.Duration {
		began := time.Now()
		consumer, err := w.jetstream().OrderedConsumer(w.ctx, DefaultStream, jetstream.OrderedConsumerConfig{})
		require.NoError(b, err)
		done, got := make(chan struct{}), 0
		running, err := consumer.Consume(func(jetstream.Msg) {
			if got++; got == benchEvents {
				close(done)
			}
		}, jetstream.PullMaxMessages(1000))
		require.NoError(b, err)
		<-done
		running.Stop()
		return time.Since(began)
	}
	compare(b, bare, func() time.Duration {
		began := time.Now()
		for e, err := range s.Events(w.ctx, eventstore.Start) {
			require.NoError(b, err)
			if e.Seq == benchEvents-1 {
				break
			}
		}
		return time.Since(began)
	})
	require.Zero(b, s.Status().FromLog, "it measured the feed")
}

// BenchmarkAppendToDelivered is what a reader waits: one append at a time, until it comes out of the source.
func BenchmarkAppendToDelivered(b *testing.B) {
	w := newWorld(b)
	w.relay(RelayOptions{Logger: quiet()})
	w.write(1)
	w.caughtUp()
	s, err := NewSource(w.log, w.connect(), SourceOptions{Logger: quiet()})
	require.NoError(b, err)
	latencies := make([]time.Duration, 0, 1000)
	appended := time.Now()
	for e, err := range s.Events(w.ctx, eventstore.Start) {
		latencies = append(latencies, time.Since(appended))
		require.NoError(b, err)
		require.Equal(b, w.head(), e.Position, "it is the event just appended, not one before")
		if len(latencies) == cap(latencies) {
			break
		}
		appended = time.Now()
		w.write(1)
	}
	require.Zero(b, s.Status().FromLog)
	latency(b, latencies[1:])
}

// BenchmarkPublishToDelivered is the bare client's share of it: one publish, one message consumed.
func BenchmarkPublishToDelivered(b *testing.B) {
	w := newWorld(b)
	js := w.jetstream()
	w.emptyFeed(js)
	w.write(1)
	consumer, err := w.jetstream().OrderedConsumer(w.ctx, DefaultStream, jetstream.OrderedConsumerConfig{})
	require.NoError(b, err)
	messages, err := consumer.Messages()
	require.NoError(b, err)
	defer messages.Stop()
	latencies := make([]time.Duration, 0, 1000)
	for len(latencies) < cap(latencies) {
		msg, err := Message{Event: w.truth()[0], Previous: eventstore.Beginning}.NATS(2 << 20)
		require.NoError(b, err)
		delete(msg.Header, headerMessageID)
		began := time.Now()
		_, err = js.PublishMsgAsync(msg)
		require.NoError(b, err)
		_, err = messages.Next()
		require.NoError(b, err)
		latencies = append(latencies, time.Since(began))
	}
	latency(b, latencies)
}

func latency(b *testing.B, latencies []time.Duration) {
	b.Helper()
	var sum time.Duration
	for _, l := range latencies {
		sum += l
	}
	slices.Sort(latencies)
	b.ReportMetric(float64(sum.Microseconds())/float64(len(latencies)), "mean-µs")
	b.ReportMetric(float64(latencies[len(latencies)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(latencies[len(latencies)*99/100].Microseconds()), "p99-µs")
	b.ReportMetric(0, "ns/op")
}

func BenchmarkMessage(b *testing.B) {
	m := example()
	p := proposed("PartnershipEstablished")
	m.Event.Data, m.Event.Metadata = p.Data, p.Metadata
	b.Run("build", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := m.NATS(1 << 20); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("parse", func(b *testing.B) {
		msg, err := m.NATS(1 << 20)
		require.NoError(b, err)
		b.ReportAllocs()
		for b.Loop() {
			if _, err := Parse(msg.Header, msg.Data); err != nil {
				b.Fatal(err)
			}
		}
	})
}
