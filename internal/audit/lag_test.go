package audit

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/eventstore/memory"
	"github.com/partnerledger/partnerledger/internal/audit/proof"
)

// BenchmarkNotary_Lag measures for how long events wait for a signature while 20,000 a second come in, with
// the interval that ledgerd has. Run it with -benchtime 400000x or so.
func BenchmarkNotary_Lag(b *testing.B) {
	const perSecond, step = 20_000, 10 * time.Millisecond
	log, dir := memory.New(), b.TempDir()
	keys := newKeys(b)
	var mu sync.Mutex
	type signature struct {
		size int64
		at   time.Time
	}
	var signatures []signature
	n := NewNotary(Options{Dir: dir, Keys: keys, Source: numbered{log}, Log: log, Logger: slog.New(slog.DiscardHandler), Publish: func(text []byte) {
		c, err := proof.Unverified(text)
		mu.Lock()
		defer mu.Unlock()
		if err == nil {
			signatures = append(signatures, signature{c.Size, time.Now()})
		}
	}})
	ctx, stop := context.WithCancel(b.Context())
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- n.Run(ctx) }()
	pad := strings.Repeat("x", 400)
	came := make([]time.Time, b.N)
	b.ResetTimer()
	ticker := time.NewTicker(step)
	defer ticker.Stop()
	for i := 0; i < b.N; {
		<-ticker.C
		for range min(perSecond*int(step/time.Millisecond)/1000, b.N-i) {
			_, err := log.Append(ctx, fmt.Sprintf("customer-p.%d", i%1000), eventstore.Revision(i/1000)-1, eventstore.Proposed{
				ID: uuid.NewSHA1(uuid.Nil, fmt.Append(nil, i)), Type: "QuantityChanged", Data: fmt.Appendf(nil, `{"pad":%q}`, pad), Metadata: fmt.Appendf(nil, `{"pad":%q}`, pad)})
			require.NoError(b, err)
			came[i] = time.Now()
			i++
		}
	}
	require.Eventually(b, func() bool { return n.Status().Signed == int64(b.N) }, time.Minute, time.Millisecond)
	b.StopTimer()
	stop()
	<-ended
	var lags []time.Duration
	at := 0
	for i, t := range came {
		for signatures[at].size <= int64(i) {
			at++
		}
		lags = append(lags, signatures[at].at.Sub(t))
	}
	slices.Sort(lags)
	b.ReportMetric(lags[len(lags)/2].Seconds()*1000, "p50-ms")
	b.ReportMetric(lags[len(lags)*99/100].Seconds()*1000, "p99-ms")
	b.ReportMetric(lags[len(lags)-1].Seconds()*1000, "max-ms")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
}
