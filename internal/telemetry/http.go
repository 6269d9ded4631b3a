package telemetry

import (
	"context"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// inStream marks a request that brings many commands.
type inStream struct{}

// Requests traces and measures what the handler answers. A caller's traceparent is followed; the route stands for
// the path, which may hold ids.
func (t *Telemetry) Requests(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		ctx := propagation.TraceContext{}.Extract(r.Context(), propagation.HeaderCarrier(r.Header))
		ctx, span := t.tracer.Start(ctx, "request", trace.WithSpanKind(trace.SpanKindServer))
		media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
		many := media == "application/x-ndjson"
		if many {
			ctx = context.WithValue(ctx, inStream{}, true)
			t.submitting.Add(ctx, 1)
		}
		answer := &answerWriter{ResponseWriter: w, status: http.StatusOK}
		request := r.WithContext(ctx)
		whole := false
		defer func() { // also where the answer is broken off, which is a panic
			route, method := routeOf(request), methodOf(r.Method)
			if !whole {
				answer.status = http.StatusInternalServerError
			}
			if many {
				t.submitting.Add(ctx, -1)
				t.submissions.Add(ctx, 1, t.labelled([3]label{{"ledger.submission.result", endOf(whole, answer.status)}}))
			}
			t.requestDuration.Record(ctx, time.Since(began).Seconds(), t.labelled([3]label{{"http.route", route}, {"http.request.method", method},
				{"http.response.status_code", strconv.Itoa(answer.status)}}))
			finish(span, method, route, answer.status)
		}()
		next.ServeHTTP(answer, request)
		whole = true
	})
}

func finish(span trace.Span, method, route string, status int) {
	if span.IsRecording() {
		span.SetName(strings.TrimSpace(method + " " + route))
		span.SetAttributes(attribute.String("http.request.method", method), attribute.String("http.route", route), attribute.Int("http.response.status_code", status))
	}
	if status >= http.StatusInternalServerError {
		span.SetStatus(codes.Error, "")
	}
	span.End()
}

func endOf(whole bool, status int) string {
	switch {
	case !whole:
		return "broken"
	case status != http.StatusOK:
		return "rejected"
	}
	return "whole"
}

// routeOf is the pattern that the request met, without its method; it holds names where the path holds ids.
func routeOf(r *http.Request) string {
	if _, path, found := strings.Cut(r.Pattern, " "); found {
		return path
	}
	return r.Pattern
}

// methodOf keeps a caller's inventions out of the labels.
func methodOf(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodOptions, http.MethodPatch:
		return method
	}
	return "_OTHER"
}

// answerWriter remembers the status.
type answerWriter struct {
	http.ResponseWriter
	status int
}

// WriteHeader notes the status and sends it.
func (a *answerWriter) WriteHeader(status int) {
	a.status = status
	a.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController reach what is below.
func (a *answerWriter) Unwrap() http.ResponseWriter { return a.ResponseWriter }
