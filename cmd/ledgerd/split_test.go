package main

import (
	"bytes"
	"context"
	"os"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/eventstore/esdbnode"
	"github.com/partnerledger/partnerledger/internal/client"
	"github.com/partnerledger/partnerledger/internal/natsnode"
	"github.com/partnerledger/partnerledger/internal/submission"
	"github.com/partnerledger/partnerledger/internal/wire"
)

// announced is what a daemon prints, for whoever waits for its address.
type announced struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (a *announced) Write(p []byte) (int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.text.Write(p)
}

var addressLine = regexp.MustCompile(`answers at (http://\S+)`)

func (a *announced) address() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	if found := addressLine.FindStringSubmatch(a.text.String()); found != nil {
		return found[1]
	}
	return ""
}

func (a *announced) all() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.text.String()
}

// Ensure the roles do in processes of their own what they do in one: a command answered by one process is
// carried by another and shown by a third.
func TestSplitRoles(t *testing.T) {
	node, err := esdbnode.Start(t.Context(), esdbnode.Options{Dir: t.TempDir()})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, node.Close()) })
	feed, err := natsnode.Start(natsnode.Options{Dir: t.TempDir()})
	require.NoError(t, err)
	t.Cleanup(feed.Close)

	ctx, stop := context.WithCancel(t.Context())
	var daemons sync.WaitGroup
	data, out := t.TempDir(), &announced{}
	for _, role := range []string{"relay", "relay", "projector", "api"} {
		args := []string{"--run", role, "--data", data, "--http", "127.0.0.1:0", "--log-level", "error", "--allow-history",
			"--eventstore", node.ConnectionString(), "--nats", feed.ClientURL(), "--database", "sqlite:" + data + "/models.db"}
		daemons.Go(func() {
			if err := run(ctx, args, func(string) string { return "" }, out); err != nil {
				t.Errorf("%s: %v", role, err)
			}
		})
	}
	t.Cleanup(func() { stop(); daemons.Wait() })

	require.Eventually(t, func() bool { return out.address() != "" }, 30*time.Second, 10*time.Millisecond)
	c, err := client.New(out.address())
	require.NoError(t, err)
	file, err := os.Open("../../internal/workload/testdata/expected-example/example.jsonl")
	require.NoError(t, err)
	defer file.Close()
	summary, err := submission.Run(t.Context(), c, file, submission.Options{ID: client.RandomSubmission(), Expect: true, Quiet: true})
	require.NoError(t, err)
	require.NoError(t, summary.Fault())
	page, err := c.Page(t.Context(), "/v1/credit", map[string][]string{"atLeast": {summary.Position}, "month": {"2021-04"}})
	require.NoError(t, err)
	require.Len(t, page.Items, 2)
	require.Contains(t, string(page.Items[0])+string(page.Items[1]), `"250.000000"`)
	require.Contains(t, string(page.Items[0])+string(page.Items[1]), `"150.000000"`)

	// Ensure what is ordered at the API is carried out where events are applied.
	orders, err := c.OrderProjections(t.Context(), "rebuild", "all")
	require.NoError(t, err)
	require.Len(t, orders.Items, len(readModels()))
	for _, o := range orders.Items {
		require.Eventually(t, func() bool {
			now, err := c.ProjectionOrders(t.Context(), o.ID)
			require.NoError(t, err)
			require.NotEqual(t, wire.OrderFailed, now.Items[0].State, now.Items[0].Report)
			return now.Items[0].State == wire.OrderDone
		}, 30*time.Second, 10*time.Millisecond)
	}
}
