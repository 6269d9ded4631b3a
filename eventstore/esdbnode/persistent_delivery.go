package esdbnode

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/persistent"
	"github.com/google/uuid"
)

// handOut gives waiting messages to readers and returns those that none had room for.
func (g *group) handOut(waiting []*delivery) []*delivery {
	var left []*delivery
	for i, d := range waiting {
		r, more := g.strategy.choose(d)
		if r == nil && !more {
			if left == nil {
				return waiting[i:]
			}
			return append(left, waiting[i:]...)
		}
		if r == nil {
			left = append(left, d)
			continue
		}
		g.give(d, r)
	}
	return left
}

// give puts a message into a reader's queue, from where the reader's own goroutine sends it.
func (g *group) give(d *delivery, r *groupReader) {
	d.reader, d.since = r, time.Now()
	d.inOut = g.out.PushBack(d)
	g.byID[d.id] = append(g.byID[d.id], d)
	g.stats.given++
	r.take(d)
	if g.out.Len() == 1 {
		g.wake()
	}
}

// takeBack ends a reader's having a message, whatever becomes of the message.
func (g *group) takeBack(d *delivery) {
	g.out.Remove(d.inOut)
	same := slices.DeleteFunc(g.byID[d.id], func(other *delivery) bool { return other == d })
	if len(same) == 0 {
		delete(g.byID, d.id)
	} else {
		g.byID[d.id] = same
	}
	g.strategy.gone(d)
	d.reader.release(d)
	d.reader = nil
}

// finish forgets a message that has come to its end.
func (g *group) finish(d *delivery) {
	if d.inOpen != nil {
		g.open.Remove(d.inOpen)
	}
}

// handed finds the messages that readers have by their ids. Two events can have one id, if they are in two streams; the
// one handed out first comes first. An id that nobody has is one that was answered before, or too late: it is passed over.
func (g *group) handed(ids []uuid.UUID) []*delivery {
	var found []*delivery
	for _, id := range ids {
		if same := g.byID[id]; len(same) > 0 {
			found = append(found, same[0])
			g.takeBack(same[0])
		}
	}
	return found
}

// ack takes note that messages have been dealt with, and fills the room that this makes.
func (g *group) ack(ids []uuid.UUID) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, d := range g.handed(ids) {
		g.finish(d)
	}
	g.settle()
}

// nack does with messages what the reader says.
func (g *group) nack(ids []uuid.UUID, action persistent.ReadReq_Nack_Action, reason string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	list := g.handed(ids)
	switch action {
	case persistent.ReadReq_Nack_Park:
		g.park(list, "Client explicitly NAK'ed message.\n"+reason)
	case persistent.ReadReq_Nack_Unknown, persistent.ReadReq_Nack_Retry:
		g.retryAll(list)
	default:
		for _, d := range list {
			g.finish(d)
		}
	}
	g.settle()
}

// settle follows every change: the checkpoint may move, and there may be room.
func (g *group) settle() {
	if g.fault != nil {
		return
	}
	g.checkpoint(time.Now(), false)
	g.pump()
	g.wake()
}

// retryAll hands messages out again, or parks those that have been handed out too often.
func (g *group) retryAll(list []*delivery) {
	var often []*delivery
	for _, d := range list {
		if d.retries >= g.settings.MaxRetryCount {
			often = append(often, d)
			continue
		}
		g.retry(d)
	}
	g.park(often, fmt.Sprintf("Reached retry count of %d", g.settings.MaxRetryCount))
}

// retry puts a message among those that come next: in the source's order, replayed ones behind.
func (g *group) retry(d *delivery) {
	d.retries++
	g.await(d)
}

func (g *group) await(d *delivery) {
	i, _ := slices.BinarySearchFunc(g.retries, d, func(a, b *delivery) int {
		if a.replayed != b.replayed {
			return cmp.Compare(rank(a), rank(b))
		}
		return cmp.Compare(a.place, b.place)
	})
	g.retries = slices.Insert(g.retries, i, d)
}

func rank(d *delivery) int {
	if d.replayed {
		return 1
	}
	return 0
}

// expire takes messages back from readers that have had them for too long.
func (g *group) expire(now time.Time) {
	timeout := g.settings.timeout()
	if timeout == 0 || g.fault != nil {
		return
	}
	var late []*delivery
	for e := g.out.Front(); e != nil; e = g.out.Front() {
		d := e.Value.(*delivery)
		if now.Sub(d.since) < timeout {
			break
		}
		g.takeBack(d)
		late = append(late, d)
	}
	g.retryAll(late)
}

// join adds a reader.
func (g *group) join(r *groupReader) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.fault != nil {
		return g.fault
	}
	if limit := int(g.settings.MaxSubscriberCount); limit > 0 && len(g.readers) >= limit {
		return groupFull(g.settings.Stream, g.settings.Group)
	}
	g.readers = append(g.readers, r)
	g.strategy.joined(r)
	g.pump()
	return nil
}

// leave takes a reader out, and back what it has not acknowledged. Other than a message that was answered with nack or
// that came to its time, these are handed out again however often they have been; they have done nobody any harm.
func (g *group) leave(r *groupReader) {
	g.mu.Lock()
	defer g.mu.Unlock()
	var left []*delivery
	for e := g.out.Front(); e != nil; e = e.Next() {
		if d := e.Value.(*delivery); d.reader == r {
			left = append(left, d)
		}
	}
	g.readers = slices.DeleteFunc(g.readers, func(other *groupReader) bool { return other == r })
	g.strategy.left(r)
	for _, d := range left {
		g.takeBack(d)
		g.retry(d)
	}
	g.settle()
}
