package esdbnode

import (
	"fmt"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/emptypb"
)

// batch is a BatchAppend call, which the Go client does not have.
type batch struct {
	t    *testing.T
	call streams.Streams_BatchAppendClient
}

func openBatch(t *testing.T, n *Node) *batch {
	t.Helper()
	call, err := rawStreams(t, n).BatchAppend(bounded(t))
	require.NoError(t, err)
	return &batch{t: t, call: call}
}

// send says one message; options go along when stream is not empty.
func (b *batch) send(id uuid.UUID, o *streams.BatchAppendReq_Options, final bool, list ...esdb.EventData) {
	b.t.Helper()
	m := &streams.BatchAppendReq{CorrelationId: stringUUID(id), Options: o, IsFinal: final}
	for _, e := range list {
		m.ProposedMessages = append(m.ProposedMessages, &streams.BatchAppendReq_ProposedMessage{
			Id: stringUUID(e.EventID), Data: e.Data,
			Metadata: map[string]string{"type": e.EventType, "content-type": "application/json"},
		})
	}
	require.NoError(b.t, b.call.Send(m))
}

func (b *batch) receive() *streams.BatchAppendResp {
	b.t.Helper()
	resp, err := b.call.Recv()
	require.NoError(b.t, err)
	require.NotNil(b.t, resp.GetStreamIdentifier())
	return resp
}

func batchOptions(stream string) *streams.BatchAppendReq_Options {
	return &streams.BatchAppendReq_Options{
		StreamIdentifier:       identifier(stream),
		ExpectedStreamPosition: &streams.BatchAppendReq_Options_NoStream{NoStream: &emptypb.Empty{}},
	}
}

// Ensure that appends whose messages are interleaved are written each for itself, and that the call ends after the
// answers that are due.
func TestBatchAppend_Interleaved(t *testing.T) {
	n := memoryNode(t)
	b := openBatch(t, n)
	x, y := uuid.New(), uuid.New()
	b.send(x, batchOptions("x"), false, event("x0"))
	b.send(y, batchOptions("y"), false, event("y0"))
	b.send(x, nil, true, event("x1"))
	b.send(y, nil, true, event("y1"))
	require.NoError(t, b.call.CloseSend())
	answered := map[string]bool{}
	for range 2 {
		resp := b.receive()
		require.EqualValues(t, 1, resp.GetSuccess().GetCurrentRevision())
		require.NotZero(t, resp.GetSuccess().GetPosition().GetCommitPosition())
		answered[resp.GetCorrelationId().GetString_()] = true
	}
	require.Equal(t, map[string]bool{x.String(): true, y.String(): true}, answered)
	_, err := b.call.Recv()
	require.EqualError(t, err, "EOF")
	c := connect(t, n)
	require.Equal(t, []string{"type-x0", "type-x1"}, types(readStream(t, c, "x", esdb.ReadStreamOptions{}, 10)))
}

// Ensure that each error comes as the detail by which the Node client tells it, and spoils no other append.
func TestBatchAppend_Errors(t *testing.T) {
	n := memoryNode(t)
	write(t, connect(t, n), "taken", esdb.NoStream{}, event("a"))
	b := openBatch(t, n)
	late := batchOptions("late")
	late.DeadlineOption = &streams.BatchAppendReq_Options_Deadline{Deadline: durationpb.New(-time.Second)}
	large := event("large")
	large.Data = make([]byte, maxAppendSize+1)
	for _, tc := range []struct {
		name    string
		options *streams.BatchAppendReq_Options
		event   esdb.EventData
		code    codes.Code
		detail  string
	}{
		{"conflict", batchOptions("taken"), event("b"), codes.AlreadyExists, "WrongExpectedVersion"},
		{"too large", batchOptions("s"), large, codes.InvalidArgument, "MaximumAppendSizeExceeded"},
		{"too late", late, event("c"), codes.DeadlineExceeded, "Timeout"},
		{"no stream", batchOptions(""), event("d"), codes.InvalidArgument, "BadRequest"},
		{"no options", nil, event("e"), codes.InvalidArgument, "BadRequest"},
		{"forbidden", batchOptions("$all"), event("f"), codes.PermissionDenied, "AccessDenied"},
	} {
		b.send(uuid.New(), tc.options, true, tc.event)
		e := b.receive().GetError()
		require.EqualValues(t, tc.code, e.GetCode(), tc.name)
		require.Len(t, e.GetDetails(), 1, tc.name)
		require.Equal(t, "type.googleapis.com/event_store.client."+tc.detail, e.GetDetails()[0].GetTypeUrl(), tc.name)
	}
	b.send(uuid.New(), batchOptions("fine"), true, event("g"))
	require.NotNil(t, b.receive().GetSuccess())
}

// Ensure that a conflict says both what was expected and what is there.
func TestBatchAppend_Conflict(t *testing.T) {
	n := memoryNode(t)
	write(t, connect(t, n), "s", esdb.NoStream{}, events("a", "b")...)
	b := openBatch(t, n)
	o := batchOptions("s")
	o.ExpectedStreamPosition = &streams.BatchAppendReq_Options_StreamPosition{StreamPosition: 7}
	b.send(uuid.New(), o, true, event("x"))
	var wrong shared.WrongExpectedVersion
	require.NoError(t, b.receive().GetError().GetDetails()[0].UnmarshalTo(&wrong))
	require.EqualValues(t, 1, wrong.GetCurrentStreamRevision())
	require.EqualValues(t, 7, wrong.GetExpectedStreamPosition())
}

// Ensure that after a refusal the further messages of the same append are passed over, without a second answer.
func TestBatchAppend_SilentAfterRefusal(t *testing.T) {
	n := memoryNode(t)
	b := openBatch(t, n)
	bad, good := uuid.New(), uuid.New()
	b.send(bad, batchOptions(""), false, event("a"))
	b.send(bad, nil, false, event("b"))
	b.send(bad, nil, true, event("c"))
	b.send(good, batchOptions("s"), true, event("d"))
	require.NoError(t, b.call.CloseSend())
	require.Equal(t, bad.String(), b.receive().GetCorrelationId().GetString_())
	require.Equal(t, good.String(), b.receive().GetCorrelationId().GetString_())
	_, err := b.call.Recv()
	require.EqualError(t, err, "EOF")
}

// Ensure that appends to one stream, sent without waiting, are written in the order they were sent.
func TestBatchAppend_KeepsOrder(t *testing.T) {
	n := startNode(t, Options{Dir: t.TempDir()})
	b := openBatch(t, n)
	const appends = 500
	for i := range appends {
		o := batchOptions("s")
		o.ExpectedStreamPosition = &streams.BatchAppendReq_Options_Any{Any: &emptypb.Empty{}}
		b.send(uuid.New(), o, true, event(fmt.Sprint(i)))
	}
	for range appends {
		require.NotNil(t, b.receive().GetSuccess())
	}
	for i, e := range readStream(t, connect(t, n), "s", esdb.ReadStreamOptions{}, appends) {
		require.Equal(t, fmt.Sprintf("type-%d", i), e.Event.EventType)
	}
}
