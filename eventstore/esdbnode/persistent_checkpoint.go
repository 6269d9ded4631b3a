package esdbnode

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
)

const (
	checkpointType = "$SubscriptionCheckpoint"
	// checkpointMetadata and parkedMetadata are those that EventStoreDB gives the streams of a group.
	checkpointMetadata = `{"$maxCount":2,"$acl":{"$r":"$admins","$w":"$admins","$d":"$admins","$mr":"$all","$mw":"$admins"}}`
	parkedMetadata     = `{"$tb":%d,"$acl":{"$r":"$admins","$w":"$admins","$d":"$admins","$mr":"$admins","$mw":"$admins"}}`
	// reasonLimit bounds what a reader can have stored with each message it parks.
	reasonLimit = 4 << 10
)

// loadCheckpoint reads the place up to which everything is finished, if there is one. From a checkpoint that makes no
// sense nothing can be known, and the group delivers everything again.
func (g *group) loadCheckpoint() (uint64, bool, error) {
	s, ok, err := g.node.shown(g.settings.checkpointStream())
	if err != nil || !ok {
		return 0, false, err
	}
	var text string
	var place int64
	err = json.Unmarshal(s.data, &text)
	if err == nil {
		place, err = g.settings.parsePlace(text)
	}
	if err != nil || place < 0 {
		g.node.logger.Warn("a checkpoint cannot be read", "group", g.settings.key(), "checkpoint", string(s.data))
		return 0, false, nil
	}
	return uint64(place), true, nil
}

// finished is the place up to which there is nothing left to do, nil when there is none, and its number.
func (g *group) finished() (*uint64, uint64) {
	if first := g.open.Front(); first != nil {
		d := first.Value.(*delivery)
		return d.before, d.seq - 1
	}
	return g.looked, g.seq
}

// checkpointDue is when the next checkpoint is due by time, if one is.
func (g *group) checkpointDue() (time.Time, bool) {
	place, seq := g.finished()
	ahead := int64(seq - g.savedSeq)
	if g.fault != nil || place == nil || g.settings.CheckpointAfter == 0 || ahead < max(int64(g.settings.MinCheckpointCount), 1) {
		return time.Time{}, false
	}
	return g.savedAt.Add(g.settings.checkpointAfter()), true
}

// checkpoint saves how far the group has come: at once when the most events have been finished that may be without, and
// when byTime, if the time for it has come and the least have been.
func (g *group) checkpoint(now time.Time, byTime bool) {
	if g.fault != nil {
		return
	}
	place, seq := g.finished()
	ahead := int64(seq - g.savedSeq)
	if place == nil || ahead == 0 {
		return
	}
	at, due := g.checkpointDue()
	if ahead < int64(g.settings.MaxCheckpointCount) && (!byTime || !due || now.Before(at)) {
		return
	}
	g.savedAt = now
	if err := g.saveCheckpoint(*place); err != nil {
		// The group goes on from an older checkpoint then, and delivers some events again.
		g.node.logger.Warn("a checkpoint is not saved", "group", g.settings.key(), "error", err)
		return
	}
	g.saved, g.savedSeq = place, seq
}

func (g *group) saveCheckpoint(place uint64) error {
	stream := g.settings.checkpointStream()
	if err := g.node.describeOnce(g.ctx, stream, checkpointMetadata); err != nil {
		return err
	}
	return g.node.writeJSON(g.ctx, stream, checkpointType, g.settings.formatPlace(place))
}

// parkedNote is stored with a parked message.
type parkedNote struct {
	Added  time.Time `json:"added"`
	Reason string    `json:"reason"`
	Number uint64    `json:"subscriptionEventNumber,omitempty"`
}

// park puts messages aside, as links in the group's parked stream. Should that fail they are handed out again: a message
// MUST NOT be lost between the two.
func (g *group) park(list []*delivery, reason string) {
	if len(list) == 0 {
		return
	}
	err := g.writeParked(list, reason[:min(len(reason), reasonLimit)])
	for _, d := range list {
		if err != nil {
			g.await(d)
			continue
		}
		g.finish(d)
	}
	if err != nil {
		g.node.logger.Error("messages cannot be parked", "group", g.settings.key(), "error", err)
	}
}

func (g *group) writeParked(list []*delivery, reason string) error {
	stream := g.settings.parkedStream()
	var events []proposed
	for _, d := range list {
		link, number, err := g.linkTo(d)
		if err != nil {
			return err
		}
		note, err := json.MarshalIndent(parkedNote{Added: g.node.now(), Reason: reason, Number: number}, "", "  ")
		if err != nil {
			return fmt.Errorf("note of a parked message: %w", err)
		}
		events = append(events, newProposed(stream, uuid.New(), linkType, contentTypeBinary, note, []byte(link)))
	}
	return g.node.writeEvents(g.ctx, stream, events...)
}

// linkTo names the event that a reader saw: the target of a link that is resolved, else the event itself.
func (g *group) linkTo(d *delivery) (link string, number uint64, err error) {
	frame, err := g.node.log.frame(d.position)
	if err != nil {
		return "", 0, err
	}
	s, err := parseFrame(frame)
	if err != nil {
		return "", 0, err
	}
	if string(s.eventType) == linkType && (g.settings.ResolveLinks || d.replayed) {
		return string(s.data), s.revision, nil
	}
	return fmt.Sprintf("%d@%s", s.revision, s.stream), s.revision, nil
}

// parked are the messages that are set aside, as revisions of a view of the parked stream.
func (g *group) parked() (view, span, error) {
	stream := g.settings.parkedStream()
	v := g.node.index.viewStream(stream)
	limits, err := g.node.limits(stream, v)
	if err != nil {
		return v, span{}, err
	}
	return v, span{int(limits.first(v.events.len())), v.events.len()}, nil
}

// replay hands out what is parked, the first so many or all. As with EventStoreDB it is out of the parked stream then: a
// node that stops before it is acknowledged does not deliver it again.
func (g *group) replay(most int64, limited bool) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.fault != nil {
		return g.fault
	}
	v, wanted, err := g.parked()
	if err != nil {
		return err
	}
	if limited {
		wanted.to = min(wanted.to, int(satAdd(uint64(wanted.from), uint64(most))))
	}
	if wanted.empty() {
		return nil
	}
	list, err := g.replayed(v, wanted)
	if err != nil {
		return err
	}
	metadata := fmt.Sprintf(parkedMetadata, wanted.to)
	if err := g.node.describe(g.ctx, g.settings.parkedStream(), metadata); err != nil {
		return err
	}
	g.retries = append(g.retries, list...)
	g.settle()
	return nil
}

func (g *group) replayed(v view, left span) ([]*delivery, error) {
	var list []*delivery
	for !left.empty() {
		var p page
		p, left = v.turn(left, pageSize, false)
		frames, err := g.node.frames(p)
		if err != nil {
			return nil, err
		}
		for _, frame := range frames {
			s, err := parseFrame(frame)
			if err != nil {
				return nil, err
			}
			list = append(list, &delivery{id: s.id, position: s.position, place: s.revision, replayed: true, origin: g.origin(s)})
		}
	}
	return list, nil
}
