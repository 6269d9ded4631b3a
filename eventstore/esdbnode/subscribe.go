package esdbnode

import (
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"
)

// follow serves a subscription: confirmation, the old events, one caught-up, the new events as they come.
//
// There is no switch from old to new. The subscription walks along the index and, at its end, waits for the index to
// grow; a new event is read from where the old ones were. So there is no seam to lose or repeat an event at, and a slow
// client costs no buffer: it just is further behind.
func (r *reader) follow() error {
	v := r.view()
	next, err := r.after(v.events)
	if err != nil {
		return err
	}
	if err := r.confirm(); err != nil {
		return err
	}
	progress := &checkpoints{}
	if next, err = r.skipHidden(v, next); err != nil {
		return err
	}
	for caughtUp := false; ; v = r.view() {
		for next < v.events.len() {
			p, rest := v.stretch(span{next, v.events.len()}, pageSize, false)
			if err := r.sendLooked(p, progress); err != nil {
				return err
			}
			next = rest.from
		}
		if !caughtUp {
			caughtUp = true
			if err := r.sayCaughtUp(progress); err != nil {
				return err
			}
		}
		if v.tombstoned {
			return streamDeleted(r.stream)
		}
		// What is new is shown, whatever hides the old.
		r.oldest = 0
		if err := r.wait(v); err != nil {
			return err
		}
	}
}

// after is the index of the first event that a subscription from r.from gets: the one after it.
func (r *reader) after(events sequence) (int, error) {
	switch {
	case r.from.kind == fromStart:
		return 0, nil
	case r.from.kind == fromEnd:
		return events.len(), nil
	case r.stream != "":
		// A revision that is not there yet is waited for; events up to it are passed over when they come.
		return int(min(satAdd(r.from.value, 1), 1<<62)), nil
	case r.from.value == 0:
		return 0, nil
	}
	i, err := place(events, r.from.value)
	return i + 1, err
}

// skipHidden passes over what the stream's metadata hides among the old events.
func (r *reader) skipHidden(v view, next int) (int, error) {
	limits, err := r.node.limits(r.stream, v)
	if err != nil {
		return 0, err
	}
	r.oldest = limits.oldest(r.node.now())
	return max(next, int(limits.first(v.events.len()))), nil
}

func (r *reader) confirm() error {
	return r.call.Send(&streams.ReadResp{Content: &streams.ReadResp_Confirmation{
		Confirmation: &streams.ReadResp_SubscriptionConfirmation{SubscriptionId: uuid.NewString()},
	}})
}

// wait returns when there may be more to send.
func (r *reader) wait(v view) error {
	select {
	case <-v.changed:
		return nil
	case <-r.call.Context().Done():
		return r.call.Context().Err()
	case <-r.node.closing.Done():
		return ErrClosed
	}
}

// checkpoints keeps account of how far a filtered subscription has looked.
type checkpoints struct {
	// looked counts the events since the last checkpoint, last is the position of the last one looked at, told that of
	// the last checkpoint sent.
	looked uint64
	last   uint64
	told   uint64
}

// sendLooked sends the events of a page that pass the filter, with the checkpoints that fall due on the way.
func (r *reader) sendLooked(p page, progress *checkpoints) error {
	if r.filter == nil {
		return r.sendPage(p)
	}
	return r.node.each(p, false, func(frame []byte) (bool, error) {
		return true, r.sendIfShown(frame, progress)
	})
}

func (r *reader) sendIfShown(frame []byte, progress *checkpoints) error {
	s, err := parseFrame(frame)
	if err == nil && r.shows(s) {
		err = r.send(frame)
	}
	if err != nil {
		return err
	}
	progress.last = s.position
	progress.looked++
	if progress.looked == r.filter.interval {
		return r.sendCheckpoint(progress)
	}
	return nil
}

// sendCheckpoint tells the client up to where it has seen everything that concerns it. A checkpoint is the position of
// an event, rises, and is never told twice.
func (r *reader) sendCheckpoint(progress *checkpoints) error {
	progress.looked = 0
	if progress.last == progress.told {
		return nil
	}
	progress.told = progress.last
	return r.call.Send(&streams.ReadResp{Content: &streams.ReadResp_Checkpoint_{
		Checkpoint: &streams.ReadResp_Checkpoint{CommitPosition: progress.told, PreparePosition: progress.told},
	}})
}

func (r *reader) sayCaughtUp(progress *checkpoints) error {
	if r.filter != nil {
		if err := r.sendCheckpoint(progress); err != nil {
			return err
		}
	}
	return r.call.Send(&streams.ReadResp{Content: &streams.ReadResp_CaughtUp_{CaughtUp: &streams.ReadResp_CaughtUp{}}})
}
