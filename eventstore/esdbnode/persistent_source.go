package esdbnode

import (
	"encoding/json"
	"strings"
)

// readAhead bounds how many events a group takes before there is a reader for them, whatever its settings say.
const readAhead = 10_000

// fill takes events from the source until enough wait or there are no more.
func (g *group) fill() error {
	room := min(int(g.settings.HistoryBufferSize), readAhead)
	for len(g.fresh) < room {
		v := g.node.viewSource(g.settings.Stream)
		pending := g.pending(v)
		g.stats.live = pending.empty()
		if g.stats.live {
			return nil
		}
		p, _ := v.turn(pending, min(pageSize, room-len(g.fresh)), false)
		if err := g.take(v, p); err != nil {
			return err
		}
	}
	return nil
}

// pending are the events not yet looked at.
func (g *group) pending(v view) span {
	if g.settings.onAll() {
		i, _ := v.events.find(g.next)
		return span{i, v.events.len()}
	}
	if v.tombstoned {
		return span{}
	}
	return span{int(min(g.next, uint64(v.events.len()))), v.events.len()}
}

// take looks at the events of a page, and puts those that the group wants among the waiting.
func (g *group) take(v view, p page) error {
	frames, err := g.node.frames(p)
	if err != nil {
		return err
	}
	var limits limits
	if !g.settings.onAll() {
		if limits, err = g.node.limits(g.settings.Stream, v); err != nil {
			return err
		}
	}
	first, oldest := limits.first(v.events.len()), limits.oldest(g.node.now())
	for _, frame := range frames {
		s, err := parseFrame(frame)
		if err != nil {
			return err
		}
		switch {
		case !g.settings.onAll():
			g.look(s, s.revision, s.revision >= first && s.ticks() >= oldest)
		case ofAllGroups(string(s.stream)):
			g.next = s.position + 1
		default:
			g.look(s, s.position, g.filter == nil || g.filter.wants(s))
		}
	}
	if len(frames) < len(p.positions) && !g.settings.onAll() {
		// Compaction removed some; a page of nothing else must not be looked at for ever.
		g.next = max(g.next, uint64(p.first+len(p.positions)))
	}
	return nil
}

// look takes account of one event.
func (g *group) look(s stored, place uint64, wanted bool) {
	g.seq++
	if wanted {
		d := &delivery{id: s.id, position: s.position, place: place, before: g.looked, seq: g.seq, origin: g.origin(s)}
		d.inOpen = g.open.PushBack(d)
		g.fresh = append(g.fresh, d)
		g.stats.known = &place
	}
	g.next, g.looked = place+1, &place
}

// ofAllGroups tells what groups to $all write themselves. They do not read it, or their checkpoints would make them go on
// for ever.
func ofAllGroups(stream string) bool {
	return strings.HasPrefix(stream, "$persistentsubscription-$all::") &&
		(strings.HasSuffix(stream, "-checkpoint") || strings.HasSuffix(stream, "-parked"))
}

// correlationKey is where EventStoreDB looks for a correlation id in an event's metadata.
const correlationKey = "$correlationId"

// origin is what a pinned event is pinned by: the stream it comes from, looking through a link, or its correlation.
func (g *group) origin(s stored) string {
	if g.settings.Strategy == strategyCorrelation {
		if id := g.correlation(s); id != "" {
			return id
		}
	}
	if string(s.eventType) == linkType {
		if _, stream, ok := parseLink(string(s.data)); ok {
			return stream
		}
	}
	return string(s.stream)
}

func (g *group) correlation(s stored) string {
	if g.settings.ResolveLinks && string(s.eventType) == linkType {
		revision, stream, _ := parseLink(string(s.data))
		frame, err := g.node.event(stream, revision)
		if err != nil || frame == nil {
			return ""
		}
		if s, err = parseFrame(frame); err != nil {
			return ""
		}
	}
	metadata := map[string]any{}
	if err := json.Unmarshal(s.custom, &metadata); err != nil {
		return ""
	}
	id, _ := metadata[correlationKey].(string)
	return id
}
