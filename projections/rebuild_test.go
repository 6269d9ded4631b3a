package projections_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/domain/reseller"
	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/projections"
	"github.com/partnerledger/partnerledger/projections/sqldb"
	"github.com/partnerledger/partnerledger/projections/sqldb/sqldbtest"
)

// Ensure a rebuild that is ordered while the ledger goes on compares, switches and keeps the build before, and
// that everybody can read all the time.
func TestRebuild_TakesTheLiveOnesPlace(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, url string) {
		l := newLedger(2100)
		one := &counter{name: "one", extra: "CREATE INDEX IF NOT EXISTS one_by_n ON one (n);"}
		d := open(t, url, l, one, &counter{name: "two"})
		d.start(t)
		d.await(t, l.head().Position)
		for round := range 3 { // the second time there is a build from before, and names that are taken
			stop := busy(t, d, l)
			order, err := d.Rebuild(t.Context(), "one")
			stop()
			require.NoError(t, err)
			require.Equal(t, "7 rows in 1 table are the same as they were", order.Report, "round %d", round)
			n := int(l.head().NextSeq)
			d.await(t, l.head().Position)
			require.Equal(t, "one "+applied(t, n)+"two "+applied(t, n), d.dump(t, "one", "two"))
			require.True(t, d.status(t, l.head())["one"].Prior)
			require.Equal(t, "running", string(d.status(t, l.head())["one"].State))
		}
	})
}

// busy records events until it is stopped, no faster than they are applied.
func busy(t *testing.T, d *desk, l *ledger) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			var last eventstore.Position
			for range 100 {
				last = l.record(reseller.ResellerReinstated{ResellerTenantID: "r"})
			}
			_ = d.Wait(ctx, last) // ended with ctx
		}
	}()
	return func() { cancel(); <-done }
}

// Ensure a rebuilt projection that isn't like the live one doesn't take its place, and that its report says
// where the two differ.
func TestRebuild_RefusesWhatDiffers(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, url string) {
		l := newLedger(300)
		d := open(t, url, l, &counter{name: "one"})
		d.start(t)
		d.await(t, l.head().Position)
		require.NoError(t, d.db.Write(t.Context(), func(tx *sqldb.Tx) error {
			_, err := tx.Exec(t.Context(), "UPDATE one SET trail = trail + 1 WHERE stream = 'reseller-3'")
			return err
		}))
		before := d.dump(t, "one")
		order, err := d.Rebuild(t.Context(), "one")
		require.ErrorIs(t, err, projections.ErrOrderFailed)
		require.Contains(t, order.Report, "in table one 1 rows are only in the live and 1 only in the rebuilt one, such as stream=reseller-3")
		require.Equal(t, before, d.dump(t, "one"))
		require.Equal(t, "one_next "+applied(t, 300), d.dump(t, "one_next"))
		d.await(t, l.record(reseller.ResellerReinstated{ResellerTenantID: "r"})) // the live one goes on
	})
}

func TestRollback_GoesOnWhereItWasLeft(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, url string) {
		l := newLedger(100)
		d := open(t, url, l, &counter{name: "one"})
		d.start(t)
		d.await(t, l.head().Position)
		_, err := d.do(t, "one", projections.OrderRollback)
		require.ErrorIs(t, err, projections.ErrOrderFailed, "there is nothing to go back to")
		_, err = d.Rebuild(t.Context(), "one")
		require.NoError(t, err)
		d.await(t, l.record(reseller.ResellerReinstated{ResellerTenantID: "r"}))
		for range 2 { // back, and forth again
			_, err = d.do(t, "one", projections.OrderRollback)
			require.NoError(t, err)
			d.await(t, l.record(reseller.ResellerReinstated{ResellerTenantID: "r"}))
			require.Equal(t, "one "+applied(t, int(l.head().NextSeq)), d.dump(t, "one"))
		}
		_, err = d.do(t, "one", projections.OrderDrop)
		require.NoError(t, err)
		require.False(t, d.status(t, l.head())["one"].Prior)
		_, err = d.db.Dump(t.Context(), "one_prior")
		require.Error(t, err)
		_, err = d.do(t, "other", projections.OrderDrop)
		require.ErrorIs(t, err, projections.ErrNoProjection)
	})
}

func (d *desk) do(t *testing.T, name string, kind projections.Kind) (projections.Order, error) {
	t.Helper()
	id, err := d.Order(t.Context(), name, kind)
	if err != nil {
		return projections.Order{}, err
	}
	return d.Await(t.Context(), id)
}

func TestRebuild_OfAnEmptyLedgerIsDoneAtOnce(t *testing.T) {
	d := open(t, sqldbtest.SQLite(t), newLedger(0), &counter{name: "one"})
	d.start(t)
	d.await(t, eventstore.Beginning)
	_, err := d.Rebuild(t.Context(), "one")
	require.NoError(t, err)
	_, err = d.Rebuild(t.Context(), "other")
	require.ErrorIs(t, err, projections.ErrNoProjection)
}

// Ensure a projection that stands still is healed by a rebuild once its fault is mended, and not before.
func TestRebuild_StopsAtPoisonAndSoHealsIt(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, url string) {
		l := newLedger(10)
		p := &counter{name: "one"}
		var poisoned atomicFault
		p.before = poisoned.ask
		poisoned.set(poisonAt(4))
		d := open(t, url, l, p, &counter{name: "well"})
		d.start(t)
		d.await(t, l.head().Position)
		order, err := d.Rebuild(t.Context(), "one")
		require.ErrorIs(t, err, projections.ErrOrderFailed)
		require.Contains(t, order.Report, "(position 43): "+errPoison.Error())
		require.Equal(t, "one "+applied(t, 4), d.dump(t, "one"))

		poisoned.set(nil)
		order, err = d.Rebuild(t.Context(), "one")
		require.NoError(t, err)
		require.Contains(t, order.Report, "nothing to compare with")
		d.await(t, l.head().Position)
		require.Equal(t, "one "+applied(t, 10), d.dump(t, "one"))
	})
}

// Ensure a rebuild that was broken off at any of its transactions is taken up by the next process and comes to
// the same.
func TestRebuild_BrokenOffIsTakenUp(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, url string) {
		l := newLedger(50_000) // three chunks
		p := &counter{name: "one"}
		var dying atomicFault
		p.before = dying.ask
		d := open(t, url, l, p)
		stop := d.start(t)
		d.await(t, l.head().Position)
		dying.set(func(e projections.Event) error {
			if e.Seq == 45_000 {
				return crash
			}
			return nil
		})
		id, err := d.Order(t.Context(), "one", projections.OrderRebuild)
		require.NoError(t, err)
		require.Eventually(t, func() bool { // the first chunk is written, the last never
			orders, err := d.Orders(t.Context(), d.db)
			require.NoError(t, err)
			return orders[0].Events >= 20_000
		}, waitAtMost, pollAfter)
		_ = stop()
		dying.set(func(projections.Event) error { return nil })
		d = open(t, url, l, p)
		d.start(t)
		order, err := d.Await(t.Context(), id)
		require.NoError(t, err)
		require.Equal(t, "7 rows in 1 table are the same as they were", order.Report)
		require.Equal(t, "one "+applied(t, 50_000), d.dump(t, "one"))
	})
}
