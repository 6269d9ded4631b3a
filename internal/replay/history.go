package replay

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/vocabulary"
	"github.com/partnerledger/partnerledger/eventstore"
)

// past is a stream as it was between two appends. It is never changed.
type past struct {
	revision eventstore.Revision
	state    any
	claimant domain.CommandID // behind the last event, where that is a claim
	until    int              // the number of the event that ended it
}

func (p past) sight() eventstore.Sight { return eventstore.Sight{Revision: p.revision, State: p.state} }

// streamNamed is the stream of a stored name.
func streamNamed(name string) domain.Stream {
	category, id, _ := strings.Cut(name, "-")
	return domain.Stream{Category: category, ID: id}
}

// history is a stream by revision: as it is now, and as it was not long ago.
type history struct {
	fold   domain.AnyFold
	pasts  []past // the last one is the present
	lastAt domain.Instant
}

// memory is for how many events of the log a state is kept after it was superseded. A decision's basis is
// older than what stands before its events only by what others wrote while it was being made.
const memory = 4096

// histories are those of all streams, the ones used last; those beyond the limit are read again.
type histories struct {
	ctx    context.Context
	log    eventstore.Store
	codec  *eventstore.Codec
	tape   *tape
	cache  *lru.Cache[string, *history]
	full   bool // whether a history was dropped to make room
	reread int
}

func newHistories(ctx context.Context, log eventstore.Store, o Options) *histories {
	t := &tape{keys: o.Keys}
	h := &histories{ctx: ctx, log: log, tape: t, codec: eventstore.NewCodec(vocabulary.Events(), t)}
	h.cache, _ = lru.NewWithEvict(o.Streams, func(string, *history) { h.full = true }) // fails only for sizes below one
	return h
}

// errNotOurs says that a stream isn't one of the ledger's.
var errNotOurs = errors.New("no stream of the ledger is called like this")

func foldOf(stream string) (domain.AnyFold, error) {
	fold, known := vocabulary.FoldOf(streamNamed(stream).Category)
	if !known {
		return nil, fmt.Errorf("%w: %s", errNotOurs, stream)
	}
	return fold, nil
}

// of gives a stream as it stood before the event at this position, and from memory if it can.
func (h *histories) of(stream string, before eventstore.Position) (*history, error) {
	if known, ok := h.cache.Get(stream); ok {
		return known, nil
	}
	fold, err := foldOf(stream)
	if err != nil {
		return nil, err
	}
	fresh := &history{fold: fold, pasts: []past{{revision: eventstore.NoStream, state: fold.Empty()}}}
	if h.full {
		if err := h.readAgain(stream, fresh, func(r eventstore.Recorded) bool { return r.Position < before }); err != nil {
			return nil, err
		}
	}
	h.cache.Add(stream, fresh)
	return fresh, nil
}

// at gives the stream at a revision, and false if it never was there before the event at this position.
func (h *histories) at(stream string, revision eventstore.Revision, before eventstore.Position) (past, bool, error) {
	known, err := h.of(stream, before)
	if err != nil {
		return past{}, false, err
	}
	for i := len(known.pasts) - 1; i >= 0; i-- {
		if known.pasts[i].revision == revision {
			return known.pasts[i], true, nil
		}
	}
	if revision > known.now().revision || revision < eventstore.NoStream {
		return past{}, false, nil
	}
	again := &history{fold: known.fold, pasts: []past{{revision: eventstore.NoStream, state: known.fold.Empty()}}}
	err = h.readAgain(stream, again, func(r eventstore.Recorded) bool { return r.Revision <= revision })
	return again.now(), err == nil && again.now().revision == revision, err
}

// readAgain folds a stream anew, as far as it is wanted.
func (h *histories) readAgain(stream string, into *history, wanted func(eventstore.Recorded) bool) error {
	h.reread++
	var events []event
	for r, err := range h.log.ReadStream(h.ctx, stream, 0) {
		if err != nil {
			return err
		}
		if !wanted(r) {
			break
		}
		h.tape.record()
		fact, meta, err := h.codec.Decode(r)
		if err != nil {
			continue // that is reported where it stands in the log
		}
		events = append(events, event{Recorded: r, fact: fact, meta: meta})
	}
	if len(events) > 0 {
		into.advance(0, events)
	}
	return nil
}

func (h *history) now() past { return h.pasts[len(h.pasts)-1] }

// advance folds events that were appended together; number is that of the first of them in the log. What
// was superseded long ago is dropped.
func (h *history) advance(number int, events []event) {
	news := make([]domain.Happened, len(events))
	for i, e := range events {
		news[i] = domain.Happened{At: e.meta.At, Place: domain.Place(e.Position), Event: e.fact}
	}
	last := events[len(events)-1]
	next := past{revision: last.Revision, state: h.fold.ApplyAny(h.now().state, news...)}
	if _, claim := last.fact.(domain.Claim); claim {
		next.claimant = last.meta.CausationID
	}
	h.pasts[len(h.pasts)-1].until = number
	old := 0
	for h.pasts[old].until < number-memory {
		old++
	}
	h.pasts, h.lastAt = append(slices.Delete(h.pasts, 0, old), next), last.meta.At
}
