package projections_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/domain/reseller"
	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/projections"
	"github.com/partnerledger/partnerledger/projections/sqldb/sqldbtest"
)

func TestRebuildEqualsLiveWhileTheOthersGoOn(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, url string) {
		l := newLedger(2100)
		d := open(t, url, l, &counter{name: "one"}, &counter{name: "two"})
		d.start(t)
		d.await(t, l.head().Position)

		var steps []projections.Progress
		require.NoError(t, d.Rebuild(t.Context(), "one", func(p projections.Progress) {
			steps = append(steps, p)
			l.record(reseller.ResellerReinstated{ResellerTenantID: "r"}) // the ledger doesn't stand still
		}))
		require.NotEmpty(t, steps)
		for i, s := range steps {
			require.LessOrEqual(t, s.NextSeq, s.Of)
			require.True(t, i == 0 || s.NextSeq > steps[i-1].NextSeq)
		}
		n := int(l.head().NextSeq)
		d.await(t, l.head().Position)
		require.Equal(t, "one "+applied(t, n)+"two "+applied(t, n), d.dump(t, "one", "two"))
		d.await(t, l.record(reseller.ResellerReinstated{ResellerTenantID: "r"})) // and it follows again
		require.Equal(t, "one "+applied(t, n+1), d.dump(t, "one"))
	})
}

func TestRebuildWithoutARunnerAtWork(t *testing.T) {
	l := newLedger(30)
	url := sqldbtest.SQLite(t)
	d := open(t, url, l, &counter{name: "one"}, &counter{name: "two"})
	d.runTo(t, l.head().Position)
	before := d.dump(t, "one", "two", "checkpoints")
	require.NoError(t, open(t, url, l, &counter{name: "one"}, &counter{name: "two"}).Rebuild(t.Context(), "two", nil))
	require.Equal(t, before, d.dump(t, "one", "two", "checkpoints"))
}

func TestRebuildOfAnEmptyLedgerIsDoneAtOnce(t *testing.T) {
	d := open(t, sqldbtest.SQLite(t), newLedger(0), &counter{name: "one"})
	require.NoError(t, d.Rebuild(t.Context(), "one", nil))
	require.Error(t, d.Rebuild(t.Context(), "other", nil))
}

func TestRebuildStopsAtPoisonAndSoHealsIt(t *testing.T) {
	l := newLedger(10)
	p := &counter{name: "one", before: poisonAt(4)}
	d := open(t, sqldbtest.SQLite(t), l, p)
	d.start(t)
	err := d.Rebuild(t.Context(), "one", nil)
	for err == nil { // the first one may have begun before any event was applied
		err = d.Rebuild(t.Context(), "one", nil)
	}
	var stopped *projections.StoppedError
	require.ErrorAs(t, err, &stopped)
	require.Equal(t, eventstore.Position(43), stopped.Position)

	p.before = nil
	require.NoError(t, d.Rebuild(t.Context(), "one", nil))
	d.await(t, l.head().Position)
	require.Equal(t, "one "+applied(t, 10), d.dump(t, "one"))
}

func TestABrokenOffRebuildIsTakenUp(t *testing.T) {
	l := newLedger(10)
	url := sqldbtest.SQLite(t)
	p := &counter{name: "one"}
	d := open(t, url, l, p)
	d.runTo(t, l.head().Position)

	ctx, cancel := context.WithCancel(t.Context())
	p.before = func(e projections.Event) error {
		if e.Seq == 5 {
			cancel()
		}
		return ctx.Err()
	}
	require.ErrorIs(t, d.Rebuild(ctx, "one", nil), context.Canceled)
	require.Equal(t, projections.Rebuilding, d.status(t, l.head())["one"].State)
	p.before = nil
	d = open(t, url, l, p)
	d.runTo(t, l.head().Position)
	require.Equal(t, "one "+applied(t, 10), d.dump(t, "one"))
}
