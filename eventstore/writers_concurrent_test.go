package eventstore_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/outcome"
	"github.com/partnerledger/partnerledger/domain/vocabulary"
	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/eventstore/esdb"
	"github.com/partnerledger/partnerledger/eventstore/esdbnode"
	"github.com/partnerledger/partnerledger/eventstore/memory"
	"github.com/partnerledger/partnerledger/internal/replay"
	"github.com/partnerledger/partnerledger/internal/seal"
)

// laggingOutcomes is a read model that sees the log when it is told to, whole outcomes only.
type laggingOutcomes struct {
	log   eventstore.Store
	codec *eventstore.Codec

	mu    sync.Mutex
	byID  map[domain.CommandID]eventstore.Outcome
	until eventstore.Position
}

func newLagging(log eventstore.Store, keys eventstore.Sealer) *laggingOutcomes {
	return &laggingOutcomes{log: log, codec: eventstore.NewCodec(vocabulary.Events(), keys),
		byID: map[domain.CommandID]eventstore.Outcome{}, until: eventstore.Beginning}
}

// see takes in the next events, so many at most.
func (l *laggingOutcomes) see(ctx context.Context, most int) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	byID, open := map[domain.CommandID]eventstore.Outcome{}, map[domain.CommandID]bool{}
	for r, err := range l.log.ReadAll(ctx, l.until) {
		if err != nil || most == 0 {
			return err
		}
		most--
		e, meta, err := l.codec.Decode(r)
		if err != nil {
			return err
		}
		if _, claim := e.(domain.Claim); !claim {
			o, known := byID[meta.CausationID]
			if !known {
				if o, known = l.byID[meta.CausationID]; !known {
					o = eventstore.Outcome{CommandID: meta.CausationID, Digest: meta.Command.Digest}
				}
			}
			o.Position = r.Position
			switch e := e.(type) {
			case outcome.CommandRefused:
				o.Refusal = domain.Refuse(e.Code).Says(e.Sentence)
			case outcome.CommandChangedNothing:
			default:
				o.EventIDs = append(slices.Clip(o.EventIDs), r.ID)
			}
			byID[meta.CausationID] = o
		}
		open[meta.CausationID] = meta.Part < meta.Parts-1
		if _, reacts := vocabulary.React(e); reacts {
			open[meta.CausationID] = true
		}
		for id, more := range open {
			if !more {
				delete(open, id)
			}
		}
		if len(open) == 0 {
			for id, o := range byID {
				l.byID[id] = o
			}
			clear(byID)
			l.until = r.Position
		}
	}
	return nil
}

func (l *laggingOutcomes) Outcome(_ context.Context, id domain.CommandID) (eventstore.Outcome, bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	o, ok := l.byID[id]
	return o, ok, nil
}

func (l *laggingOutcomes) Reflects(context.Context) (eventstore.Position, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.until, nil
}

// unsteadyStore lets others go first now and then, and says now and then that somebody did.
type unsteadyStore struct {
	eventstore.Store
	mu     sync.Mutex
	chance *rand.Rand
}

func (s *unsteadyStore) wait() (fate int) {
	s.mu.Lock()
	turns, fate := s.chance.IntN(12), s.chance.IntN(60)
	s.mu.Unlock()
	for range turns {
		runtime.Gosched()
	}
	return fate
}

func (s *unsteadyStore) Append(ctx context.Context, stream string, expected eventstore.Revision, events ...eventstore.Proposed) (eventstore.Appended, error) {
	fate := s.wait()
	if fate == 0 {
		return eventstore.Appended{}, &eventstore.WrongRevision{Stream: stream, Expected: expected, Actual: expected + 1}
	}
	done, err := s.Store.Append(ctx, stream, expected, events...)
	if s.wait(); fate == 1 && err == nil {
		return eventstore.Appended{}, eventstore.ErrUnavailable // the answer is lost
	}
	return done, err
}

// company are several handlers on one log, each with read models of its own.
type company struct {
	store    eventstore.Store
	keys     *seal.Keys
	handlers []*eventstore.Handler
	known    []*laggingOutcomes

	mu      sync.Mutex
	answers map[said][]string // those that differ
}

// said is a command with its content.
type said struct {
	id     domain.CommandID
	digest string
}

func newCompany(store eventstore.Store, size int, seed uint64) *company {
	keys, err := seal.InMemory()
	if err != nil {
		panic(err)
	}
	c := &company{store: store, keys: keys, answers: map[said][]string{}}
	for i := range size {
		known := newLagging(store, keys)
		codec := eventstore.NewCodec(vocabulary.Events(), keys)
		unsteady := &unsteadyStore{Store: store, chance: rand.New(rand.NewPCG(seed, uint64(i)))}
		c.known = append(c.known, known)
		c.handlers = append(c.handlers, eventstore.NewHandler(unsteady, codec, known, eventstore.Options{Eraser: keys}))
	}
	return c
}

// say says the command to one handler until it answers, and keeps the answer.
func (c *company) say(ctx context.Context, handler int, r eventstore.Request) error {
	for {
		o, err := c.handlers[handler].Handle(ctx, r)
		if errors.Is(err, eventstore.ErrUnavailable) {
			continue
		}
		if err != nil {
			return fmt.Errorf("%s %s: %w", r.Command.CommandType(), r.ID, err)
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		key := said{r.ID, r.Digest}
		if text := answer(o); !slices.Contains(c.answers[key], text) {
			c.answers[key] = append(c.answers[key], text)
		}
		return nil
	}
}

func answer(o eventstore.Outcome) string {
	refusal := ""
	if o.Refusal != nil {
		refusal = fmt.Sprint(o.Refusal.Code, ": ", o.Refusal.Sentence, " ", o.Refusal.VendorCodes)
	}
	return fmt.Sprint(o.Position, o.EventIDs, refusal)
}

// sayAll says the commands to every handler at once, to each in an order of its own, in a trace of its own and,
// where the clocks differ, at a time of its own.
func (c *company) sayAll(ctx context.Context, requests []eventstore.Request, clocksDiffer bool, chance *rand.Rand) error {
	var callers sync.WaitGroup
	faults := make(chan error, 2*len(c.handlers)*len(requests))
	for h := range c.handlers {
		for _, i := range chance.Perm(len(requests)) {
			r := requests[i]
			r.Traceparent = fmt.Sprintf("00-%032d-%016d-01", h+1, h+1)
			if clocksDiffer {
				r.At += domain.Instant(chance.IntN(3))
			}
			callers.Go(func() {
				if err := c.say(ctx, h, r); err != nil {
					faults <- err
				}
			})
			if chance.IntN(8) == 0 {
				if err := c.known[h].see(ctx, 1+chance.IntN(40)); err != nil {
					faults <- err
				}
			}
		}
	}
	callers.Wait()
	close(faults)
	return <-faults
}

// left is what one command left in the log.
type left struct {
	notes, facts int
	parts        map[int]bool
	stream       string
	first        eventstore.Revision // of the facts
	decidedOn    []eventstore.Basis  // the basis of the note
}

// opposite tells whether the command has two outcomes in two streams, each decided without knowing of the other:
// a note that didn't see the facts, or two notes.
func (l *left) opposite() bool {
	for _, b := range l.decidedOn {
		if b.Stream == l.stream && b.Revision >= l.first {
			return false
		}
	}
	return l.facts+l.notes == 2 // each stream holds one at most, as their ids are derived
}

// requireOneOutcome wants every command to have left its outcome whole and once, every handler to have answered
// with it, and replay to find it right. It gives how many have facts, a note, and both, which none has unless
// the decisions on it could differ.
func (c *company) requireOneOutcome(ctx context.Context, t require.TestingT) (facts, notes, both int) {
	codec := eventstore.NewCodec(vocabulary.Events(), c.keys)
	all, ids := map[domain.CommandID]*left{}, map[string]bool{}
	for r, err := range c.store.ReadAll(ctx, eventstore.Beginning) {
		require.NoError(t, err)
		e, meta, err := codec.Decode(r)
		require.NoError(t, err)
		require.False(t, ids[r.Stream+r.ID.String()], "event %s %s is there twice", r.Type, r.ID)
		ids[r.Stream+r.ID.String()] = true
		if _, claim := e.(domain.Claim); claim {
			continue
		}
		l := all[meta.CausationID]
		if l == nil {
			l = &left{parts: map[int]bool{}}
			all[meta.CausationID] = l
		}
		l.add(t, r, e, meta)
	}
	for id, l := range all {
		facts, notes = facts+l.facts, notes+l.notes
		if l.facts+l.notes > 1 {
			require.True(t, l.opposite(), "%s has %d facts and %d notes", id, l.facts, l.notes)
			both++
		}
	}
	for said, answers := range c.answers {
		if !all[said.id].opposite() {
			require.Len(t, answers, 1, "%s %s %+v", said.id, said.digest, all[said.id])
		}
	}
	report, err := replay.Check(ctx, c.store, replay.Options{Keys: c.keys})
	require.NoError(t, err)
	for _, d := range report.Differences {
		require.True(t, all[d.CommandID].opposite(), d)
	}
	if both == 0 {
		require.LessOrEqual(t, report.Events-report.OpenClaims, report.Compared)
	}
	return facts, notes, both
}

func (l *left) add(t require.TestingT, r eventstore.Recorded, e domain.Event, meta eventstore.Metadata) {
	switch e.(type) {
	case outcome.CommandRefused, outcome.CommandChangedNothing:
		l.notes, l.decidedOn = l.notes+1, meta.Basis
		return
	}
	require.False(t, l.parts[meta.Part], "part %d of %s %s is there twice", meta.Part, meta.Command.Type, meta.CausationID)
	l.parts[meta.Part] = true
	if l.facts == 0 {
		l.facts, l.stream, l.first = 1, r.Stream, r.Revision
	}
	require.True(t, meta.Part == meta.Parts || l.stream == r.Stream, "facts of %s are in two streams", meta.CausationID)
}

// requests are the lines as commands of the present.
func requests(t *testing.T, lines []string) (all []eventstore.Request) {
	t.Helper()
	reader := newReader(t)
	for _, line := range lines {
		r, err := reader.Read([]byte(line))
		require.NoError(t, err)
		r.History = false
		all = append(all, r)
	}
	return all
}

// Ensure the same commands, said at once to several handlers whose read models lag, have one outcome each, and
// every handler gives that one as its answer.
func TestHandler_ConcurrentlyTheSameCommands(t *testing.T) {
	lines := requests(t, tiny(t)[:120])
	rapid.Check(t, func(t *rapid.T) {
		size, seed := rapid.SampledFrom([]int{2, 4}).Draw(t, "handlers"), rapid.Uint64().Draw(t, "seed")
		c, chance := newCompany(memory.New(), size, seed), rand.New(rand.NewPCG(seed, 99))
		for _, r := range lines {
			require.NoError(t, c.sayAll(context.Background(), []eventstore.Request{r}, false, chance))
		}
		facts, notes, both := c.requireOneOutcome(context.Background(), t)
		require.Greater(t, facts, 80)
		require.Positive(t, notes)
		require.Zero(t, both, "nothing changed between two decisions on the same command, but by itself")
	})
}

// Ensure that holds too while other commands change what is decided on, and clocks differ, except for this: facts
// may have a note beside them that was decided before they were there, and a note another note in another stream,
// because no append to one stream can depend on another. No fact is there twice.
func TestHandler_ConcurrentlyTheSameCommandsAmongOthers(t *testing.T) {
	lines := requests(t, tiny(t)[:120])
	rapid.Check(t, func(t *rapid.T) {
		size, seed := rapid.SampledFrom([]int{2, 4}).Draw(t, "handlers"), rapid.Uint64().Draw(t, "seed")
		atOnce := rapid.IntRange(2, 40).Draw(t, "at once")
		c, chance := newCompany(memory.New(), size, seed), rand.New(rand.NewPCG(seed, 99))
		for chunk := range slices.Chunk(lines, atOnce) {
			require.NoError(t, c.sayAll(context.Background(), chunk, true, chance))
		}
		facts, notes, both := c.requireOneOutcome(context.Background(), t)
		require.Greater(t, facts, 20)
		require.Positive(t, notes)
		require.Less(t, both, 10)
	})
}

// Ensure the same over a log that is a server.
func TestHandler_ConcurrentlyTheSameCommandsOnANode(t *testing.T) {
	node, err := esdbnode.Start(t.Context(), esdbnode.Options{Memory: true})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, node.Close()) })
	store, err := esdb.Open(esdb.Options{ConnectionString: node.ConnectionString()})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	c, chance := newCompany(store, 3, 7), rand.New(rand.NewPCG(7, 7))
	for _, r := range requests(t, tiny(t)[:120]) {
		require.NoError(t, c.sayAll(t.Context(), []eventstore.Request{r}, false, chance))
	}
	_, _, both := c.requireOneOutcome(t.Context(), t)
	require.Zero(t, both)
}
