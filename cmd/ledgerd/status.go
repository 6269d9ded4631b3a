package main

import (
	"context"
	"fmt"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/eventstore/feed"
	"github.com/partnerledger/partnerledger/internal/wire"
	"github.com/partnerledger/partnerledger/projections"
)

// status describes the log, the parts that run here, and the read models whoever fills them. It looks at the
// parts first and at the head of the log last, so that no part seems to be ahead of it.
func (l *ledger) status(ctx context.Context) (wire.Condition, error) {
	var relay feed.RelayStatus
	if l.relays() {
		relay = l.relay.Status()
	}
	models, err := l.models.Status(ctx, eventstore.Start)
	if err != nil {
		return wire.Condition{}, err
	}
	reflected, err := l.models.Reflects(ctx, l.db)
	if err != nil {
		return wire.Condition{}, err
	}
	s := wire.Condition{Version: version(), Position: position(reflected.Position), Parts: []wire.Part{}}
	to, err := l.destination(ctx, relay, models)
	if err != nil {
		return wire.Condition{}, err
	}
	s.Time, s.Head, s.Events = to.now.UTC(), position(to.head), to.events
	if l.relays() {
		s.Parts = append(s.Parts, relayPart(relay))
	}
	if l.projects() {
		s.Parts = append(s.Parts, sourcePart(l.source.Status()))
	}
	for _, p := range models {
		s.Parts = append(s.Parts, projectionPart(p))
	}
	if l.config.plays(roleNotary) {
		s.Parts = append(s.Parts, l.notaryPart())
	}
	for i := range s.Parts {
		if err := l.lag(ctx, &s.Parts[i], to); err != nil {
			return wire.Condition{}, err
		}
	}
	return s, nil
}

func (l *ledger) relays() bool   { return l.config.plays(roleRelay) && l.relay != nil }
func (l *ledger) projects() bool { return l.config.plays(roleProjector) && l.source != nil }

// destination is the end of the log at one moment, where every part is to get.
type destination struct {
	now    time.Time
	head   eventstore.Position
	events *uint64 // nil until they have been counted
	// waits is since when the first event after a position has been in the log.
	waits map[string]time.Time
}

// destination counts the events from the nearest place whose number some part knows.
func (l *ledger) destination(ctx context.Context, relay feed.RelayStatus, models []projections.Status) (*destination, error) {
	known := []eventstore.Cursor{relay.Published}
	for _, p := range models {
		known = append(known, eventstore.Cursor{Position: p.Position, NextSeq: p.NextSeq})
	}
	end, counted, err := l.heads.end(ctx, known...)
	if err != nil {
		return nil, err
	}
	d := &destination{now: time.Now(), head: end.Position, waits: map[string]time.Time{}}
	if counted {
		d.events = &end.NextSeq
	}
	return d, nil
}

// lag tells how far the part is behind, in events and in seconds. A source has no place of its own.
func (l *ledger) lag(ctx context.Context, p *wire.Part, to *destination) error {
	if p.Kind == wire.Source {
		return nil
	}
	if p.Kind == wire.Notary { // its place is a number
		if to.events != nil && p.Events > 0 {
			behind := *to.events - min(p.Events, *to.events)
			p.Lag = &behind
		}
		return nil
	}
	p.Head = position(to.head)
	if p.Position == p.Head {
		p.Lag, p.LagSeconds = new(uint64), new(float64)
		return nil
	}
	if to.events != nil {
		behind := *to.events - min(p.Events, *to.events)
		p.Lag = &behind
	}
	since, known := to.waits[p.Position]
	if !known {
		at, err := strconv.ParseInt(p.Position, 10, 64)
		if err != nil {
			return fmt.Errorf("position of %s: %w", p.Name, err)
		}
		if since, err = l.recorded(ctx, eventstore.Position(at), to.now); err != nil {
			return err
		}
		to.waits[p.Position] = since
	}
	seconds := max(to.now.Sub(since).Seconds(), 0)
	p.LagSeconds = &seconds
	return nil
}

// recorded is when the first event after the position got into the log, or otherwise where there is none.
func (l *ledger) recorded(ctx context.Context, after eventstore.Position, otherwise time.Time) (time.Time, error) {
	for e, err := range l.store.ReadAll(ctx, after) {
		return e.Created, err
	}
	return otherwise, nil
}

func relayPart(r feed.RelayStatus) wire.Part {
	p := wire.Part{Name: "relay", Kind: wire.Relay, State: relayState(r), Position: position(r.Published.Position), Events: r.Published.NextSeq,
		Rate: &r.Rate, Healed: r.Healed, Missing: r.Missing, Holder: r.Holder, Doubts: r.Doubts}
	return failed(p, r.LastError, r.FailedAt)
}

func relayState(s feed.RelayStatus) string {
	if s.Standby {
		return "standby"
	}
	return "running"
}

func sourcePart(s feed.SourceStatus) wire.Part {
	p := wire.Part{Name: "source", Kind: wire.Source, State: "idle", Events: s.FromFeed + s.FromLog, FromLog: s.FromLog,
		Healed: s.Gaps, Doubts: s.Switches, Repeats: s.Repeats}
	switch {
	case s.OnLog > 0:
		p.State = "log"
	case s.OnFeed > 0:
		p.State = "feed"
	}
	return failed(p, s.LastTrouble, s.TroubleAt)
}

func projectionPart(s projections.Status) wire.Part {
	p := wire.Part{Name: s.Name, Kind: wire.Projection, State: string(s.State), Version: s.Version, Position: position(s.Position),
		Events: s.NextSeq, Rate: &s.Rate}
	if s.Poison != nil {
		p.Error = fmt.Sprintf("event %s: %s", s.Poison.Event, s.Poison.Cause)
	}
	if o := s.Order; o != nil && o.Kind == projections.OrderRebuild && o.Status == projections.Underway {
		p.Rebuild = &wire.Rebuild{Version: s.Version, State: o.Phase, Events: o.Events, Of: o.Of, Rate: float64(o.Rate)}
		if o.Rate > 0 {
			left := float64(o.Of-min(o.Events, o.Of)) / float64(o.Rate)
			p.Rebuild.SecondsLeft = &left
		}
	}
	return p
}

func failed(p wire.Part, text string, at time.Time) wire.Part {
	if text != "" {
		at = at.UTC()
		p.Error, p.ErrorAt = text, &at
	}
	return p
}

func position(p eventstore.Position) string { return strconv.FormatInt(int64(p), 10) }

// version is that of the module, as far as the build knows it.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		return info.Main.Version
	}
	return "unknown"
}
