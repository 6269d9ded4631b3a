package readmodels

import (
	"bufio"
	"context"
	"iter"
	"os"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/upkeep"
	"github.com/partnerledger/partnerledger/domain/vocabulary"
	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/eventstore/memory"
	"github.com/partnerledger/partnerledger/internal/intake"
	"github.com/partnerledger/partnerledger/internal/seal"
	"github.com/partnerledger/partnerledger/projections"
	"github.com/partnerledger/partnerledger/projections/credit"
	"github.com/partnerledger/partnerledger/projections/customers"
	"github.com/partnerledger/partnerledger/projections/outcomes"
	"github.com/partnerledger/partnerledger/projections/partners"
	"github.com/partnerledger/partnerledger/projections/sqldb"
	"github.com/partnerledger/partnerledger/projections/sqldb/sqldbtest"
	"github.com/partnerledger/partnerledger/projections/subscriptions"
	"github.com/partnerledger/partnerledger/projections/timeline"
)

func all() []projections.Projection {
	return []projections.Projection{outcomes.Projection{}, partners.Projection{}, customers.Projection{}, subscriptions.Projection{},
		credit.Projection{}, timeline.Projection{}}
}

func names() (list []string) {
	for _, p := range all() {
		list = append(list, p.Name())
	}
	return list
}

// ledger is a log in memory with the handler that writes it, and read models in a database.
type ledger struct {
	t       *testing.T
	log     *memory.Store
	handler *eventstore.Handler
	reader  *intake.Reader
	models  *projections.Models
	db      *sqldb.DB
}

type nothingOlder struct{}

func (nothingOlder) Outcome(context.Context, domain.CommandID) (eventstore.Outcome, bool, error) {
	return eventstore.Outcome{}, false, nil
}

func (nothingOlder) Reflects(context.Context) (eventstore.Position, error) { return 0, nil }

// newLedger follows the log with one projector for each range, all of them if there is none.
func newLedger(t *testing.T, url string, ranges ...projections.Range) *ledger {
	t.Helper()
	reader, err := intake.NewReader(intake.Options{AllowHistory: true, Now: time.Now, Digest: func(b []byte) string { return string(b) }})
	require.NoError(t, err)
	keys, err := seal.Open(t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, keys.Close()) })
	l := &ledger{t: t, log: memory.New(), reader: reader, db: sqldbtest.Open(t, url)}
	l.handler = eventstore.NewHandler(l.log, eventstore.NewCodec(vocabulary.Events(), keys), nothingOlder{}, eventstore.Options{SoleWriter: true})
	if l.models, err = projections.NewModels(t.Context(), l.db, all()...); err != nil {
		t.Fatal(err)
	}
	if len(ranges) == 0 {
		ranges = []projections.Range{projections.Whole}
	}
	for _, r := range ranges {
		l.project(projections.Options{Partitions: r, Shared: len(ranges) > 1})
	}
	return l
}

func (l *ledger) project(o projections.Options) {
	models, err := projections.NewModels(l.t.Context(), l.db, all()...)
	require.NoError(l.t, err)
	if !o.Shared {
		models = l.models
	}
	ctx, stop := context.WithCancel(l.t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- projections.NewRunner(models, numbered{l.log}, eventstore.NewCodec(vocabulary.Events(), nil), o).Run(ctx)
	}()
	l.t.Cleanup(func() { stop(); require.ErrorIs(l.t, <-ended, context.Canceled) })
}

type numbered struct{ eventstore.Store }

func (n numbered) Events(ctx context.Context, after eventstore.Cursor) iter.Seq2[eventstore.Sequenced, error] {
	return func(yield func(eventstore.Sequenced, error) bool) {
		seq := after.NextSeq
		for r, err := range n.Subscribe(ctx, after.Position) {
			if !yield(eventstore.Sequenced{Recorded: r, Seq: seq}, err) || err != nil {
				return
			}
			seq++
		}
	}
}

// play says the lines of a workload from one number up to another; after is called after each.
func (l *ledger) play(from, to int, after func(line int)) {
	l.t.Helper()
	text, err := os.Open("../../workload/testdata/tiny.jsonl")
	require.NoError(l.t, err)
	defer text.Close()
	lines := bufio.NewScanner(text)
	lines.Buffer(nil, 1<<22)
	for line := 0; line < to && lines.Scan(); line++ {
		if line < from {
			continue
		}
		request, err := l.reader.Read(lines.Bytes())
		require.NoError(l.t, err)
		_, err = l.handler.Handle(l.t.Context(), request)
		require.NoError(l.t, err)
		after(line)
	}
	require.NoError(l.t, lines.Err())
}

func quietly(int) {}

// settle waits until the read models have everything.
func (l *ledger) settle() {
	l.t.Helper()
	head, err := l.log.Head(l.t.Context())
	require.NoError(l.t, err)
	require.NoError(l.t, l.models.Wait(l.t.Context(), head))
}

func (l *ledger) digests() []projections.Digest {
	l.t.Helper()
	digests, err := l.models.Digests(l.t.Context(), names()...)
	require.NoError(l.t, err)
	return digests
}

// seal puts a seal on record; change may make another of it.
func (l *ledger) seal(d projections.Digest, change func(*upkeep.Seal)) {
	l.t.Helper()
	s := SealOf(d)
	change(&s)
	o, err := l.handler.Handle(l.t.Context(), eventstore.Request{Digest: "seal", Intent: domain.Intent{ID: domain.CommandID(uuid.NewString()),
		At: domain.InstantOf(time.Now()), Actor: domain.Actor{UserPrincipalName: "kim@operators.example", Role: upkeep.Operator}, Command: upkeep.SealReadModel{Seal: s}}})
	require.NoError(l.t, err)
	require.Nil(l.t, o.Refusal)
}

func asItIs(*upkeep.Seal) {}

func (l *ledger) sealAll() {
	l.t.Helper()
	for _, d := range l.digests() {
		l.seal(d, asItIs)
	}
}

func (l *ledger) check(o Options) Report {
	l.t.Helper()
	report, err := Check(l.t.Context(), l.log, all(), o)
	require.NoError(l.t, err)
	return report
}
