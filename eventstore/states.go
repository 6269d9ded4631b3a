package eventstore

import (
	"context"
	"fmt"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/vocabulary"
)

// statesMax is how many streams' states are kept in memory unless told otherwise.
const statesMax = 100_000

// state is a stream folded up to a revision. It is never changed: what comes after makes a new one.
type state struct {
	revision Revision
	value    any
	lastAt   domain.Instant   // of the last event
	claimant domain.CommandID // behind the last event, when that is a claim not known to be confirmed
	claimed  time.Time        // when that claim was written
	// claimedFor is the stream that is to hold the fact behind the claim.
	claimedFor domain.Stream
}

// claimTime is how long a claim waits for its fact before another command may take the name over. It is
// far longer than a command may take.
const claimTime = time.Minute

func (s state) abandoned() bool { return time.Since(s.claimed) > claimTime }

// states loads streams and keeps the folded result by revision, so that a busy customer isn't read
// again for each command.
type states struct {
	store Store
	codec *Codec
	cache *lru.Cache[string, state]
	sole  bool
	// keep hears the outcomes of commands that stand in what is read, unless there is a sole writer.
	keep func([]trace)
}

func newStates(store Store, codec *Codec, size int, sole bool, keep func([]trace)) *states {
	if size <= 0 {
		size = statesMax
	}
	cache, _ := lru.New[string, state](size) // fails only for sizes below one
	return &states{store: store, codec: codec, cache: cache, sole: sole, keep: keep}
}

// settle notes that the claim is confirmed, so that nobody need ask again.
func (s *states) settle(stream domain.Stream, seen state) {
	if cached, ok := s.cache.Get(stream.String()); ok && cached.revision == seen.revision {
		cached.claimant = ""
		s.cache.Add(stream.String(), cached)
	}
}

func (s *states) forget(stream string) { s.cache.Remove(stream) }

// conflicted hears that a stream has moved on. One writer of several finds that when it catches up.
func (s *states) conflicted(stream string) {
	if s.sole {
		s.forget(stream)
	}
}

// seenAt is the time of the last event that was seen in the stream.
func (s *states) seenAt(stream domain.Stream) domain.Instant {
	cached, _ := s.cache.Peek(stream.String())
	return cached.lastAt
}

// load gives the state of the stream as it is now.
func (s *states) load(ctx context.Context, stream domain.Stream) (state, error) {
	cached, ok := s.cache.Get(stream.String())
	if ok && s.sole {
		return cached, nil
	}
	fold, known := vocabulary.FoldOf(stream.Category)
	if !known {
		return state{}, fmt.Errorf("no fold is known for stream category %q", stream.Category)
	}
	if !ok {
		cached = state{revision: NoStream, value: fold.Empty()}
	}
	fresh, err := s.catchUp(ctx, stream, fold, cached)
	if err != nil {
		return state{}, err
	}
	if !remembersTexts(fresh.value) {
		s.cache.Add(stream.String(), fresh)
	}
	return fresh, nil
}

func (s *states) catchUp(ctx context.Context, stream domain.Stream, fold domain.AnyFold, from state) (state, error) {
	var news []domain.Happened
	var traces []trace
	for r, err := range s.store.ReadStream(ctx, stream.String(), from.revision+1) {
		if err != nil {
			return state{}, fmt.Errorf("read %s: %w", stream, err)
		}
		event, meta, err := s.codec.Decode(r)
		if err != nil {
			return state{}, err
		}
		news = append(news, domain.Happened{At: meta.At, Place: domain.Place(r.Position), Event: event})
		from.revision, from.lastAt = r.Revision, meta.At
		if claim, ok := event.(domain.Claim); ok {
			from.claimant, from.claimed, from.claimedFor = meta.CausationID, r.Created, claim.Claims()
		}
		if s.sole {
			continue
		}
		if t, ok := traceOf(r, event, meta); ok {
			traces = append(traces, t)
		}
	}
	if len(traces) > 0 {
		s.keep(traces)
	}
	if len(news) > 0 {
		from.value = fold.ApplyAny(from.value, news...)
	}
	return from, nil
}

// advance folds what was just appended into the cached state; if that isn't at the revision before, it
// is forgotten and read again when needed. One writer of several always reads it: the store may have
// taken what another wrote for the same events.
func (s *states) advance(stream domain.Stream, expected Revision, done Appended, at domain.Instant, events []domain.Event) {
	if !s.sole {
		return
	}
	cached, ok := s.cache.Get(stream.String())
	fold, known := vocabulary.FoldOf(stream.Category)
	if !ok || !known || cached.revision != expected || done.Revision != expected+Revision(len(events)) {
		s.forget(stream.String())
		return
	}
	news := make([]domain.Happened, len(events))
	for i, e := range events {
		news[i] = domain.Happened{At: at, Place: domain.Place(done.Position), Event: e}
		if _, isClaim := e.(domain.Claim); isClaim {
			s.forget(stream.String())
			return
		}
	}
	cached.value = fold.ApplyAny(cached.value, news...)
	cached.revision, cached.lastAt = done.Revision, at
	s.cache.Add(stream.String(), cached)
}
