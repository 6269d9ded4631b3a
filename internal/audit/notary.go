package audit

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"time"

	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/internal/audit/proof"
)

// Source yields the ledger events after a cursor in log order, past and then future, without a gap or a
// repeat, as their bytes are stored.
type Source interface {
	Events(ctx context.Context, after eventstore.Cursor) iter.Seq2[eventstore.Sequenced, error]
}

// Options are the parts around a notary, and its measures.
type Options struct {
	Dir    string
	Keys   *KeyRing
	Source Source
	// Log is the event store itself: what is signed is looked for there, wherever it was read.
	Log eventstore.Store
	// Publish is given every signed checkpoint, so that whoever hears it becomes an anchor. It may be nil.
	Publish   func(signed []byte)
	Witnesses []Witness
	Interval  time.Duration // between two signatures at least; default 1 s
	Retry     time.Duration // after a passing failure; default 1 s
	Reask     time.Duration // how often witnesses are asked when nothing is new; default 10 min
	Now       func() time.Time
	Logger    *slog.Logger
}

func (o Options) withDefaults() Options {
	if o.Interval == 0 {
		o.Interval = time.Second
	}
	if o.Retry == 0 {
		o.Retry = time.Second
	}
	if o.Reask == 0 {
		o.Reask = 10 * time.Minute
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return o
}

// Notary follows the ledger, appends every event to the proof log, and signs.
//
// Its only cursor is the tree: where the event store no longer holds the last event of it, or holds another
// there, it halts with ErrRolledBack and signs nothing. What was signed once is never taken back.
type Notary struct {
	options Options
	state   notaryState
	open    func() (*Log, error)
}

// NewNotary makes a notary; it does nothing before Run.
func NewNotary(o Options) *Notary {
	n := &Notary{options: o.withDefaults()}
	n.open = func() (*Log, error) { return OpenLog(o.Dir, o.Keys, n.options.Now) }
	n.state.begin(n.options.Witnesses)
	return n
}

// Run keeps the log until ctx ends, or until going on would be wrong: see ErrRolledBack, ErrDamaged,
// ErrForeign. Passing failures it waits out, beginning again from the files each time.
func (n *Notary) Run(ctx context.Context) error {
	for {
		err := n.once(ctx)
		if ctx.Err() != nil {
			n.state.is(Ended)
			return ctx.Err()
		}
		if final(err) {
			n.state.halts(err, n.options.Now())
			n.options.Logger.Error("the notary has halted", "error", err)
			return err
		}
		if errors.Is(err, ErrLocked) {
			n.state.is(Standby)
		} else {
			n.state.fails(err, n.options.Now())
			n.options.Logger.Warn("the notary could not go on; trying again", "error", err)
		}
		if err := pause(ctx, n.options.Retry); err != nil {
			return err
		}
	}
}

// final tells what trying again can't mend.
func final(err error) bool {
	for _, target := range []error{ErrRolledBack, ErrDamaged, ErrForeign, proof.ErrLeaf} {
		if errors.Is(err, target) {
			return true
		}
	}
	return false
}

// once opens the log and keeps it until something fails.
func (n *Notary) once(ctx context.Context) (err error) {
	log, err := n.open()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	from, err := stands(ctx, n.options.Log, log.Last())
	if err != nil {
		return err
	}
	n.state.opens(log.Signed(), n.options.Now())
	if log.Signed().Size > 0 { // whoever missed it gets it
		n.publish(log.Signed())
	}
	ctx, cancel := context.WithCancel(ctx)
	arrivals := make(chan arrival, FlushMax)
	ended := make(chan error, 2)
	go func() {
		defer close(arrivals)
		ended <- n.read(ctx, from, arrivals)
	}()
	asked := make(chan struct{})
	go func() {
		defer close(asked)
		n.askWitnesses(ctx, log)
	}()
	defer func() { // nothing touches the log once it is closed
		cancel()
		for range arrivals {
		}
		<-asked
	}()
	return n.keep(ctx, log, arrivals, ended)
}

// arrival is the leaf of an event that came, and when that got into the event store.
type arrival struct {
	leaf    []byte
	created time.Time
}

// read makes leaves of what the source gives and checks that nothing is missing.
func (n *Notary) read(ctx context.Context, from eventstore.Cursor, out chan<- arrival) error {
	for e, err := range n.options.Source.Events(ctx, from) {
		if errors.Is(err, eventstore.ErrWentBack) {
			return fmt.Errorf("%w: %w", ErrRolledBack, err)
		}
		if err != nil {
			return fmt.Errorf("read events: %w", err)
		}
		if e.Seq != from.NextSeq {
			return fmt.Errorf("the source gave event %d where event %d was due", e.Seq, from.NextSeq)
		}
		leaf, err := leafOf(n.options.Keys.Origin(), e)
		if err != nil {
			return err
		}
		from = e.After()
		select {
		case out <- arrival{leaf, e.Created}:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return errors.New("the source of events ended")
}

// keep adds what comes and signs it, at most once in an interval.
func (n *Notary) keep(ctx context.Context, log *Log, arrivals <-chan arrival, ended <-chan error) error {
	due := time.NewTimer(0)
	defer due.Stop()
	<-due.C
	ready := true // an interval has passed since the last signature
	var oldest time.Time
	for {
		unsigned := log.Size() > log.Signed().Size
		if unsigned && ready {
			due.Reset(n.options.Interval)
			if err := n.sign(ctx, log, oldest); err != nil {
				return err
			}
			ready, oldest = false, time.Time{}
			continue
		}
		select {
		case a, ok := <-arrivals:
			if !ok {
				return <-ended
			}
			if oldest.IsZero() {
				oldest = a.created
			}
			added := n.gather(log, a, arrivals)
			n.state.adds(added, n.options.Now())
			if err := log.Flush(); err != nil {
				return err
			}
		case <-due.C:
			ready = true
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// gather adds the first and whatever else is there already.
func (n *Notary) gather(log *Log, first arrival, arrivals <-chan arrival) (added int) {
	log.Add(first.leaf)
	for added = 1; added < FlushMax; added++ {
		select {
		case a, ok := <-arrivals:
			if !ok {
				return added
			}
			log.Add(a.leaf)
		default:
			return added
		}
	}
	return added
}

// sign signs what the event store still holds.
func (n *Notary) sign(ctx context.Context, log *Log, oldest time.Time) error {
	if _, err := stands(ctx, n.options.Log, log.Last()); err != nil {
		return err
	}
	signed, err := log.Sign()
	if err != nil {
		return err
	}
	n.publish(signed)
	n.state.signs(signed, n.options.Now(), oldest)
	return nil
}

func (n *Notary) publish(signed proof.Signed) {
	if n.options.Publish != nil {
		n.options.Publish(signed.Note)
	}
}
