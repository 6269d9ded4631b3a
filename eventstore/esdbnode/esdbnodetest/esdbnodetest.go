// Package esdbnodetest gives a test an event store of its own: a node in memory that speaks EventStoreDB's protocol, is
// there in about a millisecond, and is gone when the test ends. No container is needed, tests can run side by side, and
// what a cluster does wrong once in a while can be made to happen, see esdbnode.Faults.
//
//	func TestOrders(t *testing.T) {
//		node := esdbnodetest.Start(t)
//		settings, err := esdb.ParseConnectionString(node.ConnectionString())
//		…
//	}
package esdbnodetest

import (
	"testing"
	"time"

	"github.com/partnerledger/partnerledger/eventstore/esdbnode"
)

// Option changes how the node of a test runs.
type Option func(*esdbnode.Options)

// InDir keeps the log in a directory instead of memory, for tests that close a node and start it again.
func InDir(dir string) Option {
	return func(o *esdbnode.Options) { o.Dir, o.Memory = dir, false }
}

// WithClock stamps events with the times of another clock.
func WithClock(now func() time.Time) Option {
	return func(o *esdbnode.Options) { o.Now = now }
}

// WithTLS makes the node secure. The users "admin" and "ops" then have the password given, "changeit" when it is empty.
func WithTLS(security *esdbnode.TLS, password esdbnode.Password) Option {
	return func(o *esdbnode.Options) { o.TLS, o.AdminPassword, o.OpsPassword = security, password, password }
}

// With changes any setting.
func With(change func(*esdbnode.Options)) Option { return change }

// Start runs a node until the test and its cleanups that were registered later are over. It MUST be called before the
// clients are made, so that they are closed first. A test whose node cannot be started or closed fails.
func Start(t testing.TB, options ...Option) *esdbnode.Node {
	t.Helper()
	opts := esdbnode.Options{Memory: true}
	for _, option := range options {
		option(&opts)
	}
	node, err := esdbnode.Start(t.Context(), opts)
	if err != nil {
		t.Fatalf("start a node: %v", err)
	}
	t.Cleanup(func() {
		if err := node.Close(); err != nil {
			t.Errorf("close the node: %v", err)
		}
	})
	return node
}
