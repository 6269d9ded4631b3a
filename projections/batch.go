package projections

import (
	"context"
	"fmt"
	"iter"
	"runtime"
	"sync"
	"time"

	"github.com/partnerledger/partnerledger/eventstore"
)

// maxBatch is how many events one transaction takes at most. Larger ones gain little and hold the
// writer of the database for longer.
const maxBatch = 10_000

type position = eventstore.Position

// arrival is an event as it came; fault says that it can't be read, which no projection may pass over.
type arrival struct {
	Event
	fault error
}

// batches yields what the source gives: whatever comes within the linger, up to maxBatch. So a lone event is
// hardly kept waiting, and while one batch is written the next one gathers.
// Reading and decoding go on beside the writing. An item in again ends it with errAgain.
func (r *Runner) batches(ctx context.Context, from eventstore.Cursor, again <-chan struct{}) iter.Seq2[[]arrival, error] {
	return func(yield func([]arrival, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		arrivals, ended := make(chan arrival, maxBatch), make(chan error, 1)
		done := make(chan struct{})
		go func() {
			defer close(done)
			defer close(arrivals)
			ended <- r.read(ctx, from, arrivals)
		}()
		defer func() { // the source is let go before anything else begins
			cancel()
			<-done
		}()
		for {
			batch, err := r.gather(arrivals, again)
			if err != nil {
				yield(nil, err)
				return
			}
			if len(batch) == 0 {
				yield(nil, <-ended)
				return
			}
			if !yield(batch, nil) {
				return
			}
		}
	}
}

// read decodes what the source gives and checks that nothing is missing.
func (r *Runner) read(ctx context.Context, from eventstore.Cursor, out chan<- arrival) error {
	for e, err := range r.source.Events(ctx, from) {
		if err != nil {
			return fmt.Errorf("read events after position %d: %w", from.Position, err)
		}
		if err := due(from, e); err != nil {
			return err
		}
		from = e.After()
		select {
		case out <- r.decode(e):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return fmt.Errorf("the source ended after position %d", from.Position)
}

// due makes sure that the event is the one that follows.
func due(from eventstore.Cursor, e eventstore.Sequenced) error {
	if e.Seq != from.NextSeq || e.Position <= from.Position {
		return fmt.Errorf("the source gave event %d at position %d where event %d after position %d was due", e.Seq, e.Position, from.NextSeq, from.Position)
	}
	return nil
}

// decodeAll decodes on all processors.
func (r *Runner) decodeAll(events []eventstore.Sequenced) []arrival {
	out := make([]arrival, len(events))
	var group sync.WaitGroup
	share := (len(events) + runtime.GOMAXPROCS(0) - 1) / runtime.GOMAXPROCS(0)
	for first := 0; first < len(events); first += share {
		group.Go(func() {
			for i := first; i < min(first+share, len(events)); i++ {
				out[i] = r.decode(events[i])
			}
		})
	}
	group.Wait()
	return out
}

func (r *Runner) decode(e eventstore.Sequenced) arrival {
	fact, meta, err := r.codec.Decode(e.Recorded)
	return arrival{Event{Sequenced: e, Fact: fact, Meta: meta}, err}
}

// How long a transaction waits for company. Events that trickle in would otherwise have one each, and a
// transaction costs more than the rows of an event. Two milliseconds are hardly felt by whoever waits for a row;
// while nobody waits it may be longer, and whoever begins to wait ends it. Where events come as dense as in
// catching up a transaction that takes more of them costs less for each: pages that many rows share are written once.
const (
	linger      = 2 * time.Millisecond
	idleLinger  = 20 * time.Millisecond
	dense       = 20 // events within the linger
	denseLinger = 100 * time.Millisecond
)

// gather waits for one event and takes what comes within the linger. It gives nothing when the source has ended.
func (r *Runner) gather(arrivals <-chan arrival, again <-chan struct{}) ([]arrival, error) {
	var batch []arrival
	select {
	case <-again:
		return nil, errAgain
	case e, ok := <-arrivals:
		if !ok {
			return nil, nil
		}
		batch = append(batch, e)
	}
	due, patient := time.After(linger), false
	for len(batch) < maxBatch {
		select {
		case e, ok := <-arrivals:
			if !ok {
				return batch, nil
			}
			batch = append(batch, e)
		case <-r.hurry:
			if patient {
				return batch, nil
			}
		case <-due:
			longer := r.longer(len(batch))
			if patient || longer == 0 {
				return batch, nil
			}
			due, patient = time.After(longer), true
		}
	}
	return batch, nil
}

// longer is how much longer than the linger a batch may gather. Where others share the database nobody here
// knows whether they wait.
func (r *Runner) longer(events int) time.Duration {
	switch {
	case events >= dense:
		return denseLinger
	case r.options.Shared || r.awaited():
		return 0
	default:
		return idleLinger
	}
}
