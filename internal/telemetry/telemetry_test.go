package telemetry_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/eventstore/memory"
	"github.com/partnerledger/partnerledger/internal/telemetry"
	"github.com/partnerledger/partnerledger/internal/wire"
	"github.com/partnerledger/partnerledger/projections"
)

const sampled = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

func open(t *testing.T, settings map[string]string, exporter telemetry.Exporter) *telemetry.Telemetry {
	t.Helper()
	opened, err := telemetry.Open(t.Context(), telemetry.Options{Version: "test", Getenv: func(name string) string { return settings[name] },
		Exporter: exporter, Logger: slog.New(slog.NewTextHandler(t.Output(), nil))})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, opened.Close(context.WithoutCancel(t.Context()))) })
	return opened
}

func scrape(t *testing.T, o *telemetry.Telemetry) string {
	t.Helper()
	w := httptest.NewRecorder()
	o.Metrics().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	require.Equal(t, http.StatusOK, w.Code)
	return w.Body.String()
}

// Ensure the flags decide, and that what is no traceparent asks for nothing.
func TestSampled(t *testing.T) {
	for text, want := range map[string]bool{
		sampled: true, strings.TrimSuffix(sampled, "01") + "03": true, strings.TrimSuffix(sampled, "01") + "0f": true,
		strings.TrimSuffix(sampled, "01") + "00": false, strings.TrimSuffix(sampled, "01") + "02": false,
		strings.TrimSuffix(sampled, "01") + "0x": false, "": false, "01": false, sampled + "-01": false,
	} {
		require.Equal(t, want, telemetry.Sampled(text), text)
	}
}

// Ensure the environment turns the export of traces on, and that the spans arrive at the collector.
func TestExportByEnvironment(t *testing.T) {
	var got atomic.Int64
	collector := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.URL.Path == "/v1/traces" {
			got.Add(int64(len(body)))
		}
	}))
	t.Cleanup(collector.Close)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.URL)
	o := open(t, map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": collector.URL}, nil)
	o.Published(t.Context(), sampled, 1)(nil)
	require.NoError(t, o.Close(t.Context()))
	require.Positive(t, got.Load())

	got.Store(0)
	for _, settings := range []map[string]string{{}, {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.URL, "OTEL_SDK_DISABLED": "true"}} {
		o = open(t, settings, nil)
		o.Published(t.Context(), sampled, 1)(nil)
		require.NoError(t, o.Close(t.Context()))
		require.Zero(t, got.Load())
	}
}

// Ensure a collector that is away keeps nothing from working, and is told of in the log.
func TestCollectorIsAway(t *testing.T) {
	away := httptest.NewServer(http.NotFoundHandler())
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", away.URL)
	var logged strings.Builder
	o, err := telemetry.Open(t.Context(), telemetry.Options{Getenv: func(string) string { return away.URL }, Logger: slog.New(slog.NewTextHandler(&logged, nil))})
	require.NoError(t, err)
	away.Close()
	o.Published(t.Context(), sampled, 1)(nil)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	_ = o.Close(ctx) // which may say that time ran out
	require.Contains(t, logged.String(), "traces could not be exported")
}

// Ensure an error makes a span an error without a word of what it says.
func TestErrorsStayInside(t *testing.T) {
	spans := tracetest.NewInMemoryExporter()
	o := open(t, nil, spans)
	o.Published(t.Context(), sampled, 1)(errors.New("anna@customer.example"))
	require.Nil(t, o.Published(t.Context(), "", 1))
	require.Len(t, spans.GetSpans(), 1)
	span := spans.GetSpans()[0]
	require.Equal(t, "Error", span.Status.Code.String())
	require.Empty(t, span.Status.Description)
	require.Empty(t, span.Events)
}

// Ensure a part whose lag isn't known has no lag in the metrics, rather than none at all; and that a condition
// that can't be told leaves the other metrics.
func TestUnknownIsNoZero(t *testing.T) {
	o := open(t, nil, nil)
	five, behind := uint64(5), 7.5
	condition, fault := wire.Condition{Head: "900", Parts: []wire.Part{
		{Name: "known", Kind: wire.Projection, State: "stopped", Position: "400", Lag: &five, LagSeconds: &behind},
		{Name: "unknown", Kind: wire.Projection, State: "running", Position: "400"}}}, error(nil)
	require.NoError(t, o.Watch(func(context.Context) (wire.Condition, error) { return condition, fault }))
	text := scrape(t, o)
	require.Contains(t, text, `ledger_projection_lag_events{ledger_projection_name="known"} 5`)
	require.Contains(t, text, `ledger_projection_lag_seconds{ledger_projection_name="known"} 7.5`)
	require.Contains(t, text, `ledger_projection_stopped{ledger_projection_name="known"} 1`)
	require.Contains(t, text, `ledger_projection_stopped{ledger_projection_name="unknown"} 0`)
	require.NotContains(t, text, `ledger_projection_lag_events{ledger_projection_name="unknown"}`)
	require.NotContains(t, text, "\nledger_events ")

	fault = eventstore.ErrUnavailable
	text = scrape(t, o)
	require.NotContains(t, text, "ledger_projection")
	require.Contains(t, text, "go_goroutines")
}

// Ensure what isn't traced costs nothing that grows with the events.
func TestUntracedAllocatesNothing(t *testing.T) {
	o := open(t, nil, tracetest.NewInMemoryExporter())
	unsampled := strings.TrimSuffix(sampled, "01") + "00"
	require.Zero(t, testing.AllocsPerRun(100, func() {
		if o.Published(t.Context(), unsampled, 1) != nil || o.Published(t.Context(), "", 1) != nil {
			panic("a span that nobody asked for")
		}
	}))
	few := testing.AllocsPerRun(100, func() { o.Applied(t.Context(), projections.Commit{Projection: "p", Events: 1}) })
	many := make([]projections.Traced, 1000)
	for i := range many {
		many[i].Traceparent = unsampled
	}
	lots := testing.AllocsPerRun(100, func() { o.Applied(t.Context(), projections.Commit{Projection: "p", Events: 1000, Traced: many}) })
	require.Equal(t, few, lots)
}

// BenchmarkAppend is what watching costs an append that nobody traces.
func BenchmarkAppend(b *testing.B) {
	o, err := telemetry.Open(b.Context(), telemetry.Options{Getenv: func(string) string { return "" }, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(b, err)
	for name, store := range map[string]eventstore.Store{"bare": nothing{memory.New()}, "watched": o.Store(nothing{memory.New()})} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _ = store.Append(b.Context(), "customer-x.y", 0, eventstore.Proposed{})
			}
		})
	}
}

// nothing is a log whose appends take no time.
type nothing struct{ eventstore.Store }

func (nothing) Append(context.Context, string, eventstore.Revision, ...eventstore.Proposed) (eventstore.Appended, error) {
	return eventstore.Appended{}, nil
}
