package telemetry

import (
	"context"
	"strconv"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/partnerledger/partnerledger/internal/wire"
)

// gauges look at the parts whenever metrics are asked for. What isn't known has no value.
type gauges struct {
	head, events                        metric.Int64ObservableGauge
	published, healed, doubts           metric.Int64ObservableCounter
	standby                             metric.Int64ObservableGauge
	relayLag                            metric.Int64ObservableGauge
	relayBehind, relayRate              metric.Float64ObservableGauge
	projected, lag, stopped, rebuilding metric.Int64ObservableGauge
	behind, rate                        metric.Float64ObservableGauge
	onFeed, onLog                       metric.Int64ObservableGauge
	received, gaps, switches, repeats   metric.Int64ObservableCounter
}

// Watch shows the condition of the parts as metrics.
func (t *Telemetry) Watch(condition func(context.Context) (wire.Condition, error)) error {
	made, g := &maker{meter: t.meter}, &gauges{}
	g.head = made.gauge("ledger.head.position", "", "Position of the last event in the log")
	g.events = made.gauge("ledger.events", "{event}", "Events in the log, once they have been counted")
	g.published = made.observed("ledger.relay.published", "{event}", "Events of the log that are in the feed")
	g.healed = made.observed("ledger.relay.healed", "{event}", "Events that the feed had lost and got again")
	g.doubts = made.observed("ledger.relay.doubts", "{doubt}", "How often the relay began again from the end of the feed")
	g.standby = made.gauge("ledger.relay.standby", "", "1 while another relay is at work")
	g.relayLag = made.gauge("ledger.relay.lag_events", "{event}", "Events of the log that aren't in the feed yet")
	g.relayBehind = made.measure("ledger.relay.lag", "s", "For how long the oldest of them has been in the log")
	g.relayRate = made.measure("ledger.relay.rate", "{event}/s", "Events a second, lately")
	g.projected = made.gauge("ledger.projection.position", "", "Position of the last event applied")
	g.lag = made.gauge("ledger.projection.lag_events", "{event}", "Events that aren't applied yet")
	g.behind = made.measure("ledger.projection.lag", "s", "For how long the oldest of them has been in the log")
	g.rate = made.measure("ledger.projection.rate", "{event}/s", "Events a second, lately")
	g.stopped = made.gauge("ledger.projection.stopped", "", "1 while it stands still at an event that it can't apply")
	g.rebuilding = made.gauge("ledger.projection.rebuilding", "", "1 while a new version is being built")
	g.onFeed = made.gauge("ledger.source.on_feed", "", "1 while events come from the feed")
	g.onLog = made.gauge("ledger.source.on_log", "", "1 while events come from the log, because the feed fails")
	g.received = made.observed("ledger.source.events", "{event}", "Events read, by where from")
	g.gaps = made.observed("ledger.source.gaps", "{gap}", "Gaps in the feed that were filled from the log")
	g.switches = made.observed("ledger.source.switches", "{switch}", "How often the source went from the feed to the log")
	g.repeats = made.observed("ledger.source.repeats", "{message}", "Messages passed over because their event had been delivered")
	if made.err != nil {
		return made.err
	}
	_, err := t.meter.RegisterCallback(func(ctx context.Context, o metric.Observer) error {
		c, err := condition(ctx)
		if err != nil {
			return nil // the event store is away; the other metrics still tell something
		}
		g.observe(o, c)
		return nil
	}, g.head, g.events, g.published, g.healed, g.doubts, g.standby, g.relayLag, g.relayBehind, g.relayRate, g.projected, g.lag, g.behind, g.rate,
		g.stopped, g.rebuilding, g.onFeed, g.onLog, g.received, g.gaps, g.switches, g.repeats)
	return err
}

func (m *maker) gauge(name, unit, description string) metric.Int64ObservableGauge {
	g, err := m.meter.Int64ObservableGauge(name, metric.WithUnit(unit), metric.WithDescription(description))
	m.failed(err)
	return g
}

func (m *maker) measure(name, unit, description string) metric.Float64ObservableGauge {
	g, err := m.meter.Float64ObservableGauge(name, metric.WithUnit(unit), metric.WithDescription(description))
	m.failed(err)
	return g
}

func (m *maker) observed(name, unit, description string) metric.Int64ObservableCounter {
	c, err := m.meter.Int64ObservableCounter(name, metric.WithUnit(unit), metric.WithDescription(description))
	m.failed(err)
	return c
}

func (g *gauges) observe(o metric.Observer, c wire.Condition) {
	place(o, g.head, c.Head)
	if c.Events != nil {
		o.ObserveInt64(g.events, int64(*c.Events))
	}
	for _, p := range c.Parts {
		switch p.Kind {
		case wire.Relay:
			g.relay(o, p)
		case wire.Source:
			g.source(o, p)
		case wire.Projection:
			g.projection(o, p)
		}
	}
}

func (g *gauges) relay(o metric.Observer, p wire.Part) {
	o.ObserveInt64(g.published, int64(p.Events))
	o.ObserveInt64(g.healed, int64(p.Healed))
	o.ObserveInt64(g.doubts, int64(p.Doubts))
	o.ObserveInt64(g.standby, is(p.State == "standby"))
	if p.Rate != nil {
		o.ObserveFloat64(g.relayRate, *p.Rate)
	}
	if p.Lag != nil {
		o.ObserveInt64(g.relayLag, int64(*p.Lag))
	}
	if p.LagSeconds != nil {
		o.ObserveFloat64(g.relayBehind, *p.LagSeconds)
	}
}

func (g *gauges) source(o metric.Observer, p wire.Part) {
	o.ObserveInt64(g.onFeed, is(p.State == "feed"))
	o.ObserveInt64(g.onLog, is(p.State == "log"))
	o.ObserveInt64(g.received, int64(p.Events-p.FromLog), metric.WithAttributes(attribute.String("ledger.source.origin", "feed")))
	o.ObserveInt64(g.received, int64(p.FromLog), metric.WithAttributes(attribute.String("ledger.source.origin", "log")))
	o.ObserveInt64(g.gaps, int64(p.Healed))
	o.ObserveInt64(g.switches, int64(p.Doubts))
	o.ObserveInt64(g.repeats, int64(p.Repeats))
}

func (g *gauges) projection(o metric.Observer, p wire.Part) {
	name := metric.WithAttributes(attribute.String("ledger.projection.name", p.Name))
	place(o, g.projected, p.Position, name)
	if p.Rate != nil {
		o.ObserveFloat64(g.rate, *p.Rate, name)
	}
	o.ObserveInt64(g.stopped, is(p.State == "stopped"), name)
	o.ObserveInt64(g.rebuilding, is(p.State == "rebuilding" || p.Rebuild != nil), name)
	if p.Lag != nil {
		o.ObserveInt64(g.lag, int64(*p.Lag), name)
	}
	if p.LagSeconds != nil {
		o.ObserveFloat64(g.behind, *p.LagSeconds, name)
	}
}

func place(o metric.Observer, g metric.Int64Observable, position string, options ...metric.ObserveOption) {
	if n, err := strconv.ParseInt(position, 10, 64); err == nil {
		o.ObserveInt64(g, n, options...)
	}
}

func is(so bool) int64 {
	if so {
		return 1
	}
	return 0
}
