package feed

import (
	"context"
	"errors"
	"time"

	"github.com/partnerledger/partnerledger/eventstore"
)

// settle decides what a doubt means: another relay is at work, or there is a reason to try again.
func (r *Relay) settle(ctx context.Context, doubt error, retry time.Duration) error {
	var refusal *refused
	if !errors.As(doubt, &refusal) {
		return pause(ctx, retry)
	}
	known := r.state.published()
	now, err := r.tailNow(ctx)
	if err != nil {
		return pause(ctx, retry)
	}
	switch {
	case now.cursor.Position > known.Position && now.last.relay != r.id && r.lease.now() == leaseHopeless:
		return r.standby(ctx)
	case errors.Is(doubt, errDuplicate) && now.cursor.Position < refusal.position:
		return r.reissue(ctx)
	}
	return pause(ctx, retry)
}

func (r *Relay) tailNow(ctx context.Context) (tail, error) {
	ctx, cancel := context.WithTimeout(ctx, r.options.AckWait)
	defer cancel()
	return readTail(ctx, r.js, r.options.Stream)
}

// reissue makes sure that JetStream takes messages again that were deleted from it: within the duplicate
// window it remembers their ids and would only claim to have them. Up to the present head of the log they
// get other ids.
func (r *Relay) reissue(ctx context.Context) error {
	head, err := r.log.Head(ctx)
	if err != nil {
		return pause(ctx, firstRetry)
	}
	r.options.Logger.Warn("the stream remembers messages that it no longer has; they get new ids", "up_to", head)
	r.state.reissued(head)
	return nil
}

// standby is for relays that can't have a lease. It waits while another relay is at work: as long as the
// tail moves, or nothing is missing in it. Fencing, not this waiting, keeps the feed right; it only spares
// both a fight.
func (r *Relay) standby(ctx context.Context) error {
	r.options.Logger.Info("another relay is at work; standing by")
	r.state.standby()
	last, since := eventstore.Beginning, time.Now()
	for {
		if err := pause(ctx, r.options.Takeover/8); err != nil {
			return err
		}
		if r.lease.now() != leaseHopeless {
			return nil // the lease says who works
		}
		now, behind, err := r.behind(ctx)
		if err != nil || !behind || now != last {
			last, since = now, time.Now()
			continue
		}
		if time.Since(since) >= r.options.Takeover {
			r.options.Logger.Warn("the other relay stands still; taking over", "position", last)
			return nil
		}
	}
}

// behind gives the position of the tail, and whether the log has more.
func (r *Relay) behind(ctx context.Context) (eventstore.Position, bool, error) {
	now, err := r.tailNow(ctx)
	if err != nil {
		return eventstore.Beginning, true, nil // a stream that is gone or unreachable stands still too
	}
	r.state.reached(now.cursor, nil)
	ctx, cancel := context.WithTimeout(ctx, r.options.AckWait)
	defer cancel()
	head, err := r.log.Head(ctx)
	return now.cursor.Position, head > now.cursor.Position, err
}

func (s *relayState) reissued(upTo eventstore.Position) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reissue = upTo
	s.shown.Reissued++
}
