package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/eventstore/esdb"
	"github.com/partnerledger/partnerledger/eventstore/esdbnode"
	"github.com/partnerledger/partnerledger/internal/client"
	"github.com/partnerledger/partnerledger/internal/submission"
	"github.com/partnerledger/partnerledger/internal/wire"
)

const (
	benchClients  = 64
	benchCommands = 64 * benchClients // of one turn
)

// BenchmarkCommandsHTTP/64 measures accepted commands through HTTP on the whole ledger on disk, every part
// of it at work, and beside it, in turns on the same event store, bare appends of events of the same size
// through gRPC. Clients and servers share one process, so the figures of CPU are those of both.
func BenchmarkCommandsHTTP(b *testing.B) {
	b.Run(fmt.Sprint(benchClients), func(b *testing.B) {
		f := newFull(b)
		b.Run("single", func(b *testing.B) { f.compare(b, f.singles) })
		b.Run("stream", func(b *testing.B) { f.compare(b, f.streams) })
	})
}

// BenchmarkAppendCeiling is the ceiling alone.
func BenchmarkAppendCeiling(b *testing.B) {
	b.Run(fmt.Sprint(benchClients), func(b *testing.B) {
		f := newFull(b)
		var turns []turn
		for b.Loop() {
			turns = append(turns, measure(b, f.appends))
		}
		b.ReportMetric(benchCommands/medianOf(turns, turn.seconds), "appends/s")
		b.ReportMetric(0, "ns/op")
	})
}

// turn is what one turn took.
type turn struct{ wall, cpu time.Duration }

func (t turn) seconds() float64 { return t.wall.Seconds() }
func (t turn) micros() float64  { return float64(t.cpu.Microseconds()) / benchCommands }

func measure(b *testing.B, do func(b *testing.B)) turn {
	b.Helper()
	began, used := time.Now(), processorTime(b)
	do(b)
	return turn{time.Since(began), processorTime(b) - used}
}

func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func medianOf[T any](all []T, of func(T) float64) float64 {
	var values []float64
	for _, v := range all {
		values = append(values, of(v))
	}
	slices.Sort(values)
	return values[len(values)/2]
}

// full is the whole ledger, with a history in it, as its clients see it.
type full struct {
	address string
	client  *client.Client
	store   eventstore.Store // a connection of its own
	targets []*target
}

// target is a subscription that belongs to one client alone.
type target struct {
	Provider     string `json:"providerTenantId"`
	Customer     string `json:"customerTenantId"`
	Subscription string `json:"subscriptionId"`
	Quantity     int    `json:"quantity"`

	more     bool
	revision eventstore.Revision // of the client's own stream of bare appends
}

func newFull(b *testing.B) *full {
	b.Helper()
	dir := b.TempDir()
	node, err := esdbnode.Start(b.Context(), esdbnode.Options{Dir: filepath.Join(dir, "eventstore")})
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, node.Close()) })
	f := &full{}
	f.store, err = esdb.Open(esdb.Options{ConnectionString: node.ConnectionString()})
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, f.store.(*esdb.Store).Close()) })
	f.address = serveInProcess(b, "--data", dir, "--http", "127.0.0.1:0", "--allow-history", "--log-level", "warn",
		"--eventstore", node.ConnectionString(), "--sole-writer")
	f.client, err = client.New(f.address)
	require.NoError(b, err)
	f.history(b)
	return f
}

// serveInProcess runs the program until the benchmark ends, and gives its address.
func serveInProcess(b *testing.B, args ...string) string {
	b.Helper()
	ctx, stop := context.WithCancel(context.Background())
	out, in := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := run(ctx, args, func(string) string { return "" }, in)
		ended <- err
		in.CloseWithError(fmt.Errorf("ended: %w", err))
	}()
	b.Cleanup(func() {
		stop()
		require.NoError(b, <-ended)
	})
	line := make([]byte, 512)
	n, err := out.Read(line)
	require.NoError(b, err)
	go func() { _, _ = io.Copy(io.Discard, out) }()
	return strings.Fields(string(line[:n]))[3]
}

// history submits the tiny workload and finds a customer for each client.
func (f *full) history(b *testing.B) {
	b.Helper()
	summary, err := submission.Run(b.Context(), f.client, open(b, "tiny.jsonl"), submission.Options{ID: client.RandomSubmission(), Expect: true})
	require.NoError(b, err)
	require.NoError(b, summary.Fault())
	taken := map[string]bool{}
	for row, err := range f.client.Rows(b.Context(), "/v1/subscriptions", url.Values{"status": {"active"}, "atLeast": {summary.Position}}) {
		require.NoError(b, err)
		t := &target{revision: eventstore.NoStream}
		require.NoError(b, json.Unmarshal(row, t))
		if len(f.targets) < benchClients && !taken[t.Customer] && t.Quantity < 100 {
			taken[t.Customer], f.targets = true, append(f.targets, t)
		}
	}
	require.Len(b, f.targets, benchClients)
}

// next is a command that is accepted: the quantity goes up by one, and down again.
func (t *target) next() []byte {
	quantity := t.Quantity
	if t.more = !t.more; t.more {
		quantity++
	}
	return fmt.Appendf(nil, `{"commandId":%q,"type":"ChangeQuantity","actor":{"userPrincipalName":"salesagent.1@partner.example","tenantId":%q,"role":"SalesAgent"},`+
		`"data":{"providerTenantId":%q,"customerTenantId":%q,"subscriptionId":%q,"quantity":%d}}`+"\n",
		uuid.NewString(), t.Provider, t.Provider, t.Customer, t.Subscription, quantity)
}

// compare lets commands and bare appends take turns. A turn of commands took as long as until all were
// answered, and as much of the processor as until their rows were there too.
func (f *full) compare(b *testing.B, commands func(b *testing.B)) {
	var ours, bare []turn
	for b.Loop() {
		var answered turn
		whole := measure(b, func(b *testing.B) {
			answered = measure(b, commands)
			f.projected(b)
		})
		ours, bare = append(ours, turn{answered.wall, whole.cpu}), append(bare, measure(b, f.appends))
	}
	b.ReportMetric(benchCommands/medianOf(ours, turn.seconds), "commands/s")
	b.ReportMetric(benchCommands/medianOf(bare, turn.seconds), "appends/s")
	b.ReportMetric(medianOf(bare, turn.seconds)/medianOf(ours, turn.seconds), "of-appends")
	b.ReportMetric(medianOf(ours, turn.micros), "cpu-µs/command")
	b.ReportMetric(medianOf(bare, turn.micros), "cpu-µs/append")
	b.ReportMetric(0, "ns/op")
}

// projected returns once the read models reflect the end of the log.
func (f *full) projected(b *testing.B) {
	var now wire.Condition
	require.NoError(b, f.client.Document(b.Context(), "/v1/status", nil, &now))
	_, err := f.client.Page(b.Context(), "/v1/requests", url.Values{"atLeast": {now.Head}, "limit": {"1"}})
	require.NoError(b, err)
}

// each runs one client's share of a turn for all clients at once.
func (f *full) each(b *testing.B, share func(t *target) error) {
	var all sync.WaitGroup
	for _, t := range f.targets {
		all.Go(func() {
			if err := share(t); err != nil {
				b.Error(err)
			}
		})
	}
	all.Wait()
}

const benchShare = benchCommands / benchClients

// singles sends each command on its own and waits for its answer.
func (f *full) singles(b *testing.B) {
	c := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: benchClients}}
	defer c.CloseIdleConnections()
	f.each(b, func(t *target) error {
		for range benchShare {
			response, err := c.Post(f.address+"/v1/commands", "application/json", bytes.NewReader(t.next()))
			if err != nil {
				return err
			}
			text, err := io.ReadAll(response.Body)
			if response.Body.Close(); err != nil || response.StatusCode != http.StatusOK {
				return fmt.Errorf("%s: %s: %w", response.Status, text, err)
			}
		}
		return nil
	})
}

// streams sends each client's commands as one stream of lines.
func (f *full) streams(b *testing.B) {
	f.each(b, func(t *target) error {
		var lines bytes.Buffer
		for range benchShare {
			lines.Write(t.next())
		}
		return f.client.Submit(b.Context(), client.Submission{ID: client.RandomSubmission()}, &lines, func(a wire.Answer) error {
			if a.Status != wire.Accepted || len(a.EventIDs) != 1 {
				return fmt.Errorf("line %d: %s %s %s", a.Line, a.Status, a.Code, a.Message)
			}
			return nil
		})
	})
}

// Stored, a command of these benchmarks has about so many bytes.
var (
	benchData     = fmt.Appendf(nil, `{"x":%q}`, strings.Repeat("x", 250))
	benchMetadata = fmt.Appendf(nil, `{"x":%q}`, strings.Repeat("x", 560))
)

// appends writes the same number of events to streams that no reader of the ledger sees.
func (f *full) appends(b *testing.B) {
	f.each(b, func(t *target) error {
		for range benchShare {
			done, err := f.store.Append(b.Context(), "$bench-"+t.Customer, t.revision, eventstore.Proposed{ID: uuid.New(), Type: "$bench", Data: benchData, Metadata: benchMetadata})
			if err != nil {
				return err
			}
			t.revision = done.Revision
		}
		return nil
	})
}
