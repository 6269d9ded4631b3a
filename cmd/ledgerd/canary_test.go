package main

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/domain/vocabulary"
	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/internal/client"
	"github.com/partnerledger/partnerledger/internal/seal"
	"github.com/partnerledger/partnerledger/internal/submission"
	"github.com/partnerledger/partnerledger/internal/wire"
	"github.com/partnerledger/partnerledger/projections/readmodel"
	"github.com/partnerledger/partnerledger/projections/sqldb"
	"github.com/partnerledger/partnerledger/projections/sqldb/sqldbtest"
)

// heapDump names the file into which a daemon of these tests dumps its heap when it gets SIGUSR1.
const heapDump = "LEDGERD_TEST_HEAP"

// dumpWhenAsked does so: what lives, after garbage was collected often enough to empty all pools.
func dumpWhenAsked() {
	name := os.Getenv(heapDump)
	if name == "" {
		return
	}
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGUSR1)
	go func() {
		<-asked
		for range 4 {
			runtime.GC()
		}
		debug.FreeOSMemory()
		file, err := os.Create(name + ".part")
		if err == nil {
			debug.WriteHeapDump(file.Fd())
			err = file.Close()
		}
		if err == nil {
			err = os.Rename(name+".part", name)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "heap dump:", err)
		}
	}()
}

// Ensure that whatever is said in confidence, in every command, in refused and unreadable ones too, stands nowhere:
// not in the files of the event log, the feed, the read models, the journal and the keys, not in the log, metrics,
// exports and answers to those who didn't say who they are, and not in memory once it was dealt with. And that
// after a customer's contacts were erased, no copy of the key store from before opens anything of theirs together
// with today's master key, nor the other way round. LEDGER_CANARIES=1000 says how many; a few otherwise.
func TestCanaries(t *testing.T) {
	wanted, err := strconv.Atoi(cmp.Or(os.Getenv("LEDGER_CANARIES"), "50"))
	require.NoError(t, err)
	c := &canaries{of: map[string]string{}}
	lines, unreadable := c.said(t, wanted)
	data, heap := t.TempDir(), filepath.Join(t.TempDir(), "heap")
	t.Setenv(heapDump, heap)
	// The collector overwrites what it frees: otherwise the unused end of a living buffer may show what stood in that
	// memory before, which nobody holds any more.
	t.Setenv("GODEBUG", "clobberfree=1")
	d := launch(t, data, "--log-level", "debug")
	address, ok := <-d.address
	require.True(t, ok, "%s", &d.stderr)

	summary, err := submission.Run(t.Context(), d.client, bytes.NewReader(lines), submission.Options{ID: client.RandomSubmission(), Expect: true, Quiet: true})
	require.NoError(t, err)
	require.NoError(t, summary.Fault(), "canaries change no decision")
	for _, line := range unreadable {
		demand(t, http.MethodPost, address+"/v1/commands", line)
	}
	require.NoError(t, d.client.Document(t.Context(), "/v1/requests", map[string][]string{"atLeast": {summary.Position}}, new(any)))
	for _, target := range []string{"/metrics", "/v1/requests?state=all&limit=1000", "/v1/requests?state=all&format=csv", "/v1/customers?limit=1000", "/v1/customers?format=csv",
		"/v1/timeline?limit=1000", "/v1/timeline?format=csv", "/v1/activity?limit=1000", "/v1/activity?format=csv", "/v1/submissions", "/v1/status", "/v1/resellers",
		"/v1/state", "/v1/replay?until=9999-01-01T00:00:00Z", "/v1/replay?check=true", "/v1/support-contacts", "/v1/privileges", "/v1/erasures?state=all", "/v1/analytics", "/docs", "/openapi.json"} {
		status, body := demand(t, http.MethodGet, address+target, "")
		require.Equal(t, http.StatusOK, status, target)
		requireNoCanary(t, target, body)
	}
	_, shown := demand(t, http.MethodGet, address+"/v1/requests?state=all&limit=1000&"+reading, "")
	require.Contains(t, string(shown), canaryWords, "they are there for those who may see them")
	_, shown = demand(t, http.MethodGet, address+"/v1/state?asOf=2021-12-01T00:00:00Z&"+reading, "")
	require.Contains(t, string(shown), canaryWords)

	d.client.CloseIdle()
	require.NoError(t, d.command.Process.Signal(syscall.SIGUSR1))
	require.Eventually(t, func() bool { _, err := os.Stat(heap); return err == nil }, 2*time.Minute, 10*time.Millisecond)
	dump, err := os.ReadFile(heap)
	require.NoError(t, err)
	require.Contains(t, string(dump), "PartnershipRequested", "this is how things are found in it")
	requireNoCanary(t, "the heap", dump)
	d.stop()
	requireNoCanary(t, "the log", d.stderr.Bytes())
	requireNoCanaryFiles(t, data)

	backup := t.TempDir()
	require.NoError(t, os.CopyFS(backup, os.DirFS(filepath.Join(data, "keys"))))
	left := forgetEverybody(t, data)
	requireNoCanaryFiles(t, data)
	requireGone(t, data, backup, left)
}

// Ensure the same of PostgreSQL: no table holds anything, nor those of the keys.
func TestCanaries_Postgres(t *testing.T) {
	if os.Getenv(sqldbtest.Variable) == "" {
		return // the runs with PostgreSQL name a server
	}
	c := &canaries{of: map[string]string{}}
	lines, _ := c.said(t, 50)
	database := sqldbtest.Postgres(t)
	d := launch(t, t.TempDir(), "--database", database, "--keys", database)
	_, ok := <-d.address
	require.True(t, ok, "%s", &d.stderr)
	summary, err := submission.Run(t.Context(), d.client, bytes.NewReader(lines), submission.Options{ID: client.RandomSubmission(), Expect: true, Quiet: true})
	require.NoError(t, err)
	require.NoError(t, summary.Fault())
	require.NoError(t, d.client.Document(t.Context(), "/v1/requests", map[string][]string{"atLeast": {summary.Position}}, new(any)))
	d.stop()
	db := sqldbtest.Open(t, database)
	tables := columnOf(t, db, "SELECT table_name::text FROM information_schema.tables WHERE table_schema = current_schema()")
	require.Contains(t, tables, "data_keys")
	require.Contains(t, tables, "submission_lines")
	for _, table := range tables {
		rows := columnOf(t, db, "SELECT t::text FROM "+table+" t")
		requireNoCanary(t, table, []byte(strings.Join(rows, "\n")))
		require.True(t, len(rows) > 0 || table != "data_keys" && table != "partnership_requests", table)
	}
}

// columnOf are the answers of a query that asks for one text.
func columnOf(t *testing.T, db *sqldb.DB, query string) (all []string) {
	t.Helper()
	found, err := readmodel.All(t.Context(), db, readmodel.From(query), func(text *string) []any { return []any{text} })
	require.NoError(t, err)
	return found
}

func demand(t *testing.T, method, target, body string) (int, []byte) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, target, strings.NewReader(body))
	require.NoError(t, err)
	request.Close = true // nothing of it stays in a buffer
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, text
}

// requireNoCanaryFiles searches all files of a daemon that has ended.
func requireNoCanaryFiles(t *testing.T, data string) {
	t.Helper()
	seen := map[string]bool{}
	require.NoError(t, filepath.WalkDir(data, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(name)
		requireNoCanary(t, name, content)
		inside, _, _ := strings.Cut(strings.TrimPrefix(name, data+string(filepath.Separator)), string(filepath.Separator))
		seen[inside] = seen[inside] || len(content) > 0
		return err
	}))
	for _, part := range []string{"eventstore", "nats", "readmodels.db", "journal.db", "keys"} {
		require.True(t, seen[part], "%s was searched", part)
	}
}

// eraseInvitee erases whom a partnership request was sent to; that takes two people.
func eraseInvitee(t *testing.T, c *client.Client, provider, request string) {
	t.Helper()
	issuer := wire.Issuer{UserPrincipalName: "kim@provider.example", TenantID: provider, Role: "AdminAgent"}
	asked, err := c.RequestErasure(t.Context(), wire.ErasureRequest{Issuer: issuer, ProviderTenantID: provider, RequestID: request, Reason: "test"})
	require.NoError(t, err)
	answer := wire.ErasureAnswer{Issuer: issuer, ProviderTenantID: provider, RequestID: request}
	_, err = c.AnswerErasure(t.Context(), "approve", asked.CommandID, answer)
	require.ErrorContains(t, err, "Somebody else than kim@provider.example")
	answer.UserPrincipalName = "lee@provider.example"
	_, err = c.AnswerErasure(t.Context(), "approve", asked.CommandID, answer)
	require.NoError(t, err)
}

// forgetEverybody erases the contacts of all customers and whom all partnership requests but one were sent to, two
// people each. It gives the request that is left.
func forgetEverybody(t *testing.T, data string) (left string) {
	t.Helper()
	t.Run("forget", func(t *testing.T) {
		d := startWith(t, func(c *config) { c.Data = data }, "--allow-history")
		erased := 0
		for row, err := range d.client.Rows(t.Context(), "/v1/customers", nil) {
			require.NoError(t, err)
			var of struct{ ProviderTenantID, CustomerTenantID string }
			require.NoError(t, json.Unmarshal(row, &of, json.MatchCaseInsensitiveNames(true)))
			issuer := wire.Issuer{UserPrincipalName: "kim@provider.example", TenantID: of.ProviderTenantID, Role: "AdminAgent"}
			asked, err := d.client.RequestErasure(t.Context(), wire.ErasureRequest{Issuer: issuer, ProviderTenantID: of.ProviderTenantID, CustomerTenantID: of.CustomerTenantID, Reason: "test"})
			require.NoError(t, err)
			issuer.UserPrincipalName = "lee@provider.example"
			_, err = d.client.AnswerErasure(t.Context(), "approve", asked.CommandID, wire.ErasureAnswer{Issuer: issuer, ProviderTenantID: of.ProviderTenantID, CustomerTenantID: of.CustomerTenantID})
			require.NoError(t, err)
			erased++
		}
		require.Positive(t, erased)
		for row, err := range d.client.Rows(t.Context(), "/v1/requests", map[string][]string{"state": {"all"}}) {
			require.NoError(t, err)
			var of struct{ ProviderTenantID, RequestID string }
			require.NoError(t, json.Unmarshal(row, &of, json.MatchCaseInsensitiveNames(true)))
			if left == "" {
				left = of.RequestID
				continue
			}
			eraseInvitee(t, d.client, of.ProviderTenantID, of.RequestID)
		}
	})
	return left
}

// openings is a Sealer that opens what it can, and counts it by whom it is about.
type openings struct {
	*seal.Keys
	left   string // the request that wasn't erased
	opened map[string]int
}

func (c openings) Open(subject, binding, sealed string) (string, error) {
	clear, err := c.Keys.Open(subject, binding, sealed)
	if err != nil {
		return "", eventstore.ErrForgotten
	}
	kind, id, _ := strings.Cut(subject, "-")
	if id == c.left {
		kind = "left"
	}
	c.opened[kind]++
	return clear, nil
}

// requireGone tries every sealed text of the log with every mixture of today's keys and those of a backup.
func requireGone(t *testing.T, data, backup, left string) {
	t.Helper()
	today := filepath.Join(data, "keys")
	for name, mix := range map[string]struct{ keys, master string }{"today's keys": {today, today}, "a backup of the keys": {backup, today},
		"a backup of the master key": {today, backup}, "a backup of both": {backup, backup}} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for file, from := range map[string]string{"keys.db": mix.keys, "master.key": mix.master} {
				content, err := os.ReadFile(filepath.Join(from, file))
				require.NoError(t, err)
				require.NoError(t, os.WriteFile(filepath.Join(dir, file), content, 0o600))
			}
			keys, err := seal.Open(dir)
			require.NoError(t, err)
			defer keys.Close()
			opened := openings{keys, left, map[string]int{}}
			codec := eventstore.NewCodec(vocabulary.Events(), opened)
			d, stop := startAlone(t, func(c *config) { c.Data = data }, "--allow-history")
			for _, r := range d.recorded() {
				_, meta, err := codec.Decode(r)
				require.NoError(t, err)
				if _, err = codec.DecodeCommand(r, meta); err != nil {
					require.ErrorIs(t, err, eventstore.ErrNoCommandData)
				}
			}
			require.NoError(t, stop())
			require.Positive(t, opened.opened["left"], "others can still be read")
			if mix.keys == mix.master && mix.keys == backup {
				require.Positive(t, opened.opened["customer"], "against a copy of both only destroying it helps")
				require.Positive(t, opened.opened["partnershiprequest"])
			} else {
				require.Zero(t, opened.opened["partnershiprequest"])
				require.Zero(t, opened.opened["customer"])
			}
		})
	}
}
