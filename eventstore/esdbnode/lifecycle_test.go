package esdbnode

import (
	"fmt"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// readCode is the error code that the first event of a stream's read gives.
func readCode(t *testing.T, c *esdb.Client, stream string) esdb.ErrorCode {
	t.Helper()
	r, err := c.ReadStream(bounded(t), stream, esdb.ReadStreamOptions{}, 10)
	require.NoError(t, err)
	defer r.Close()
	_, err = r.Recv()
	return codeIn(err)
}

func softDelete(t *testing.T, c *esdb.Client, stream string, expected esdb.ExpectedRevision) error {
	t.Helper()
	_, err := c.DeleteStream(bounded(t), stream, esdb.DeleteStreamOptions{ExpectedRevision: expected})
	return err
}

// Ensure that a deleted stream is gone for readers, stays in $all, and goes on with its numbers when written again.
func TestDelete_HidesAndComesBack(t *testing.T) {
	for _, expected := range []esdb.ExpectedRevision{esdb.Any{}, esdb.NoStream{}, esdb.Revision(1)} {
		c := connect(t, memoryNode(t))
		write(t, c, "s", esdb.NoStream{}, events("0", "1")...)
		require.NoError(t, softDelete(t, c, "s", esdb.Revision(1)))
		require.Equal(t, esdb.ErrorCodeResourceNotFound, readCode(t, c, "s"))
		require.Equal(t, []string{"type-0", "type-1", "$metadata"}, types(readAll(t, c, esdb.ReadAllOptions{}, 10)))
		require.Equal(t, esdb.ErrorCodeStreamDeleted, refused(t, c, "s", esdb.StreamExists{}, event("x")))

		require.EqualValues(t, 3, write(t, c, "s", expected, events("2", "3")...).NextExpectedVersion)
		require.Equal(t, []string{"type-2", "type-3"}, types(readStream(t, c, "s", esdb.ReadStreamOptions{}, 10)))
		require.Equal(t, []string{"type-3", "type-2"},
			types(readStream(t, c, "s", esdb.ReadStreamOptions{Direction: esdb.Backwards, From: esdb.End{}}, 10)))
	}
}

// Ensure that new metadata brings a deleted stream back, without its old events.
func TestDelete_MetadataBringsBack(t *testing.T) {
	c := connect(t, memoryNode(t))
	write(t, c, "s", esdb.NoStream{}, events("0", "1")...)
	require.NoError(t, softDelete(t, c, "s", esdb.Any{}))
	var m esdb.StreamMetadata
	m.SetMaxCount(7)
	_, err := c.SetStreamMetadata(bounded(t), "s", esdb.AppendToStreamOptions{ExpectedRevision: esdb.Any{}}, m)
	require.NoError(t, err)
	require.Empty(t, readStream(t, c, "s", esdb.ReadStreamOptions{}, 10))
	got, err := c.GetStreamMetadata(bounded(t), "s", esdb.ReadStreamOptions{})
	require.NoError(t, err)
	require.EqualValues(t, 7, *got.MaxCount())
	require.EqualValues(t, 2, *got.TruncateBefore())
}

// Ensure that deletions are refused as EventStoreDB refuses them, with the numbers in the trailers.
func TestDelete_Conflict(t *testing.T) {
	n := memoryNode(t)
	c := connect(t, n)
	require.Error(t, softDelete(t, c, "never", esdb.Any{}))
	write(t, c, "s", esdb.NoStream{}, events("0", "1")...)
	require.Error(t, softDelete(t, c, "s", esdb.NoStream{}))
	var trailers metadata.MD
	_, err := rawStreams(t, n).Delete(bounded(t), &streams.DeleteReq{Options: &streams.DeleteReq_Options{
		StreamIdentifier:       identifier("s"),
		ExpectedStreamRevision: &streams.DeleteReq_Options_Revision{Revision: 0},
	}}, grpc.Trailer(&trailers))
	require.Equal(t, codes.FailedPrecondition, status.Code(err))
	require.Equal(t, []string{"wrong-expected-version"}, trailers.Get("exception"))
	require.Equal(t, []string{"0"}, trailers.Get("expected-version"))
	require.Equal(t, []string{"1"}, trailers.Get("actual-version"))
}

// Ensure that a tombstone ends a stream for everybody and for ever, also after a restart.
func TestTombstone(t *testing.T) {
	dir := t.TempDir()
	n, err := Start(t.Context(), Options{Dir: dir})
	require.NoError(t, err)
	c := connect(t, n)
	write(t, c, "s", esdb.NoStream{}, event("0"))
	sub, err := c.SubscribeToStream(bounded(t), "s", esdb.SubscribeToStreamOptions{From: esdb.Start{}})
	require.NoError(t, err)
	require.Equal(t, []string{"type-0", "caught up"}, hear(sub, 2))
	_, err = c.TombstoneStream(bounded(t), "s", esdb.TombstoneStreamOptions{ExpectedRevision: esdb.Revision(0)})
	require.NoError(t, err)
	_, err = c.TombstoneStream(bounded(t), "never", esdb.TombstoneStreamOptions{ExpectedRevision: esdb.NoStream{}})
	require.NoError(t, err)
	require.Equal(t, codes.FailedPrecondition, status.Code(sub.Recv().SubscriptionDropped.Error))
	require.NoError(t, n.Close())

	c = connect(t, startNode(t, Options{Dir: dir}))
	require.Equal(t, []string{"type-0", "$streamDeleted", "$streamDeleted"}, types(readAll(t, c, esdb.ReadAllOptions{}, 10)))
	for _, stream := range []string{"s", "never"} {
		require.Equal(t, esdb.ErrorCodeStreamDeleted, readCode(t, c, stream))
		for _, expected := range []esdb.ExpectedRevision{esdb.Any{}, esdb.NoStream{}, esdb.Revision(0), esdb.StreamExists{}} {
			require.Equal(t, esdb.ErrorCodeStreamDeleted, refused(t, c, stream, expected, event("x")))
			require.Equal(t, esdb.ErrorCodeStreamDeleted, codeIn(softDelete(t, c, stream, expected)))
		}
		require.Equal(t, esdb.ErrorCodeStreamDeleted, refused(t, c, "$$"+stream, esdb.Any{}, event("x")))
	}
}

// Ensure that a stream's metadata hides events from its readers and subscribers, and from nobody else.
func TestMetadata_Hides(t *testing.T) {
	now := testTime
	n := startNode(t, Options{Memory: true, Now: func() time.Time { return now }})
	c := connect(t, n)
	cases := []struct {
		name     string
		metadata string
		want     []string
	}{
		{"count", `{"$maxCount":2}`, []string{"type-3", "type-4"}},
		{"truncate", `{"$tb":3}`, []string{"type-3", "type-4"}},
		{"both", `{"$tb":1,"$maxCount":1}`, []string{"type-4"}},
		{"age", `{"$maxAge":60}`, []string{"type-4"}},
		{"everything", `{"$tb":5}`, []string{}},
		{"beyond the end", `{"$tb":500}`, []string{}},
		{"nonsense", `]`, []string{"type-0", "type-1", "type-2", "type-3", "type-4"}},
	}
	for _, tc := range cases {
		now = testTime
		write(t, c, tc.name, esdb.NoStream{}, events("0", "1", "2", "3")...)
		now = now.Add(time.Hour)
		write(t, c, tc.name, esdb.Any{}, event("4"))
		write(t, c, "$$"+tc.name, esdb.Any{}, esdb.EventData{EventType: "$metadata", ContentType: esdb.ContentTypeJson, Data: []byte(tc.metadata)})
		require.Equal(t, tc.want, types(readStream(t, c, tc.name, esdb.ReadStreamOptions{}, 10)), tc.name)
		if len(tc.want) > 0 {
			require.Equal(t, tc.want[:1], types(readStream(t, c, tc.name, esdb.ReadStreamOptions{}, 1)), tc.name)
		}
		sub, err := c.SubscribeToStream(bounded(t), tc.name, esdb.SubscribeToStreamOptions{From: esdb.Start{}})
		require.NoError(t, err)
		require.Equal(t, append(tc.want, "caught up"), hear(sub, len(tc.want)+1), tc.name)
		sub.Close()
	}
	require.Len(t, readAll(t, c, esdb.ReadAllOptions{}, 100), 6*len(cases))
}

// Ensure that of a metadata stream only the newest event is shown, wherever a reader begins.
func TestMetadata_NewestCounts(t *testing.T) {
	c := connect(t, memoryNode(t))
	for i := range 3 {
		var m esdb.StreamMetadata
		m.SetMaxCount(uint64(i + 1))
		_, err := c.SetStreamMetadata(bounded(t), "s", esdb.AppendToStreamOptions{ExpectedRevision: esdb.Any{}}, m)
		require.NoError(t, err)
	}
	got, err := c.GetStreamMetadata(bounded(t), "s", esdb.ReadStreamOptions{})
	require.NoError(t, err)
	require.EqualValues(t, 3, *got.MaxCount())
}

// Ensure that links lead to their events when asked to, and are events like others when not.
func TestLinks(t *testing.T) {
	n := memoryNode(t)
	c := connect(t, n)
	write(t, c, "s", esdb.NoStream{}, events("0", "1")...)
	write(t, c, "gone", esdb.NoStream{}, event("x"))
	require.NoError(t, softDelete(t, c, "gone", esdb.Any{}))
	for i, data := range []string{"1@s", "0@gone", "7@s", "nonsense"} {
		write(t, c, "links", esdb.Any{}, esdb.EventData{EventType: "$>", Data: []byte(data), EventID: event(fmt.Sprint(i)).EventID})
	}
	require.Equal(t, []string{"$>", "$>", "$>", "$>"}, types(readStream(t, c, "links", esdb.ReadStreamOptions{}, 10)))
	got := readStream(t, c, "links", esdb.ReadStreamOptions{ResolveLinkTos: true}, 10)
	require.Equal(t, "type-1", got[0].Event.EventType)
	require.EqualValues(t, 0, got[0].Link.EventNumber)
	require.Equal(t, got[0].Link.Position.Commit, *got[0].Commit)
	for _, e := range got[1:] {
		require.Nil(t, e.Event)
		require.Equal(t, "$>", e.Link.EventType)
	}
	call, err := rawStreams(t, n).Read(bounded(t), &streams.ReadReq{Options: &streams.ReadReq_Options{
		StreamOption: &streams.ReadReq_Options_Stream{Stream: &streams.ReadReq_Options_StreamOptions{StreamIdentifier: identifier("links")}},
		CountOption:  &streams.ReadReq_Options_Count{Count: 1}, ResolveLinks: true,
		UuidOption: &streams.ReadReq_Options_UUIDOption{Content: &streams.ReadReq_Options_UUIDOption_String_{String_: &shared.Empty{}}},
	}})
	require.NoError(t, err)
	resp, err := call.Recv()
	require.NoError(t, err)
	require.NotEmpty(t, resp.GetEvent().GetEvent().GetId().GetString_())
	require.NotEmpty(t, resp.GetEvent().GetLink().GetId().GetString_())
}
