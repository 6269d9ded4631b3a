package esdbnode

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/persistent"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// served lists the methods of a node, but for those that end it.
func served(n *Node) []string {
	var methods []string
	for service, info := range n.server.GetServiceInfo() {
		for _, m := range info.Methods {
			if !strings.HasSuffix(service, ".Operations") {
				methods = append(methods, "/"+service+"/"+m.Name)
			}
		}
	}
	slices.Sort(methods)
	return methods
}

// FuzzCall sends two messages of any bytes to any method of a node. Whatever they are, the node lives and the answer is
// one that says what was wrong with the call, not that the node was at a loss.
func FuzzCall(f *testing.F) {
	n, err := Start(f.Context(), Options{Memory: true})
	require.NoError(f, err)
	defer n.Close()
	methods := served(n)
	for i := range methods {
		for _, seed := range seeds(f) {
			f.Add(uint8(i), seed[0], seed[1])
		}
	}
	var opened sync.Once
	conn := dial(f, n)
	f.Fuzz(func(t *testing.T, method uint8, first, second []byte) {
		opened.Do(func() {
			require.NoError(t, conn.Invoke(t.Context(), "/event_store.client.gossip.Gossip/Read", &shared.Empty{}, &shared.Empty{}))
		})
		name := methods[int(method)%len(methods)]
		code := fuzzCall(t.Context(), conn, name, first, second)
		require.NotContains(t, []codes.Code{codes.Unknown, codes.DataLoss, codes.Unavailable}, code, name)
	})
}

// seeds are messages that services understand, so that the fuzzer begins inside them.
func seeds(t testing.TB) [][2][]byte {
	t.Helper()
	encode := func(m proto.Message) []byte {
		b, err := proto.Marshal(m)
		require.NoError(t, err)
		return b
	}
	subscription := &streams.ReadReq{Options: &streams.ReadReq_Options{
		StreamOption: &streams.ReadReq_Options_All{All: &streams.ReadReq_Options_AllOptions{}},
		CountOption:  &streams.ReadReq_Options_Subscription{Subscription: &streams.ReadReq_Options_SubscriptionOptions{}},
		FilterOption: &streams.ReadReq_Options_Filter{Filter: &streams.ReadReq_Options_FilterOptions{
			Filter: &streams.ReadReq_Options_FilterOptions_EventType{EventType: &streams.ReadReq_Options_FilterOptions_Expression{Regex: "^a"}},
			Window: &streams.ReadReq_Options_FilterOptions_Max{Max: 3}, CheckpointIntervalMultiplier: 1,
		}},
	}}
	read := &streams.ReadReq{Options: &streams.ReadReq_Options{
		StreamOption: &streams.ReadReq_Options_Stream{Stream: &streams.ReadReq_Options_StreamOptions{StreamIdentifier: identifier("$ce-s")}},
		CountOption:  &streams.ReadReq_Options_Count{Count: 3}, ResolveLinks: true,
	}}
	batch := &streams.BatchAppendReq{
		CorrelationId: stringUUID(uuid.UUID{1}), IsFinal: true,
		Options: &streams.BatchAppendReq_Options{StreamIdentifier: identifier("s-1"), ExpectedStreamPosition: &streams.BatchAppendReq_Options_Any{}},
		ProposedMessages: []*streams.BatchAppendReq_ProposedMessage{{
			Id: stringUUID(uuid.UUID{2}), Metadata: map[string]string{keyType: "t", keyContentType: contentTypeJSON}, Data: []byte("{}"),
		}},
	}
	group := &persistent.CreateReq{Options: &persistent.CreateReq_Options{
		GroupName:    "g",
		StreamOption: &persistent.CreateReq_Options_Stream{Stream: &persistent.CreateReq_StreamOptions{StreamIdentifier: identifier("s-1")}},
		Settings:     &persistent.CreateReq_Settings{MaxRetryCount: 1, ReadBatchSize: 1, HistoryBufferSize: 2, LiveBufferSize: 2},
	}}
	return [][2][]byte{
		{nil, nil},
		{encode(options("s-1")), encode(proposal(map[string]string{keyType: "t", keyContentType: contentTypeJSON}))},
		{encode(options("$$s-1")), encode(proposal(map[string]string{keyType: metadataType, keyContentType: contentTypeJSON}))},
		{encode(read), nil},
		{encode(subscription), nil},
		{encode(batch), encode(batch)},
		{encode(group), encode(group)},
	}
}

// fuzzCall sends messages, takes some answers and returns the status. A call that does not end by itself is cancelled.
func fuzzCall(ctx context.Context, conn *grpc.ClientConn, method string, messages ...[]byte) codes.Code {
	ctx, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
	defer cancel()
	call, err := streamOf(ctx, conn, method)
	for _, m := range messages {
		if err == nil {
			err = call.SendMsg(rawFrame(m))
		}
	}
	if err == nil {
		err = call.CloseSend()
	}
	for i := 0; err == nil || errors.Is(err, io.EOF) && i == 0; i++ {
		var answer rawFrame
		err = call.RecvMsg(&answer)
		if i > 3 {
			return codes.Canceled
		}
	}
	if errors.Is(err, io.EOF) {
		return codes.OK
	}
	return status.Code(err)
}

// FuzzFrame gives the reader of stored events anything. What it takes, links and deletions included, it has to be able
// to show.
func FuzzFrame(f *testing.F) {
	for _, stream := range []string{"s-1", "$$s-1"} {
		e := newProposed(stream, uuid.UUID{1}, linkType, contentTypeJSON, []byte("m"), []byte(`{"$tb":9223372036854775807}`))
		f.Add(e.appendFrame(nil, testTime, 3, 500))
	}
	f.Fuzz(func(t *testing.T, frame []byte) {
		s, err := parseFrame(frame)
		if err != nil {
			return
		}
		s.ticks()
		deletion(s)
		for _, kind := range []byte{listCategory, listType, listStreams, listCategoryStreams} {
			link, err := (&computed{name: "$x", kind: kind}).frame(7, frame)
			require.NoError(t, err)
			shown, err := parseFrame(link)
			require.NoError(t, err)
			require.EqualValues(t, 7, shown.revision)
		}
	})
}

// FuzzLog gives recovery a segment of any bytes after a header that is right, or a record of any bytes, or an event of
// any bytes, each with the checksums that belong to it: it finds events or reports damage, and what it found it finds
// again.
func FuzzLog(f *testing.F) {
	im := makeImage(f, 2)
	payload := im.data[segmentHeaderSize+recordHeaderSize : im.ends[0]]
	frame, ok := entryFrame(payload)
	require.True(f, ok)
	f.Add(uint8(0), im.data[segmentHeaderSize:])
	f.Add(uint8(0), im.data[segmentHeaderSize:im.ends[1]-9])
	f.Add(uint8(0), append(slices.Clone(im.data[segmentHeaderSize:]), make([]byte, 100)...))
	f.Add(uint8(1), payload)
	f.Add(uint8(2), frame)
	f.Fuzz(func(t *testing.T, depth uint8, data []byte) {
		if depth%3 == 2 {
			data = append(make([]byte, entryHeaderSize), data...)
			putEntryHeader(data)
		}
		if depth%3 >= 1 {
			data = putHeader(append(make([]byte, recordHeaderSize), data...), kindBatch, segmentHeaderSize)
		}
		image := append(segmentHeader(0), data...)
		count, err := reopen(t, image)
		again, errAgain := reopen(t, bytes.Clone(image))
		require.Equal(t, count, again)
		require.Equal(t, err == nil, errAgain == nil)
	})
}

// FuzzMetadata gives the reader of a stream's metadata anything.
func FuzzMetadata(f *testing.F) {
	f.Add([]byte(`{"$maxCount":3,"$maxAge":5,"$tb":7}`), 10)
	f.Add([]byte(`{"$tb":9223372036854775807}`), 0)
	f.Fuzz(func(t *testing.T, data []byte, count int) {
		count = max(0, count)
		l := parseLimits(data)
		require.LessOrEqual(t, l.first(count), uint64(count))
		l.oldest(testTime)
		if changed, ok := withTruncate(data, 5); ok {
			require.EqualValues(t, 5, parseLimits(changed).Truncate)
		}
	})
}
