package esdbnode

import (
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// settingsWith are the client's default settings, changed.
func settingsWith(change func(*esdb.PersistentSubscriptionSettings)) *esdb.PersistentSubscriptionSettings {
	s := esdb.SubscriptionSettingsDefault()
	if change != nil {
		change(&s)
	}
	return &s
}

// createGroup makes a group "g" on a stream.
func createGroup(t testing.TB, c *esdb.Client, stream string, from esdb.StreamPosition, change func(*esdb.PersistentSubscriptionSettings)) {
	t.Helper()
	require.NoError(t, c.CreatePersistentSubscription(bounded(t), stream, "g",
		esdb.PersistentStreamSubscriptionOptions{StartFrom: from, Settings: settingsWith(change)}))
}

// createAllGroup makes a group "g" on $all.
func createAllGroup(t testing.TB, c *esdb.Client, opts esdb.PersistentAllSubscriptionOptions) {
	t.Helper()
	require.NoError(t, c.CreatePersistentSubscriptionToAll(bounded(t), "g", opts))
}

// worker reads a group.
type worker struct {
	t   testing.TB
	sub *esdb.PersistentSubscription
}

// work joins the group "g" of a stream for the rest of the test.
func work(t testing.TB, c *esdb.Client, stream string, buffer uint32) *worker {
	t.Helper()
	sub, err := c.SubscribeToPersistentSubscription(bounded(t), stream, "g",
		esdb.SubscribeToPersistentSubscriptionOptions{BufferSize: buffer})
	require.NoError(t, err)
	t.Cleanup(func() { sub.Close() })
	return &worker{t, sub}
}

// workAll joins the group "g" of $all.
func workAll(t testing.TB, c *esdb.Client, buffer uint32) *worker {
	t.Helper()
	sub, err := c.SubscribeToPersistentSubscriptionToAll(bounded(t), "g",
		esdb.SubscribeToPersistentSubscriptionOptions{BufferSize: buffer})
	require.NoError(t, err)
	t.Cleanup(func() { sub.Close() })
	return &worker{t, sub}
}

// next is the next message, how often it has been retried included.
func (w *worker) next() *esdb.EventAppeared {
	w.t.Helper()
	e := w.sub.Recv()
	if e.SubscriptionDropped != nil {
		require.NoError(w.t, e.SubscriptionDropped.Error)
	}
	require.NotNil(w.t, e.EventAppeared)
	return e.EventAppeared
}

// take receives messages without answering.
func (w *worker) take(n int) []*esdb.ResolvedEvent {
	w.t.Helper()
	var list []*esdb.ResolvedEvent
	for range n {
		list = append(list, w.next().Event)
	}
	return list
}

// done receives messages and acknowledges each.
func (w *worker) done(n int) []string {
	w.t.Helper()
	list := w.take(n)
	w.ack(list...)
	return types(list)
}

func (w *worker) ack(list ...*esdb.ResolvedEvent) {
	w.t.Helper()
	require.NoError(w.t, w.sub.Ack(list...))
}

func (w *worker) nack(action esdb.NackAction, list ...*esdb.ResolvedEvent) {
	w.t.Helper()
	require.NoError(w.t, w.sub.Nack("because", action, list...))
}

// groupInfo describes the group "g" of a stream.
func groupInfo(t testing.TB, c *esdb.Client, stream string) *esdb.PersistentSubscriptionInfo {
	t.Helper()
	info, err := c.GetPersistentSubscriptionInfo(bounded(t), stream, "g", esdb.GetPersistentSubscriptionOptions{})
	require.NoError(t, err)
	return info
}

// awaitInfo waits until the description of the group "g" is as it should be.
func awaitInfo(t testing.TB, c *esdb.Client, stream string, is func(*esdb.PersistentSubscriptionInfo) bool) {
	t.Helper()
	require.Eventually(t, func() bool { return is(groupInfo(t, c, stream)) }, testTimeout, 2e6)
}

// link makes an event that points at another, given as revision@stream.
func link(target string) esdb.EventData {
	return esdb.EventData{EventID: uuid.New(), EventType: linkType, ContentType: esdb.ContentTypeBinary, Data: []byte(target)}
}
