package changes_test

import (
	"bytes"
	"context"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/customer"
	"github.com/partnerledger/partnerledger/internal/workload"
	"github.com/partnerledger/partnerledger/internal/workload/inmemory"
	"github.com/partnerledger/partnerledger/projections"
	"github.com/partnerledger/partnerledger/projections/changes"
	"github.com/partnerledger/partnerledger/projections/credit"
	"github.com/partnerledger/partnerledger/projections/customers"
	"github.com/partnerledger/partnerledger/projections/outcomes"
	"github.com/partnerledger/partnerledger/projections/partners"
	"github.com/partnerledger/partnerledger/projections/readmodel"
	"github.com/partnerledger/partnerledger/projections/sqldb"
	"github.com/partnerledger/partnerledger/projections/sqldb/sqldbtest"
	"github.com/partnerledger/partnerledger/projections/subscriptions"
	"github.com/partnerledger/partnerledger/projections/tables"
	"github.com/partnerledger/partnerledger/projections/timeline"
)

// history is a long one with the ids to ask about.
type history struct {
	db            *sqldb.DB
	first, last   domain.Instant
	customers     []customer.Key
	subscriptions []subscriptionKey
	resellers     []domain.TenantID
	commands      []domain.CommandID
	users         []string
}

type subscriptionKey struct {
	customer.Key
	id domain.SubscriptionID
}

func (h *history) learn(e projections.Event) {
	h.first, h.last = min(h.first, e.Meta.At), max(h.last, e.Meta.At)
	switch f := e.Fact.(type) {
	case customer.CustomerAssociatedWithReseller:
		h.customers, h.resellers = append(h.customers, f.Key), append(h.resellers, f.ResellerTenantID)
	case customer.SubscriptionPurchased:
		h.subscriptions = append(h.subscriptions, subscriptionKey{f.Key, f.SubscriptionID})
		h.commands, h.users = append(h.commands, e.Meta.CausationID), append(h.users, e.Meta.Actor.UserPrincipalName)
	}
}

// lines is how long the history is: short to see that the benchmark works, LEDGER_HISTORY_LINES for figures.
func lines(b *testing.B) workload.Options {
	if long := os.Getenv("LEDGER_HISTORY_LINES"); long != "" {
		n, err := strconv.Atoi(long)
		require.NoError(b, err)
		return workload.Options{Seed: 1, Size: workload.Large, EdgeCases: true, Limit: n}
	}
	return workload.Options{Seed: 1, Size: workload.Small, Limit: 3000}
}

func recorded(b *testing.B) []projections.Event {
	var text bytes.Buffer
	_, err := workload.Generate(b.Context(), lines(b), &text)
	require.NoError(b, err)
	ledger, err := inmemory.New()
	require.NoError(b, err)
	require.NoError(b, ledger.Play(b.Context(), &text))
	events, err := ledger.Events(b.Context())
	require.NoError(b, err)
	return events
}

// fill folds the events as a rebuild does: nothing is looked up, and what is final leaves the memory.
func fill(b *testing.B, url string, events []projections.Event) *sqldb.DB {
	db := sqldbtest.Open(b, url)
	for _, p := range append(readModels(), outcomes.Projection{}) {
		require.NoError(b, inmemory.Prepare(b.Context(), db, p))
		rows, began := tables.New(p.Tables(), ""), time.Now()
		rows.Empty()
		for part := range slices.Chunk(events, 5000) {
			require.NoError(b, db.Write(b.Context(), func(tx *sqldb.Tx) error {
				for _, e := range part {
					if err := p.Apply(b.Context(), rows, e); err != nil {
						return err
					}
				}
				return rows.Flush(b.Context(), tx)
			}))
		}
		b.Logf("%-14s %8.0f events/s", p.Name(), float64(len(events))/time.Since(began).Seconds())
	}
	if strings.HasPrefix(url, "postgres") {
		require.NoError(b, db.Write(b.Context(), func(tx *sqldb.Tx) error { return tx.Script(b.Context(), "ANALYZE") }))
	}
	return db
}

// BenchmarkQuestions measures questions about random instants of a long history, the slowest and the middle
// one of several: as of, differences and timelines.
func BenchmarkQuestions(b *testing.B) {
	events := recorded(b)
	h := &history{first: domain.MaxInstant}
	for _, e := range events {
		h.learn(e)
	}
	b.Logf("%d events, %d customers, %d subscriptions", len(events), len(h.customers), len(h.subscriptions))
	sqldbtest.Measure(b, func(b *testing.B, url string) {
		h.db = fill(b, url, events)
		chance := rand.New(rand.NewPCG(1, 2))
		for _, q := range h.questions(chance) {
			b.Run(q.name, func(b *testing.B) {
				var took []time.Duration
				rows := 0
				for b.Loop() {
					at := h.first + domain.Instant(chance.Int64N(int64(h.last-h.first)))
					began := time.Now()
					require.NoError(b, h.db.Snapshot(b.Context(), func(r sqldb.Reader) error {
						n, err := q.ask(b.Context(), r, readmodel.At(at))
						rows += n
						return err
					}))
					took = append(took, time.Since(began))
				}
				slices.Sort(took)
				b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "ms-middle")
				b.ReportMetric(float64(took[len(took)-1].Microseconds())/1000, "ms-slowest")
				b.ReportMetric(float64(rows)/float64(len(took)), "rows")
				b.ReportMetric(0, "ns/op")
			})
		}
	})
}

type question struct {
	name string
	ask  func(ctx context.Context, r sqldb.Reader, at readmodel.Point) (rows int, err error)
}

func (h *history) questions(chance *rand.Rand) []question {
	any := func() customer.Key { return h.customers[chance.IntN(len(h.customers))] }
	sub := func() subscriptionKey { return h.subscriptions[chance.IntN(len(h.subscriptions))] }
	reseller := func() domain.TenantID { return h.resellers[chance.IntN(len(h.resellers))] }
	page := readmodel.Page{Limit: 100}
	return append([]question{
		{"AsOf/OneReseller", func(ctx context.Context, r sqldb.Reader, at readmodel.Point) (int, error) {
			return size(partners.Resellers(ctx, r, partners.Filter{At: at, Reseller: reseller()}, page))
		}},
		{"AsOf/ResellerList", func(ctx context.Context, r sqldb.Reader, at readmodel.Point) (int, error) {
			return size(partners.Resellers(ctx, r, partners.Filter{At: at}, readmodel.Everything))
		}},
		{"AsOf/ResellerListAsKnownThen", func(ctx context.Context, r sqldb.Reader, at readmodel.Point) (int, error) {
			at.Known = at.Facts
			return size(partners.Resellers(ctx, r, partners.Filter{At: at}, readmodel.Everything))
		}},
		{"AsOf/ResellerListAllPages", func(ctx context.Context, r sqldb.Reader, at readmodel.Point) (n int, err error) {
			page := page
			for {
				part, err := partners.Resellers(ctx, r, partners.Filter{At: at}, page)
				if n += len(part.Items); err != nil || part.Next == "" {
					return n, err
				}
				page.After = part.Next
			}
		}},
		{"AsOf/ResellerListOnePage", func(ctx context.Context, r sqldb.Reader, at readmodel.Point) (int, error) {
			return size(partners.Resellers(ctx, r, partners.Filter{At: at}, page))
		}},
		{"AsOf/FormerResellers", func(ctx context.Context, r sqldb.Reader, at readmodel.Point) (int, error) {
			return size(partners.FormerResellers(ctx, r, partners.Filter{At: at}, readmodel.Everything))
		}},
		{"AsOf/OneCustomer", func(ctx context.Context, r sqldb.Reader, at readmodel.Point) (int, error) {
			k := any()
			_, _, err := customers.One(ctx, r, at, k)
			if err != nil {
				return 0, err
			}
			list, err := customers.Associations(ctx, r, at, k)
			return len(list), err
		}},
		{"AsOf/CustomersOfOneReseller", func(ctx context.Context, r sqldb.Reader, at readmodel.Point) (int, error) {
			return size(customers.Customers(ctx, r, customers.Filter{At: at, Reseller: reseller()}, page))
		}},
		{"AsOf/PrivilegesOfOneCustomer", func(ctx context.Context, r sqldb.Reader, at readmodel.Point) (int, error) {
			return size(customers.Privileges(ctx, r, customers.PrivilegeFilter{At: at, Customer: any().CustomerTenantID}, page))
		}},
		{"AsOf/OneSubscription", func(ctx context.Context, r sqldb.Reader, at readmodel.Point) (int, error) {
			s := sub()
			d, _, err := subscriptions.One(ctx, r, at, s.Key, s.id)
			return len(d.Steps), err
		}},
		{"AsOf/SubscriptionsOfOneCustomer", func(ctx context.Context, r sqldb.Reader, at readmodel.Point) (int, error) {
			return size(subscriptions.Subscriptions(ctx, r, subscriptions.Filter{At: at, Customer: any().CustomerTenantID}, page))
		}},
		{"AsOf/SubscriptionsOfOneReseller", func(ctx context.Context, r sqldb.Reader, at readmodel.Point) (int, error) {
			return size(subscriptions.Subscriptions(ctx, r, subscriptions.Filter{At: at, Reseller: reseller()}, page))
		}},
		{"AsOf/SupportContactOfOneSubscription", func(ctx context.Context, r sqldb.Reader, at readmodel.Point) (int, error) {
			return size(subscriptions.SupportContacts(ctx, r, subscriptions.ContactFilter{At: at, Subscription: sub().id}, page))
		}},
		{"AsOf/RecordOfOneSubscription", func(ctx context.Context, r sqldb.Reader, at readmodel.Point) (int, error) {
			return size(credit.Intervals(ctx, r, credit.Filter{At: at, Subscription: sub().id}, page))
		}},
		{"AsOf/RecordOfOneReseller", func(ctx context.Context, r sqldb.Reader, at readmodel.Point) (int, error) {
			return size(credit.Intervals(ctx, r, credit.Filter{At: at, Reseller: reseller()}, page))
		}},
	}, h.changing(chance)...)
}

func (h *history) changing(chance *rand.Rand) []question {
	between := func(name string, days domain.Instant, about func() changes.Filter) question {
		return question{"Diff/" + name, func(ctx context.Context, r sqldb.Reader, at readmodel.Point) (int, error) {
			f := about()
			f.Before, f.After = at, readmodel.At(at.Facts+days*domain.Day)
			return size(changes.Between(ctx, r, f, readmodel.Page{Limit: 100}))
		}}
	}
	lines := func(name string, f func() timeline.Filter) question {
		return question{"Timeline/" + name, func(ctx context.Context, r sqldb.Reader, at readmodel.Point) (int, error) {
			filter := f()
			filter.At = readmodel.Latest(0)
			return size(timeline.Entries(ctx, r, filter, readmodel.Page{Limit: 100}))
		}}
	}
	pick := func(n int) int { return chance.IntN(n) }
	return []question{
		between("OneCustomerOneMonth", 30, func() changes.Filter {
			k := h.customers[pick(len(h.customers))]
			return changes.Filter{Provider: k.ProviderTenantID, Customer: k.CustomerTenantID}
		}),
		between("OneSubscriptionOneMonth", 30, func() changes.Filter {
			return changes.Filter{Subscription: h.subscriptions[pick(len(h.subscriptions))].id}
		}),
		between("OneResellerOneMonth", 30, func() changes.Filter { return changes.Filter{Reseller: h.resellers[pick(len(h.resellers))]} }),
		between("ResellerListOneMonth", 30, func() changes.Filter { return changes.Filter{Entity: "partnership"} }),
		between("EverythingOneDayFirstPage", 1, func() changes.Filter { return changes.Filter{} }),
		{"Diff/EverythingOneDayAllPages", func(ctx context.Context, r sqldb.Reader, at readmodel.Point) (n int, err error) {
			page := readmodel.Page{Limit: 1000}
			for {
				part, err := changes.Between(ctx, r, changes.Filter{Before: at, After: readmodel.At(at.Facts + domain.Day)}, page)
				if n += len(part.Items); err != nil || part.Next == "" {
					return n, err
				}
				page.After = part.Next
			}
		}},
		lines("OneCustomer", func() timeline.Filter {
			return timeline.Filter{Customer: h.customers[pick(len(h.customers))].CustomerTenantID}
		}),
		lines("OneSubscription", func() timeline.Filter {
			return timeline.Filter{Subscription: h.subscriptions[pick(len(h.subscriptions))].id}
		}),
		lines("OneReseller", func() timeline.Filter { return timeline.Filter{Reseller: h.resellers[pick(len(h.resellers))]} }),
		lines("OneUser", func() timeline.Filter { return timeline.Filter{User: h.users[pick(len(h.users))]} }),
		lines("OneOperation", func() timeline.Filter { return timeline.Filter{Operation: string(h.commands[pick(len(h.commands))])} }),
		lines("SearchCommonWord", func() timeline.Filter { return timeline.Filter{Search: "premium"} }),
		lines("SearchRareWord", func() timeline.Filter { return timeline.Filter{Search: "zanzibar"} }),
		lines("SearchOfOneReseller", func() timeline.Filter {
			return timeline.Filter{Search: "zanzibar", Reseller: h.resellers[pick(len(h.resellers))]}
		}),
		lines("Refusals", func() timeline.Filter { return timeline.Filter{Type: "CommandRefused"} }),
	}
}

func size[T any](s readmodel.Slice[T], err error) (int, error) { return len(s.Items), err }
