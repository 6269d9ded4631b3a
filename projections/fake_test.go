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
	// before, if set, is asked before each event is applied.
	before func(e projections.Event) error
}

func (c *counter) Name() string { return c.name }
func (c *counter) Version() int { return c.version + 1 }
func (c *counter) Schema() string {
	return fmt.Sprintf("CREATE TABLE IF NOT EXISTS %s (stream TEXT NOT NULL PRIMARY KEY, n BIGINT NOT NULL, trail BIGINT NOT NULL);%s", c.name, c.extra)
}

func (c *counter) Apply(ctx context.Context, tx *sqldb.Tx, e projections.Event) error {
	_, err := tx.Exec(ctx, fmt.Sprintf(`INSERT INTO %[1]s (stream, n, trail) VALUES ($1, 1, $2)
ON CONFLICT (stream) DO UPDATE SET n = %[1]s.n + 1, trail = (%[1]s.trail * 31 + excluded.trail) %% 1000003`, c.name), e.Stream, e.Seq)
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
	db := sqldbtest.Open(t, url)
	models, err := projections.NewModels(t.Context(), db, list...)
	require.NoError(t, err)
	return &desk{projections.NewRunner(models, source, codec), db}
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
