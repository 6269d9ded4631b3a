package esdbnode

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"runtime"
	"strings"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// alive proves that a node still serves.
func alive(t *testing.T, n *Node) {
	t.Helper()
	c := newClient(t, n.ConnectionString())
	defer c.Close()
	stream := uuid.NewString()
	write(t, c, stream, esdb.NoStream{}, event("a"))
	require.Len(t, readStream(t, c, stream, esdb.ReadStreamOptions{}, 10), 1)
}

// Ensure that whatever bytes come in on a connection, they end that connection at most.
func TestAbuse_Garbage(t *testing.T) {
	n := memoryNode(t)
	chance := rand.New(rand.NewPCG(1, 1))
	for _, begin := range []string{
		"", http2.ClientPreface, "PRI", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r", "GET / HTTP/1.1\r\n", "POST /x HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n",
		"GET / HTTP/1.1\r\nX: " + strings.Repeat("y", 3<<20), "\x16\x03\x01\x02\x00\x01", http2.ClientPreface + "\x00\x00\x00\x04\x00\x00\x00\x00\x00",
		http2.ClientPreface + "\xff\xff\xff\x00\x00\x00\x00\x00\x01",
	} {
		for range 2 {
			garbage := make([]byte, chance.IntN(4096))
			for i := range garbage {
				garbage[i] = byte(chance.Uint32())
			}
			conn, err := net.Dial("tcp", n.Addr().String())
			require.NoError(t, err)
			// The node may have closed it by now, which is an answer.
			_, _ = conn.Write(append([]byte(begin), garbage...))
			_ = conn.(*net.TCPConn).CloseWrite()
			_, _ = io.Copy(io.Discard, conn)
			require.NoError(t, conn.Close())
		}
	}
	alive(t, n)
}

// Ensure that a message whose length, compression or content is a lie is answered with a status and costs no memory.
func TestAbuse_MalformedMessages(t *testing.T) {
	n := memoryNode(t)
	prefixed := func(flag byte, length uint32, body string) []byte {
		return append(binary.BigEndian.AppendUint32([]byte{flag}, length), body...)
	}
	for what, message := range map[string]struct {
		bytes    []byte
		codes    []codes.Code
		encoding string
	}{
		"longer than allowed": {prefixed(0, 1<<32-1, "x"), []codes.Code{codes.ResourceExhausted}, ""},
		"at the limit":        {prefixed(0, receiveLimit+1, ""), []codes.Code{codes.ResourceExhausted}, ""},
		"cut short":           {prefixed(0, 100, "x"), []codes.Code{codes.Internal}, ""},
		"no prefix":           {[]byte{0, 0}, []codes.Code{codes.Internal}, ""},
		"compressed by none":  {prefixed(1, 1, "x"), []codes.Code{codes.Internal}, ""},
		"unknown compression": {prefixed(1, 1, "x"), []codes.Code{codes.Unimplemented}, "x"},
		"unknown flag":        {prefixed(7, 1, "x"), []codes.Code{codes.Internal}, ""},
		"no protobuf":         {prefixed(0, 3, "\xff\xff\xff"), []codes.Code{codes.Internal}, ""},
		"empty":               {prefixed(0, 0, ""), []codes.Code{codes.InvalidArgument}, ""},
	} {
		t.Run(what, func(t *testing.T) {
			before := heap()
			code := bytesCall(t, n, "/event_store.client.streams.Streams/Read", message.encoding, message.bytes)
			require.Contains(t, message.codes, code)
			require.Less(t, heap()-before, int64(8<<20))
		})
	}
	alive(t, n)
}

// bytesCall makes a call of bytes that no client would send and returns the status.
func bytesCall(t *testing.T, n *Node, method, encoding string, body []byte) codes.Code {
	t.Helper()
	conn, err := net.Dial("tcp", n.Addr().String())
	require.NoError(t, err)
	defer conn.Close()
	_, err = conn.Write([]byte(http2.ClientPreface))
	require.NoError(t, err)
	framer := http2.NewFramer(conn, conn)
	framer.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	require.NoError(t, framer.WriteSettings())
	var block bytes.Buffer
	encoder := hpack.NewEncoder(&block)
	for _, f := range []string{":method=POST", ":scheme=http", ":path=" + method, ":authority=x", "content-type=application/grpc", "te=trailers", "grpc-encoding=" + encoding} {
		name, value, _ := strings.Cut(f, "=")
		if value != "" {
			require.NoError(t, encoder.WriteField(hpack.HeaderField{Name: name, Value: value}))
		}
	}
	require.NoError(t, framer.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: block.Bytes(), EndHeaders: true}))
	require.NoError(t, framer.WriteData(1, true, body))
	for {
		frame, err := framer.ReadFrame()
		require.NoError(t, err)
		if headers, ok := frame.(*http2.MetaHeadersFrame); ok {
			for _, f := range headers.Fields {
				if f.Name == "grpc-status" {
					var code codes.Code
					require.NoError(t, code.UnmarshalJSON([]byte(f.Value)))
					return code
				}
			}
		}
		if reset, ok := frame.(*http2.RSTStreamFrame); ok {
			t.Fatalf("reset: %v", reset.ErrCode)
		}
	}
}

// Ensure that methods and services nobody serves are answered as such.
func TestAbuse_UnknownMethods(t *testing.T) {
	conn := dial(t, memoryNode(t))
	for _, method := range []string{
		"/event_store.client.streams.Streams/Nothing", "/event_store.client.projections.Projections/Create", "/x.Y/Z", "/x/", "//",
	} {
		err := conn.Invoke(bounded(t), method, &shared.Empty{}, &shared.Empty{})
		require.Equal(t, codes.Unimplemented, status.Code(err), "%s: %v", method, err)
	}
}

// Ensure that what is too large or too much of something is refused, and says so.
func TestAbuse_AbsurdSizes(t *testing.T) {
	n := memoryNode(t)
	c := rawStreams(t, n)
	long := strings.Repeat("x", nameLimit+1)
	many := map[string]string{keyType: "t", keyContentType: contentTypeJSON}
	for i := range 10_000 {
		many[fmt.Sprint("key", i)] = "value"
	}
	for what, call := range map[string]struct {
		messages []*streams.AppendReq
		code     codes.Code
	}{
		"name":          {[]*streams.AppendReq{options(long)}, codes.InvalidArgument},
		"message":       {[]*streams.AppendReq{options("s"), proposedData(receiveLimit)}, codes.ResourceExhausted},
		"data":          {[]*streams.AppendReq{options("s"), proposedData(maxAppendSize + 1)}, codes.InvalidArgument},
		"type":          {[]*streams.AppendReq{options("s"), proposal(map[string]string{keyType: strings.Repeat("x", 2<<20), keyContentType: ""})}, codes.OK},
		"all together":  {append([]*streams.AppendReq{options("s")}, repeated(proposal(map[string]string{keyType: strings.Repeat("x", 2<<20), keyContentType: ""}), 9)...), codes.InvalidArgument},
		"metadata":      {[]*streams.AppendReq{options("s"), proposal(many)}, codes.OK},
		"options twice": {[]*streams.AppendReq{options("s"), options(long)}, codes.InvalidArgument},
	} {
		t.Run(what, func(t *testing.T) {
			call1, err := c.Append(bounded(t))
			require.NoError(t, err)
			for _, m := range call.messages {
				if err := call1.Send(m); errors.Is(err, io.EOF) {
					break
				}
			}
			_, err = call1.CloseAndRecv()
			require.Equal(t, call.code, status.Code(err), "%v", err)
		})
	}
	alive(t, n)
}

func proposedData(size int) *streams.AppendReq {
	m := proposal(map[string]string{keyType: "t", keyContentType: contentTypeJSON})
	m.GetProposedMessage().Data = make([]byte, size)
	return m
}

func repeated(m *streams.AppendReq, n int) (list []*streams.AppendReq) {
	for range n {
		list = append(list, m)
	}
	return list
}

// Ensure that readers who do not read cost the node two events each at most, and nobody else anything.
func TestAbuse_SlowReaders(t *testing.T) {
	n := startNode(t, Options{Dir: t.TempDir()})
	c := connect(t, n)
	for range 64 {
		write(t, c, "large", esdb.Any{}, esdb.EventData{EventType: "t", Data: make([]byte, 1<<20)})
	}
	const readers = 20
	before := heap()
	// The client has a small window, so that what is measured is not what it holds itself.
	raw := streams.NewStreamsClient(dial(t, n, grpc.WithInitialWindowSize(64<<10), grpc.WithInitialConnWindowSize(64<<20)))
	ctx, cancel := context.WithCancel(bounded(t))
	defer cancel()
	for range readers {
		call, err := raw.Read(ctx, &streams.ReadReq{Options: &streams.ReadReq_Options{
			StreamOption: &streams.ReadReq_Options_All{All: &streams.ReadReq_Options_AllOptions{}},
			CountOption:  &streams.ReadReq_Options_Subscription{Subscription: &streams.ReadReq_Options_SubscriptionOptions{}},
			UuidOption:   &streams.ReadReq_Options_UUIDOption{},
			FilterOption: &streams.ReadReq_Options_NoFilter{},
		}})
		require.NoError(t, err)
		_, err = call.Recv()
		require.NoError(t, err)
	}
	alive(t, n)
	used := heap() - before
	t.Logf("%d slow readers: %.1f MB each", readers, float64(used)/readers/1e6)
	require.Less(t, used, int64(readers*3*maxAppendSize))
}

// Ensure that subscriptions that have nothing to do cost little, wake up when there is something, and leave nothing
// behind. LEDGER_IDLE=10000 is the long form.
func TestAbuse_IdleSubscriptions(t *testing.T) {
	count := fromEnvironment(t, "LEDGER_IDLE", 500)
	n := memoryNode(t)
	c := connect(t, n)
	write(t, c, "first", esdb.Any{}, event("e"))
	raw := make([]streams.StreamsClient, 4)
	for i := range raw {
		raw[i] = rawStreams(t, n)
		// The connection is made by the first call.
		_, err := raw[i].Delete(bounded(t), &streams.DeleteReq{})
		require.Equal(t, codes.InvalidArgument, status.Code(err))
	}
	goroutines, memory := runtime.NumGoroutine(), heap()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	calls := make([]streams.Streams_ReadClient, count)
	for i := range calls {
		calls[i] = idleSubscription(t, ctx, raw[i%len(raw)], fmt.Sprintf("idle-%d", i))
	}
	t.Logf("%d idle subscriptions, client and node together: %.1f kB and %.1f goroutines each", count,
		float64(heap()-memory)/float64(count)/1e3, float64(runtime.NumGoroutine()-goroutines)/float64(count))
	cpu := cpuTime(t)
	const appends = 200
	for i := range appends {
		write(t, c, fmt.Sprintf("idle-%d", i%count), esdb.Any{}, event("e"))
	}
	t.Logf("an append beside them: %v of CPU", (cpuTime(t)-cpu)/appends)
	for i := range min(count, appends) {
		m, err := calls[i].Recv()
		require.NoError(t, err)
		require.NotNil(t, m.GetEvent())
	}
	cancel()
	require.Eventually(t, func() bool { return runtime.NumGoroutine() <= goroutines+5 }, testTimeout, 1e6)
}

func idleSubscription(t *testing.T, ctx context.Context, c streams.StreamsClient, stream string) streams.Streams_ReadClient {
	t.Helper()
	call, err := c.Read(ctx, &streams.ReadReq{Options: &streams.ReadReq_Options{
		StreamOption: &streams.ReadReq_Options_Stream{Stream: &streams.ReadReq_Options_StreamOptions{StreamIdentifier: identifier(stream)}},
		CountOption:  &streams.ReadReq_Options_Subscription{Subscription: &streams.ReadReq_Options_SubscriptionOptions{}},
	}})
	require.NoError(t, err)
	for range 2 { // the confirmation and that it has caught up
		_, err = call.Recv()
		require.NoError(t, err)
	}
	return call
}

// Ensure that batches that begin and never end are bounded, on one call and without harm to others.
func TestAbuse_UnfinishedBatches(t *testing.T) {
	n := memoryNode(t)
	call, err := rawStreams(t, n).BatchAppend(bounded(t))
	require.NoError(t, err)
	for range batchOpen + 1 {
		// The last one may find the call ended.
		_ = call.Send(&streams.BatchAppendReq{CorrelationId: stringUUID(uuid.New()), Options: &streams.BatchAppendReq_Options{
			StreamIdentifier:       identifier("s"),
			ExpectedStreamPosition: &streams.BatchAppendReq_Options_Any{},
		}})
	}
	_, err = call.Recv()
	require.Equal(t, codes.InvalidArgument, status.Code(err), "%v", err)
	alive(t, n)
}

// streamOf opens a call of any method for messages that are encoded already.
func streamOf(ctx context.Context, conn *grpc.ClientConn, method string) (grpc.ClientStream, error) {
	return conn.NewStream(ctx, &grpc.StreamDesc{ClientStreams: true, ServerStreams: true}, method, grpc.ForceCodecV2(newRawCodec()))
}
