package replay_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/vocabulary"
	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/eventstore/memory"
	"github.com/partnerledger/partnerledger/internal/replay"
)

// requireSame wants every event to be compared and none to differ.
func requireSame(t *testing.T, report replay.Report) {
	t.Helper()
	require.Empty(t, report.Differences)
	require.True(t, report.Same())
	require.Equal(t, report.Events, report.Compared, "no event may be left out")
	require.Zero(t, report.NotKept+report.OlderForm+report.OpenClaims+report.Unfinished)
}

// Ensure every decision of a workload comes out as it is recorded, byte for byte.
func TestCheck_TinyWorkload(t *testing.T) {
	l := played(t)
	report := l.check(l.store, replay.Options{})
	requireSame(t, report)
	require.Len(t, l.log(), report.Events)
	require.Zero(t, report.Reread)
	require.Greater(t, report.Decisions, 1900)
	require.Positive(t, report.ErasedTexts, "somebody is forgotten in it")
	require.Positive(t, report.WithheldTexts, "somebody unknown is refused in it")
	require.Less(t, report.StandIns, report.Decisions/20)
}

// Ensure the role table under which a decision was made is the one under which it is made again.
func TestCheck_StrictRoles(t *testing.T) {
	l := newLedger(t, vocabulary.Rules{Policy: vocabulary.Strict})
	for _, line := range tiny(t) {
		l.say(line)
	}
	requireSame(t, l.check(l.store, replay.Options{}))
	lenient := func(vocabulary.Policy) eventstore.Decide { return vocabulary.Rules{}.Decide }
	report := l.check(l.store, replay.Options{Rules: lenient})
	require.Positive(t, report.Differing, "some were refused for their role")
	for _, d := range report.Differences {
		require.Equal(t, "CommandRefused", d.Type)
	}
}

// Ensure a check that may keep only few streams reads the others again, and finds the same.
func TestCheck_FewStreamsKept(t *testing.T) {
	l := newLedger(t, vocabulary.Rules{})
	for _, line := range tiny(t)[:400] {
		l.say(line)
	}
	report := l.check(l.store, replay.Options{Streams: 5})
	requireSame(t, report)
	require.Positive(t, report.Reread)
}

// Ensure a log can be checked without any keys: texts count as erased, everything else is compared.
func TestCheck_WithoutKeys(t *testing.T) {
	l := played(t)
	with := l.check(l.store, replay.Options{})
	without, err := replay.Check(t.Context(), l.store, replay.Options{})
	require.NoError(t, err)
	requireSame(t, without)
	require.Greater(t, without.ErasedTexts, with.ErasedTexts+500)
	require.Greater(t, without.StandIns, with.StandIns+100)
}

// Ensure texts of forgotten people are counted, that their decisions are made all the same, and that what
// is left of their events is still compared.
func TestCheck_Forgotten(t *testing.T) {
	l := played(t)
	before := l.check(l.store, replay.Options{})
	forgotten := 0
	for _, r := range l.log() {
		if r.Type == "CustomerAdded" || r.Type == "PartnershipRequested" {
			require.NoError(t, l.keys.ForgetOnce(r.Stream, "test "+r.Stream))
			forgotten++
		}
	}
	require.Greater(t, forgotten, 100)
	after := l.check(l.store, replay.Options{})
	requireSame(t, after)
	require.Greater(t, after.ErasedTexts, before.ErasedTexts+5*forgotten)
	report := l.check(forged{l.store, func(r *eventstore.Recorded) bool {
		if r.Type == "CustomerAdded" {
			r.Data = []byte(strings.Replace(string(r.Data), `"companyName":"`, `"companyName":"x`, 1))
		}
		return true
	}}, replay.Options{})
	require.Contains(t, report.String(), "its data differs")
	require.GreaterOrEqual(t, report.Differing, 90)
}

// Ensure the result doesn't depend on how far other writers were: several at once, none of them alone.
func TestCheck_ManyWriters(t *testing.T) {
	l := newLedger(t, vocabulary.Rules{})
	known := &shared{byID: map[domain.CommandID]eventstore.Outcome{}}
	lines := tiny(t)
	const writers = 4
	var done sync.WaitGroup
	for w := range writers {
		handler := eventstore.NewHandler(l.store, eventstore.NewCodec(vocabulary.Events(), l.keys), known, eventstore.Options{Eraser: l.keys})
		done.Go(func() {
			for i := w; i < len(lines); i += writers {
				request, err := l.reader.Read([]byte(lines[i]))
				if err != nil {
					t.Error(err)
					return
				}
				request.History = false
				o, err := handler.Handle(t.Context(), request)
				if err != nil {
					t.Error(err)
					return
				}
				known.add(o)
			}
		})
	}
	done.Wait()
	report := l.check(l.store, replay.Options{})
	for _, d := range report.Differences {
		// The same line may come to two writers at the same moment; each other one comes to one alone.
		require.Equal(t, "the command has an outcome already", d.What, d)
	}
	require.Equal(t, report.Events, report.Compared)
}

type shared struct {
	mu   sync.Mutex
	byID map[domain.CommandID]eventstore.Outcome
	read eventstore.Position
}

func (s *shared) add(o eventstore.Outcome) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.byID[o.CommandID]; !ok {
		s.byID[o.CommandID] = o
	}
}

func (s *shared) Outcome(_ context.Context, id domain.CommandID) (eventstore.Outcome, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, ok := s.byID[id]
	return o, ok, nil
}

func (*shared) Reflects(context.Context) (eventstore.Position, error) { return 1 << 60, nil }

var errKilled = errors.New("killed")

// mortal is a log whose writer dies now and then, before an append or right after it.
type mortal struct {
	*memory.Store
	chance *rand.Rand
	deaths int
}

func (m *mortal) Append(ctx context.Context, stream string, expected eventstore.Revision, events ...eventstore.Proposed) (eventstore.Appended, error) {
	fate := m.chance.IntN(20)
	if fate == 0 {
		m.deaths++
		return eventstore.Appended{}, errKilled
	}
	done, err := m.Store.Append(ctx, stream, expected, events...)
	if fate == 1 && err == nil {
		m.deaths++
		return done, errKilled
	}
	return done, err
}

// Ensure writers that died leave nothing that can't be replayed: what they began is finished by the same
// command, said again, or its names are taken over by another.
func TestCheck_AfterDeaths(t *testing.T) {
	l := newLedger(t, vocabulary.Rules{})
	store := &mortal{Store: l.store, chance: rand.New(rand.NewPCG(1, 1))}
	known := &shared{byID: map[domain.CommandID]eventstore.Outcome{}}
	for _, line := range tiny(t) {
		for {
			known.readFrom(t, l)
			handler := eventstore.NewHandler(store, eventstore.NewCodec(vocabulary.Events(), l.keys), known, eventstore.Options{Eraser: l.keys})
			request, err := l.reader.Read([]byte(line))
			require.NoError(t, err)
			o, err := handler.Handle(t.Context(), request)
			if errors.Is(err, errKilled) {
				continue
			}
			require.NoError(t, err)
			known.add(o)
			break
		}
	}
	require.Greater(t, store.deaths, 100, "the fault must have happened")
	report := l.check(l.store, replay.Options{})
	require.Empty(t, report.Differences)
	require.Equal(t, report.Events, report.Compared)
	require.Zero(t, report.OpenClaims)
}

// readFrom makes known what the log knows, as a process does that starts.
func (s *shared) readFrom(t *testing.T, l *ledger) {
	t.Helper()
	codec := eventstore.NewCodec(vocabulary.Events(), nil)
	for r, err := range l.store.ReadAll(t.Context(), s.read) {
		require.NoError(t, err)
		s.read = r.Position
		e, meta, err := codec.Decode(r)
		require.NoError(t, err)
		if _, claim := e.(domain.Claim); !claim {
			s.add(eventstore.Outcome{CommandID: meta.CausationID, Digest: meta.Command.Digest, Position: r.Position})
		}
	}
}

// hourOld is a log in which everything was written an hour ago.
type hourOld struct{ forged }

func newHourOld(store eventstore.Store) hourOld {
	return hourOld{forged{store, func(r *eventstore.Recorded) bool { r.Created = r.Created.Add(-time.Hour); return true }}}
}

// Ensure a name that was taken over from a command that never came to its fact is replayed as it was
// decided, and that nobody can say so of a claim that was no such one.
func TestCheck_AbandonedClaim(t *testing.T) {
	l := newLedger(t, vocabulary.Rules{})
	lines := tiny(t)
	enroll := 0
	for !strings.Contains(lines[enroll], `"EnrollReseller"`) {
		l.say(lines[enroll])
		enroll++
	}
	dying := l.open(onlyClaims{l.store}, vocabulary.Rules{})
	first, err := l.reader.Read([]byte(lines[enroll]))
	require.NoError(t, err)
	_, err = dying.Handle(t.Context(), first)
	require.ErrorIs(t, err, errKilled)
	open := l.check(l.store, replay.Options{})
	require.True(t, open.Same(), open)
	require.Positive(t, open.OpenClaims)

	l.handler = l.open(newHourOld(l.store), vocabulary.Rules{})
	other := strings.Replace(lines[enroll], `"commandId":"`+string(first.ID[:8]), `"commandId":"abcdef00`, 1)
	require.NotEqual(t, lines[enroll], other)
	require.Empty(t, l.say(other), "the name is free")
	report := l.check(l.store, replay.Options{})
	require.Empty(t, report.Differences)
	require.Equal(t, open.OpenClaims, report.OpenClaims, "the first command's claims stay open")
	abandoned := 0
	for _, r := range l.log() {
		abandoned += strings.Count(string(r.Metadata), `"abandoned":true`)
	}
	require.Positive(t, abandoned)

	lying := l.check(forged{l.store, func(r *eventstore.Recorded) bool {
		r.Metadata = []byte(strings.ReplaceAll(string(r.Metadata), `,"abandoned":true`, ""))
		return true
	}}, replay.Options{})
	require.False(t, lying.Same())
}

// onlyClaims lets a writer die before its first fact.
type onlyClaims struct{ *memory.Store }

func (s onlyClaims) Append(ctx context.Context, stream string, expected eventstore.Revision, events ...eventstore.Proposed) (eventstore.Appended, error) {
	if events[0].Type == "PartnerIDClaimed" || events[0].Type == "DomainClaimed" {
		return s.Store.Append(ctx, stream, expected, events...)
	}
	return eventstore.Appended{}, errKilled
}
