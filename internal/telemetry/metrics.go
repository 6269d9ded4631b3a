package telemetry

import (
	"context"
	"errors"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// metrics are the instruments that are told what happens; those that look at the parts are in condition.go.
type metrics struct {
	meter metric.Meter

	commands        metric.Int64Counter
	commandDuration metric.Float64Histogram
	appends         metric.Int64Counter
	appendEvents    metric.Int64Counter
	appendDuration  metric.Float64Histogram
	submissions     metric.Int64Counter
	submitting      metric.Int64UpDownCounter
	requestDuration metric.Float64Histogram
	batchSize       metric.Int64Histogram
	commitDuration  metric.Float64Histogram

	labels sync.Map // of label values to the metric.MeasurementOption made of them
}

// Buckets of durations, in seconds: a command takes about a millisecond, and its time is bounded by ten seconds.
var durations = []float64{.0005, .001, .002, .005, .01, .02, .05, .1, .2, .5, 1, 2, 5, 10}

// Buckets of batches; see projections.
var batches = []float64{1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000}

func newMetrics(m metric.Meter) (*metrics, error) {
	made, t := &maker{meter: m}, &metrics{meter: m}
	t.commands = made.counter("ledger.commands", "{command}", "Commands answered, by type, status and code")
	t.commandDuration = made.duration("ledger.command.duration", "From the reading of a command to its answer")
	t.appends = made.counter("ledger.appends", "{append}", "Appends to the log, by category of stream and result")
	t.appendEvents = made.counter("ledger.append.events", "{event}", "Events appended to the log")
	t.appendDuration = made.duration("ledger.append.duration", "From sending an append to knowing that it is durable, or isn't")
	t.submissions = made.counter("ledger.submissions", "{submission}", "Streams of commands that ended, by how they did")
	t.requestDuration = made.duration("http.server.request.duration", "Requests answered, by route")
	t.commitDuration = made.duration("ledger.projection.commit.duration", "One transaction of a projection: rows and checkpoint")
	var err error
	t.submitting, err = m.Int64UpDownCounter("ledger.submissions.active", metric.WithUnit("{submission}"), metric.WithDescription("Streams of commands under way"))
	made.failed(err)
	t.batchSize, err = m.Int64Histogram("ledger.projection.batch.size", metric.WithUnit("{event}"), metric.WithDescription("Events in one transaction"),
		metric.WithExplicitBucketBoundaries(batches...))
	made.failed(err)
	return t, made.err
}

// maker keeps the errors of making instruments, so that the list of them stays one.
type maker struct {
	meter metric.Meter
	err   error
}

func (m *maker) failed(err error) { m.err = errors.Join(m.err, err) }

func (m *maker) counter(name, unit, description string) metric.Int64Counter {
	c, err := m.meter.Int64Counter(name, metric.WithUnit(unit), metric.WithDescription(description))
	m.failed(err)
	return c
}

func (m *maker) duration(name, description string) metric.Float64Histogram {
	h, err := m.meter.Float64Histogram(name, metric.WithUnit("s"), metric.WithDescription(description), metric.WithExplicitBucketBoundaries(durations...))
	m.failed(err)
	return h
}

// label is a name and its value, which comes from a closed set.
type label struct{ name, value string }

// labelled gives the same option for the same labels, so that counting allocates nothing.
func (t *metrics) labelled(labels [3]label) metric.MeasurementOption {
	if known, ok := t.labels.Load(labels); ok {
		return known.(metric.MeasurementOption)
	}
	var list []attribute.KeyValue
	for _, l := range labels {
		if l.name != "" {
			list = append(list, attribute.String(l.name, l.value))
		}
	}
	made, _ := t.labels.LoadOrStore(labels, metric.WithAttributeSet(attribute.NewSet(list...)))
	return made.(metric.MeasurementOption)
}

// Decided counts a command that was answered. The type is empty where it could not be read.
func (t *metrics) Decided(ctx context.Context, commandType, status, code string, took time.Duration) {
	if commandType == "" {
		commandType = "unreadable"
	}
	labels := [3]label{{"ledger.command.type", commandType}, {"ledger.command.status", status}}
	if code != "" {
		labels[2] = label{"ledger.command.code", code}
	}
	t.commands.Add(ctx, 1, t.labelled(labels))
	t.commandDuration.Record(ctx, took.Seconds(), t.labelled([3]label{{"ledger.command.status", status}}))
}
