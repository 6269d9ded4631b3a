package esdbnode

import (
	"strings"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Ensure that every kind of expected revision writes exactly when EventStoreDB would.
func TestAppend_ExpectedRevision(t *testing.T) {
	n := memoryNode(t)
	c := connect(t, n)

	first := write(t, c, "s", esdb.NoStream{}, event("a"))
	require.EqualValues(t, 0, first.NextExpectedVersion)
	second := write(t, c, "s", esdb.Revision(0), events("b", "c")...)
	require.EqualValues(t, 2, second.NextExpectedVersion)
	require.Greater(t, second.CommitPosition, first.CommitPosition)
	third := write(t, c, "s", esdb.Any{}, event("d"))
	require.EqualValues(t, 3, third.NextExpectedVersion)
	fourth := write(t, c, "s", esdb.StreamExists{}, event("e"))
	require.EqualValues(t, 4, fourth.NextExpectedVersion)
	write(t, c, "new", esdb.Any{}, event("f"))

	wrong := esdb.ErrorCodeWrongExpectedVersion
	require.Equal(t, wrong, refused(t, c, "s", esdb.NoStream{}, event("x")))
	require.Equal(t, wrong, refused(t, c, "s", esdb.Revision(2), event("x")))
	require.Equal(t, wrong, refused(t, c, "s", esdb.Revision(9), event("x")))
	require.Equal(t, wrong, refused(t, c, "none", esdb.StreamExists{}, event("x")))
	require.Equal(t, wrong, refused(t, c, "none", esdb.Revision(0), event("x")))
	require.Equal(t, []string{"type-a", "type-b", "type-c", "type-d", "type-e"},
		types(readStream(t, c, "s", esdb.ReadStreamOptions{}, 100)))
}

// Ensure that an append of no events succeeds and makes no stream.
func TestAppend_NoEvents(t *testing.T) {
	c := connect(t, memoryNode(t))
	done := write(t, c, "s", esdb.Any{})
	require.Zero(t, done.CommitPosition)
	r, err := c.ReadStream(bounded(t), "s", esdb.ReadStreamOptions{}, 1)
	require.NoError(t, err)
	_, err = r.Recv()
	require.Equal(t, esdb.ErrorCodeResourceNotFound, codeIn(err))
}

// Ensure that every part of an event comes back as it was sent.
func TestAppend_KeepsWhatWasSent(t *testing.T) {
	now := testTime
	c := connect(t, startNode(t, Options{Memory: true, Now: func() time.Time { return now }}))
	sent := []esdb.EventData{
		event("json"),
		{EventID: uuid.New(), EventType: "binär", ContentType: esdb.ContentTypeBinary, Data: []byte{0, 255, 1}},
	}
	stream := "Strøm-日本"
	done := write(t, c, stream, esdb.NoStream{}, sent...)
	got := readStream(t, c, stream, esdb.ReadStreamOptions{}, 10)
	require.Len(t, got, len(sent))
	for i, e := range got {
		require.Equal(t, sent[i].EventID, e.Event.EventID)
		require.Equal(t, sent[i].EventType, e.Event.EventType)
		require.Equal(t, sent[i].Data, e.Event.Data)
		require.Equal(t, string(sent[i].Metadata), string(e.Event.UserMetadata))
		require.Equal(t, stream, e.Event.StreamID)
		require.EqualValues(t, i, e.Event.EventNumber)
		require.Equal(t, now, e.Event.CreatedDate)
		require.Equal(t, e.Event.Position.Commit, *e.Commit)
		require.Equal(t, e.Event.Position.Commit, e.Event.Position.Prepare)
	}
	require.Equal(t, "application/json", got[0].Event.ContentType)
	require.Equal(t, "application/octet-stream", got[1].Event.ContentType)
	require.Equal(t, done.CommitPosition, got[1].Event.Position.Commit)
}

// Ensure that an append over the limit is refused with its reason, writes nothing, and is drained first: answered early,
// the client would now and then report a bare end of file.
func TestAppend_TooLarge(t *testing.T) {
	c := connect(t, memoryNode(t))
	fits := esdb.EventData{EventType: "t", Data: make([]byte, maxAppendSize)}
	write(t, c, "fits", esdb.NoStream{}, fits)
	var many []esdb.EventData
	for range 8 {
		many = append(many, esdb.EventData{EventType: "t", Data: make([]byte, 300<<10)})
	}
	for range 10 {
		_, err := c.AppendToStream(bounded(t), "large", esdb.AppendToStreamOptions{}, many...)
		require.ErrorContains(t, err, "Maximum Append Size of 1048576 Exceeded")
	}
	require.Len(t, readAll(t, c, esdb.ReadAllOptions{}, 10), 1)
}

// Ensure that what the protocol forbids is refused with the trailers by which clients tell one refusal from another.
func TestAppend_Invalid(t *testing.T) {
	raw := rawStreams(t, memoryNode(t))
	good := func() *streams.AppendReq {
		return proposal(map[string]string{"type": "t", "content-type": "application/json"})
	}
	cases := []struct {
		name      string
		messages  []*streams.AppendReq
		code      codes.Code
		exception string
	}{
		{"no type", []*streams.AppendReq{options("s"), proposal(map[string]string{"content-type": "x"})}, codes.InvalidArgument, "missing-required-metadata-property"},
		{"no content type", []*streams.AppendReq{options("s"), proposal(map[string]string{"type": "x"})}, codes.InvalidArgument, "missing-required-metadata-property"},
		{"no stream", []*streams.AppendReq{options(""), good()}, codes.InvalidArgument, ""},
		{"long name", []*streams.AppendReq{options(strings.Repeat("x", nameLimit+1)), good()}, codes.InvalidArgument, ""},
		{"$all", []*streams.AppendReq{options("$all"), good()}, codes.PermissionDenied, "access-denied"},
		{"no options", []*streams.AppendReq{good()}, codes.InvalidArgument, ""},
		{"nothing", nil, codes.InvalidArgument, ""},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			call, err := raw.Append(bounded(t))
			require.NoError(t, err)
			for _, m := range tc.messages {
				require.NoError(t, call.Send(m))
			}
			_, err = call.CloseAndRecv()
			require.Equal(t, tc.code, status.Code(err), "%v", err)
			if tc.exception != "" {
				require.Equal(t, []string{tc.exception}, call.Trailer().Get("exception"))
			}
		})
	}
}
