package telemetry

import (
	"context"
	"errors"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/partnerledger/partnerledger/eventstore"
)

// Handler decides commands; eventstore.Handler is one.
type Handler interface {
	Handle(ctx context.Context, r eventstore.Request) (eventstore.Outcome, error)
}

// Commands traces what the handler does: a span for each command, below that of the request it came in. Where
// many commands come in one request each is a trace of its own with a link to it; a file of a million commands
// is no trace that anybody could read. What is recorded carries the span's traceparent on.
func (t *Telemetry) Commands(h Handler) Handler { return tracedHandler{t, h} }

type tracedHandler struct {
	*Telemetry
	next Handler
}

// Handle decides a command within its span.
func (h tracedHandler) Handle(ctx context.Context, r eventstore.Request) (eventstore.Outcome, error) {
	options := []trace.SpanStartOption{trace.WithAttributes(attribute.String("ledger.command.type", r.Command.CommandType()))}
	if ctx.Value(inStream{}) != nil {
		options = append(options, trace.WithNewRoot(), trace.WithLinks(trace.LinkFromContext(ctx)))
	}
	ctx, span := h.tracer.Start(ctx, "ledger.command", options...)
	r.Traceparent = Traceparent(ctx)
	outcome, err := h.next.Handle(ctx, r)
	if span.IsRecording() {
		span.SetAttributes(attribute.Int64("ledger.position", int64(outcome.Position)), attribute.Int("ledger.events", len(outcome.EventIDs)),
			attribute.Bool("ledger.command.repeated", outcome.Repeated))
		if outcome.Refusal != nil {
			span.SetAttributes(attribute.String("ledger.command.code", string(outcome.Refusal.Code)))
		}
	}
	ended(span, err)
	return outcome, err
}

// Store counts and traces appends to the log.
func (t *Telemetry) Store(s eventstore.Store) eventstore.Store { return watchedStore{s, t} }

type watchedStore struct {
	eventstore.Store
	t *Telemetry
}

// Append appends within a span, if the command is traced.
func (s watchedStore) Append(ctx context.Context, stream string, expected eventstore.Revision, events ...eventstore.Proposed) (eventstore.Appended, error) {
	category, _, _ := strings.Cut(stream, "-")
	began := time.Now()
	var span trace.Span
	if trace.SpanContextFromContext(ctx).IsSampled() {
		ctx, span = s.t.tracer.Start(ctx, "ledger.append", trace.WithSpanKind(trace.SpanKindClient),
			trace.WithAttributes(attribute.String("ledger.stream.category", category), attribute.Int("ledger.events", len(events))))
	}
	done, err := s.Store.Append(ctx, stream, expected, events...)
	if span != nil {
		span.SetAttributes(attribute.Int64("ledger.position", int64(done.Position)))
		ended(span, err)
	}
	result := s.t.labelled([3]label{{"ledger.stream.category", category}, {"ledger.append.result", resultOf(err)}})
	s.t.appends.Add(ctx, 1, result)
	s.t.appendDuration.Record(ctx, time.Since(began).Seconds(), result)
	if err == nil {
		s.t.appendEvents.Add(ctx, int64(len(events)), s.t.labelled([3]label{{"ledger.stream.category", category}}))
	}
	return done, err
}

// resultOf is how an append ended, in one word of a closed set.
func resultOf(err error) string {
	_, conflict := errors.AsType[*eventstore.WrongRevision](err)
	switch {
	case err == nil:
		return "appended"
	case conflict:
		return "conflict"
	case errors.Is(err, eventstore.ErrTooLarge):
		return "too-large"
	case errors.Is(err, eventstore.ErrUnavailable):
		return "unavailable"
	}
	return "failed"
}
