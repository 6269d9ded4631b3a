package changes_test

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/credit"
	"github.com/partnerledger/partnerledger/internal/workload"
	"github.com/partnerledger/partnerledger/internal/workload/inmemory"
	"github.com/partnerledger/partnerledger/internal/workload/recount"
	"github.com/partnerledger/partnerledger/projections"
	"github.com/partnerledger/partnerledger/projections/changes"
	"github.com/partnerledger/partnerledger/projections/readmodel"
	"github.com/partnerledger/partnerledger/projections/sqldb"
	"github.com/partnerledger/partnerledger/projections/sqldb/sqldbtest"
	"github.com/partnerledger/partnerledger/projections/timeline"
)

// business is a tiny one in which every edge case happens, with its read models.
type business struct {
	events []projections.Event
	db     *sqldb.DB
}

func readModels() []projections.Projection {
	return append(inmemory.ReadModels(), timeline.Projection{})
}

func eachBusiness(t *testing.T, test func(*testing.T, business)) {
	t.Helper()
	var lines bytes.Buffer
	_, err := workload.Generate(t.Context(), workload.Options{Seed: 3, Size: workload.Tiny, EdgeCases: true}, &lines)
	require.NoError(t, err)
	ledger, err := inmemory.New()
	require.NoError(t, err)
	require.NoError(t, ledger.Play(t.Context(), &lines))
	events, err := ledger.Events(t.Context())
	require.NoError(t, err)
	sqldbtest.Each(t, func(t *testing.T, url string) {
		db := sqldbtest.Open(t, url)
		require.NoError(t, inmemory.Prepare(t.Context(), db, readModels()...))
		require.NoError(t, inmemory.Apply(t.Context(), db, events, readModels()...))
		test(t, business{events, db})
	})
}

// between reads all pages, of a size that breaks entities in the middle.
func (b business) between(t *testing.T, f changes.Filter, size int) (all []changes.Line) {
	t.Helper()
	require.NoError(t, b.db.Snapshot(t.Context(), func(r sqldb.Reader) error {
		page := readmodel.Page{Limit: size}
		for {
			part, err := changes.Between(t.Context(), r, f, page)
			if err != nil {
				return err
			}
			require.LessOrEqual(t, len(part.Items), size)
			all = append(all, part.Items...)
			if part.Next == "" {
				return nil
			}
			page.After = part.Next
		}
	}))
	return all
}

// points are two random ones, the second not before the first in either time.
func (b business) points(chance *rand.Rand) (p, q recount.Point) {
	at := func() domain.Instant {
		return b.events[chance.IntN(len(b.events))].Meta.At - domain.Instant(chance.IntN(2))
	}
	times := func() (domain.Instant, domain.Instant) { x, y := at(), at(); return min(x, y), max(x, y) }
	p.AsOf, q.AsOf = times()
	p.Known, q.Known = domain.MaxInstant, domain.MaxInstant
	switch chance.IntN(3) {
	case 0: // one instant, two states of knowledge
		p.AsOf = q.AsOf
		p.Known, q.Known = times()
	case 1:
		p.Known, q.Known = times()
	}
	return p, q
}

func pointOf(p recount.Point) readmodel.Point {
	return readmodel.Question{AsOf: &p.AsOf, AsKnownAt: &p.Known}.At(0)
}

// factOf is what a line is about. A location and a request are told apart by their ids alone.
func factOf(l changes.Line) recount.Fact {
	return recount.Fact{Entity: l.Entity, Provider: l.ProviderTenantID, Reseller: l.ResellerTenantID, Customer: l.CustomerTenantID,
		Subscription: l.SubscriptionID, Item: l.Item, Field: l.Field}
}

func said(value *string) string {
	if value == nil {
		return ""
	}
	return *value
}

// Ensure that the state before, with the lines applied, is the state after, both of them recounted from the
// events; that no line says what was so before; and that every line's event is what made it so.
func TestTheLinesLeadFromOneStateToTheOther(t *testing.T) {
	eachBusiness(t, func(t *testing.T, b business) {
		chance := rand.New(rand.NewPCG(5, 6))
		for n := range 24 {
			p, q := b.points(chance)
			policy := []credit.Policy{credit.Keep, credit.Close}[n%2]
			facts, after := recount.At(b.events, p).Facts(string(policy)), recount.At(b.events, q).Facts(string(policy))
			lines := b.between(t, changes.Filter{Before: pointOf(p), After: pointOf(q), Policy: policy}, 1+chance.IntN(200))
			name := fmt.Sprintf("from %s known %s to %s known %s, %s", p.AsOf, p.Known, q.AsOf, q.Known, policy)
			for _, l := range lines {
				require.Equal(t, facts[factOf(l)], said(l.Before), "%s: before of %+v", name, l)
				require.NotEqual(t, said(l.Before), said(l.After), "%s: %+v", name, l)
				facts[factOf(l)] = said(l.After)
				require.NotEmpty(t, l.EventID, "%s: %+v", name, l)
			}
			maps.DeleteFunc(facts, func(_ recount.Fact, value string) bool { return value == "" })
			require.Equal(t, after, facts, name)
			for _, l := range sample(chance, lines) {
				b.causes(t, l, q, string(policy))
			}
		}
	})
}

// sample are a few lines of each kind of entity: one that is new, one that is gone, one that is another.
func sample(chance *rand.Rand, lines []changes.Line) (some []changes.Line) {
	taken := map[string]bool{}
	for _, n := range chance.Perm(len(lines)) {
		l := lines[n]
		kind := fmt.Sprint(l.Entity, l.Before == nil, l.After == nil)
		if !taken[kind] && (l.After == nil || chance.IntN(4) == 0) {
			taken[kind] = true
			some = append(some, l)
		}
	}
	return some
}

// causes counts the state after anew from the events up to the cause, which say so, and from those before
// it, which don't.
func (b business) causes(t *testing.T, l changes.Line, q recount.Point, policy string) {
	t.Helper()
	if l.Field == "resellerTenantId" && l.Entity == "resellerOfRecord" {
		return // its event is that of the id, and a reseller may have several
	}
	without, with := recount.At(b.events[:l.Seq], q).Facts(policy)[factOf(l)], recount.At(b.events[:l.Seq+1], q).Facts(policy)[factOf(l)]
	require.Equal(t, b.events[l.Seq].ID.String(), l.EventID)
	if !l.Expired {
		require.Equal(t, said(l.After), with, "with its event: %+v", l)
	}
	require.True(t, l.Expired || without != with, "without its event it would be so too: %+v", l)
}

// Ensure a filter leaves exactly the lines that are about what is asked for.
func TestFiltersLeaveWhatIsMeant(t *testing.T) {
	eachBusiness(t, func(t *testing.T, b business) {
		last := b.events[len(b.events)-1].Meta.At
		middle := b.events[len(b.events)/2].Meta.At
		f := changes.Filter{Before: readmodel.At(middle), After: readmodel.At(last)}
		all := b.between(t, f, 1000)
		seen := map[string]bool{}
		for _, l := range all {
			seen[l.Entity] = true
		}
		require.ElementsMatch(t, changes.Entities(), slices.Collect(maps.Keys(seen)))
		only := func(meant func(changes.Line) bool) (lines []changes.Line) {
			for _, l := range all {
				if meant(l) {
					lines = append(lines, l)
				}
			}
			return lines
		}
		for _, l := range []changes.Line{all[0], all[len(all)/2], all[len(all)-1]} {
			by := f
			by.Entity = l.Entity
			require.Equal(t, only(func(o changes.Line) bool { return o.Entity == l.Entity }), b.between(t, by, 1000))
			if l.SubscriptionID != "" {
				by = f
				by.Subscription = l.SubscriptionID
				require.Equal(t, only(func(o changes.Line) bool { return o.SubscriptionID == l.SubscriptionID }), b.between(t, by, 1000))
			}
			if l.CustomerTenantID != "" {
				by = f
				by.Customer, by.Provider = l.CustomerTenantID, l.ProviderTenantID
				require.Equal(t, only(func(o changes.Line) bool {
					return o.CustomerTenantID == l.CustomerTenantID && o.ProviderTenantID == l.ProviderTenantID
				}), b.between(t, by, 1000))
			}
		}
		b.resellers(t, f, all)
	})
}

// resellers wants, of each reseller, what names it on either side; what is about subscriptions may name it nowhere.
func (b business) resellers(t *testing.T, f changes.Filter, all []changes.Line) {
	t.Helper()
	names := map[domain.TenantID]bool{}
	for _, l := range all {
		if l.ResellerTenantID != "" {
			names[l.ResellerTenantID] = true
		}
	}
	for reseller := range names {
		f.Reseller = reseller
		got := map[recount.Fact]bool{}
		for _, l := range b.between(t, f, 1000) {
			got[factOf(l)] = true
		}
		for _, l := range all {
			about := l.ResellerTenantID == reseller || said(l.Before) == string(reseller) || said(l.After) == string(reseller)
			if about && l.Entity != "supportContact" {
				require.True(t, got[factOf(l)], "%s: %+v", reseller, l)
			}
			if l.ResellerTenantID != "" && l.ResellerTenantID != reseller {
				require.False(t, got[factOf(l)], "%s: %+v", reseller, l)
			}
		}
	}
}

// Ensure a question that runs backwards is refused, and so is a cursor that nobody gave out.
func TestWhatIsNoQuestion(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, url string) {
		db := sqldbtest.Open(t, url)
		_, err := changes.Between(t.Context(), db, changes.Filter{Before: readmodel.At(2), After: readmodel.At(1)}, readmodel.Page{})
		require.ErrorIs(t, err, changes.ErrOrder)
		for _, cursor := range []string{"x", "99.0.", "0.-1.", "0.0.!"} {
			require.NoError(t, inmemory.Prepare(t.Context(), db, readModels()...))
			_, err := changes.Between(t.Context(), db, changes.Filter{Before: readmodel.At(1), After: readmodel.At(2)}, readmodel.Page{After: cursor})
			require.ErrorIs(t, err, readmodel.ErrCursor, cursor)
		}
	})
}
