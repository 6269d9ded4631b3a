package esdbnode

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/stretchr/testify/require"
)

// Ensure that a group begins where it was told to, and goes on to what is written later.
func TestPersistent_StreamStart(t *testing.T) {
	cases := []struct {
		name string
		from esdb.StreamPosition
		want []string
	}{
		{"start", esdb.Start{}, []string{"type-0", "type-1", "type-2", "type-3", "type-4"}},
		{"revision", esdb.Revision(1), []string{"type-1", "type-2", "type-3", "type-4"}},
		{"end", esdb.End{}, []string{"type-3", "type-4"}},
		{"revision to come", esdb.Revision(4), []string{"type-4"}},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			c := connect(t, memoryNode(t))
			write(t, c, "s", esdb.NoStream{}, events("0", "1", "2")...)
			createGroup(t, c, "s", tc.from, nil)
			w := work(t, c, "s", 10)
			write(t, c, "s", esdb.Revision(2), events("3", "4")...)
			require.Equal(t, tc.want, w.done(len(tc.want)))
		})
	}
}

// Ensure that $all can be shared out from every place too, with a filter and without.
func TestPersistent_AllStart(t *testing.T) {
	prefix := &esdb.SubscriptionFilter{Type: esdb.EventFilterType, Prefixes: []string{"type-"}}
	cases := []struct {
		name   string
		from   func(second esdb.Position) esdb.AllPosition
		filter *esdb.SubscriptionFilter
		want   []string
	}{
		{"start", func(esdb.Position) esdb.AllPosition { return esdb.Start{} }, prefix, []string{"type-0", "type-1", "type-2", "type-3"}},
		{"position", func(p esdb.Position) esdb.AllPosition { return p }, prefix, []string{"type-1", "type-2", "type-3"}},
		{"end", func(esdb.Position) esdb.AllPosition { return esdb.End{} }, prefix, []string{"type-3"}},
		{"no filter", func(p esdb.Position) esdb.AllPosition { return p }, nil, []string{"type-1", "type-2", "$metadata", groupConfigType, "type-3"}},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			c := connect(t, memoryNode(t))
			write(t, c, "a-0", esdb.NoStream{}, event("0"))
			write(t, c, "b-0", esdb.NoStream{}, events("1", "2")...)
			second := readAll(t, c, esdb.ReadAllOptions{}, 10)[1].Event.Position
			createAllGroup(t, c, esdb.PersistentAllSubscriptionOptions{
				StartFrom: tc.from(second), Filter: tc.filter,
				Settings: settingsWith(func(s *esdb.PersistentSubscriptionSettings) { s.CheckpointLowerBound, s.CheckpointUpperBound = 1, 1 }),
			})
			w := workAll(t, c, 10)
			write(t, c, "c-0", esdb.NoStream{}, event("3"))
			require.Equal(t, tc.want, w.done(len(tc.want)))
		})
	}
}

// Ensure that a group never gets what groups on $all write themselves, or its own checkpoints would keep it busy for ever.
// Only the metadata of its streams, which is written once, is an event like any other.
func TestPersistent_AllWithoutItself(t *testing.T) {
	c := connect(t, memoryNode(t))
	write(t, c, "s", esdb.NoStream{}, event("0"))
	createAllGroup(t, c, esdb.PersistentAllSubscriptionOptions{StartFrom: esdb.Start{}, Settings: settingsWith(eachAck)})
	w := workAll(t, c, 1)
	require.Equal(t, []string{"type-0"}, w.done(1))
	require.Equal(t, []string{"$metadata", groupConfigType, "$metadata"}, slices.Concat(w.done(1), w.done(1), w.done(1)))
	require.Eventually(t, func() bool {
		info, err := c.GetPersistentSubscriptionInfoToAll(bounded(t), "g", esdb.GetPersistentSubscriptionOptions{})
		return err == nil && info.Stats.TotalInFlightMessages == 0 && info.Stats.LastCheckpointedPosition != nil &&
			*info.Stats.LastCheckpointedPosition == *info.Stats.LastKnownPosition
	}, testTimeout, time.Millisecond)
	write(t, c, "s", esdb.Any{}, event("1"))
	require.Equal(t, []string{"type-1"}, w.done(1))
}

// Ensure that a filter on streams, by expression, chooses as it does for reads.
func TestPersistent_AllStreamFilter(t *testing.T) {
	c := connect(t, memoryNode(t))
	createAllGroup(t, c, esdb.PersistentAllSubscriptionOptions{
		StartFrom: esdb.Start{}, Filter: &esdb.SubscriptionFilter{Type: esdb.StreamFilterType, Regex: "^[ac]-"},
	})
	for _, name := range []string{"a", "b", "c"} {
		write(t, c, name+"-1", esdb.NoStream{}, event(name))
	}
	require.Equal(t, []string{"type-a", "type-c"}, workAll(t, c, 10).done(2))
}

// Ensure that a reader has no more messages at a time than it asked for, and gets one for each that it is done with.
func TestPersistent_Buffer(t *testing.T) {
	c := connect(t, memoryNode(t))
	write(t, c, "s", esdb.NoStream{}, numbered("", 10)...)
	createGroup(t, c, "s", esdb.Start{}, nil)
	w := work(t, c, "s", 3)
	held := w.take(3)
	info := groupInfo(t, c, "s")
	require.EqualValues(t, 3, info.Stats.TotalInFlightMessages)
	require.EqualValues(t, 0, info.Connections[0].AvailableSlots)
	for i := 3; i < 10; i++ {
		w.ack(held[0])
		held = append(held[1:], w.take(1)...)
		require.Equal(t, fmt.Sprintf("type-%d", i), held[2].Event.EventType)
	}
}

// Ensure that an answer to a message that nobody has any more, or never had, changes nothing.
func TestPersistent_AnswerTwice(t *testing.T) {
	c := connect(t, memoryNode(t))
	write(t, c, "s", esdb.NoStream{}, numbered("", 4)...)
	createGroup(t, c, "s", esdb.Start{}, nil)
	w := work(t, c, "s", 1)
	first := w.take(1)[0]
	for range 3 {
		w.ack(first)
	}
	w.nack(esdb.NackActionRetry, first)
	w.nack(esdb.NackActionPark, first)
	require.Equal(t, []string{"type-1"}, types(w.take(1)))
	require.EqualValues(t, 0, groupInfo(t, c, "s").Stats.ParkedMessagesCount)
}

// Ensure that what a reader wants again comes before anything new, says how often it came, and is parked when it came
// too often.
func TestPersistent_Retry(t *testing.T) {
	for _, action := range []esdb.NackAction{esdb.NackActionRetry, esdb.NackActionUnknown} {
		c := connect(t, memoryNode(t))
		write(t, c, "s", esdb.NoStream{}, events("0", "1", "2")...)
		createGroup(t, c, "s", esdb.Start{}, func(s *esdb.PersistentSubscriptionSettings) { s.MaxRetryCount = 2 })
		w := work(t, c, "s", 1)
		for retries := range 3 {
			m := w.next()
			require.Equal(t, "type-0", m.Event.Event.EventType)
			require.Equal(t, retries, m.RetryCount)
			w.nack(action, m.Event)
		}
		require.Equal(t, []string{"type-1", "type-2"}, []string{w.done(1)[0], w.done(1)[0]})
		require.EqualValues(t, 1, groupInfo(t, c, "s").Stats.ParkedMessagesCount)
	}
}

// Ensure that messages to be tried again come in the order of the stream, however they came back.
func TestPersistent_RetryInOrder(t *testing.T) {
	c := connect(t, memoryNode(t))
	write(t, c, "s", esdb.NoStream{}, numbered("", 6)...)
	createGroup(t, c, "s", esdb.Start{}, nil)
	early, late := work(t, c, "s", 4), work(t, c, "s", 1)
	require.Equal(t, []string{"type-4"}, types(late.take(1)))
	require.NoError(t, late.sub.Close())
	awaitInfo(t, c, "s", func(i *esdb.PersistentSubscriptionInfo) bool { return len(i.Connections) == 1 })
	require.NoError(t, early.sub.Close())
	awaitInfo(t, c, "s", func(i *esdb.PersistentSubscriptionInfo) bool { return len(i.Connections) == 0 })
	require.Equal(t, []string{"type-0", "type-1", "type-2", "type-3", "type-4", "type-5"}, work(t, c, "s", 10).done(6))
}

// Ensure that skipped and stopped messages are over and done with.
func TestPersistent_SkipAndStop(t *testing.T) {
	for _, action := range []esdb.NackAction{esdb.NackActionSkip, esdb.NackActionStop} {
		c := connect(t, memoryNode(t))
		write(t, c, "s", esdb.NoStream{}, events("0", "1")...)
		createGroup(t, c, "s", esdb.Start{}, nil)
		w := work(t, c, "s", 1)
		w.nack(action, w.take(1)...)
		require.Equal(t, []string{"type-1"}, w.done(1))
		awaitInfo(t, c, "s", func(i *esdb.PersistentSubscriptionInfo) bool { return i.Stats.TotalInFlightMessages == 0 })
		require.EqualValues(t, 0, groupInfo(t, c, "s").Stats.ParkedMessagesCount)
	}
}

// Ensure that a message that is not answered in time goes to another reader, and that a late answer still counts.
func TestPersistent_Timeout(t *testing.T) {
	c := connect(t, memoryNode(t))
	write(t, c, "s", esdb.NoStream{}, event("0"))
	createGroup(t, c, "s", esdb.Start{}, func(s *esdb.PersistentSubscriptionSettings) { s.MessageTimeout = 30 })
	silent := work(t, c, "s", 1)
	m := silent.next()
	require.Equal(t, 0, m.RetryCount)
	again := silent.next()
	require.Equal(t, m.Event.Event.EventID, again.Event.Event.EventID)
	require.Equal(t, 1, again.RetryCount)
	silent.ack(m.Event)
	awaitInfo(t, c, "s", func(i *esdb.PersistentSubscriptionInfo) bool {
		return i.Stats.TotalInFlightMessages == 0 && i.Stats.RetryBufferCount == 0
	})
	require.EqualValues(t, 0, groupInfo(t, c, "s").Stats.ParkedMessagesCount)
}

// Ensure that a message which is never answered ends up parked, and not with every reader in turn for ever.
func TestPersistent_TimeoutParks(t *testing.T) {
	c := connect(t, memoryNode(t))
	write(t, c, "s", esdb.NoStream{}, event("0"))
	createGroup(t, c, "s", esdb.Start{}, func(s *esdb.PersistentSubscriptionSettings) { s.MessageTimeout, s.MaxRetryCount = 5, 2 })
	w := work(t, c, "s", 1)
	require.Equal(t, []int{0, 1, 2}, []int{w.next().RetryCount, w.next().RetryCount, w.next().RetryCount})
	awaitInfo(t, c, "s", func(i *esdb.PersistentSubscriptionInfo) bool { return i.Stats.ParkedMessagesCount == 1 })
	parked := readStream(t, c, "$persistentsubscription-s::g-parked", esdb.ReadStreamOptions{}, 10)
	require.Contains(t, string(parked[0].Event.UserMetadata), "Reached retry count of 2")
}

// Ensure that with a timeout of 0 a message may be kept as long as a reader likes.
func TestPersistent_NoTimeout(t *testing.T) {
	c := connect(t, memoryNode(t))
	write(t, c, "s", esdb.NoStream{}, events("0", "1")...)
	createGroup(t, c, "s", esdb.Start{}, func(s *esdb.PersistentSubscriptionSettings) { s.MessageTimeout = 0 })
	keeper := work(t, c, "s", 1)
	keeper.take(1)
	other := work(t, c, "s", 1)
	require.Equal(t, []string{"type-1"}, other.done(1))
	awaitInfo(t, c, "s", func(i *esdb.PersistentSubscriptionInfo) bool { return i.Stats.TotalInFlightMessages == 1 })
}

// Ensure that a reader that leaves, or whose connection breaks, leaves its messages to the others.
func TestPersistent_ReaderLeaves(t *testing.T) {
	n := memoryNode(t)
	c := connect(t, n)
	write(t, c, "s", esdb.NoStream{}, numbered("", 4)...)
	createGroup(t, c, "s", esdb.Start{}, nil)
	first := work(t, connect(t, n), "s", 10)
	first.take(4)
	require.NoError(t, first.sub.Close())
	w := work(t, c, "s", 10)
	for i := range 4 {
		m := w.next()
		require.Equal(t, fmt.Sprintf("type-%d", i), m.Event.Event.EventType)
		require.Equal(t, 1, m.RetryCount)
	}
	n.DropConnections()
	require.NotNil(t, w.sub.Recv().SubscriptionDropped)
	require.Len(t, work(t, connect(t, n), "s", 10).done(4), 4)
}

// Ensure that parked messages are links in a stream of their own, come back on demand, the first so many or all, and can
// be parked again.
func TestPersistent_ParkAndReplay(t *testing.T) {
	c := connect(t, memoryNode(t))
	write(t, c, "s", esdb.NoStream{}, numbered("", 4)...)
	createGroup(t, c, "s", esdb.Start{}, nil)
	w := work(t, c, "s", 1)
	for range 4 {
		w.nack(esdb.NackActionPark, w.take(1)...)
	}
	awaitInfo(t, c, "s", func(i *esdb.PersistentSubscriptionInfo) bool { return i.Stats.ParkedMessagesCount == 4 })
	parked := readStream(t, c, "$persistentsubscription-s::g-parked", esdb.ReadStreamOptions{}, 10)
	require.Equal(t, "0@s", string(parked[0].Event.Data))
	require.Equal(t, linkType, parked[0].Event.EventType)
	require.Contains(t, string(parked[1].Event.UserMetadata), `"reason": "Client explicitly NAK'ed message.\nbecause"`)
	require.Contains(t, string(parked[1].Event.UserMetadata), `"subscriptionEventNumber": 1`)

	require.NoError(t, c.ReplayParkedMessages(bounded(t), "s", "g", esdb.ReplayParkedMessagesOptions{StopAt: 2}))
	m := w.next()
	require.Equal(t, 0, m.RetryCount)
	require.Equal(t, "type-0", m.Event.Event.EventType)
	require.Equal(t, "$persistentsubscription-s::g-parked", m.Event.Link.StreamID)
	w.nack(esdb.NackActionPark, m.Event)
	require.Equal(t, []string{"type-1"}, w.done(1))
	require.EqualValues(t, 3, groupInfo(t, c, "s").Stats.ParkedMessagesCount)

	require.NoError(t, c.ReplayParkedMessages(bounded(t), "s", "g", esdb.ReplayParkedMessagesOptions{}))
	require.Equal(t, []string{"type-2", "type-3", "type-0"}, slices.Concat(w.done(1), w.done(1), w.done(1)))
	require.EqualValues(t, 0, groupInfo(t, c, "s").Stats.ParkedMessagesCount)
	require.NoError(t, c.ReplayParkedMessages(bounded(t), "s", "g", esdb.ReplayParkedMessagesOptions{}))
}

// Ensure that links are resolved when that is asked for, acknowledged as the links that they are, and parked as what
// they point at.
func TestPersistent_Links(t *testing.T) {
	c := connect(t, memoryNode(t))
	write(t, c, "target", esdb.NoStream{}, events("0", "1")...)
	write(t, c, "s", esdb.NoStream{}, link("1@target"), link("0@target"), link("7@nowhere"))
	createGroup(t, c, "s", esdb.Start{}, func(s *esdb.PersistentSubscriptionSettings) { s.ResolveLinkTos = true })
	w := work(t, c, "s", 1)
	m := w.next()
	require.Equal(t, "type-1", m.Event.Event.EventType)
	require.Equal(t, "s", m.Event.Link.StreamID)
	w.nack(esdb.NackActionPark, m.Event)
	m = w.next()
	require.Equal(t, "type-0", m.Event.Event.EventType)
	w.ack(m.Event)
	m = w.next()
	require.Nil(t, m.Event.Event)
	require.Equal(t, "7@nowhere", string(m.Event.Link.Data))
	w.ack(m.Event)
	parked := readStream(t, c, "$persistentsubscription-s::g-parked", esdb.ReadStreamOptions{}, 10)
	require.Equal(t, "1@target", string(parked[0].Event.Data))
}

// Ensure that the events which a stream's metadata hides are not handed out.
func TestPersistent_HiddenEvents(t *testing.T) {
	c := connect(t, memoryNode(t))
	write(t, c, "s", esdb.NoStream{}, numbered("", 5)...)
	meta := esdb.StreamMetadata{}
	meta.SetMaxCount(2)
	_, err := c.SetStreamMetadata(bounded(t), "s", esdb.AppendToStreamOptions{}, meta)
	require.NoError(t, err)
	createGroup(t, c, "s", esdb.Start{}, nil)
	w := work(t, c, "s", 10)
	write(t, c, "s", esdb.Any{}, event("5"))
	require.Equal(t, []string{"type-3", "type-4", "type-5"}, w.done(3))
}

// Ensure that two events with one id, which two streams can have, are two messages.
func TestPersistent_SameID(t *testing.T) {
	c := connect(t, memoryNode(t))
	write(t, c, "s-1", esdb.NoStream{}, event("0"))
	write(t, c, "s-2", esdb.NoStream{}, event("0"))
	createAllGroup(t, c, esdb.PersistentAllSubscriptionOptions{
		StartFrom: esdb.Start{}, Filter: &esdb.SubscriptionFilter{Type: esdb.StreamFilterType, Prefixes: []string{"s-"}},
	})
	w := workAll(t, c, 10)
	held := w.take(2)
	require.NotEqual(t, held[0].Event.StreamID, held[1].Event.StreamID)
	w.ack(held[0])
	w.ack(held[1])
	require.Eventually(t, func() bool {
		info, err := c.GetPersistentSubscriptionInfoToAll(bounded(t), "g", esdb.GetPersistentSubscriptionOptions{})
		return err == nil && info.Stats.TotalInFlightMessages == 0
	}, testTimeout, time.Millisecond)
}
