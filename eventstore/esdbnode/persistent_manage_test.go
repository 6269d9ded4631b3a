package esdbnode

import (
	"strings"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/persistent"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// rawGroups are the generated stubs.
func rawGroups(t testing.TB, n *Node) persistent.PersistentSubscriptionsClient {
	t.Helper()
	return persistent.NewPersistentSubscriptionsClient(dial(t, n))
}

// rawSettings are settings that any group can have.
func rawSettings() *persistent.CreateReq_Settings {
	return &persistent.CreateReq_Settings{
		ReadBatchSize: 20, HistoryBufferSize: 500, LiveBufferSize: 500, MaxRetryCount: 10, MaxCheckpointCount: 10,
		ConsumerStrategy: strategyRoundRobin,
	}
}

// rawCreate makes a group on a stream.
func rawCreate(stream, group string, settings *persistent.CreateReq_Settings) *persistent.CreateReq {
	return &persistent.CreateReq{Options: &persistent.CreateReq_Options{
		GroupName: group, Settings: settings,
		StreamOption: &persistent.CreateReq_Options_Stream{Stream: &persistent.CreateReq_StreamOptions{
			StreamIdentifier: identifier(stream), RevisionOption: &persistent.CreateReq_StreamOptions_Start{Start: &shared.Empty{}},
		}},
	}}
}

// rawRead joins a group of a stream.
func rawRead(t testing.TB, n *Node, o *persistent.ReadReq_Options) persistent.PersistentSubscriptions_ReadClient {
	t.Helper()
	call, err := rawGroups(t, n).Read(bounded(t))
	require.NoError(t, err)
	require.NoError(t, call.Send(&persistent.ReadReq{Content: &persistent.ReadReq_Options_{Options: o}}))
	return call
}

// Ensure that every error has the code, the words and the trailers by which clients know it.
func TestPersistent_Errors(t *testing.T) {
	n := memoryNode(t)
	groups := rawGroups(t, n)
	settings := rawSettings()
	settings.MaxSubscriberCount = 1
	_, err := groups.Create(bounded(t), rawCreate("s", "taken", settings))
	require.NoError(t, err)
	stream := identifier("s")
	join := func(o *persistent.ReadReq_Options) func(...grpc.CallOption) error {
		return func(opts ...grpc.CallOption) error {
			call := rawRead(t, n, o)
			_, err := call.Recv()
			if err != nil {
				*opts[0].(grpc.TrailerCallOption).TrailerAddr = call.Trailer()
			}
			return err
		}
	}
	toStream := &persistent.ReadReq_Options_StreamIdentifier{StreamIdentifier: stream}
	require.NoError(t, join(&persistent.ReadReq_Options{StreamOption: toStream, GroupName: "taken", BufferSize: 1})())
	bad := rawSettings()
	bad.ConsumerStrategy = "Chance"
	large := rawSettings()
	large.ReadBatchSize = 500
	cases := []struct {
		name      string
		call      func(...grpc.CallOption) error
		code      codes.Code
		exception string
		message   string
	}{
		{"create what exists", func(o ...grpc.CallOption) error {
			_, err := groups.Create(bounded(t), rawCreate("s", "taken", rawSettings()), o...)
			return err
		}, codes.AlreadyExists, "persistent-subscription-exists", "Subscription group taken on stream s exists."},
		{"unknown strategy", func(o ...grpc.CallOption) error {
			_, err := groups.Create(bounded(t), rawCreate("s", "g", bad), o...)
			return err
		}, codes.Internal, "persistent-subscription-failed", "Subscription group g on stream s failed: 'Consumer strategy Chance does not exist.'"},
		{"batch larger than buffer", func(o ...grpc.CallOption) error {
			_, err := groups.Create(bounded(t), rawCreate("s", "g", large), o...)
			return err
		}, codes.Internal, "persistent-subscription-failed", "Subscription group g on stream s failed: 'ReadBatchSize may not be greater than or equal to BufferSize'"},
		{"update", func(o ...grpc.CallOption) error {
			_, err := groups.Update(bounded(t), &persistent.UpdateReq{Options: &persistent.UpdateReq_Options{
				GroupName: "g", StreamIdentifier: stream, Settings: &persistent.UpdateReq_Settings{HistoryBufferSize: 10},
			}}, o...)
			return err
		}, codes.NotFound, "persistent-subscription-does-not-exist", "Subscription group g on stream s does not exist."},
		{"delete", func(o ...grpc.CallOption) error {
			_, err := groups.Delete(bounded(t), &persistent.DeleteReq{Options: &persistent.DeleteReq_Options{
				GroupName: "g", StreamOption: &persistent.DeleteReq_Options_StreamIdentifier{StreamIdentifier: stream},
			}}, o...)
			return err
		}, codes.NotFound, "persistent-subscription-does-not-exist", "Subscription group g on stream s does not exist."},
		{"info", func(o ...grpc.CallOption) error {
			_, err := groups.GetInfo(bounded(t), &persistent.GetInfoReq{Options: &persistent.GetInfoReq_Options{
				GroupName: "g", StreamOption: &persistent.GetInfoReq_Options_StreamIdentifier{StreamIdentifier: stream},
			}}, o...)
			return err
		}, codes.NotFound, "persistent-subscription-does-not-exist", "Subscription group g on stream s does not exist."},
		{"replay", func(o ...grpc.CallOption) error {
			_, err := groups.ReplayParked(bounded(t), &persistent.ReplayParkedReq{Options: &persistent.ReplayParkedReq_Options{
				GroupName: "g", StreamOption: &persistent.ReplayParkedReq_Options_StreamIdentifier{StreamIdentifier: stream},
			}}, o...)
			return err
		}, codes.NotFound, "persistent-subscription-does-not-exist", "Subscription group g on stream s does not exist."},
		{"read", join(&persistent.ReadReq_Options{StreamOption: toStream, GroupName: "g", BufferSize: 1}),
			codes.NotFound, "persistent-subscription-does-not-exist", "Subscription group g on stream s does not exist."},
		{"one reader too many", join(&persistent.ReadReq_Options{StreamOption: toStream, GroupName: "taken", BufferSize: 1}),
			codes.FailedPrecondition, "maximum-subscribers-reached", "Maximum subscriptions reached for subscription group taken on stream s."},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			var trailer metadata.MD
			err := tc.call(grpc.Trailer(&trailer))
			require.Equal(t, tc.code, status.Code(err))
			require.Equal(t, tc.message, status.Convert(err).Message())
			require.Equal(t, []string{tc.exception}, trailer["exception"])
			require.Equal(t, []string{"s"}, trailer["stream-name"])
			require.Len(t, trailer["group-name"], 1)
			require.Contains(t, tc.message, trailer["group-name"][0])
		})
	}
}

// Ensure that requests that no group can come of are refused with a clear code.
func TestPersistent_Refusals(t *testing.T) {
	n := memoryNode(t)
	groups := rawGroups(t, n)
	create := func(change func(*persistent.CreateReq)) error {
		req := rawCreate("s", "g", rawSettings())
		change(req)
		_, err := groups.Create(bounded(t), req)
		return err
	}
	for name, err := range map[string]error{
		"no options": create(func(r *persistent.CreateReq) { r.Options = nil }),
		"no group":   create(func(r *persistent.CreateReq) { r.Options.GroupName = "" }),
		"long group": create(func(r *persistent.CreateReq) { r.Options.GroupName = strings.Repeat("g", groupNameLimit+1) }),
		"negative":   create(func(r *persistent.CreateReq) { r.Options.Settings.MaxRetryCount = -1 }),
		"no buffer":  create(func(r *persistent.CreateReq) { r.Options.Settings.HistoryBufferSize = -1 }),
		"$all as a stream": create(func(r *persistent.CreateReq) {
			r.Options.GetStream().StreamIdentifier = identifier(allName)
		}),
		"position beyond the end": create(func(r *persistent.CreateReq) {
			r.Options.StreamOption = &persistent.CreateReq_Options_All{All: &persistent.CreateReq_AllOptions{
				AllOption: &persistent.CreateReq_AllOptions_Position{Position: &persistent.CreateReq_Position{CommitPosition: 1 << 50, PreparePosition: 1 << 50}},
			}}
		}),
	} {
		require.Equal(t, codes.Internal, status.Code(err), name)
	}
	_, err := groups.Create(bounded(t), rawCreate("s", "g", rawSettings()))
	require.NoError(t, err)
	toStream := &persistent.ReadReq_Options_StreamIdentifier{StreamIdentifier: identifier("s")}
	for _, size := range []int32{0, -1} {
		_, err = rawRead(t, n, &persistent.ReadReq_Options{StreamOption: toStream, GroupName: "g", BufferSize: size}).Recv()
		require.Equal(t, codes.InvalidArgument, status.Code(err))
	}
	call := rawRead(t, n, &persistent.ReadReq_Options{StreamOption: toStream, GroupName: "g", BufferSize: 1 << 30})
	_, err = call.Recv()
	require.NoError(t, err)
	require.NoError(t, call.Send(&persistent.ReadReq{Content: &persistent.ReadReq_Ack_{Ack: &persistent.ReadReq_Ack{Ids: []*shared.UUID{{}}}}}))
	_, err = call.Recv()
	require.Equal(t, codes.InvalidArgument, status.Code(err))
}

// Ensure that clients of before 21.10 are understood: streams only, the revision among the settings, times in ticks, the
// strategy as a number; and that ids come as strings to who wants them so.
func TestPersistent_OldForms(t *testing.T) {
	n := memoryNode(t)
	write(t, connect(t, n), "s", esdb.NoStream{}, events("0", "1")...)
	groups := rawGroups(t, n)
	settings := rawSettings()
	settings.Revision = 1
	settings.ConsumerStrategy, settings.NamedConsumerStrategy = "", persistent.CreateReq_Pinned
	settings.MessageTimeout = &persistent.CreateReq_Settings_MessageTimeoutTicks{MessageTimeoutTicks: 5 * ticksPerSecond}
	settings.CheckpointAfter = &persistent.CreateReq_Settings_CheckpointAfterTicks{CheckpointAfterTicks: 2 * ticksPerSecond}
	_, err := groups.Create(bounded(t), &persistent.CreateReq{Options: &persistent.CreateReq_Options{
		StreamIdentifier: identifier("s"), GroupName: "g", Settings: settings,
	}})
	require.NoError(t, err)
	resp, err := groups.GetInfo(bounded(t), &persistent.GetInfoReq{Options: &persistent.GetInfoReq_Options{
		GroupName: "g", StreamOption: &persistent.GetInfoReq_Options_StreamIdentifier{StreamIdentifier: identifier("s")},
	}})
	require.NoError(t, err)
	info := resp.GetSubscriptionInfo()
	require.EqualValues(t, 5000, info.GetMessageTimeoutMilliseconds())
	require.EqualValues(t, 2000, info.GetCheckPointAfterMilliseconds())
	require.Equal(t, strategyPinned, info.GetNamedConsumerStrategy())
	require.Equal(t, "1", info.GetStartFrom())

	call := rawRead(t, n, &persistent.ReadReq_Options{
		StreamOption: &persistent.ReadReq_Options_StreamIdentifier{StreamIdentifier: identifier("s")}, GroupName: "g", BufferSize: 5,
		UuidOption: &persistent.ReadReq_Options_UUIDOption{Content: &persistent.ReadReq_Options_UUIDOption_String_{String_: &shared.Empty{}}},
	})
	said, err := call.Recv()
	require.NoError(t, err)
	require.Equal(t, "s::g", said.GetSubscriptionConfirmation().GetSubscriptionId())
	said, err = call.Recv()
	require.NoError(t, err)
	require.Equal(t, event("1").EventID.String(), said.GetEvent().GetEvent().GetId().GetString_())
	require.NoError(t, call.Send(&persistent.ReadReq{Content: &persistent.ReadReq_Ack_{
		Ack: &persistent.ReadReq_Ack{Ids: []*shared.UUID{said.GetEvent().GetEvent().GetId()}},
	}}))
	awaitInfo(t, connect(t, n), "s", func(i *esdb.PersistentSubscriptionInfo) bool { return i.Stats.TotalInFlightMessages == 0 })
}

// Ensure that a change of a group and its end are told to its readers, each as clients know it.
func TestPersistent_DropsReaders(t *testing.T) {
	c := connect(t, memoryNode(t))
	ctx := bounded(t)
	drops := map[string]struct {
		do   func() error
		code codes.Code
	}{
		"update": {func() error {
			return c.UpdatePersistentSubscription(ctx, "s", "g", esdb.PersistentStreamSubscriptionOptions{
				StartFrom: esdb.Start{}, Settings: settingsWith(func(s *esdb.PersistentSubscriptionSettings) { s.MaxRetryCount = 7 }),
			})
		}, codes.Canceled},
		"restart": {func() error {
			return c.RestartPersistentSubscriptionSubsystem(ctx, esdb.RestartPersistentSubscriptionSubsystemOptions{})
		}, codes.Canceled},
		"delete": {func() error {
			return c.DeletePersistentSubscription(ctx, "s", "g", esdb.DeletePersistentSubscriptionOptions{})
		}, codes.NotFound},
	}
	for _, name := range []string{"update", "restart", "delete"} {
		if name == "update" {
			createGroup(t, c, "s", esdb.Start{}, nil)
		}
		w := work(t, c, "s", 1)
		require.NoError(t, drops[name].do(), name)
		require.Equal(t, drops[name].code, status.Code(errorsUnwrapAll(w.sub.Recv().SubscriptionDropped.Error)), name)
		if name != "delete" {
			require.EqualValues(t, 7, groupInfo(t, c, "s").Settings.MaxRetryCount, name)
		}
	}
	_, err := c.GetPersistentSubscriptionInfo(ctx, "s", "g", esdb.GetPersistentSubscriptionOptions{})
	require.Equal(t, esdb.ErrorCodeResourceNotFound, codeIn(err))
}

// Ensure that a group on $all keeps its filter when its settings change, since a change cannot name one.
func TestPersistent_UpdateKeepsFilter(t *testing.T) {
	c := connect(t, memoryNode(t))
	write(t, c, "a-1", esdb.NoStream{}, event("a"))
	write(t, c, "b-1", esdb.NoStream{}, event("b"))
	createAllGroup(t, c, esdb.PersistentAllSubscriptionOptions{
		StartFrom: esdb.Start{}, Filter: &esdb.SubscriptionFilter{Type: esdb.StreamFilterType, Prefixes: []string{"b-"}},
	})
	require.NoError(t, c.UpdatePersistentSubscriptionToAll(bounded(t), "g", esdb.PersistentAllSubscriptionOptions{StartFrom: esdb.Start{}, Settings: settingsWith(nil)}))
	require.Equal(t, []string{"type-b"}, workAll(t, c, 5).done(1))
}

// Ensure that a group made anew under the name of one that was deleted begins anew.
func TestPersistent_DeleteForgets(t *testing.T) {
	c := connect(t, memoryNode(t))
	write(t, c, "s", esdb.NoStream{}, events("0", "1")...)
	for range 2 {
		createGroup(t, c, "s", esdb.Start{}, func(s *esdb.PersistentSubscriptionSettings) { s.CheckpointLowerBound, s.CheckpointUpperBound = 1, 1 })
		w := work(t, c, "s", 1)
		w.nack(esdb.NackActionPark, w.take(1)...)
		require.Equal(t, []string{"type-1"}, w.done(1))
		awaitInfo(t, c, "s", func(i *esdb.PersistentSubscriptionInfo) bool {
			return i.Stats.LastCheckpointedEventRevision != nil && *i.Stats.LastCheckpointedEventRevision == 1
		})
		require.EqualValues(t, 1, groupInfo(t, c, "s").Stats.ParkedMessagesCount)
		require.NoError(t, c.DeletePersistentSubscription(bounded(t), "s", "g", esdb.DeletePersistentSubscriptionOptions{}))
	}
}

// Ensure that groups are listed: all of them, those of a stream, those of $all, and that a stream without any is an error.
func TestPersistent_List(t *testing.T) {
	c := connect(t, memoryNode(t))
	ctx := bounded(t)
	none, err := c.ListAllPersistentSubscriptions(ctx, esdb.ListPersistentSubscriptionsOptions{})
	require.NoError(t, err)
	require.Empty(t, none)
	_, err = c.ListPersistentSubscriptionsForStream(ctx, "s", esdb.ListPersistentSubscriptionsOptions{})
	require.Equal(t, esdb.ErrorCodeResourceNotFound, codeIn(err))
	createGroup(t, c, "s", esdb.Start{}, nil)
	createGroup(t, c, "/other stream/ü", esdb.Revision(3), nil)
	createAllGroup(t, c, esdb.PersistentAllSubscriptionOptions{StartFrom: esdb.End{}})
	names := func(list []esdb.PersistentSubscriptionInfo, err error) (names []string) {
		require.NoError(t, err)
		for _, info := range list {
			names = append(names, info.EventSource)
		}
		return names
	}
	require.Equal(t, []string{"s", "/other stream/ü", "$all"}, names(c.ListAllPersistentSubscriptions(ctx, esdb.ListPersistentSubscriptionsOptions{})))
	require.Equal(t, []string{"s"}, names(c.ListPersistentSubscriptionsForStream(ctx, "s", esdb.ListPersistentSubscriptionsOptions{})))
	require.Equal(t, []string{"$all"}, names(c.ListPersistentSubscriptionsToAll(ctx, esdb.ListPersistentSubscriptionsOptions{})))
	require.Equal(t, esdb.Revision(3), groupInfo(t, c, "/other stream/ü").Settings.StartFrom)
}

// Ensure that the information about a group is what it says, with and without readers.
func TestPersistent_Info(t *testing.T) {
	c := connect(t, memoryNode(t))
	write(t, c, "s", esdb.NoStream{}, numbered("", 5)...)
	createGroup(t, c, "s", esdb.Start{}, func(s *esdb.PersistentSubscriptionSettings) { s.ExtraStatistics = true })
	info := groupInfo(t, c, "s")
	require.Empty(t, info.Connections)
	require.Nil(t, info.Stats.LastCheckpointedEventRevision)
	want := settingsWith(func(s *esdb.PersistentSubscriptionSettings) { s.ExtraStatistics, s.StartFrom = true, esdb.Start{} })
	require.Equal(t, want, info.Settings)
	w := work(t, c, "s", 3)
	w.ack(w.take(2)...)
	awaitInfo(t, c, "s", func(i *esdb.PersistentSubscriptionInfo) bool {
		return len(i.Connections) == 1 && i.Stats.TotalItems == 5
	})
	info = groupInfo(t, c, "s")
	require.Equal(t, "Live", info.Status)
	require.EqualValues(t, 4, *info.Stats.LastKnownEventRevision)
	require.EqualValues(t, 3, info.Connections[0].InFlightMessages)
	require.EqualValues(t, 0, info.Connections[0].AvailableSlots)
	require.EqualValues(t, 5, info.Connections[0].TotalItemsProcessed)
	require.Equal(t, "anonymous", info.Connections[0].Username)
	keys := map[string]bool{}
	for _, m := range info.Connections[0].ExtraStatistics {
		keys[m.Key] = true
	}
	for _, key := range []string{"Mean", "Median", "Fastest", "Quintile 1", "Quintile 3", "Quintile 5", "90%", "99.9%", "Highest"} {
		require.True(t, keys[key], key)
	}
}
