package feed

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/partnerledger/partnerledger/eventstore"
)

// verify makes sure that the tail is of this log: what is published behind the tail of another, or of this
// log before it was taken back to an earlier state, would mix two histories in one feed.
func (r *Relay) verify(ctx context.Context, t tail) error {
	if t.cursor == eventstore.Start {
		return nil
	}
	err := eventstore.Holds(ctx, r.log, t.last.Event.Landmark())
	if !errors.Is(err, eventstore.ErrWentBack) {
		return err
	}
	if shared, askErr := r.shared(ctx, t); askErr != nil {
		return askErr
	} else if !shared {
		err = fmt.Errorf("%w: or else %w", ErrForeignFeed, err)
	}
	return &halt{fmt.Errorf("relay: the feed ends with event %s at position %d: %w", t.last.Event.ID, t.last.Event.Position, err)}
}

// shared tells whether feed and log have a history in common: whether this relay has published from the
// log, or the log holds the first event of the feed. Then the feed is no stranger's; the log went back.
func (r *Relay) shared(ctx context.Context, t tail) (bool, error) {
	if r.state.published().Position > eventstore.Beginning {
		return true, nil
	}
	first, ok, err := at(ctx, t.consumer, t.first)
	if err != nil || !ok {
		return false, err
	}
	err = eventstore.Holds(ctx, r.log, first.Event.Landmark())
	if errors.Is(err, eventstore.ErrWentBack) {
		return false, nil
	}
	return err == nil, err
}

// reaches returns eventstore.ErrWentBack if the log ends before the position. As Holds it asks again for a
// second, because a node that has just taken over may lag behind.
func reaches(ctx context.Context, log eventstore.Store, position eventstore.Position) error {
	const certain, step = time.Second, 100 * time.Millisecond
	for deadline := time.Now().Add(certain); ; {
		head, err := log.Head(ctx)
		if err != nil || head >= position {
			return err
		}
		if !time.Now().Before(deadline) {
			return fmt.Errorf("%w (it ends at position %d, and position %d was read)", eventstore.ErrWentBack, head, position)
		}
		if err := pause(ctx, step); err != nil {
			return err
		}
	}
}

// proofTimeout is long, because a server that was put back to a backup may still be starting when it is asked.
const proofTimeout = 10 * time.Second

// guarded runs the reader and ends it once the log no longer holds what the reader has.
func (r *reader) guarded(parent context.Context) error {
	ctx, end := context.WithCancelCause(parent)
	if err := r.stands(ctx); errors.Is(err, eventstore.ErrWentBack) {
		end(nil)
		return err
	}
	var guard sync.WaitGroup
	defer guard.Wait()
	defer end(nil)
	guard.Go(func() { r.guard(ctx, end) })
	err := r.run(ctx)
	switch {
	case errors.Is(err, errStopped):
		return err
	case parent.Err() != nil:
		return parent.Err()
	case ctx.Err() != nil:
		return context.Cause(ctx) // whatever else broke on the way out
	}
	return err
}

func (r *reader) guard(ctx context.Context, end context.CancelCauseFunc) {
	for pause(ctx, r.source.options.Check) == nil {
		if err := r.stands(ctx); errors.Is(err, eventstore.ErrWentBack) {
			end(err)
			return
		}
	}
}

// stands proves that the log still holds the event before the cursor, or reaches as far as it where nobody
// knows which event that is.
func (r *reader) stands(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, proofTimeout)
	defer cancel()
	r.mu.Lock()
	at, last := r.cursor, r.last
	r.mu.Unlock()
	switch {
	case at.Position == eventstore.Beginning:
		return nil
	case last.Stream != "":
		return r.source.Holds(ctx, last)
	}
	return reaches(ctx, r.source.log, at.Position)
}

// prove is done before the first event that a subscription to the log yields: what came before may have
// been read from another log, while this one was away.
func (r *reader) prove(ctx context.Context) error {
	err := r.stands(ctx)
	switch {
	case err == nil, errors.Is(err, eventstore.ErrWentBack):
		return err
	case ctx.Err() != nil:
		return context.Cause(ctx)
	}
	return fmt.Errorf("%w: %w", errUnproven, err)
}

// learns notes which event stands before the cursor, if the reader is still there.
func (r *reader) learns(l eventstore.Landmark) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.cursor.Position == l.Position {
		r.last = l
	}
}

// wentBack passes on only that error.
func wentBack(err error) error {
	if errors.Is(err, eventstore.ErrWentBack) {
		return err
	}
	return nil
}

// explained is the error of a subscription: a position that the log doesn't accept is one that it no longer
// has.
func explained(err, proof error) error {
	if errors.Is(proof, eventstore.ErrWentBack) {
		return fmt.Errorf("%w: %w", proof, err)
	}
	return err
}
