package projections_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/reseller"
	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/projections"
	"github.com/partnerledger/partnerledger/projections/sqldb"
	"github.com/partnerledger/partnerledger/projections/sqldb/sqldbtest"
	"github.com/partnerledger/partnerledger/projections/tables"
)

var codec = eventstore.NewCodec(reseller.Events, nil)

// ledger is a Source in memory. Positions have gaps, as those of the real log do.
type ledger struct {
	mu     sync.Mutex
	events []eventstore.Sequenced
	grew   chan struct{}
	// breaks, if set, is asked before each event is given.
	breaks func(e eventstore.Sequenced) error
}

func newLedger(n int) *ledger {
	l := &ledger{grew: make(chan struct{})}
	for range n {
		l.record(reseller.ResellerSuspended{ResellerTenantID: "r", Reason: "one more"})
	}
	return l
}

// record appends an event to one of seven streams.
func (l *ledger) record(fact domain.Event) eventstore.Position {
	l.mu.Lock()
	defer l.mu.Unlock()
	seq := len(l.events)
	command := uuid.NewSHA1(uuid.Nil, fmt.Append(nil, seq))
	p, err := codec.Encode(command, fact, eventstore.Metadata{CausationID: domain.CommandID(command.String()), At: domain.Instant(1_000_000 + seq), Parts: 1})
	if err != nil {
		panic(err)
	}
	return l.append(eventstore.Recorded{Stream: fmt.Sprintf("reseller-%d", seq%7), ID: p.ID, Type: p.Type, Data: p.Data, Metadata: p.Metadata})
}

func (l *ledger) append(r eventstore.Recorded) eventstore.Position {
	seq := uint64(len(l.events))
	r.Position = eventstore.Position(10*seq + 3)
	l.events = append(l.events, eventstore.Sequenced{Recorded: r, Seq: seq})
	close(l.grew)
	l.grew = make(chan struct{})
	return r.Position
}

func (l *ledger) head() eventstore.Cursor {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.events[len(l.events)-1].After()
}

func (l *ledger) at(i int) (eventstore.Sequenced, bool, <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if i < len(l.events) {
		return l.events[i], true, nil
	}
	return eventstore.Sequenced{}, false, l.grew
}

// Events yields from memory and waits for more.
func (l *ledger) Events(ctx context.Context, after eventstore.Cursor) iter.Seq2[eventstore.Sequenced, error] {
	return func(yield func(eventstore.Sequenced, error) bool) {
		for i := int(after.NextSeq); ; {
			e, ok, grew := l.at(i)
			if !ok {
				select {
				case <-grew:
					continue
				case <-ctx.Done():
					yield(eventstore.Sequenced{}, ctx.Err())
					return
				}
			}
			if l.breaks != nil {
				if err := l.breaks(e); err != nil {
					yield(eventstore.Sequenced{}, err)
					return
				}
			}
			if !yield(e, nil) {
				return
			}
			i++
		}
	}
}

// counter counts the events of each stream; an event applied twice, left out or out of order shows.
type counter struct {
	name    string
	version int
	extra   string // more schema
	splits  bool
	// before, if set, is asked before each event is applied.
	before func(e projections.Event) error
}

func (c *counter) Name() string { return c.name }
func (c *counter) Version() int { return c.version + 1 }
func (c *counter) Schema() string {
	return fmt.Sprintf("CREATE TABLE IF NOT EXISTS %s (stream TEXT NOT NULL PRIMARY KEY, n BIGINT NOT NULL, trail BIGINT NOT NULL);%s", c.name, c.extra)
}

// counted is a row of a counter's table.
type counted struct {
	Stream string `sql:"stream,key"`
	N      int64  `sql:"n"`
	Trail  int64  `sql:"trail"`
}

var (
	countersMu sync.Mutex
	counters   = map[string]*tables.Table[string, counted]{}
)

// table is the same for all counters of a name, as a projection's tables are.
func (c *counter) table() *tables.Table[string, counted] {
	countersMu.Lock()
	defer countersMu.Unlock()
	if counters[c.name] == nil {
		counters[c.name] = tables.Of(c.name, func(r *counted) string { return r.Stream })
	}
	return counters[c.name]
}

func (c *counter) Tables() []tables.Definition { return []tables.Definition{c.table()} }
func (c *counter) Splits() bool                { return c.splits }

func (c *counter) Apply(ctx context.Context, rows *tables.Rows, e projections.Event) error {
	row, err := c.table().Get(ctx, rows, &counted{Stream: e.Stream})
	switch {
	case err != nil:
		return err
	case row == nil:
		err = c.table().Insert(rows, &counted{Stream: e.Stream, N: 1, Trail: int64(e.Seq)})
	default:
		row.N, row.Trail = row.N+1, (row.Trail*31+int64(e.Seq))%1000003
		c.table().Change(rows, row)
	}
	if err == nil && c.before != nil { // after its rows, so that something has to be undone
		err = c.before(e)
	}
	return err
}

// desk is a database with a runner that the test starts and stops.
type desk struct {
	*projections.Runner
	db *sqldb.DB
}

func open(t *testing.T, url string, source projections.Source, list ...projections.Projection) *desk {
	t.Helper()
	return openWith(t, url, source, projections.Options{}, list...)
}

func openWith(t *testing.T, url string, source projections.Source, options projections.Options, list ...projections.Projection) *desk {
	t.Helper()
	db := sqldbtest.Open(t, url)
	models, err := projections.NewModels(t.Context(), db, list...)
	require.NoError(t, err)
	return &desk{projections.NewRunner(models, source, codec, options), db}
}

// runAndDie is Run, after which nothing of the process is left.
func (d *desk) runAndDie(t *testing.T) error {
	t.Helper()
	err := d.Run(t.Context())
	require.NoError(t, d.db.Close())
	return err
}

// start runs the runner beside the test; stop ends it and gives its error.
func (d *desk) start(t *testing.T) (stop func() error) {
	t.Helper()
	return d.startIn(t)
}

func (d *desk) startIn(t testing.TB) (stop func() error) {
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- d.Run(ctx) }()
	var once sync.Once
	var err error
	stop = func() error {
		once.Do(func() { cancel(); err = <-ended })
		return err
	}
	t.Cleanup(func() { _ = stop() })
	return stop
}

// runTo runs until everything that isn't stopped reflects the position.
func (d *desk) runTo(t *testing.T, p eventstore.Position) {
	t.Helper()
	stop := d.start(t)
	d.await(t, p)
	require.ErrorIs(t, stop(), context.Canceled)
}

func (d *desk) await(t *testing.T, p eventstore.Position) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	require.NoError(t, d.Wait(ctx, p))
}

func (d *desk) dump(t *testing.T, tables ...string) string {
	t.Helper()
	text, err := d.db.Dump(t.Context(), tables...)
	require.NoError(t, err)
	return text
}

func (d *desk) status(t *testing.T, head eventstore.Cursor) map[string]projections.Status {
	t.Helper()
	list, err := d.Status(t.Context(), head)
	require.NoError(t, err)
	byName := map[string]projections.Status{}
	for _, s := range list {
		byName[s.Name] = s
	}
	return byName
}

// applied is what a counter's table holds after the first n events, by applying them one by one.
func applied(t *testing.T, n int) string {
	t.Helper()
	count, trail := map[int]int{}, map[int]int{}
	for seq := range n {
		if s := seq % 7; count[s] == 0 {
			trail[s] = seq
		} else {
			trail[s] = (trail[s]*31 + seq) % 1000003
		}
		count[seq%7]++
	}
	text := "(stream, n, trail)\n"
	for s := range min(n, 7) {
		text += fmt.Sprintf("\t%q\t%d\t%d\n", fmt.Sprintf("reseller-%d", s), count[s], trail[s])
	}
	return text
}

var errPoison = errors.New("this event can't be applied")

func poisonAt(seq uint64) func(projections.Event) error {
	return func(e projections.Event) error {
		if e.Seq == seq {
			return errPoison
		}
		return nil
	}
}

// atomicFault is a before that changes while a runner is at work.
type atomicFault struct {
	mu sync.Mutex
	fn func(projections.Event) error
}

func (a *atomicFault) set(fn func(projections.Event) error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.fn = fn
}

func (a *atomicFault) ask(e projections.Event) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.fn == nil {
		return nil
	}
	return a.fn(e)
}

const (
	waitAtMost = 30 * time.Second
	pollAfter  = 5 * time.Millisecond
)
