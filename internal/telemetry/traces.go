package telemetry

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/projections"
)

// Sampled tells whether a W3C traceparent asks for spans. It looks at the flags alone, so that asking about
// every event costs next to nothing.
func Sampled(traceparent string) bool {
	const length = len("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	if len(traceparent) != length {
		return false
	}
	low := traceparent[length-1]
	switch {
	case low >= '0' && low <= '9':
		low -= '0'
	case low >= 'a' && low <= 'f':
		low -= 'a' - 10
	default:
		return false
	}
	return low&1 == 1
}

// Traceparent is what goes on record of the span that ctx is in: empty where it isn't sampled.
func Traceparent(ctx context.Context) string {
	if !trace.SpanContextFromContext(ctx).IsSampled() {
		return ""
	}
	carrier := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, carrier)
	return carrier["traceparent"]
}

// under is a context whose span is that of the traceparent; one that can't be read leaves ctx as it is.
func under(ctx context.Context, traceparent string) context.Context {
	return propagation.TraceContext{}.Extract(ctx, propagation.MapCarrier{"traceparent": traceparent})
}

// Published begins the span of an event on its way into the feed, if its traceparent asks for one; nil says
// that it doesn't. What it gives is called once the event is there, or with the error that kept it away.
func (t *Telemetry) Published(ctx context.Context, traceparent string, position eventstore.Position) func(error) {
	if !Sampled(traceparent) {
		return nil
	}
	_, span := t.tracer.Start(under(ctx, traceparent), "ledger.relay publish", trace.WithSpanKind(trace.SpanKindProducer),
		trace.WithAttributes(attribute.Int64("ledger.position", int64(position))))
	return func(err error) { ended(span, err) }
}

// Applied tells of a transaction that was committed: its size and time, and a span for each of its events
// whose command is traced.
func (t *Telemetry) Applied(ctx context.Context, c projections.Commit) {
	name := t.labelled([3]label{{"ledger.projection.name", c.Projection}})
	t.batchSize.Record(ctx, int64(c.Events), name)
	t.commitDuration.Record(ctx, c.Took.Seconds(), name)
	for _, e := range c.Traced {
		if !Sampled(e.Traceparent) {
			continue
		}
		_, span := t.tracer.Start(under(ctx, e.Traceparent), "ledger.projection apply", trace.WithSpanKind(trace.SpanKindConsumer), trace.WithTimestamp(c.Began),
			trace.WithAttributes(attribute.String("ledger.projection.name", c.Projection), attribute.Int64("ledger.position", int64(e.Position)),
				attribute.Int("messaging.batch.message_count", c.Events)))
		span.End(trace.WithTimestamp(c.Began.Add(c.Took)))
	}
}

// ended closes a span. What went wrong is said without words, which may be somebody's data.
func ended(span trace.Span, err error) {
	if err != nil {
		span.SetStatus(codes.Error, "")
	}
	span.End()
}
