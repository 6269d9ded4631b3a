package esdb

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/eventstore/esdbnode"
	"github.com/partnerledger/partnerledger/eventstore/eventstoretest"
)

// realServer names the server of which the suite asks the same as of the node, by its connection string.
const realServer = "LEDGER_TEST_EVENTSTORE"

// Ensure that the Store keeps the contract on the node and, where one is named, on a real server. Without
// a name there is no such test: one that is skipped would read as passed.
func TestStore(t *testing.T) {
	t.Run("node", func(t *testing.T) {
		eventstoretest.Run(t, func(t *testing.T) eventstore.Store { return connect(t, startNode(t).ConnectionString()) })
	})
	if server := os.Getenv(realServer); server != "" {
		t.Run("real server", func(t *testing.T) {
			eventstoretest.Run(t, func(t *testing.T) eventstore.Store { return connect(t, server) })
		})
	}
}

func startNode(t testing.TB) *esdbnode.Node {
	t.Helper()
	n, err := esdbnode.Start(t.Context(), esdbnode.Options{Memory: true})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, n.Close()) })
	return n
}

// connect opens a Store for the length of a test.
func connect(t testing.TB, server string) *Store {
	t.Helper()
	return connectWith(t, Options{ConnectionString: server, Patience: 20 * time.Second})
}

func connectWith(t testing.TB, opts Options) *Store {
	t.Helper()
	s, err := Open(opts)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}
