package projections_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/domain/reseller"
	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/projections"
	"github.com/partnerledger/partnerledger/projections/sqldb/sqldbtest"
)

// part is a projector that shares its database and takes some partitions.
func part(first, last int) projections.Options {
	return projections.Options{Shared: true, Partitions: projections.Range{First: first, Last: last}, Patience: 400 * time.Millisecond}
}

// Ensure two processes that share a projection come to the same rows as one, and that one process alone takes
// all of it up again.
func TestPartitions_AreSharedOutAndJoinedAgain(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, url string) {
		l := newLedger(3000)
		one, two := &counter{name: "one", splits: true}, &counter{name: "two"}
		low, high := openWith(t, url, l, part(0, 7), one, two), openWith(t, url, l, part(8, 15), one, two)
		stopLow, stopHigh := low.start(t), high.start(t)
		low.await(t, l.head().Position)
		high.await(t, l.head().Position)
		require.Equal(t, "one "+applied(t, 3000)+"two "+applied(t, 3000), low.dump(t, "one", "two"))
		s := low.status(t, l.head())
		require.Len(t, s["one"].Ranges, 2)
		require.Equal(t, projections.Range{First: 8, Last: 15}, s["one"].Ranges[1].Range)
		require.Empty(t, s["two"].Ranges, "what can't be split is whole")

		require.ErrorIs(t, stopHigh(), context.Canceled)
		last := l.record(reseller.ResellerReinstated{ResellerTenantID: "r"})
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		require.Error(t, low.Wait(ctx, last), "nobody applies the other half")
		require.ErrorIs(t, stopLow(), context.Canceled)

		whole := openWith(t, url, l, part(0, 15), one, two)
		stop := whole.start(t)
		whole.await(t, last)
		require.Equal(t, "one "+applied(t, 3001)+"two "+applied(t, 3001), whole.dump(t, "one", "two"))
		require.ErrorIs(t, stop(), context.Canceled)
		again := openWith(t, url, l, part(0, 15), one, two) // level by now, and so joined
		again.start(t)
		joined := func() bool { return again.status(t, l.head())["one"].Ranges == nil }
		require.Eventually(t, joined, waitAtMost, pollAfter)
	})
}

// Ensure a projection whose parts several processes have is rebuilt by one of them, and shared again after.
func TestPartitions_AreGatheredForARebuild(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, url string) {
		l := newLedger(3000)
		one := &counter{name: "one", splits: true}
		low, high := openWith(t, url, l, part(0, 7), one), openWith(t, url, l, part(8, 15), one)
		low.start(t)
		high.start(t)
		low.await(t, l.head().Position)
		for range 2 {
			stop := busy(t, low, l)
			order, err := high.Rebuild(t.Context(), "one") // ordered where it isn't carried out
			stop()
			require.NoError(t, err)
			require.Equal(t, "7 rows in 1 table are the same as they were", order.Report)
			low.await(t, l.head().Position)
			high.await(t, l.head().Position)
			require.Equal(t, "one "+applied(t, int(l.head().NextSeq)), low.dump(t, "one"))
		}
	})
}

// Ensure one of two projectors stands by, and takes over at once when the other leaves and soon when it dies.
func TestStandBy_TakesOver(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, url string) {
		l := newLedger(100)
		one := &counter{name: "one"}
		first, second := openWith(t, url, l, part(0, 15), one), openWith(t, url, l, part(0, 15), one)
		stop := first.start(t)
		first.await(t, l.head().Position)
		second.start(t)
		require.ErrorIs(t, stop(), context.Canceled)
		watch := open(t, url, nil, one)
		watch.await(t, l.record(reseller.ResellerReinstated{ResellerTenantID: "r"})) // the second has taken over

		third := openWith(t, url, l, part(0, 15), one)
		third.start(t)
		require.NoError(t, second.db.Close()) // as if it were killed: it can't say that it leaves
		watch.await(t, l.record(reseller.ResellerReinstated{ResellerTenantID: "r"}))
		require.Equal(t, "one "+applied(t, 102), watch.dump(t, "one"))
	})
}

// Ensure an event that people decided to pass over is passed over, by the live build and by a rebuilt one.
func TestSkip_IsFollowedByARebuildToo(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, url string) {
		l := newLedger(10)
		var skipped []uuid.UUID
		options := projections.Options{Skips: func(_ context.Context, name string) ([]uuid.UUID, error) {
			require.Equal(t, "one", name)
			return skipped, nil
		}}
		d := openWith(t, url, l, options, &counter{name: "one", before: poisonAt(6)})
		d.start(t)
		stopped := func() bool { return d.status(t, l.head())["one"].State == projections.Stopped }
		require.Eventually(t, stopped, waitAtMost, pollAfter)
		skipped = append(skipped, l.events[6].ID)
		require.NoError(t, d.Retry(t.Context(), "one"))
		d.await(t, l.head().Position)
		without := d.dump(t, "one")
		require.NotContains(t, without, "reseller-6", "its only event")
		require.Contains(t, without, "\t\"reseller-2\"\t2\t71\n", "nothing else is passed over")
		_, err := d.Rebuild(t.Context(), "one")
		require.NoError(t, err)
		require.Equal(t, without, d.dump(t, "one"))
	})
}

// Ensure a runner doesn't go on over a log that no longer has what it applied.
func TestRun_HaltsWhereTheLogWentBack(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, url string) {
		l := newLedger(10)
		open(t, url, l, &counter{name: "one"}).runTo(t, l.head().Position)
		var asked []eventstore.Landmark
		options := projections.Options{Holds: func(_ context.Context, m eventstore.Landmark) error {
			asked = append(asked, m)
			return eventstore.ErrWentBack
		}}
		require.ErrorIs(t, openWith(t, url, l, options, &counter{name: "one"}).Run(t.Context()), eventstore.ErrWentBack)
		require.Equal(t, []eventstore.Landmark{l.events[9].Landmark()}, asked)
	})
}

// Ensure the condition on the checkpoint is what keeps two projectors apart: without it the rows are wrong.
func TestUnguarded_IsNoticed(t *testing.T) {
	l, opened := newLedger(20), make(chan struct{})
	url, one := sqldbtest.SQLite(t), &counter{name: "one"}
	late := newLedger(20)
	late.breaks = func(eventstore.Sequenced) error { <-opened; return nil }
	second := openWith(t, url, late, projections.Options{Unguarded: true}, one)
	stop := second.start(t)
	second.await(t, eventstore.Beginning) // it believes that nothing is applied
	open(t, url, l, one).runTo(t, l.head().Position)
	close(opened)
	spoilt := func() bool {
		return second.dump(t, "one") != "one "+applied(t, 20) || second.status(t, l.head())["one"].State == projections.Stopped
	}
	require.Eventually(t, spoilt, waitAtMost, pollAfter)
	require.True(t, errors.Is(stop(), context.Canceled), "nobody turned it away")
}
