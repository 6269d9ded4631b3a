package esdbnode

import (
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/stretchr/testify/require"
)

// eachAck makes a group save its checkpoint with each message.
func eachAck(s *esdb.PersistentSubscriptionSettings) {
	s.CheckpointLowerBound, s.CheckpointUpperBound = 1, 1
}

// checkpointed waits until the group "g" of a stream has saved a revision.
func checkpointed(t testing.TB, c *esdb.Client, stream string, revision uint64) {
	t.Helper()
	awaitInfo(t, c, stream, func(i *esdb.PersistentSubscriptionInfo) bool {
		return i.Stats.LastCheckpointedEventRevision != nil && *i.Stats.LastCheckpointedEventRevision == revision
	})
}

// Ensure that groups, their settings, their checkpoints and their parked messages survive a restart, and that what was
// not finished is delivered again.
func TestPersistent_SurvivesRestart(t *testing.T) {
	dir := t.TempDir()
	n, err := Start(t.Context(), Options{Dir: dir})
	require.NoError(t, err)
	c := connect(t, n)
	write(t, c, "s", esdb.NoStream{}, numbered("", 6)...)
	createGroup(t, c, "s", esdb.Start{}, func(s *esdb.PersistentSubscriptionSettings) { eachAck(s); s.MaxRetryCount = 3 })
	createAllGroup(t, c, esdb.PersistentAllSubscriptionOptions{
		StartFrom: esdb.Start{}, Settings: settingsWith(eachAck),
		Filter: &esdb.SubscriptionFilter{Type: esdb.EventFilterType, Prefixes: []string{"type-"}},
	})
	w := work(t, c, "s", 10)
	held := w.take(6)
	w.ack(held[0], held[1])
	w.nack(esdb.NackActionPark, held[2])
	w.ack(held[4])
	checkpointed(t, c, "s", 2)
	all := workAll(t, c, 10)
	require.Len(t, all.done(4), 4)
	require.Eventually(t, func() bool {
		info, err := c.GetPersistentSubscriptionInfoToAll(bounded(t), "g", esdb.GetPersistentSubscriptionOptions{})
		return err == nil && info.Stats.LastCheckpointedPosition != nil && info.Stats.TotalItems == 6
	}, testTimeout, time.Millisecond)
	require.NoError(t, n.Close())

	c = connect(t, startNode(t, Options{Dir: dir}))
	info := groupInfo(t, c, "s")
	require.EqualValues(t, 3, info.Settings.MaxRetryCount)
	require.EqualValues(t, 1, info.Stats.ParkedMessagesCount)
	require.EqualValues(t, 2, *info.Stats.LastCheckpointedEventRevision)
	require.Equal(t, []string{"type-3", "type-4", "type-5"}, work(t, c, "s", 10).done(3))
	require.NoError(t, c.ReplayParkedMessages(bounded(t), "s", "g", esdb.ReplayParkedMessagesOptions{}))
	awaitInfo(t, c, "s", func(i *esdb.PersistentSubscriptionInfo) bool { return i.Stats.ParkedMessagesCount == 0 })
	require.Equal(t, []string{"type-4", "type-5"}, workAll(t, c, 10).done(2))
}

// Ensure that a group that starts with what is new loses nothing when the node restarts before the first checkpoint.
func TestPersistent_LiveStartSurvivesRestart(t *testing.T) {
	dir := t.TempDir()
	n, err := Start(t.Context(), Options{Dir: dir})
	require.NoError(t, err)
	c := connect(t, n)
	write(t, c, "s", esdb.NoStream{}, events("0", "1")...)
	createGroup(t, c, "s", esdb.End{}, nil)
	createAllGroup(t, c, esdb.PersistentAllSubscriptionOptions{
		StartFrom: esdb.End{}, Filter: &esdb.SubscriptionFilter{Type: esdb.StreamFilterType, Prefixes: []string{"s"}},
	})
	write(t, c, "s", esdb.Any{}, event("2"))
	require.NoError(t, n.Close())
	c = connect(t, startNode(t, Options{Dir: dir}))
	require.Equal(t, []string{"type-2"}, work(t, c, "s", 10).done(1))
	require.Equal(t, []string{"type-2"}, workAll(t, c, 10).done(1))
	require.Equal(t, esdb.End{}, groupInfo(t, c, "s").Settings.StartFrom)
}

// Ensure that what a group keeps of itself has the names, types and forms that EventStoreDB gives it.
func TestPersistent_StoredForms(t *testing.T) {
	n := memoryNode(t)
	c := connect(t, n)
	write(t, c, "s", esdb.NoStream{}, events("0", "1", "2")...)
	createGroup(t, c, "s", esdb.Start{}, eachAck)
	w := work(t, c, "s", 10)
	require.Len(t, w.done(3), 3)
	checkpointed(t, c, "s", 2)

	config := readStream(t, c, groupConfigStream, esdb.ReadStreamOptions{}, 10)
	require.Equal(t, []string{"$PersistentConfig"}, types(config))
	require.Equal(t, "application/json", config[0].Event.ContentType)
	for _, part := range []string{
		`"version": "2"`, `"stream": "s"`, `"group": "g"`, `"startPosition": "0"`, `"namedConsumerStrategy": "RoundRobin"`,
		`"messageTimeout": 30000`, `"historyBufferSize": 500`, `"maxRetryCount": 10`, `"minCheckPointCount": 1`,
	} {
		require.Contains(t, string(config[0].Event.Data), part)
	}
	checkpoints := readStream(t, c, "$persistentsubscription-s::g-checkpoint", esdb.ReadStreamOptions{}, 10)
	last := checkpoints[len(checkpoints)-1].Event
	require.Equal(t, "$SubscriptionCheckpoint", last.EventType)
	require.Equal(t, `"2"`, string(last.Data))
	meta := readStream(t, c, "$$$persistentsubscription-s::g-checkpoint", esdb.ReadStreamOptions{}, 10)
	require.JSONEq(t, checkpointMetadata, string(meta[0].Event.Data))

	createAllGroup(t, c, esdb.PersistentAllSubscriptionOptions{
		StartFrom: esdb.Start{}, Filter: &esdb.SubscriptionFilter{Type: esdb.EventFilterType, Prefixes: []string{"a,b", "c"}},
	})
	config = readStream(t, c, groupConfigStream, esdb.ReadStreamOptions{}, 10)
	require.Contains(t, string(config[len(config)-1].Event.Data), `"startPosition": "C:0/P:0"`)
	require.Contains(t, string(config[len(config)-1].Event.Data), `"data": "a,b,c"`)
	groups, err := n.loadGroups()
	require.NoError(t, err)
	filter, err := groups[1].Filter.compile()
	require.NoError(t, err)
	for eventType, wanted := range map[string]bool{"a,bc": true, "cd": true, "a": false, "b": false} {
		require.Equal(t, wanted, filter.wants(stored{eventType: []byte(eventType)}), eventType)
	}
}

// Ensure that groups stored by EventStoreDB, which knows no fields of ours, are understood.
func TestPersistent_ForeignConfig(t *testing.T) {
	dir := t.TempDir()
	n, err := Start(t.Context(), Options{Dir: dir})
	require.NoError(t, err)
	c := connect(t, n)
	for _, stream := range []string{"a-1", "b-1", "c-1"} {
		write(t, c, stream, esdb.NoStream{}, event(stream))
	}
	foreign := `{"version":"2","updated":"2024-10-01T12:00:00.1234567+02:00","updatedBy":"admin","entries":[
		{"stream":"a-1","group":"g","startPosition":"0","liveBufferSize":500,"historyBufferSize":500,"readBatchSize":20,"namedConsumerStrategy":"Pinned"},
		{"stream":"$all","group":"g","filter":{"context":"streamid","type":"prefix","data":"a-,c-","isAllStream":true},
			"startPosition":"C:0/P:0","historyBufferSize":500,"readBatchSize":20,"namedConsumerStrategy":"RoundRobin"},
		{"stream":"b-1","group":"g","startPosition":"0","historyBufferSize":500,"namedConsumerStrategy":"NotKnown"}]}`
	write(t, c, groupConfigStream, esdb.Any{}, esdb.EventData{EventType: groupConfigType, ContentType: esdb.ContentTypeJson, Data: []byte(foreign)})
	require.NoError(t, n.Close())
	c = connect(t, startNode(t, Options{Dir: dir}))
	require.Equal(t, []string{"type-a-1"}, work(t, c, "a-1", 1).done(1))
	require.Equal(t, []string{"type-a-1", "type-c-1"}, workAll(t, c, 5).done(2))
	list, err := c.ListAllPersistentSubscriptions(bounded(t), esdb.ListPersistentSubscriptionsOptions{})
	require.NoError(t, err)
	require.Len(t, list, 2)
}

// Ensure that a checkpoint is saved when the most messages are finished that may be without, when the time has come for
// it, never past a message that is not finished, and not for fewer messages than are wanted.
func TestPersistent_Checkpoints(t *testing.T) {
	c := connect(t, memoryNode(t))
	write(t, c, "s", esdb.NoStream{}, numbered("", 10)...)
	saved := func() (texts []string) {
		r, err := c.ReadStream(bounded(t), "$persistentsubscription-s::g-checkpoint", esdb.ReadStreamOptions{}, 10)
		require.NoError(t, err)
		defer r.Close()
		for {
			e, err := r.Recv()
			if err != nil {
				return texts
			}
			texts = append(texts, string(e.Event.Data))
		}
	}
	createGroup(t, c, "s", esdb.Start{}, func(s *esdb.PersistentSubscriptionSettings) {
		s.CheckpointLowerBound, s.CheckpointUpperBound, s.CheckpointAfter = 2, 4, 0
	})
	w := work(t, c, "s", 10)
	held := w.take(10)
	w.ack(held[1], held[2], held[3], held[4], held[5])
	awaitInfo(t, c, "s", func(i *esdb.PersistentSubscriptionInfo) bool { return i.Stats.TotalInFlightMessages == 5 })
	require.Empty(t, saved())
	w.ack(held[0])
	checkpointed(t, c, "s", 5)
	w.ack(held[6], held[7])
	awaitInfo(t, c, "s", func(i *esdb.PersistentSubscriptionInfo) bool { return i.Stats.TotalInFlightMessages == 2 })
	require.Equal(t, []string{`"5"`}, saved())
}

// Ensure that a checkpoint that is due by time alone is saved without anything happening, but only for the least number
// of messages.
func TestPersistent_CheckpointByTime(t *testing.T) {
	c := connect(t, memoryNode(t))
	write(t, c, "s", esdb.NoStream{}, numbered("", 10)...)
	createGroup(t, c, "s", esdb.Start{}, func(s *esdb.PersistentSubscriptionSettings) {
		s.CheckpointLowerBound, s.CheckpointUpperBound, s.CheckpointAfter = 3, 1000, 300
	})
	w := work(t, c, "s", 10)
	held := w.take(10)
	w.ack(held[:2]...)
	awaitInfo(t, c, "s", func(i *esdb.PersistentSubscriptionInfo) bool { return i.Stats.TotalInFlightMessages == 8 })
	require.Nil(t, groupInfo(t, c, "s").Stats.LastCheckpointedEventRevision)
	w.ack(held[2])
	checkpointed(t, c, "s", 2)
}

// Ensure that a message that is to be tried again holds the checkpoint back as one does that a reader has.
func TestPersistent_RetryHoldsCheckpoint(t *testing.T) {
	c := connect(t, memoryNode(t))
	write(t, c, "s", esdb.NoStream{}, events("0", "1", "2")...)
	createGroup(t, c, "s", esdb.Start{}, eachAck)
	w := work(t, c, "s", 10)
	held := w.take(3)
	w.ack(held[0])
	checkpointed(t, c, "s", 0)
	require.NoError(t, w.sub.Close())
	awaitInfo(t, c, "s", func(i *esdb.PersistentSubscriptionInfo) bool { return i.Stats.RetryBufferCount == 2 })
	require.EqualValues(t, 0, *groupInfo(t, c, "s").Stats.LastCheckpointedEventRevision)
}
