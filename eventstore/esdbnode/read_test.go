package esdbnode

import (
	"math"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Ensure that a stream reads from every place, in both directions, to every limit.
func TestRead_Stream(t *testing.T) {
	c := connect(t, memoryNode(t))
	write(t, c, "s", esdb.NoStream{}, events("0", "1", "2", "3")...)
	const all = math.MaxUint64
	cases := []struct {
		name      string
		direction esdb.Direction
		from      esdb.StreamPosition
		count     uint64
		want      []string
	}{
		{"forwards", esdb.Forwards, esdb.Start{}, all, []string{"type-0", "type-1", "type-2", "type-3"}},
		{"forwards, two", esdb.Forwards, esdb.Start{}, 2, []string{"type-0", "type-1"}},
		{"forwards, none", esdb.Forwards, esdb.Start{}, 0, []string{}},
		{"forwards from a revision", esdb.Forwards, esdb.Revision(2), all, []string{"type-2", "type-3"}},
		{"forwards from the end", esdb.Forwards, esdb.End{}, all, []string{}},
		{"forwards from beyond the end", esdb.Forwards, esdb.Revision(4), all, []string{}},
		{"backwards", esdb.Backwards, esdb.End{}, all, []string{"type-3", "type-2", "type-1", "type-0"}},
		{"backwards, one", esdb.Backwards, esdb.End{}, 1, []string{"type-3"}},
		{"backwards from a revision", esdb.Backwards, esdb.Revision(1), all, []string{"type-1", "type-0"}},
		{"backwards from the start", esdb.Backwards, esdb.Start{}, all, []string{"type-0"}},
		{"backwards from beyond the end", esdb.Backwards, esdb.Revision(math.MaxInt64), all, []string{"type-3", "type-2", "type-1", "type-0"}},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			got := readStream(t, c, "s", esdb.ReadStreamOptions{Direction: tc.direction, From: tc.from}, tc.count)
			require.Equal(t, tc.want, types(got))
		})
	}
}

// Ensure that $all reads from every place: inclusive forwards, exclusive backwards.
func TestRead_All(t *testing.T) {
	c := connect(t, memoryNode(t))
	for _, name := range []string{"0", "1", "2"} {
		write(t, c, "s-"+name, esdb.NoStream{}, event(name))
	}
	at := readAll(t, c, esdb.ReadAllOptions{}, 10)[1].Event.Position
	const all = math.MaxUint64
	cases := []struct {
		name      string
		direction esdb.Direction
		from      esdb.AllPosition
		count     uint64
		want      []string
	}{
		{"forwards", esdb.Forwards, esdb.Start{}, all, []string{"type-0", "type-1", "type-2"}},
		{"forwards, two", esdb.Forwards, esdb.Start{}, 2, []string{"type-0", "type-1"}},
		{"forwards from a position", esdb.Forwards, at, all, []string{"type-1", "type-2"}},
		{"forwards from the end", esdb.Forwards, esdb.End{}, all, []string{}},
		{"backwards", esdb.Backwards, esdb.End{}, all, []string{"type-2", "type-1", "type-0"}},
		{"backwards, one", esdb.Backwards, esdb.End{}, 1, []string{"type-2"}},
		{"backwards from a position", esdb.Backwards, at, all, []string{"type-0"}},
		{"backwards from the start", esdb.Backwards, esdb.Start{}, all, []string{}},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			got := readAll(t, c, esdb.ReadAllOptions{Direction: tc.direction, From: tc.from}, tc.count)
			require.Equal(t, tc.want, types(got))
		})
	}
}

// Ensure that a position of another log is refused: going on from near it would lose or repeat events.
func TestRead_AllFromForeignPosition(t *testing.T) {
	c := connect(t, memoryNode(t))
	done := write(t, c, "s", esdb.NoStream{}, event("a"))
	for _, position := range []uint64{done.CommitPosition - 1, done.CommitPosition + 1, 1 << 40} {
		r, err := c.ReadAll(bounded(t), esdb.ReadAllOptions{From: esdb.Position{Commit: position, Prepare: position}}, 10)
		require.NoError(t, err)
		_, err = r.Recv()
		require.ErrorContains(t, err, "invalid position")
	}
}

// Ensure that reads of many pages, over several segments, in both directions, give every event once and in order.
func TestRead_ManyPages(t *testing.T) {
	c := connect(t, startNode(t, Options{Dir: t.TempDir(), SegmentSize: 64 << 10}))
	const appends, each = 60, 50
	for range appends {
		var list []esdb.EventData
		for range each {
			list = append(list, esdb.EventData{EventType: "t", Data: make([]byte, 200)})
		}
		write(t, c, "s", esdb.Any{}, list...)
	}
	forwards := readAll(t, c, esdb.ReadAllOptions{}, math.MaxUint64)
	require.Len(t, forwards, appends*each)
	for i, e := range forwards {
		require.EqualValues(t, i, e.Event.EventNumber)
	}
	backwards := readAll(t, c, esdb.ReadAllOptions{Direction: esdb.Backwards, From: esdb.End{}}, math.MaxUint64)
	require.Len(t, backwards, appends*each)
	for i, e := range backwards {
		require.EqualValues(t, appends*each-1-i, e.Event.EventNumber)
	}
}

// Ensure that a stored event that was altered while the node runs is never handed out.
func TestRead_AlteredOnDiskIsLoud(t *testing.T) {
	d := newMemoryDisk()
	n := startNode(t, Options{disk: d})
	c := connect(t, n)
	write(t, c, "s", esdb.NoStream{}, events("a", "b")...)
	position := n.index.viewStream("s").events.at(1)
	d.files[segmentName(0)].data[position+100] ^= 1
	r, err := c.ReadStream(bounded(t), "s", esdb.ReadStreamOptions{}, 10)
	require.NoError(t, err)
	_, err = r.Recv()
	require.Equal(t, codes.DataLoss, status.Code(errorsUnwrapAll(err)), "%v", err)
}

// Ensure that clients that ask for ids as strings get strings, and the same ids.
func TestRead_StringIDs(t *testing.T) {
	n := memoryNode(t)
	sent := event("a")
	write(t, connect(t, n), "s", esdb.NoStream{}, sent)
	call, err := rawStreams(t, n).Read(bounded(t), &streams.ReadReq{Options: &streams.ReadReq_Options{
		StreamOption: &streams.ReadReq_Options_Stream{Stream: &streams.ReadReq_Options_StreamOptions{
			StreamIdentifier: identifier("s"),
		}},
		CountOption: &streams.ReadReq_Options_Count{Count: 1},
		UuidOption: &streams.ReadReq_Options_UUIDOption{
			Content: &streams.ReadReq_Options_UUIDOption_String_{String_: &shared.Empty{}},
		},
	}})
	require.NoError(t, err)
	resp, err := call.Recv()
	require.NoError(t, err)
	require.Equal(t, sent.EventID, uuid.MustParse(resp.GetEvent().GetEvent().GetId().GetString_()))
}
