package main

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/eventstore/esdbnode"
	"github.com/partnerledger/partnerledger/internal/client"
	"github.com/partnerledger/partnerledger/internal/submission"
)

// failWrites puts in the place of every open file of the log one that can be read and not written. A write that fails
// and a sync that fails are the same to the event store; its own tests make the syncs fail, which no file does on demand.
func failWrites(t *testing.T, dir string) {
	t.Helper()
	open, err := os.ReadDir("/proc/self/fd")
	require.NoError(t, err)
	replaced := 0
	for _, entry := range open {
		target, err := os.Readlink("/proc/self/fd/" + entry.Name())
		if err != nil || filepath.Dir(target) != dir || filepath.Ext(target) != ".log" {
			continue
		}
		descriptor, err := strconv.Atoi(entry.Name())
		require.NoError(t, err)
		readable, err := os.Open(target)
		require.NoError(t, err)
		require.NoError(t, syscall.Dup3(int(readable.Fd()), descriptor, syscall.O_CLOEXEC))
		require.NoError(t, readable.Close())
		replaced++
	}
	require.Positive(t, replaced, "no file of %s is open", dir)
}

// Ensure a daemon whose event store can't write to its disk any more acknowledges nothing, ends by itself, and says why and what to do;
// and that the next one goes on with what was acknowledged.
func TestFailedLog_EndsTheDaemon(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	text, err := os.ReadFile(filepath.Join(workloads, "tiny.jsonl"))
	require.NoError(t, err)
	lines := strings.SplitAfter(string(text), "\n")
	const before, all = 20, 40
	id := client.RandomSubmission()
	submit := func(c *client.Client, n int) (submission.Summary, error) {
		return submission.Run(t.Context(), c, strings.NewReader(strings.Join(lines[:n], "")), submission.Options{ID: id, Expect: true, Quiet: true})
	}

	c, ended, _ := runAs(t, dir)
	summary, err := submit(c, before)
	require.NoError(t, err)
	require.NoError(t, summary.Fault())
	failWrites(t, filepath.Join(dir, "eventstore"))
	summary, err = submit(c, all)
	require.True(t, err != nil || summary.Failed > 0)
	require.LessOrEqual(t, summary.Accepted+summary.Refused, int64(before), "nothing new is acknowledged")
	err = endOf(t, ended)
	require.ErrorIs(t, err, esdbnode.ErrFailed)
	var stderr strings.Builder
	require.Equal(t, 1, exitCode(err, &stderr))
	require.Equal(t, 1, strings.Count(stderr.String(), "\n"), "said once: %s", stderr.String())
	for _, words := range []string{"ledgerd: embedded event store ended: ", "see to the disk and start ledgerd again", "write 00000000000000000000.log:"} {
		require.Contains(t, stderr.String(), words)
	}

	c, ended, stop := runAs(t, dir)
	summary, err = submit(c, all)
	require.NoError(t, err)
	require.NoError(t, summary.Fault())
	require.EqualValues(t, all, summary.Lines)
	require.EqualValues(t, before, summary.Repeated)
	stop()
	require.NoError(t, endOf(t, ended))
}

// Ensure an event store that a client shut down ends the daemon with a reason, too.
func TestStoreShutDown_EndsTheDaemon(t *testing.T) {
	node, err := esdbnode.Start(t.Context(), esdbnode.Options{Memory: true})
	require.NoError(t, err)
	require.NoError(t, node.Close())
	l := &ledger{node: node}
	require.EqualError(t, l.guardStore(t.Context()), "embedded event store ended: a client shut it down; start ledgerd again")
	require.NoError(t, l.closeStore())
}

// endOf waits for the end of a program.
func endOf(t *testing.T, ended <-chan error) error {
	t.Helper()
	select {
	case err := <-ended:
		return err
	case <-time.After(time.Minute):
		require.Fail(t, "the daemon goes on")
		return nil
	}
}

// runAs is the program as main runs it, until stop.
func runAs(t *testing.T, dir string) (c *client.Client, ended <-chan error, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	out, end := &announced{}, make(chan error, 1)
	go func() {
		end <- run(ctx, []string{"--data", dir, "--http", "127.0.0.1:0", "--allow-history", "--log-level", "error"}, func(string) string { return "" }, out)
	}()
	require.Eventually(t, func() bool { return out.address() != "" }, 30*time.Second, time.Millisecond, "no address")
	c, err := client.New(out.address())
	require.NoError(t, err)
	return c, end, cancel
}
