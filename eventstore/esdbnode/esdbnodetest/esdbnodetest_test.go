package esdbnodetest_test

import (
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/eventstore/esdbnode"
	"github.com/partnerledger/partnerledger/eventstore/esdbnode/esdbnodetest"
)

// connect makes a client for a node.
func connect(t testing.TB, node *esdbnode.Node) *esdb.Client {
	t.Helper()
	settings, err := esdb.ParseConnectionString(node.ConnectionString())
	require.NoError(t, err)
	settings.Logger = esdb.NoopLogging()
	client, err := esdb.NewClient(settings)
	require.NoError(t, err)
	t.Cleanup(func() { client.Close() })
	return client
}

// Ensure that each test has a node of its own, which ends with it, and that the options are heard.
func TestStart(t *testing.T) {
	var node *esdbnode.Node
	noon := time.Date(2024, 10, 1, 12, 0, 0, 0, time.UTC)
	dir := t.TempDir()
	for revision := range uint64(2) {
		t.Run("", func(t *testing.T) {
			node = esdbnodetest.Start(t, esdbnodetest.InDir(dir), esdbnodetest.WithClock(func() time.Time { return noon }),
				esdbnodetest.With(func(o *esdbnode.Options) { o.SegmentSize = 1 << 20 }))
			client := connect(t, node)
			done, err := client.AppendToStream(t.Context(), "s", esdb.AppendToStreamOptions{}, esdb.EventData{EventType: "t", Data: []byte("{}")})
			require.NoError(t, err)
			require.Equal(t, revision, done.NextExpectedVersion)
			read, err := client.ReadStream(t.Context(), "s", esdb.ReadStreamOptions{}, 1)
			require.NoError(t, err)
			defer read.Close()
			e, err := read.Recv()
			require.NoError(t, err)
			require.Equal(t, noon, e.Event.CreatedDate.UTC())
		})
		select {
		case <-node.Done():
		default:
			t.Fatal("the node outlived its test")
		}
	}
}

// BenchmarkStart measures what a node costs a test that uses none of it.
func BenchmarkStart(b *testing.B) {
	for b.Loop() {
		node, err := esdbnode.Start(b.Context(), esdbnode.Options{Memory: true})
		require.NoError(b, err)
		require.NoError(b, node.Close())
	}
}
