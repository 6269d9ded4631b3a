package esdbnode

import (
	"container/list"
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"
)

// group is a persistent subscription: one walk along a stream or $all whose events are shared out among readers.
//
// Every event from the start on is delivered at least once: a group MUST NOT forget an event, nor let its checkpoint
// pass it, before a reader has acknowledged or skipped it or it is durably parked. What is to be delivered again goes out
// before what is new.
//
// Everything that changes a group happens under mu and ends with handing out what can then be handed out, so that an
// acknowledgement and the message it makes room for are one step. Writes to the log are waited for under mu too: they are
// few, and until a message is parked, what comes after it has to wait anyway.
type group struct {
	node     *Node
	settings groupSettings
	filter   *filter
	strategy strategy
	// ctx ends with the group; writes of the group's own are made with it.
	ctx context.Context
	end context.CancelFunc
	// poke wakes run when there may be an earlier time to wait for.
	poke chan struct{}

	mu      sync.Mutex
	readers []*groupReader
	// fault is why the group delivers no more: that it has been stopped, or that the log cannot be read.
	fault error

	// next is the place from which to take on: a revision, or a position of $all.
	next uint64
	// looked is the place of the last event looked at, none when it is nil; seq counts the events looked at.
	looked *uint64
	seq    uint64
	// retries and fresh wait to be handed out, in this order of precedence.
	retries []*delivery
	fresh   []*delivery
	// open holds what was taken from the source and not finished, in the source's order; out what readers have, in the
	// order of handing out, so that the first is the first to expire; byID finds the latter.
	open *list.List
	out  *list.List
	byID map[uuid.UUID][]*delivery

	// saved is the checkpoint that is in the log, nil when there is none, savedSeq and savedAt what belongs to it.
	saved    *uint64
	savedSeq uint64
	savedAt  time.Time

	stats groupStats
}

// delivery is one event on its way to a reader. It holds where the event is and not the event, so that what waits costs
// little memory; the event is read when it is sent.
type delivery struct {
	// id is what readers acknowledge by: that of the event in the source, be it a link or not.
	id       uuid.UUID
	position uint64
	// place is where the event stands in the source, before the place looked at just before it, nil at the beginning.
	place  uint64
	before *uint64
	seq    uint64
	// replayed marks what came out of the parked stream; no checkpoint waits for it.
	replayed bool
	// origin is what pinned strategies pin by.
	origin  string
	retries int32

	reader *groupReader
	since  time.Time
	inOpen *list.Element
	inOut  *list.Element
}

// openGroup makes a group that goes on from its checkpoint.
func openGroup(n *Node, settings groupSettings) (*group, error) {
	filter, err := settings.Filter.compile()
	if err != nil {
		return nil, err
	}
	g := &group{
		node: n, settings: settings, filter: filter, strategy: newStrategy(settings.Strategy),
		poke: make(chan struct{}, 1), open: list.New(), out: list.New(), byID: make(map[uuid.UUID][]*delivery),
		savedAt: time.Now(), stats: newGroupStats(),
	}
	if err := g.resume(); err != nil {
		return nil, err
	}
	g.ctx, g.end = context.WithCancel(n.closing)
	return g, nil
}

// resume finds the place to begin at.
func (g *group) resume() error {
	place, ok, err := g.loadCheckpoint()
	if err != nil {
		return fmt.Errorf("checkpoint of %s: %w", g.settings.key(), err)
	}
	if ok {
		g.next, g.looked, g.saved = place+1, &place, &place
		return nil
	}
	start, err := g.settings.parsePlace(g.settings.StartPosition)
	if err != nil {
		return fmt.Errorf("start of %s: %w", g.settings.key(), err)
	}
	g.next = uint64(start)
	if start == livePlace {
		g.next = g.settings.LivePlace
	}
	return nil
}

// run wakes the group when there are new events and when time is up for a message or a checkpoint.
func (g *group) run() {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		changed, wait := g.tick()
		timer.Reset(wait)
		select {
		case <-changed:
		case <-timer.C:
		case <-g.poke:
		case <-g.ctx.Done():
			g.stop(ErrClosed)
			return
		}
	}
}

// tick does what is due and says what to wait for next.
func (g *group) tick() (<-chan struct{}, time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	changed := g.node.viewSource(g.settings.Stream).changed
	now := time.Now()
	g.expire(now)
	g.pump()
	g.checkpoint(now, true)
	return changed, g.due(now)
}

// longWait is how long a group waits that waits for nothing in particular.
const longWait = time.Hour

// due is the time until something has to be done.
func (g *group) due(now time.Time) time.Duration {
	wait := longWait
	if first := g.out.Front(); first != nil && g.settings.timeout() > 0 {
		wait = min(wait, first.Value.(*delivery).since.Add(g.settings.timeout()).Sub(now))
	}
	if at, ok := g.checkpointDue(); ok {
		wait = min(wait, at.Sub(now))
	}
	return max(wait, 0)
}

// wake makes run look at the time again.
func (g *group) wake() {
	select {
	case g.poke <- struct{}{}:
	default:
	}
}

// stop ends the group for good; its readers' calls end with the error. When it returns, the group writes no more.
func (g *group) stop(why error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.halt(why)
	g.end()
}

// halt drops every reader, and those to come, with the error.
func (g *group) halt(why error) {
	if g.fault == nil {
		g.fault = why
	}
	for _, r := range g.readers {
		r.drop(g.fault)
	}
	g.readers = nil
}

// pump takes new events as far as there is room, and hands out what can be handed out, until nothing moves any more.
func (g *group) pump() {
	for moved := true; moved && g.fault == nil; {
		if err := g.fill(); err != nil {
			g.node.logger.Error("a persistent subscription cannot read its events", "group", g.settings.key(), "error", err)
			g.halt(err)
			return
		}
		waiting := len(g.retries) + len(g.fresh)
		g.retries = g.handOut(g.retries)
		g.fresh = g.handOut(g.fresh)
		moved = len(g.retries)+len(g.fresh) < waiting
	}
}
