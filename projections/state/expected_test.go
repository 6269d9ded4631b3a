package state_test

import (
	"compress/gzip"
	"context"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/internal/workload/expected"
	"github.com/partnerledger/partnerledger/internal/workload/inmemory"
	"github.com/partnerledger/partnerledger/projections"
	"github.com/partnerledger/partnerledger/projections/sqldb"
	"github.com/partnerledger/partnerledger/projections/sqldb/sqldbtest"
	"github.com/partnerledger/partnerledger/projections/state"
)

const workloads = "../../internal/workload/testdata"

// readModels are all that the state is assembled from.
var readModels = inmemory.ReadModels()

// query is an entry of a queries.json: what is asked after which commands, and the file with the answer.
type query struct {
	Commands string `json:"commands"`
	File     string `json:"file"`
	state.Question
}

// TestStateIsAsExpected plays workloads and compares the state, as of and as known at several instants,
// with results that were computed by somebody else.
func TestStateIsAsExpected(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, url string) {
		expectAll(t, url, "expected-tiny", "")
		expectAll(t, url, "expected-example", "expected-example")
	})
}

// expectAll asks every query of the folder, whose commands stand in another, of one database after the other.
func expectAll(t *testing.T, url, folder, commands string) {
	var queries []query
	decode(t, filepath.Join(workloads, folder, "queries.json"), &queries)
	slices.SortStableFunc(queries, func(a, b query) int { return strings.Compare(a.Commands, b.Commands) })
	var played *fixture
	for i, q := range queries {
		if i == 0 || queries[i-1].Commands != q.Commands {
			played = play(t, filepath.Join(workloads, commands, q.Commands), url)
		}
		t.Run(q.File, func(t *testing.T) {
			var want map[string]any
			decode(t, filepath.Join(workloads, folder, q.File), &want)
			for _, d := range expected.Differences(want, played.plain(t, q.Question)) {
				t.Error(d)
			}
		})
	}
}

// fixture is a ledger that was played, and its read models.
type fixture struct {
	ledger *inmemory.Ledger
	events []projections.Event
	db     *sqldb.DB
}

// play plays the commands of a file, and makes read models of the events in the database.
func play(t *testing.T, file, url string) *fixture {
	t.Helper()
	ledger, err := inmemory.New()
	require.NoError(t, err)
	require.NoError(t, ledger.Play(t.Context(), open(t, file)))
	events, err := ledger.Events(t.Context())
	require.NoError(t, err)
	return &fixture{ledger: ledger, events: events, db: project(t, url, events)}
}

// project makes read models of the events, in place of whatever rows the database has.
func project(t *testing.T, url string, events []projections.Event) *sqldb.DB {
	t.Helper()
	db := sqldbtest.Open(t, url)
	require.NoError(t, inmemory.Prepare(t.Context(), db, readModels...))
	require.NoError(t, db.Write(t.Context(), func(tx *sqldb.Tx) error {
		for _, table := range tables {
			if _, err := tx.Exec(t.Context(), "DELETE FROM "+table); err != nil {
				return err
			}
		}
		return nil
	}))
	require.NoError(t, inmemory.Apply(t.Context(), db, events, readModels...))
	return db
}

// tables are those of all read models.
var tables = []string{"providers", "resellers", "reseller_suspensions", "partner_agreements", "partner_locations", "partnership_requests",
	"partnerships", "customers", "customer_forgettings", "customer_resellers", "customer_privileges", "subscriptions",
	"subscription_steps", "support_contacts", "credit_facts", "credit_intervals", "credit_seats", "credit_managers", "credit_subscriptions",
	"credit_locations", "credit_deauthorized", "credit_partnerships"}

func (f *fixture) document(ctx context.Context, q state.Question) (d *state.Document, err error) {
	a := state.Assembler{Journal: f.ledger.Journal(), Reveal: inmemory.Reveal}
	err = f.db.Snapshot(ctx, func(r sqldb.Reader) error {
		d, err = a.Document(ctx, r, q)
		return err
	})
	return d, err
}

// plain is the document as anybody reads it who knows JSON only.
func (f *fixture) plain(t *testing.T, q state.Question) map[string]any {
	t.Helper()
	d, err := f.document(t.Context(), q)
	require.NoError(t, err)
	text, err := json.Marshal(d)
	require.NoError(t, err)
	var plain map[string]any
	require.NoError(t, json.Unmarshal(text, &plain))
	return plain
}

func decode(t *testing.T, file string, into any) {
	t.Helper()
	require.NoError(t, json.UnmarshalRead(open(t, file), into), file)
}

func open(t *testing.T, file string) io.Reader {
	t.Helper()
	f, err := os.Open(file)
	require.NoError(t, err)
	t.Cleanup(func() { _ = f.Close() })
	if !strings.HasSuffix(file, ".gz") {
		return f
	}
	r, err := gzip.NewReader(f)
	require.NoError(t, err)
	return r
}
