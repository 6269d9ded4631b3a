// Package replay makes every recorded decision again, on exactly the facts on which it was made, and
// compares what comes out with what the log holds, byte for byte.
//
// The log keeps all that this needs: each command beside its outcome, and with each event the streams
// that its decision looked at, at the revisions that it saw. Nothing else is asked: no read model, no
// clock. The rules are run through the same entrance as the first time (eventstore.Deliberate), and their
// events are written down by the same code (eventstore.Draft, eventstore.Codec).
//
// What it can't see: inputs that were altered together with all that follows from them, a basis moved to an
// older state on which the rules decide the same, the last event of a stream taken away when nothing refers
// to it. For those there is the proof log.
//
// The log is read once, in its own order. Decoding and deciding are spread over all processors; between
// them one goroutine folds the streams and picks out the states that each decision saw.
package replay

import (
	"context"
	"runtime"
	"time"

	"github.com/partnerledger/partnerledger/domain/vocabulary"
	"github.com/partnerledger/partnerledger/eventstore"
)

// Options of a check.
type Options struct {
	// Keys open personal texts. Without them none can be compared, as if everybody had been forgotten.
	Keys eventstore.Sealer
	// Rules gives the entrance to the rules under a role table; nil means those of the vocabulary.
	Rules func(vocabulary.Policy) eventstore.Decide
	// Progress hears now and then how far the check is; nil where nobody wants to know.
	Progress func(Progress)
	// Streams is how many streams' states are kept; others are read again when needed. 0 means 500,000.
	Streams int
	// Workers decode and decide side by side; 0 means one for each processor.
	Workers int
}

// Progress is how far a check is.
type Progress struct {
	Events         int                 // read so far
	Position, Head eventstore.Position // of the last of them, and of the last there was when the check began
	Differing      int
	Elapsed        time.Duration
}

// chunkSize is how many events are decoded, and how many decisions made, in one go.
const chunkSize = 256

// streamsMax is how many streams' states are kept unless told otherwise.
const streamsMax = 500_000

func (o Options) withDefaults() Options {
	if o.Rules == nil {
		o.Rules = func(p vocabulary.Policy) eventstore.Decide { return vocabulary.Rules{Policy: p}.Decide }
	}
	if o.Streams <= 0 {
		o.Streams = streamsMax
	}
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	if o.Progress == nil {
		o.Progress = func(Progress) {}
	}
	return o
}

// Check replays the whole log as it is now. An error says that the log couldn't be read; whatever is
// wrong with what was read stands in the Report.
func Check(ctx context.Context, log eventstore.Store, o Options) (Report, error) {
	o = o.withDefaults()
	began := time.Now()
	head, err := log.Head(ctx)
	if err != nil {
		return Report{}, err
	}
	ctx, stop := context.WithCancel(ctx)
	crew := hire(ctx, o, o.Workers)
	read := newReading(ctx, log, crew)
	defer func() {
		stop()
		for range read.chunks { // until nobody has work for the crew any more
		}
		crew.finish()
	}()
	book := newBook(ctx, log, o, crew)
	for chunk := range read.chunks {
		select {
		case <-chunk.decoded:
		case <-ctx.Done():
			return Report{}, ctx.Err()
		}
		book.takeIn(chunk.events)
		if book.err != nil {
			return Report{}, book.err
		}
		o.Progress(Progress{Events: book.report.Events, Position: book.report.Position, Head: head, Differing: crew.differing(), Elapsed: time.Since(began)})
	}
	if read.err != nil {
		return Report{}, read.err
	}
	if err := book.close(); err != nil {
		return Report{}, err
	}
	report := book.report.with(crew.finish())
	report.Elapsed = time.Since(began)
	report.Seconds = report.Elapsed.Seconds()
	return report, ctx.Err()
}

// chunk are events that stand together in the log; decoded is closed when they are.
type chunk struct {
	events  []event
	decoded chan struct{}
}

// reading reads the log ahead, and has it decoded, while what came before is being worked on.
type reading struct {
	chunks chan *chunk
	err    error // once chunks is closed
}

// readAhead is how many chunks may wait.
const readAhead = 16

func newReading(ctx context.Context, log eventstore.Store, c *crew) *reading {
	r := &reading{chunks: make(chan *chunk, readAhead)}
	go func() {
		defer close(r.chunks)
		r.err = r.read(ctx, log, c)
	}()
	return r
}

func (r *reading) read(ctx context.Context, log eventstore.Store, c *crew) error {
	next := make([]event, 0, chunkSize)
	pass := func() error {
		if len(next) == 0 {
			return nil
		}
		full := &chunk{events: next, decoded: make(chan struct{})}
		next = make([]event, 0, chunkSize)
		if err := c.do(func(w *worker) { w.decodeAll(full.events); close(full.decoded) }); err != nil {
			return err
		}
		select {
		case r.chunks <- full:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	for recorded, err := range log.ReadAll(ctx, eventstore.Beginning) {
		if err != nil {
			return err
		}
		if next = append(next, event{Recorded: recorded}); len(next) == chunkSize {
			if err := pass(); err != nil {
				return err
			}
		}
	}
	return pass()
}
