package esdbnode

import (
	"fmt"
	"sync"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/stretchr/testify/require"
)

// subscribe follows $all until the end of the test.
func subscribe(t testing.TB, c *esdb.Client, opts esdb.SubscribeToAllOptions) *esdb.Subscription {
	t.Helper()
	sub, err := c.SubscribeToAll(bounded(t), opts)
	require.NoError(t, err)
	t.Cleanup(func() { sub.Close() })
	return sub
}

// next takes the next event of a subscription, whatever else it says before.
func next(t testing.TB, sub *esdb.Subscription) *esdb.ResolvedEvent {
	t.Helper()
	for {
		said := sub.Recv()
		if said.SubscriptionDropped != nil {
			require.NoError(t, said.SubscriptionDropped.Error)
		}
		if said.EventAppeared != nil {
			return said.EventAppeared
		}
	}
}

// said names what a subscription says, one word for each message.
func said(e *esdb.SubscriptionEvent) string {
	switch {
	case e.EventAppeared != nil:
		return e.EventAppeared.Event.EventType
	case e.CheckPointReached != nil:
		return fmt.Sprintf("checkpoint %d", e.CheckPointReached.Commit)
	case e.CaughtUp != nil:
		return "caught up"
	case e.SubscriptionDropped != nil:
		return fmt.Sprintf("dropped: %v", e.SubscriptionDropped.Error)
	}
	return "something else"
}

func hear(sub *esdb.Subscription, n int) []string {
	var words []string
	for range n {
		words = append(words, said(sub.Recv()))
	}
	return words
}

// Ensure that a subscription gets the old events, says once that it caught up, and goes on with the new ones, from
// every place it can begin at. A revision or position is that of the last event already known.
func TestSubscribe_Stream(t *testing.T) {
	c := connect(t, memoryNode(t))
	write(t, c, "s", esdb.NoStream{}, events("0", "1", "2")...)
	write(t, c, "other", esdb.NoStream{}, event("x"))
	cases := []struct {
		name string
		from esdb.StreamPosition
		want []string
	}{
		{"start", esdb.Start{}, []string{"type-0", "type-1", "type-2", "caught up"}},
		{"revision", esdb.Revision(1), []string{"type-2", "caught up"}},
		{"last revision", esdb.Revision(2), []string{"caught up"}},
		{"end", esdb.End{}, []string{"caught up"}},
	}
	var subs []*esdb.Subscription
	for _, tc := range cases {
		sub, err := c.SubscribeToStream(bounded(t), "s", esdb.SubscribeToStreamOptions{From: tc.from})
		require.NoError(t, err)
		defer sub.Close()
		require.NotEmpty(t, sub.Id())
		require.Equal(t, tc.want, hear(sub, len(tc.want)), tc.name)
		subs = append(subs, sub)
	}
	write(t, c, "other", esdb.Any{}, event("y"))
	write(t, c, "s", esdb.Revision(2), events("3", "4")...)
	for i, sub := range subs {
		require.Equal(t, []string{"type-3", "type-4"}, hear(sub, 2), cases[i].name)
	}
}

// Ensure that a stream can be followed before it exists, and from a revision that it does not have yet.
func TestSubscribe_StreamToCome(t *testing.T) {
	c := connect(t, memoryNode(t))
	early, err := c.SubscribeToStream(bounded(t), "s", esdb.SubscribeToStreamOptions{From: esdb.Start{}})
	require.NoError(t, err)
	defer early.Close()
	ahead, err := c.SubscribeToStream(bounded(t), "s", esdb.SubscribeToStreamOptions{From: esdb.Revision(0)})
	require.NoError(t, err)
	defer ahead.Close()
	require.Equal(t, []string{"caught up"}, hear(early, 1))
	require.Equal(t, []string{"caught up"}, hear(ahead, 1))
	write(t, c, "s", esdb.NoStream{}, events("0", "1")...)
	require.Equal(t, []string{"type-0", "type-1"}, hear(early, 2))
	require.Equal(t, []string{"type-1"}, hear(ahead, 1))
}

// Ensure that $all can be followed from every place.
func TestSubscribe_All(t *testing.T) {
	c := connect(t, memoryNode(t))
	for _, name := range []string{"0", "1", "2"} {
		write(t, c, "s-"+name, esdb.NoStream{}, event(name))
	}
	at := readAll(t, c, esdb.ReadAllOptions{}, 10)[1].Event.Position
	for _, tc := range []struct {
		name string
		from esdb.AllPosition
		want []string
	}{
		{"start", esdb.Start{}, []string{"type-0", "type-1", "type-2", "caught up"}},
		{"position", at, []string{"type-2", "caught up"}},
		{"end", esdb.End{}, []string{"caught up"}},
	} {
		sub := subscribe(t, c, esdb.SubscribeToAllOptions{From: tc.from})
		require.Equal(t, tc.want, hear(sub, len(tc.want)), tc.name)
	}
}

// Ensure that under concurrent writers a subscription gets every event once and in order, over the whole way from the
// old events to the new ones.
func TestSubscribe_NoGapNoRepeat(t *testing.T) {
	n := startNode(t, Options{Dir: t.TempDir(), SegmentSize: 128 << 10})
	c := connect(t, n)
	const writers, appends = 8, 100
	ctx := bounded(t)
	var group sync.WaitGroup
	for w := range writers {
		group.Go(func() {
			for i := range appends {
				list := numbered(fmt.Sprintf("%d-%d-", w, i), 1+i%3)
				if _, err := c.AppendToStream(ctx, fmt.Sprintf("s-%d", w), esdb.AppendToStreamOptions{}, list...); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	total := writers * (appends + appends - 1)
	var subs []*esdb.Subscription
	for range 3 {
		sub := subscribe(t, connect(t, n), esdb.SubscribeToAllOptions{From: esdb.Start{}})
		for range total / 10 {
			next(t, sub)
		}
		subs = append(subs, sub)
	}
	group.Wait()
	want := readAll(t, c, esdb.ReadAllOptions{}, 1<<20)
	require.Len(t, want, total)
	for _, sub := range subs {
		for _, e := range want[total/10:] {
			require.Equal(t, e.Event.Position, next(t, sub).Event.Position)
		}
	}
	revisions := map[string]uint64{}
	for i, e := range want {
		require.Equal(t, revisions[e.Event.StreamID], e.Event.EventNumber)
		revisions[e.Event.StreamID]++
		if i > 0 {
			require.Greater(t, e.Event.Position.Commit, want[i-1].Event.Position.Commit)
		}
	}
}

// Ensure that a subscription ends with an error when the node does, and not as if it had come to an end.
func TestSubscribe_EndsWithTheNode(t *testing.T) {
	n, err := Start(t.Context(), Options{Memory: true})
	require.NoError(t, err)
	sub := subscribe(t, connect(t, n), esdb.SubscribeToAllOptions{From: esdb.Start{}})
	require.Equal(t, []string{"caught up"}, hear(sub, 1))
	require.NoError(t, n.Close())
	require.Error(t, sub.Recv().SubscriptionDropped.Error)
}
