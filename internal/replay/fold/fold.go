// Package fold folds the real log, event by event, up to any point, into read models of its own that are
// gone afterwards, and gives the state as it was then. It asks nothing of the live read models: their
// answers about the past can be held against it.
//
// Personal texts stay sealed unless Options.Reveal opens them: whoever reads them leaves a trace, and this leaves none.
package fold

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"strconv"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/vocabulary"
	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/projections"
	"github.com/partnerledger/partnerledger/projections/credit"
	"github.com/partnerledger/partnerledger/projections/customers"
	"github.com/partnerledger/partnerledger/projections/partners"
	"github.com/partnerledger/partnerledger/projections/sqldb"
	"github.com/partnerledger/partnerledger/projections/state"
	"github.com/partnerledger/partnerledger/projections/subscriptions"
)

// Until is the point up to which the log is folded.
type Until struct {
	at       *domain.Instant
	position eventstore.Position
}

// ParseUntil reads a time (RFC 3339 in UTC: all that was recorded up to then) or a position of the log.
func ParseUntil(text string) (Until, error) {
	if position, err := strconv.ParseInt(text, 10, 64); err == nil && position >= 0 {
		return Until{position: eventstore.Position(position)}, nil
	}
	at, err := domain.ParseInstant(text)
	if err != nil {
		return Until{}, fmt.Errorf("%q is neither a time like 2022-03-15T00:00:00Z nor a position of the log", text)
	}
	return Until{at: &at}, nil
}

// holds tells whether an event is within the point. Times of several streams may cross, positions don't.
func (u Until) holds(r eventstore.Recorded, recorded domain.Instant) bool {
	if u.at != nil {
		return recorded <= *u.at
	}
	return r.Position <= u.position
}

// Event is an event that was folded.
type Event struct {
	eventstore.Sequenced
	Meta eventstore.Metadata
}

// Options of a fold.
type Options struct {
	Until Until
	// Seen hears of each event as it is folded, and of the last position there is; nil where nobody wants to know.
	Seen func(e Event, head eventstore.Position)
	// Follow is an entity to follow: the id of a provider, reseller, customer, subscription, request or MPN, a domain, or
	// the name of a stream. Told hears of each of its events; an error of it ends the fold.
	Follow string
	Told   func(Followed) error
	// Reveal opens a sealed text for the document, or says what stands in its place; nil blanks all. It MUST open nothing
	// for whose reading there is no record.
	Reveal func(sealed string) (string, error)
}

// Blank stands where a personal text isn't shown.
const Blank = "[personal]"

// State folds the log up to the point and gives the state as it was then, as it was known then. What no
// event tells isn't in it: no command counts as repeated, and refused ones are numbered as they were recorded.
func State(ctx context.Context, log eventstore.Store, o Options) (_ *state.Document, err error) {
	dir, err := os.MkdirTemp("", "ledger-replay-*")
	if err != nil {
		return nil, fmt.Errorf("a place for the read models: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	db, err := sqldb.Open(ctx, "sqlite:"+filepath.Join(dir, "readmodels.db"))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	source, err := newSource(ctx, log, o)
	if err != nil {
		return nil, err
	}
	if err := fill(ctx, db, source); err != nil {
		return nil, err
	}
	return source.document(ctx, db)
}

// fill runs the projections until they have all that the source gives.
func fill(ctx context.Context, db *sqldb.DB, s *source) error {
	models, err := projections.NewModels(ctx, db, partners.Projection{}, customers.Projection{}, subscriptions.Projection{}, credit.Projection{})
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- projections.NewRunner(models, s, s.codec, projections.Options{}).Run(ctx) }()
	select {
	case err := <-ended:
		return err
	case <-s.given:
	}
	waited := make(chan error, 1)
	go func() { waited <- models.Wait(ctx, s.last) }()
	select {
	case err := <-ended:
		return err
	case err = <-waited:
	}
	stop()
	if ran := <-ended; err == nil && !errors.Is(ran, context.Canceled) {
		err = ran
	}
	if err != nil {
		return err
	}
	return stopped(context.WithoutCancel(ctx), models)
}

// stopped is the error of a projection that couldn't go on: its rows would be those of another point.
func stopped(ctx context.Context, models *projections.Models) error {
	all, err := models.Status(ctx, eventstore.Start)
	if err != nil {
		return err
	}
	for _, s := range all {
		if s.Poison != nil {
			return fmt.Errorf("read model %s can't be folded: %+v", s.Name, *s.Poison)
		}
	}
	return nil
}

// source gives the events up to the point, densely numbered, and then waits.
type source struct {
	log   eventstore.Store
	codec *eventstore.Codec
	o     Options
	head  eventstore.Position
	told  tally
	last  eventstore.Position // of the last event within the point
	given chan struct{}       // closed when all were given once

	follower *follower // nil where nobody is followed
}

func newSource(ctx context.Context, log eventstore.Store, o Options) (*source, error) {
	head, err := log.Head(ctx)
	if err != nil {
		return nil, err
	}
	s := &source{log: log, codec: eventstore.NewCodec(vocabulary.Events(), nil), o: o, head: head, last: eventstore.Beginning,
		told: newTally(), given: make(chan struct{})}
	if o.Follow != "" {
		s.follower, err = newFollower(ctx, log, s.codec, o)
	}
	return s, err
}

// Events is projections.Source.
func (s *source) Events(ctx context.Context, after eventstore.Cursor) iter.Seq2[eventstore.Sequenced, error] {
	return func(yield func(eventstore.Sequenced, error) bool) {
		seq := after.NextSeq
		for r, err := range s.log.ReadAll(ctx, after.Position) {
			if err != nil {
				yield(eventstore.Sequenced{}, err)
				return
			}
			if r.Position > s.head || s.o.Until.at == nil && r.Position > s.o.Until.position {
				break
			}
			next := eventstore.Sequenced{Recorded: r, Seq: seq}
			within, err := s.take(next)
			if err != nil {
				yield(eventstore.Sequenced{}, err)
				return
			}
			if !within {
				continue
			}
			seq++
			if !yield(next, nil) {
				return
			}
		}
		select {
		case <-s.given:
		default:
			close(s.given)
		}
		<-ctx.Done()
		yield(eventstore.Sequenced{}, ctx.Err())
	}
}

// take notes an event that is seen for the first time, and tells whether it is within the point.
func (s *source) take(e eventstore.Sequenced) (bool, error) {
	fact, meta, err := s.codec.Decode(e.Recorded)
	if err != nil {
		return false, err
	}
	if !s.o.Until.holds(e.Recorded, meta.At) {
		return false, nil
	}
	if e.Position > s.last {
		s.last = e.Position
		s.told.add(fact, meta)
		if s.o.Seen != nil {
			s.o.Seen(Event{e, meta}, s.head)
		}
		if s.follower != nil {
			return true, s.follower.take(Event{e, meta}, fact)
		}
	}
	return true, nil
}

func (s *source) document(ctx context.Context, db *sqldb.DB) (d *state.Document, err error) {
	q := state.Question{AsOf: s.o.Until.at, AsKnownAt: s.o.Until.at}
	if q.AsOf == nil {
		q.AsOf = &s.told.newest
	}
	a := state.Assembler{Journal: &s.told, Reveal: s.o.Reveal}
	if a.Reveal == nil {
		a.Reveal = func(string) (string, error) { return Blank, nil }
	}
	err = db.Snapshot(ctx, func(r sqldb.Reader) error {
		d, err = a.Document(ctx, r, q)
		return err
	})
	return d, err
}
