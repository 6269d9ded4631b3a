// Package telemetry lets operators watch a ledger with the tools they have: metrics for Prometheus, and traces
// that follow one command to the rows it changed, exported by OTLP. It is the only importer of OpenTelemetry.
//
// The names of metrics and attributes follow OpenTelemetry's conventions, and are frozen once released.
// Neither a label of a metric nor an attribute of a span MUST hold an entity's id, a tenant, a user or
// personal data: the values of labels are closed sets, known from the code.
package telemetry

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	otelprometheus "go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

// Options say what is exported where.
type Options struct {
	// Version is that of the program.
	Version string
	// Getenv reads OpenTelemetry's own settings. Traces are exported where OTEL_EXPORTER_OTLP_ENDPOINT or
	// OTEL_EXPORTER_OTLP_TRACES_ENDPOINT says; without either there are none.
	Getenv func(string) string
	// Exporter gets each span at once in place of OTLP, for tests.
	Exporter Exporter
	Logger   *slog.Logger
}

// Exporter sends spans somewhere.
type Exporter = sdktrace.SpanExporter

// Telemetry is what one process tells of itself. It is safe for concurrent use; Close sends what is left.
type Telemetry struct {
	*metrics
	registry *prometheus.Registry
	tracer   trace.Tracer
	closing  sync.Mutex
	closers  []func(context.Context) error // empty once it is closed
}

const scope = "github.com/partnerledger/partnerledger"

// Open makes the metrics, and the export of traces if one is asked for.
func Open(ctx context.Context, o Options) (*Telemetry, error) {
	t := &Telemetry{registry: prometheus.NewRegistry(), tracer: noop.NewTracerProvider().Tracer(scope)}
	about, err := resource.New(ctx, resource.WithAttributes(attribute.String("service.name", "ledgerd"), attribute.String("service.version", o.Version)),
		resource.WithFromEnv())
	if err != nil {
		return nil, fmt.Errorf("telemetry: OTEL_RESOURCE_ATTRIBUTES or OTEL_SERVICE_NAME: %w", err)
	}
	if err := t.openMetrics(about); err != nil {
		return nil, fmt.Errorf("telemetry: %w", err)
	}
	if err := t.openTraces(ctx, about, o); err != nil {
		return nil, errors.Join(fmt.Errorf("telemetry: %w", err), t.Close(ctx))
	}
	return t, nil
}

func (t *Telemetry) openMetrics(about *resource.Resource) error {
	t.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	exporter, err := otelprometheus.New(otelprometheus.WithRegisterer(t.registry), otelprometheus.WithoutScopeInfo())
	if err != nil {
		return err
	}
	provider := metric.NewMeterProvider(metric.WithReader(exporter), metric.WithResource(about))
	t.closers = append(t.closers, provider.Shutdown)
	t.metrics, err = newMetrics(provider.Meter(scope))
	return err
}

// openTraces leaves the sampler to OTEL_TRACES_SAMPLER. The processor sends in bunches, in the background.
func (t *Telemetry) openTraces(ctx context.Context, about *resource.Resource, o Options) error {
	exporter, send := o.Exporter, sdktrace.WithSyncer
	if exporter == nil {
		send = func(e Exporter) sdktrace.TracerProviderOption { return sdktrace.WithBatcher(quiet{e, o.Logger}) }
		if o.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT") == "" && o.Getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") == "" || o.Getenv("OTEL_SDK_DISABLED") == "true" {
			return nil
		}
		var err error
		if exporter, err = otlptracehttp.New(ctx); err != nil { // which reads its settings from the environment
			return fmt.Errorf("export of traces: %w", err)
		}
	}
	provider := sdktrace.NewTracerProvider(send(exporter), sdktrace.WithResource(about))
	t.closers = append(t.closers, provider.Shutdown)
	t.tracer = provider.Tracer(scope)
	return nil
}

// quiet logs the failures of an exporter as the rest of the program logs: a collector that is away is no
// fault of the ledger's.
type quiet struct {
	Exporter
	log *slog.Logger
}

// ExportSpans sends spans.
func (q quiet) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	if err := q.Exporter.ExportSpans(ctx, spans); err != nil {
		q.log.Warn("traces could not be exported", "spans", len(spans), "error", err)
	}
	return nil
}

// Metrics answers GET /metrics.
func (t *Telemetry) Metrics() http.Handler {
	return promhttp.HandlerFor(t.registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError})
}

// Close sends what is left to send. The last spans are given up when ctx ends. Closing
// twice is harmless.
func (t *Telemetry) Close(ctx context.Context) error {
	t.closing.Lock()
	defer t.closing.Unlock()
	var errs []error
	for _, c := range t.closers {
		errs = append(errs, c(ctx))
	}
	t.closers = nil
	return errors.Join(errs...)
}
