package projections_test

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/reseller"
	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/projections"
	"github.com/partnerledger/partnerledger/projections/sqldb/sqldbtest"
)

func TestReadModelsFollowTheLedger(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, url string) {
		l := newLedger(2500) // more than two full batches
		d := open(t, url, l, &counter{name: "one"}, &counter{name: "two"})
		d.start(t)
		d.await(t, l.head().Position)
		require.Equal(t, "one "+applied(t, 2500)+"two "+applied(t, 2500), d.dump(t, "one", "two"))

		last := l.record(reseller.ResellerReinstated{ResellerTenantID: "r"})
		d.await(t, last)
		require.Equal(t, "one "+applied(t, 2501), d.dump(t, "one"))
		reflected, err := d.Reflects(t.Context(), d.db)
		require.NoError(t, err)
		require.Equal(t, projections.Reflected{Position: last, NextSeq: 2501, At: 1_002_500}, reflected)

		s := d.status(t, eventstore.Cursor{Position: last + 50, NextSeq: 2505})["one"]
		require.Equal(t, uint64(4), s.Lag)
		require.Equal(t, projections.Running, s.State)
		require.Positive(t, s.Rate)
	})
}

// crash is what a process that dies looks like to the database: the transaction is never committed.
var crash = fmt.Errorf("the process dies: %w", driver.ErrBadConn)

func TestACrashBetweenAnyTwoStepsChangesNothing(t *testing.T) {
	const events = 12
	sqldbtest.Each(t, func(t *testing.T, url string) {
		l, lives := newLedger(events), 0
		var dieAt, step int
		die := func(projections.Event) error {
			if step++; step == dieAt {
				return crash
			}
			return nil
		}
		one, two := &counter{name: "one", before: die}, &counter{name: "two", before: die}
		for dieAt = 1; dieAt <= 2*events; dieAt++ {
			step, lives = 0, lives+1
			one.version, two.version = dieAt, dieAt // each round begins with nothing
			require.ErrorIs(t, open(t, url, l, one, two).runAndDie(t), crash)
			d := open(t, url, l, one, two)
			d.runTo(t, l.head().Position)
			require.Equal(t, "one "+applied(t, events)+"two "+applied(t, events), d.dump(t, "one", "two"), "died at step %d", dieAt)
			require.NoError(t, d.db.Close())
		}
		require.Equal(t, 2*events, lives)
	})
}

func TestASourceThatBreaksAnywhereLosesNothing(t *testing.T) {
	const events = 9
	sqldbtest.Each(t, func(t *testing.T, url string) {
		broken := errors.New("the connection is gone")
		for at := range uint64(events) {
			l := newLedger(events)
			l.breaks = func(e eventstore.Sequenced) error {
				if e.Seq == at {
					return broken
				}
				return nil
			}
			p := &counter{name: "one", version: int(at)}
			require.ErrorIs(t, open(t, url, l, p).runAndDie(t), broken)
			l.breaks = nil
			d := open(t, url, l, p)
			d.runTo(t, l.head().Position)
			require.Equal(t, "one "+applied(t, events), d.dump(t, "one"))
		}
	})
}

func TestAGapInTheSourceIsAnError(t *testing.T) {
	l := newLedger(5)
	l.events = append(l.events[:2], l.events[3:]...)
	d := open(t, sqldbtest.SQLite(t), l, &counter{name: "one"})
	require.ErrorContains(t, d.Run(t.Context()), "gave event 3 at position 33 where event 2 after position 13 was due")
	// What came before the gap may be applied, nothing after it.
	reflected, err := d.Reflects(t.Context(), d.db)
	require.NoError(t, err)
	require.LessOrEqual(t, reflected.Position, eventstore.Position(13))
}

func TestTheSecondProjectorIsTurnedAway(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, url string) {
		l, opened := newLedger(20), make(chan struct{})
		late := newLedger(20)
		late.breaks = func(eventstore.Sequenced) error { <-opened; return nil }
		second := open(t, url, late, &counter{name: "one"})
		ended := make(chan error, 1)
		go func() { ended <- second.Run(t.Context()) }()
		second.await(t, eventstore.Beginning) // it believes that nothing is applied

		first := open(t, url, l, &counter{name: "one"})
		first.runTo(t, l.head().Position)
		close(opened)
		require.ErrorIs(t, <-ended, projections.ErrCheckpointMoved)
		require.Equal(t, "one "+applied(t, 20), first.dump(t, "one"))
	})
}

func TestTwoProjectorsThatNeverGiveUpApplyEverythingOnce(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, url string) {
		l := newLedger(3000)
		ctx, cancel := context.WithCancel(t.Context())
		var group sync.WaitGroup
		desks := []*desk{open(t, url, l, &counter{name: "one"}, &counter{name: "two"}), open(t, url, l, &counter{name: "one"}, &counter{name: "two"})}
		for _, d := range desks {
			group.Go(func() {
				for ctx.Err() == nil {
					if err := d.Run(ctx); ctx.Err() == nil && !errors.Is(err, projections.ErrCheckpointMoved) {
						t.Error(err)
						return
					}
				}
			})
		}
		watcher := open(t, url, l, &counter{name: "one"}, &counter{name: "two"})
		for range 200 {
			watcher.await(t, l.record(reseller.ResellerReinstated{ResellerTenantID: "r"}))
		}
		cancel()
		group.Wait()
		require.Equal(t, "one "+applied(t, 3200)+"two "+applied(t, 3200), watcher.dump(t, "one", "two"))
	})
}

func TestAPoisonEventStopsItsProjectionAlone(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, url string) {
		l := newLedger(10)
		sick := &counter{name: "sick", before: poisonAt(6)}
		d := open(t, url, l, sick, &counter{name: "well"})
		stop := d.start(t)
		d.await(t, l.head().Position)
		require.Equal(t, "sick "+applied(t, 6)+"well "+applied(t, 10), d.dump(t, "sick", "well"))
		s := d.status(t, l.head())["sick"]
		require.Equal(t, projections.Stopped, s.State)
		require.Equal(t, &projections.Poison{Event: l.events[6].ID.String(), Position: 63, Cause: errPoison.Error()}, s.Poison)
		require.Equal(t, uint64(4), s.Lag)
		require.ErrorIs(t, stop(), context.Canceled)

		d = open(t, url, l, sick, &counter{name: "well"}) // a new process doesn't try again by itself
		d.start(t)
		d.await(t, l.record(reseller.ResellerReinstated{ResellerTenantID: "r"}))
		require.Equal(t, "sick "+applied(t, 6)+"well "+applied(t, 11), d.dump(t, "sick", "well"))

		sick.before = nil // somebody found the fault
		require.NoError(t, d.Retry(t.Context(), "sick"))
		d.await(t, l.head().Position)
		require.Equal(t, "sick "+applied(t, 11)+"well "+applied(t, 11), d.dump(t, "sick", "well"))
		require.Nil(t, d.status(t, l.head())["sick"].Poison)
	})
}

func TestAProjectionThatComesBackMissesNothing(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, url string) {
		const every, rounds = 10, 40
		var healed atomic.Uint64
		l := newLedger(0)
		sick := &counter{name: "sick", before: func(e projections.Event) error {
			if e.Seq%every == every-1 && e.Seq > healed.Load() {
				return errPoison
			}
			return nil
		}}
		d := open(t, url, l, sick, &counter{name: "well"})
		d.start(t)
		for round := range rounds {
			for range every {
				l.record(reseller.ResellerReinstated{ResellerTenantID: "r"})
			}
			d.await(t, l.head().Position) // sick is stopped by now
			healed.Store(uint64((round + 1) * every))
			go l.record(reseller.ResellerReinstated{ResellerTenantID: "r"}) // may arrive before, after or amid the retry
			require.NoError(t, d.Retry(t.Context(), "sick"))
		}
		healed.Store(1 << 60)
		require.NoError(t, d.Retry(t.Context(), "sick"))
		var n int
		for n < rounds*(every+1) {
			n = int(l.head().NextSeq)
		}
		d.await(t, l.head().Position)
		require.Equal(t, "sick "+applied(t, n)+"well "+applied(t, n), d.dump(t, "sick", "well"))
	})
}

func TestAPanicIsPoisonAndNoEndOfTheProcess(t *testing.T) {
	l := newLedger(3)
	d := open(t, sqldbtest.SQLite(t), l, &counter{name: "sick", before: func(e projections.Event) error { panic("no such row") }}, &counter{name: "well"})
	d.runTo(t, l.head().Position)
	require.Equal(t, "panic: no such row", d.status(t, l.head())["sick"].Poison.Cause)
	require.Equal(t, "sick (stream, n, trail)\nwell "+applied(t, 3), d.dump(t, "sick", "well"))
}

func TestAnEventOfANewerProgramIsNotPassedOver(t *testing.T) {
	l := newLedger(3)
	l.append(eventstore.Recorded{Stream: "reseller-3", Type: "InventedLater", Data: []byte(`{}`), Metadata: []byte(`{"schemaVersion":1,"at":"2026-01-01T00:00:00Z"}`)})
	d := open(t, sqldbtest.SQLite(t), l, &counter{name: "one"})
	stop := d.start(t)
	for d.status(t, l.head())["one"].State != projections.Stopped {
		require.NoError(t, t.Context().Err())
	}
	require.Contains(t, d.status(t, l.head())["one"].Poison.Cause, "InventedLater")
	require.Equal(t, "one "+applied(t, 3), d.dump(t, "one"))

	require.NoError(t, d.Retry(t.Context(), "one")) // Run waits for that, though nothing is left to run
	for d.status(t, l.head())["one"].State != projections.Stopped {
		require.NoError(t, t.Context().Err())
	}
	require.ErrorIs(t, stop(), context.Canceled)
}

func TestAnotherVersionOrSchemaIsBuiltFromTheBeginning(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, url string) {
		l := newLedger(8)
		var seen atomic.Int64
		count := func(projections.Event) error { seen.Add(1); return nil }
		for i, p := range []*counter{
			{name: "one", before: count},
			{name: "one", before: count, version: 1},
			{name: "one", before: count, version: 1, extra: "CREATE INDEX IF NOT EXISTS by_n ON one (n);"},
		} {
			d := open(t, url, l, p, &counter{name: "two", before: count})
			d.runTo(t, l.head().Position)
			require.Equal(t, int64(8*(i+2)), seen.Load(), "only what changed is applied again")
			require.Equal(t, "one "+applied(t, 8)+"two "+applied(t, 8), d.dump(t, "one", "two"))
		}
	})
}

func TestWaitEndsWithItsContext(t *testing.T) {
	l := newLedger(2)
	d := open(t, sqldbtest.SQLite(t), l, &counter{name: "one"})
	d.start(t)
	d.await(t, l.head().Position)
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	err := d.Wait(ctx, 1000)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	notYet, ok := errors.AsType[*projections.NotReached](err)
	require.True(t, ok)
	require.Equal(t, eventstore.Position(1000), notYet.Wanted)
	require.Equal(t, eventstore.Position(13), notYet.Reflected)
}

func TestNothingIsReflectedBeforeTheTablesAreMade(t *testing.T) {
	url := sqldbtest.SQLite(t)
	reader := open(t, url, nil, &counter{name: "one"})
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	require.Error(t, reader.Wait(ctx, eventstore.Beginning), "not even an empty ledger")
	reflected, err := reader.Reflects(t.Context(), reader.db)
	require.NoError(t, err)
	require.Equal(t, projections.Reflected{Position: eventstore.Beginning}, reflected)

	open(t, url, newLedger(0), &counter{name: "one"}).start(t)
	reader.await(t, eventstore.Beginning)
	require.Equal(t, "one (stream, n, trail)\n", reader.dump(t, "one"))
}

func TestWaitInAnotherProcessLooksAtTheCheckpoints(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, url string) {
		l := newLedger(2)
		reader := open(t, url, nil, &counter{name: "one"})
		writer := open(t, url, l, &counter{name: "one"})
		waited := make(chan error, 1)
		go func() { waited <- reader.Wait(t.Context(), 23) }()
		writer.start(t)
		writer.await(t, l.record(reseller.ResellerReinstated{ResellerTenantID: "r"}))
		require.NoError(t, <-waited)
		reflected, err := reader.ReflectsOf(t.Context(), reader.db, "one")
		require.NoError(t, err)
		require.Equal(t, domain.Instant(1_000_002), reflected.At)
	})
}
