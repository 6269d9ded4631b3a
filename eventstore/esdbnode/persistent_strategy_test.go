package esdbnode

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/persistent"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// Ensure that messages go round, or all to one reader until it has no room.
func TestPersistent_Queueing(t *testing.T) {
	for strategy, want := range map[esdb.ConsumerStrategy][2]int{
		esdb.ConsumerStrategyRoundRobin:       {3, 3},
		esdb.ConsumerStrategyDispatchToSingle: {5, 1},
	} {
		c := connect(t, memoryNode(t))
		createGroup(t, c, "s", esdb.Start{}, func(s *esdb.PersistentSubscriptionSettings) { s.ConsumerStrategyName = strategy })
		first, second := work(t, c, "s", 5), work(t, c, "s", 5)
		write(t, c, "s", esdb.NoStream{}, numbered("", 6)...)
		first.take(want[0])
		second.take(want[1])
		awaitInfo(t, c, "s", func(i *esdb.PersistentSubscriptionInfo) bool { return i.Stats.TotalInFlightMessages == 6 })
		require.EqualValues(t, want[0], groupInfo(t, c, "s").Connections[0].InFlightMessages, strategy)
	}
}

// sink takes what is handed out without sending it anywhere.
func sink(g *group, size int) *groupReader {
	return &groupReader{group: g, size: size, ready: make(chan struct{}, 1)}
}

// Ensure that the messages of one origin stay with one reader, in order, while another reader joins; that they go to
// others when theirs leaves; and that a reader without room delays its own origins only.
func TestPersistent_Pinning(t *testing.T) {
	g := &group{}
	p := newStrategy(strategyPinned).(*pinning)
	first, second := sink(g, 2), sink(g, 100)
	p.joined(first)
	p.joined(second)
	owner := map[string]*groupReader{}
	give := func(origin string) (*groupReader, bool) {
		d := &delivery{origin: origin}
		r, more := p.choose(d)
		if r != nil {
			r.inFlight++
		}
		return r, more
	}
	for i := range 4 {
		origin := fmt.Sprint("origin-", i)
		owner[origin], _ = give(origin)
		require.NotNil(t, owner[origin])
	}
	require.Equal(t, 2, first.inFlight)
	require.Equal(t, 2, second.inFlight)
	for origin, r := range owner {
		again, more := give(origin)
		require.True(t, more)
		if r == first {
			require.Nil(t, again, "a reader without room")
		} else {
			require.Same(t, second, again)
		}
	}
	third := sink(g, 100)
	p.joined(third)
	for origin, r := range owner {
		if r == second {
			again, _ := give(origin)
			require.Same(t, second, again, "what is under way stays where it is")
		}
	}
	p.left(second)
	for origin, r := range owner {
		if r == second {
			again, _ := give(origin)
			require.Same(t, third, again)
		}
	}
}

// idleGroup opens a group that does nothing of its own accord.
func idleGroup(t testing.TB, n *Node, change func(*groupSettings)) *group {
	t.Helper()
	s := groupSettings{
		Stream: "s", Group: "g", HistoryBufferSize: 50, ReadBatchSize: 5, MaxRetryCount: 1, MaxCheckpointCount: 100,
		StartPosition: "0", Strategy: strategyRoundRobin,
	}
	if change != nil {
		change(&s)
	}
	g, err := openGroup(n, s)
	require.NoError(t, err)
	t.Cleanup(func() { g.stop(ErrClosed) })
	return g
}

// ids are those of the messages that a reader is to be sent.
func (r *groupReader) ids() (ids []uuid.UUID) {
	for _, d := range r.queue {
		ids = append(ids, d.id)
	}
	return ids
}

// Ensure that a reader who joins gets its share of the origins of which nothing is under way.
func TestPersistent_PinningShares(t *testing.T) {
	n := memoryNode(t)
	c := connect(t, n)
	links := func() (list []esdb.EventData) {
		for i := range 20 {
			list = append(list, link(fmt.Sprintf("0@origin-%d", i)))
		}
		return list
	}
	g := idleGroup(t, n, func(s *groupSettings) { s.Strategy = strategyPinned })
	first, second := sink(g, 100), sink(g, 100)
	require.NoError(t, g.join(first))
	write(t, c, "s", esdb.NoStream{}, links()...)
	g.tick()
	require.Len(t, first.queue, 20)
	g.ack(first.ids())
	require.NoError(t, g.join(second))
	write(t, c, "s", esdb.Any{}, links()...)
	g.tick()
	require.InDelta(t, len(first.queue), len(second.queue), 2)
}

// Ensure that a checkpoint that only time calls for is saved when time is asked for, and for the least number of messages
// alone.
func TestPersistent_CheckpointRules(t *testing.T) {
	n := memoryNode(t)
	write(t, connect(t, n), "s", esdb.NoStream{}, numbered("", 6)...)
	g := idleGroup(t, n, func(s *groupSettings) { s.MinCheckpointCount, s.CheckpointAfter = 3, 1000 })
	r := sink(g, 10)
	require.NoError(t, g.join(r))
	later := time.Now().Add(time.Hour)
	g.ack(r.ids()[:2])
	g.checkpoint(later, true)
	require.Nil(t, g.saved, "too few")
	g.ack(r.ids()[:1])
	g.checkpoint(later, false)
	require.Nil(t, g.saved, "nobody asked for the time")
	g.checkpoint(time.Now(), true)
	require.Nil(t, g.saved, "too early")
	g.checkpoint(later, true)
	require.EqualValues(t, 2, *g.saved)
}

// Ensure that an answer and the message that it makes room for are one step: whoever sees the answer's effect sees the
// message on its way.
func TestPersistent_OneStep(t *testing.T) {
	n := memoryNode(t)
	write(t, connect(t, n), "s", esdb.NoStream{}, numbered("", 6)...)
	g := idleGroup(t, n, nil)
	r := sink(g, 1)
	require.NoError(t, g.join(r))
	for i, answer := range []func(uuid.UUID){
		func(id uuid.UUID) { g.ack([]uuid.UUID{id}) },
		func(id uuid.UUID) { g.nack([]uuid.UUID{id}, persistent.ReadReq_Nack_Skip, "") },
		func(id uuid.UUID) { g.nack([]uuid.UUID{id}, persistent.ReadReq_Nack_Park, "") },
	} {
		require.Equal(t, event(fmt.Sprint(i)).EventID, r.queue[0].id)
		answer(r.queue[0].id)
		require.Equal(t, event(fmt.Sprint(i+1)).EventID, r.queue[0].id)
	}
}

// Ensure that pinning looks at the stream, through links, or at the correlation of the event that the reader sees.
func TestPersistent_Origin(t *testing.T) {
	n := memoryNode(t)
	c := connect(t, n)
	correlated := event("0")
	correlated.Metadata, _ = json.Marshal(map[string]string{correlationKey: "order-7"})
	write(t, c, "s-1", esdb.NoStream{}, correlated)
	write(t, c, "s-2", esdb.NoStream{}, event("1"))
	write(t, c, "links", esdb.NoStream{}, link("0@s-1"), link("0@s-2"), link("9@s-3"))
	origins := func(strategy string, resolve bool) (list []string) {
		g := &group{node: n, settings: groupSettings{Stream: allName, Strategy: strategy, ResolveLinks: resolve}}
		for _, frame := range framesOf(t, n) {
			s, err := parseFrame(frame)
			require.NoError(t, err)
			list = append(list, g.origin(s))
		}
		return list
	}
	require.Equal(t, []string{"s-1", "s-2", "s-1", "s-2", "s-3"}, origins(strategyPinned, true))
	require.Equal(t, []string{"order-7", "s-2", "order-7", "s-2", "s-3"}, origins(strategyCorrelation, true))
	require.Equal(t, []string{"order-7", "s-2", "s-1", "s-2", "s-3"}, origins(strategyCorrelation, false))
}

// framesOf are all events as they are stored.
func framesOf(t testing.TB, n *Node) [][]byte {
	t.Helper()
	v := n.index.viewAll()
	p, _ := v.turn(span{0, v.events.len()}, pageSize, false)
	frames, err := n.frames(p)
	require.NoError(t, err)
	return frames
}

// Ensure that with readers who answer, refuse, forget and leave, every event is dealt with at least once, and the
// checkpoint comes to the end, which it must not before.
func TestPersistent_EveryEvent(t *testing.T) {
	for _, strategy := range []esdb.ConsumerStrategy{esdb.ConsumerStrategyRoundRobin, esdb.ConsumerStrategyPinned} {
		c := connect(t, memoryNode(t))
		const count = 600
		write(t, c, "s", esdb.NoStream{}, numbered("", count/2)...)
		createGroup(t, c, "s", esdb.Start{}, func(s *esdb.PersistentSubscriptionSettings) {
			eachAck(s)
			s.ConsumerStrategyName, s.MessageTimeout, s.MaxRetryCount = strategy, 50, 1000
		})
		done := make(chan string, 100*count)
		for i := range 3 {
			go unreliable(work(t, c, "s", 7).sub, i, done)
		}
		leaver := work(t, c, "s", 50)
		write(t, c, "s", esdb.Any{}, numbered("later-", count/2)...)
		require.NoError(t, leaver.sub.Close())
		seen := map[string]bool{}
		for ctx := bounded(t); len(seen) < count; {
			select {
			case name := <-done:
				seen[name] = true
			case <-ctx.Done():
				t.Fatalf("%d of %d events", len(seen), count)
			}
		}
		checkpointed(t, c, "s", count-1)
	}
}

// unreliable reads a group and acknowledges most, but not all, of what it gets.
func unreliable(sub *esdb.PersistentSubscription, kind int, done chan<- string) {
	for n := kind; ; n++ {
		said := sub.Recv()
		if said.EventAppeared == nil {
			return
		}
		e := said.EventAppeared.Event
		switch {
		case n%11 == 3:
			_ = sub.Nack("again", esdb.NackActionRetry, e)
		case n%13 == 5:
			// Forgotten; it comes back when its time is up.
		default:
			done <- e.Event.EventType
			_ = sub.Ack(e)
		}
	}
}
