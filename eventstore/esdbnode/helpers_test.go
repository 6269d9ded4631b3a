package esdbnode

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// testTimeout bounds every wait of a test; it is never slept through.
const testTimeout = 30 * time.Second

// testTime is the time of events in tests that make logs by hand.
var testTime = time.Date(2024, 10, 1, 12, 0, 0, 1234500, time.UTC)

// startNode runs a node for the length of a test.
func startNode(t testing.TB, opts Options) *Node {
	t.Helper()
	n, err := Start(t.Context(), opts)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, n.Close()) })
	return n
}

// memoryNode runs a node without a directory.
func memoryNode(t testing.TB) *Node {
	t.Helper()
	return startNode(t, Options{Memory: true})
}

// connect makes an official client for a node.
func connect(t testing.TB, n *Node) *esdb.Client {
	t.Helper()
	return connectTo(t, n.ConnectionString())
}

func connectTo(t testing.TB, connection string) *esdb.Client {
	t.Helper()
	c := newClient(t, connection)
	t.Cleanup(func() { c.Close() })
	return c
}

// newClient makes a client that the caller closes.
func newClient(t testing.TB, connection string) *esdb.Client {
	t.Helper()
	config, err := esdb.ParseConnectionString(connection)
	require.NoError(t, err)
	config.Logger = esdb.NoopLogging()
	c, err := esdb.NewClient(config)
	require.NoError(t, err)
	return c
}

// bounded is the test's context with a deadline, so that a hang fails instead of stalling.
func bounded(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), testTimeout)
	t.Cleanup(cancel)
	return ctx
}

// event makes an event whose id follows from its name.
func event(name string) esdb.EventData {
	return esdb.EventData{
		EventID:     uuid.NewSHA1(uuid.NameSpaceOID, []byte(name)),
		EventType:   "type-" + name,
		ContentType: esdb.ContentTypeJson,
		Data:        fmt.Appendf(nil, `{"name":%q}`, name),
		Metadata:    []byte(`{"m":1}`),
	}
}

func events(names ...string) []esdb.EventData {
	var list []esdb.EventData
	for _, name := range names {
		list = append(list, event(name))
	}
	return list
}

func numbered(prefix string, n int) []esdb.EventData {
	var list []esdb.EventData
	for i := range n {
		list = append(list, event(fmt.Sprintf("%s%d", prefix, i)))
	}
	return list
}

// write appends events and fails the test when that fails.
func write(t testing.TB, c *esdb.Client, stream string, expected esdb.ExpectedRevision, list ...esdb.EventData) *esdb.WriteResult {
	t.Helper()
	result, err := c.AppendToStream(bounded(t), stream, esdb.AppendToStreamOptions{ExpectedRevision: expected}, list...)
	require.NoError(t, err)
	return result
}

// refused appends events and returns the error code of the refusal.
func refused(t testing.TB, c *esdb.Client, stream string, expected esdb.ExpectedRevision, list ...esdb.EventData) esdb.ErrorCode {
	t.Helper()
	_, err := c.AppendToStream(bounded(t), stream, esdb.AppendToStreamOptions{ExpectedRevision: expected}, list...)
	require.Error(t, err)
	return codeIn(err)
}

func codeIn(err error) esdb.ErrorCode {
	var coded *esdb.Error
	if errors.As(err, &coded) {
		return coded.Code()
	}
	return esdb.ErrorCodeUnknown
}

// drain takes everything a read gives.
func drain(t testing.TB, r *esdb.ReadStream, err error) []*esdb.ResolvedEvent {
	t.Helper()
	require.NoError(t, err)
	defer r.Close()
	var list []*esdb.ResolvedEvent
	for {
		e, err := r.Recv()
		if errors.Is(err, io.EOF) {
			return list
		}
		require.NoError(t, err)
		list = append(list, e)
	}
}

func readStream(t testing.TB, c *esdb.Client, stream string, opts esdb.ReadStreamOptions, count uint64) []*esdb.ResolvedEvent {
	t.Helper()
	r, err := c.ReadStream(bounded(t), stream, opts, count)
	return drain(t, r, err)
}

func readAll(t testing.TB, c *esdb.Client, opts esdb.ReadAllOptions, count uint64) []*esdb.ResolvedEvent {
	t.Helper()
	r, err := c.ReadAll(bounded(t), opts, count)
	return drain(t, r, err)
}

// types lists the types of events, which the tests use as names.
func types(list []*esdb.ResolvedEvent) []string {
	names := []string{}
	for _, e := range list {
		names = append(names, e.Event.EventType)
	}
	return names
}

// errorsUnwrapAll digs out the innermost error, where the client keeps the status.
func errorsUnwrapAll(err error) error {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
}
