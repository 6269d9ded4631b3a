package esdbnode

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/stretchr/testify/require"
)

// Ensure that a log written by one node is served unchanged by the next, and goes on where it ended.
func TestNode_Restart(t *testing.T) {
	dir := t.TempDir()
	var want []*esdb.ResolvedEvent
	for round := range 4 {
		n, err := Start(t.Context(), Options{Dir: dir, SegmentSize: 4 << 10})
		require.NoError(t, err)
		c := connect(t, n)
		require.Equal(t, want, readAll(t, c, esdb.ReadAllOptions{}, 1000))
		write(t, c, "s", esdb.Any{}, numbered(string(rune('a'+round)), 20)...)
		want = readAll(t, c, esdb.ReadAllOptions{}, 1000)
		require.Len(t, want, 20*(round+1))
		require.NoError(t, n.Close())
		require.NoError(t, n.Close())
	}
}

// Ensure that a directory belongs to one node, be the other in this process or in another.
func TestNode_Lock(t *testing.T) {
	dir := t.TempDir()
	other := startChild(t, dir)
	_, err := Start(t.Context(), Options{Dir: dir})
	require.ErrorIs(t, err, ErrLocked)
	other.kill(t)
	n, err := Start(t.Context(), Options{Dir: dir})
	require.NoError(t, err)
	_, err = Start(t.Context(), Options{Dir: dir})
	require.ErrorIs(t, err, ErrLocked)
	require.NoError(t, n.Close())
	startNode(t, Options{Dir: dir})
}

// Ensure that an address that other machines can reach is refused.
func TestNode_LoopbackOnly(t *testing.T) {
	for _, address := range []string{"0.0.0.0:0", ":0", "[::]:0", "192.0.2.1:0", "example.com:0"} {
		_, err := Start(t.Context(), Options{Memory: true, Listen: address})
		require.ErrorIs(t, err, ErrNotLoopback, address)
	}
	startNode(t, Options{Memory: true, Listen: "localhost:0"})
}

// Ensure that options that contradict each other are refused.
func TestNode_Options(t *testing.T) {
	_, err := Start(t.Context(), Options{})
	require.Error(t, err)
	_, err = Start(t.Context(), Options{Dir: t.TempDir(), Memory: true})
	require.Error(t, err)
	_, err = Start(t.Context(), Options{Memory: true, Listen: "no port"})
	require.Error(t, err)
}

// Ensure that a client may also look for the node as one looks for a cluster.
func TestNode_Discovery(t *testing.T) {
	n := memoryNode(t)
	c := connectTo(t, strings.Replace(n.ConnectionString(), "esdb://", "esdb+discover://", 1))
	write(t, c, "s", esdb.NoStream{}, event("a"))
	version, err := c.GetServerVersion()
	require.NoError(t, err)
	require.Equal(t, esdb.ServerVersion{Major: 24, Minor: 10}, *version)
}

// Ensure that nothing of the package is left running when a node is closed, even with clients connected.
func TestNode_CloseLeavesNothing(t *testing.T) {
	n, err := Start(t.Context(), Options{Memory: true})
	require.NoError(t, err)
	c := connect(t, n)
	write(t, c, "s", esdb.NoStream{}, event("a"))
	subscribe(t, c, esdb.SubscribeToAllOptions{From: esdb.Start{}})
	require.NoError(t, n.Close())
	require.Eventually(t, func() bool {
		stacks := make([]byte, 1<<20)
		stacks = stacks[:runtime.Stack(stacks, true)]
		return !strings.Contains(string(stacks), "esdbnode.(*writer)") &&
			!strings.Contains(string(stacks), "esdbnode.(*streamsService)")
	}, testTimeout, 1e6)
	_, err = n.writer.append(bounded(t), "s", expectation{kind: expectAny}, randomEvents("s", 1))
	require.ErrorIs(t, err, ErrClosed)
}

// Ensure that a crash while a segment is being made leaves nothing behind.
func TestNode_RemovesUnfinishedSegment(t *testing.T) {
	dir := t.TempDir()
	half := filepath.Join(dir, segmentName(77)+temporarySuffix)
	require.NoError(t, os.WriteFile(half, []byte("half"), 0o644))
	startNode(t, Options{Dir: dir})
	require.NoFileExists(t, half)
}
