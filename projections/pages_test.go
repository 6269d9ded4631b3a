package projections_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/domain/reseller"
	"github.com/partnerledger/partnerledger/projections"
	"github.com/partnerledger/partnerledger/projections/sqldb/sqldbtest"
	"github.com/partnerledger/partnerledger/projections/tables"
)

// pages is a projection with history: ten events of a stream fill a page, which nobody looks at again.
type pages struct{ before func(projections.Event) error }

type page struct {
	Stream string `sql:"stream,key"`
	Number int64  `sql:"number,key"`
	N      int64  `sql:"n"`
	Last   int64  `sql:"last_seq"`
}

type pageKey struct {
	stream string
	number int64
}

var (
	allPages  = tables.Of("pages", func(p *page) pageKey { return pageKey{p.Stream, p.Number} }).Final(func(p *page) bool { return p.N == 10 })
	openPages = tables.On(allPages, func(p *page) string { return p.Stream }, func(p *page) bool { return p.N < 10 }, "n < 10", "stream")
)

func (*pages) Name() string                { return "pages" }
func (*pages) Version() int                { return 1 }
func (*pages) Splits() bool                { return false }
func (*pages) Schema() string              { return pagesSchema }
func (*pages) Tables() []tables.Definition { return []tables.Definition{allPages} }

const pagesSchema = `CREATE TABLE IF NOT EXISTS pages (
  stream TEXT NOT NULL, number BIGINT NOT NULL, n BIGINT NOT NULL, last_seq BIGINT NOT NULL,
  PRIMARY KEY (stream, number)
);
CREATE INDEX IF NOT EXISTS pages_open ON pages (stream) WHERE n < 10;`

func (p *pages) Apply(ctx context.Context, rows *tables.Rows, e projections.Event) error {
	current, err := openPages.One(ctx, rows, &page{Stream: e.Stream})
	switch {
	case err != nil:
		return err
	case current == nil:
		err = allPages.Insert(rows, &page{Stream: e.Stream, Number: int64(e.Seq), N: 1, Last: int64(e.Seq)})
	default:
		current.N, current.Last = current.N+1, int64(e.Seq)
		allPages.Change(rows, current)
	}
	if err == nil && p.before != nil {
		err = p.before(e)
	}
	return err
}

// Ensure a rebuild that was broken off writes nothing twice: pages that were full are in the tables, which have no
// keys yet that would refuse them.
func TestRebuild_BrokenOffWritesWhatIsFinalOnce(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, url string) {
		l := newLedger(50_000) // three chunks
		var dying atomicFault
		p := &pages{before: dying.ask}
		d := open(t, url, l, p)
		stop := d.start(t)
		d.await(t, l.head().Position)
		was := d.dump(t, "pages")
		dying.set(func(e projections.Event) error {
			if e.Seq == 45_000 {
				return crash
			}
			return nil
		})
		id, err := d.Order(t.Context(), "pages", projections.OrderRebuild)
		require.NoError(t, err)
		require.Eventually(t, func() bool {
			orders, err := d.Orders(t.Context(), d.db)
			require.NoError(t, err)
			return orders[0].Events >= 20_000
		}, waitAtMost, pollAfter)
		_ = stop()
		var final int
		require.NoError(t, d.db.QueryRow(t.Context(), "SELECT COUNT(*) FROM pages_next WHERE n = 10").Scan(&final))
		require.Positive(t, final)
		var open int
		require.NoError(t, d.db.QueryRow(t.Context(), "SELECT COUNT(*) FROM pages_next WHERE n < 10").Scan(&open))
		require.Zero(t, open, "what can change waits")

		dying.set(func(projections.Event) error { return nil })
		projections.ChunkOf(t, 7000) // where it was broken off lies within one of these
		d = openWith(t, url, l, projections.Options{}, p)
		d.start(t)
		order, err := d.Await(t.Context(), id)
		require.NoError(t, err)
		require.Equal(t, "5005 rows in 1 table are the same as they were", order.Report)
		require.Equal(t, was, d.dump(t, "pages"))
		d.await(t, l.record(reseller.ResellerReinstated{ResellerTenantID: "r"})) // keys and indexes are there for what follows
	})
}
