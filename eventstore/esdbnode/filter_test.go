package esdbnode

import (
	"fmt"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Ensure that every kind of filter lets through what it names and nothing else, among old events and new ones.
func TestFilter_Kinds(t *testing.T) {
	filters := []struct {
		name   string
		filter *esdb.SubscriptionFilter
		want   []string
	}{
		{"stream prefix", &esdb.SubscriptionFilter{Type: esdb.StreamFilterType, Prefixes: []string{"car-", "bus-"}}, []string{"a-made", "b-sold"}},
		{"stream regex", &esdb.SubscriptionFilter{Type: esdb.StreamFilterType, Regex: "ar-1$"}, []string{"a-made"}},
		{"type prefix", &esdb.SubscriptionFilter{Type: esdb.EventFilterType, Prefixes: []string{"c", "b-"}}, []string{"b-sold", "c-made"}},
		{"type regex", &esdb.SubscriptionFilter{Type: esdb.EventFilterType, Regex: "made"}, []string{"a-made", "c-made"}},
		{"no system events", esdb.ExcludeSystemEventsFilter(), []string{"a-made", "b-sold", "c-made"}},
	}
	for _, tc := range filters {
		t.Run(tc.name, func(t *testing.T) {
			c := connect(t, memoryNode(t))
			put := func() {
				for _, e := range [][2]string{{"car-1", "a-made"}, {"bus-1", "b-sold"}, {"$sys", "$internal"}, {"ship-1", "c-made"}} {
					write(t, c, e[0], esdb.Any{}, esdb.EventData{EventType: e[1]})
				}
			}
			put()
			sub := subscribe(t, c, esdb.SubscribeToAllOptions{From: esdb.Start{}, Filter: tc.filter})
			put()
			for range 2 {
				for _, want := range tc.want {
					require.Equal(t, want, next(t, sub).Event.EventType)
				}
			}
		})
	}
}

// Ensure that checkpoints come when due and at the end of the catch-up, are positions of events, rise, and never repeat.
func TestFilter_Checkpoints(t *testing.T) {
	c := connect(t, memoryNode(t))
	write(t, c, "s", esdb.NoStream{}, numbered("x", 10)...)
	write(t, c, "s", esdb.Any{}, event("hit"))
	var at []string
	for _, e := range readAll(t, c, esdb.ReadAllOptions{}, 100) {
		at = append(at, fmt.Sprintf("checkpoint %d", e.Event.Position.Commit))
	}
	sub := subscribe(t, c, esdb.SubscribeToAllOptions{
		From: esdb.Start{}, MaxSearchWindow: 2, CheckpointInterval: 2,
		Filter: &esdb.SubscriptionFilter{Type: esdb.EventFilterType, Prefixes: []string{"type-hit"}},
	})
	require.Equal(t, []string{at[3], at[7], "type-hit", at[10], "caught up"}, hear(sub, 5))

	write(t, c, "s", esdb.Any{}, numbered("y", 9)...)
	live := readAll(t, c, esdb.ReadAllOptions{}, 100)[11:]
	require.Equal(t, []string{
		fmt.Sprintf("checkpoint %d", live[3].Event.Position.Commit),
		fmt.Sprintf("checkpoint %d", live[7].Event.Position.Commit),
	}, hear(sub, 2))
}

// Ensure that the checkpoint at the end of the catch-up is left out when the same one has just been sent.
func TestFilter_CheckpointNotRepeated(t *testing.T) {
	c := connect(t, memoryNode(t))
	write(t, c, "s", esdb.NoStream{}, numbered("x", 4)...)
	last := readAll(t, c, esdb.ReadAllOptions{}, 100)[3].Event.Position.Commit
	sub := subscribe(t, c, esdb.SubscribeToAllOptions{
		From: esdb.Start{}, MaxSearchWindow: 4, CheckpointInterval: 1,
		Filter: &esdb.SubscriptionFilter{Type: esdb.EventFilterType, Prefixes: []string{"none"}},
	})
	require.Equal(t, []string{fmt.Sprintf("checkpoint %d", last), "caught up"}, hear(sub, 2))
}

// Ensure that a filter may also be put on a read, and that its count is of what it lets through.
func TestFilter_Read(t *testing.T) {
	n := memoryNode(t)
	c := connect(t, n)
	for i := range 2000 {
		name := "miss"
		if i%500 == 499 {
			name = fmt.Sprintf("hit%d", i)
		}
		write(t, c, "s", esdb.Any{}, esdb.EventData{EventType: name})
	}
	call, err := rawStreams(t, n).Read(bounded(t), &streams.ReadReq{Options: filtered("hit", 1, 3)})
	require.NoError(t, err)
	for _, want := range []string{"hit499", "hit999", "hit1499"} {
		resp, err := call.Recv()
		require.NoError(t, err)
		require.Equal(t, want, resp.GetEvent().GetEvent().GetMetadata()["type"])
	}
	_, err = call.Recv()
	require.EqualError(t, err, "EOF")
}

// Ensure that a filter that cannot work is refused.
func TestFilter_Invalid(t *testing.T) {
	raw := rawStreams(t, memoryNode(t))
	onStream := filtered("x", 1, 1)
	onStream.StreamOption = &streams.ReadReq_Options_Stream{Stream: &streams.ReadReq_Options_StreamOptions{StreamIdentifier: identifier("s")}}
	badRegex := filtered("", 1, 1)
	badRegex.GetFilter().GetEventType().Regex = "(?<=look-behind)x"
	for name, o := range map[string]*streams.ReadReq_Options{
		"no interval": filtered("x", 0, 1), "on a stream": onStream, "look-behind": badRegex,
	} {
		call, err := raw.Read(bounded(t), &streams.ReadReq{Options: o})
		require.NoError(t, err)
		_, err = call.Recv()
		require.Equal(t, codes.InvalidArgument, status.Code(err), name)
	}
}

func filtered(prefix string, multiplier uint32, count uint64) *streams.ReadReq_Options {
	expression := &streams.ReadReq_Options_FilterOptions_Expression{}
	if prefix != "" {
		expression.Prefix = []string{prefix}
	}
	return &streams.ReadReq_Options{
		StreamOption: &streams.ReadReq_Options_All{All: &streams.ReadReq_Options_AllOptions{
			AllOption: &streams.ReadReq_Options_AllOptions_Start{Start: &shared.Empty{}},
		}},
		CountOption: &streams.ReadReq_Options_Count{Count: count},
		FilterOption: &streams.ReadReq_Options_Filter{Filter: &streams.ReadReq_Options_FilterOptions{
			Filter:                       &streams.ReadReq_Options_FilterOptions_EventType{EventType: expression},
			Window:                       &streams.ReadReq_Options_FilterOptions_Count{Count: &shared.Empty{}},
			CheckpointIntervalMultiplier: multiplier,
		}},
	}
}
