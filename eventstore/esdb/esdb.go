// Package esdb is the log in EventStoreDB (or KurrentDB, or package esdbnode), through the official client.
//
// It is the only importer of that client and keeps the client's faults to itself: a client that gives up
// for good after an outage, calls that outlast their context, panics on messages it doesn't know, drops
// that have to be noticed by the caller, and errors that say in words only what a program has to know.
// What is left is the contract of eventstore.Store.
//
// How it keeps it: connection supervises clients and lends them out; every call of a client runs in a
// goroutine of its own, so that whoever waits can leave; verdict is the one place that judges errors.
// An append that may or may not have been written is sent again with the same ids at the same exact
// revision, which the server recognizes; a read that breaks goes on behind the last event delivered.
//
// One fault can't be hidden: the client ends the process (log.Fatal) when an event has no created time,
// which no known server sends.
package esdb

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	client "github.com/EventStore/EventStore-Client-Go/v4/esdb"

	"github.com/partnerledger/partnerledger/eventstore"
)

// ErrClosed ends every call of a Store that was closed.
var ErrClosed = errors.New("the connection to the event store was closed")

// Options say how to reach the log.
type Options struct {
	// ConnectionString is that of the official clients: esdb://host:2113?tls=false. Its maxDiscoverAttempts
	// is not used: the Store tries until somebody closes it.
	ConnectionString string
	// Logger gets what happens to the connection; nothing is logged when it is nil.
	Logger *slog.Logger
	// Patience bounds an append with all its tries, and the time for which a read tries to go on without
	// getting anything. After it they fail with eventstore.ErrUnavailable. It is 10 seconds when 0.
	Patience time.Duration

	// discoverAttempts lets a test see a client die.
	discoverAttempts int
}

const (
	defaultPatience = 10 * time.Second
	// tries is how many times within the patience a silent server is asked.
	tries = 3
	// discoverAttempts keeps the client trying for at least an hour. It could try for ever, but then a
	// goroutine of it would too, after the Store was closed while the server is away.
	discoverAttempts = 36_000
)

// Store is the log in EventStoreDB. It is safe for concurrent use; Close ends it.
type Store struct {
	conn     *connection
	logger   *slog.Logger
	patience time.Duration
}

var _ eventstore.Store = (*Store)(nil)

// Open makes a Store. It doesn't wait for the server, which may come up later: only a connection string
// that can't be understood is an error.
func Open(opts Options) (*Store, error) {
	config, err := client.ParseConnectionString(opts.ConnectionString)
	if err == nil {
		err = config.Validate()
	}
	if err != nil {
		return nil, fmt.Errorf("connection string of the event store: %w", err)
	}
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	if opts.Patience <= 0 {
		opts.Patience = defaultPatience
	}
	config.MaxDiscoverAttempts = discoverAttempts
	if opts.discoverAttempts > 0 {
		config.MaxDiscoverAttempts = opts.discoverAttempts
	}
	return &Store{conn: newConnection(config, opts.Logger), logger: opts.Logger, patience: opts.Patience}, nil
}

// Close ends every call and subscription with ErrClosed. Closing twice is harmless.
func (s *Store) Close() error {
	s.conn.close()
	return nil
}

// unavailable says that the log couldn't be reached in time, and what the last try met with.
func unavailable(cause error) error {
	return fmt.Errorf("%w: %w", eventstore.ErrUnavailable, cause)
}
