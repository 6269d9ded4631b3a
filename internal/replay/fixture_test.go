package replay_test

import (
	"context"
	"iter"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/vocabulary"
	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/eventstore/memory"
	"github.com/partnerledger/partnerledger/internal/intake"
	"github.com/partnerledger/partnerledger/internal/replay"
	"github.com/partnerledger/partnerledger/internal/seal"
)

// ledger is a ledger in memory, with real keys.
type ledger struct {
	t       testing.TB
	store   *memory.Store
	keys    *seal.Keys
	reader  *intake.Reader
	handler *eventstore.Handler
}

func newLedger(t testing.TB, rules vocabulary.Rules) *ledger {
	t.Helper()
	keys, err := seal.InMemory()
	require.NoError(t, err)
	reader, err := intake.NewReader(intake.Options{AllowHistory: true, Now: time.Now, Digest: keys.Digest})
	require.NoError(t, err)
	l := &ledger{t: t, store: memory.New(), keys: keys, reader: reader}
	l.handler = l.open(l.store, rules)
	return l
}

// open makes another handler of the ledger, as a process of its own would.
func (l *ledger) open(store eventstore.Store, rules vocabulary.Rules) *eventstore.Handler {
	return eventstore.NewHandler(store, eventstore.NewCodec(vocabulary.Events(), l.keys), nothingOlder{}, eventstore.Options{SoleWriter: true, Rules: rules, Eraser: l.keys})
}

type nothingOlder struct{}

func (nothingOlder) Outcome(context.Context, domain.CommandID) (eventstore.Outcome, bool, error) {
	return eventstore.Outcome{}, false, nil
}

func (nothingOlder) Reflects(context.Context) (eventstore.Position, error) {
	return eventstore.Beginning, nil
}

// say says one line, and gives the code of its refusal or nothing.
func (l *ledger) say(line string) domain.Code {
	l.t.Helper()
	request, err := l.reader.Read([]byte(line))
	require.NoError(l.t, err, line)
	o, err := l.handler.Handle(l.t.Context(), request)
	require.NoError(l.t, err, line)
	if o.Refusal == nil {
		return ""
	}
	return o.Refusal.Code
}

// tiny is the tiny workload, line by line.
func tiny(t testing.TB) []string {
	t.Helper()
	text, err := os.ReadFile("../workload/testdata/tiny.jsonl")
	require.NoError(t, err)
	return strings.Split(strings.TrimSpace(string(text)), "\n")
}

// played is a ledger that was told the tiny workload.
func played(t testing.TB) *ledger {
	t.Helper()
	l := newLedger(t, vocabulary.Rules{})
	for _, line := range tiny(t) {
		l.say(line)
	}
	return l
}

func (l *ledger) check(store eventstore.Store, o replay.Options) replay.Report {
	l.t.Helper()
	if o.Keys == nil {
		o.Keys = l.keys
	}
	report, err := replay.Check(l.t.Context(), store, o)
	require.NoError(l.t, err)
	return report
}

// log is everything recorded.
func (l *ledger) log() (all []eventstore.Recorded) {
	l.t.Helper()
	for r, err := range l.store.ReadAll(l.t.Context(), eventstore.Beginning) {
		require.NoError(l.t, err)
		all = append(all, r)
	}
	return all
}

// forged is a log in which somebody changed events, or took some away.
type forged struct {
	eventstore.Store
	forge func(*eventstore.Recorded) (keep bool)
}

func (f forged) ReadAll(ctx context.Context, after eventstore.Position) iter.Seq2[eventstore.Recorded, error] {
	return f.through(f.Store.ReadAll(ctx, after))
}

func (f forged) ReadStream(ctx context.Context, stream string, from eventstore.Revision) iter.Seq2[eventstore.Recorded, error] {
	return f.through(f.Store.ReadStream(ctx, stream, from))
}

func (f forged) through(events iter.Seq2[eventstore.Recorded, error]) iter.Seq2[eventstore.Recorded, error] {
	return func(yield func(eventstore.Recorded, error) bool) {
		for r, err := range events {
			if err == nil && !f.forge(&r) {
				continue
			}
			if !yield(r, err) {
				return
			}
		}
	}
}
