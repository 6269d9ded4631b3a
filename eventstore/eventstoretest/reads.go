package eventstoretest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/eventstore"
)

var reads = map[string]func(*testing.T, eventstore.Store){
	"ReadStream is inclusive":                readsInclusive,
	"ReadAll is exclusive":                   readsExclusive,
	"Head is the last ledger event":          headIsLast,
	"Events of the server are invisible":     systemEventsInvisible,
	"ReadAll has one order for all writers":  oneOrder,
	"ReadAll ends while others write":        readEndsUnderWriters,
	"ReadAll reads more than one page of it": manyPages,
}

// Ensure that a stream is read from the revision asked for, and that there is nothing past its end.
func readsInclusive(t *testing.T, s eventstore.Store) {
	stream, events := Stream("Inclusive"), Events(4)
	Append(t, s, stream, eventstore.NoStream, events...)
	for from := range eventstore.Revision(5) {
		got := Drain(t, s.ReadStream(Bounded(t), stream, from))
		require.Equal(t, proposedIDs(events[from:]), ids(got), "from %d", from)
	}
	require.Len(t, Drain(t, s.ReadStream(Bounded(t), stream, eventstore.NoStream)), 4, "before the first is the first")
	require.Empty(t, Drain(t, s.ReadStream(Bounded(t), stream, 99)))
	require.Empty(t, Drain(t, s.ReadStream(Bounded(t), Stream("Nothing"), 0)))
}

// Ensure that the log is read after the position, wherever that is.
func readsExclusive(t *testing.T, s eventstore.Store) {
	stream, events := Stream("Exclusive"), Events(4)
	Append(t, s, stream, eventstore.NoStream, events...)
	recorded := Drain(t, s.ReadStream(Bounded(t), stream, 0))
	for i, e := range recorded {
		got := Only(Drain(t, s.ReadAll(Bounded(t), e.Position)), stream)
		require.Equal(t, ids(recorded[i+1:]), ids(got), "after event %d", i)
	}
	all := Only(Drain(t, s.ReadAll(Bounded(t), eventstore.Beginning)), stream)
	require.Equal(t, recorded, all, "both ways of reading give the same")
}

// Ensure that Head is a position from which nothing is left to read, and moves with an append.
func headIsLast(t *testing.T, s eventstore.Store) {
	before, err := s.Head(Bounded(t))
	require.NoError(t, err)
	stream := Stream("Head")
	done := Append(t, s, stream, eventstore.NoStream, Events(2)...)
	require.Greater(t, done.Position, before)
	head, err := s.Head(Bounded(t))
	require.NoError(t, err)
	require.GreaterOrEqual(t, head, done.Position)
	require.Empty(t, Only(Drain(t, s.ReadAll(Bounded(t), head)), stream))
}

// Ensure that events whose type starts with "$" are no ledger events, but count in their stream.
func systemEventsInvisible(t *testing.T, s eventstore.Store) {
	stream := Stream("System")
	start, err := s.Head(Bounded(t))
	require.NoError(t, err)
	system := func() eventstore.Proposed { e := Event("x"); e.Type = "$suite"; return e }
	first := Append(t, s, stream, eventstore.NoStream, Event("a"), system(), Event("b"))
	last := Append(t, s, stream, 2, system(), system())

	require.Len(t, Drain(t, s.ReadStream(Bounded(t), stream, 0)), 5)
	visible := Only(Drain(t, s.ReadAll(Bounded(t), start)), stream)
	require.Equal(t, []string{"Suitea", "Suiteb"}, []string{visible[0].Type, visible[1].Type})
	require.Len(t, visible, 2)
	head, err := s.Head(Bounded(t))
	require.NoError(t, err)
	require.NotEqual(t, last.Position, head, "the head is a ledger event")
	require.GreaterOrEqual(t, head, first.Position)

	Append(t, s, stream, 4, Event("c"))
	got := Take(t, s.Subscribe(Bounded(t), start), 3, stream)
	require.Equal(t, []eventstore.Revision{0, 2, 5}, []eventstore.Revision{got[0].Revision, got[1].Revision, got[2].Revision})
}

// Ensure that all see the events of concurrent writers in one order, that of the positions.
func oneOrder(t *testing.T, s eventstore.Store) {
	const writers, rounds = 6, 10
	start, err := s.Head(Bounded(t))
	require.NoError(t, err)
	streams := make([]string, writers)
	for i := range streams {
		streams[i] = Stream("Order")
	}
	write(t, s, streams, rounds, 1)
	first := Only(Drain(t, s.ReadAll(Bounded(t), start)), streams...)
	require.Len(t, first, writers*rounds)
	InOrder(t, first)
	require.Equal(t, first, Only(Drain(t, s.ReadAll(Bounded(t), start)), streams...))
	require.Equal(t, first, Take(t, s.Subscribe(Bounded(t), start), writers*rounds, streams...))
}

// Ensure that a read ends at the end of the log as it was, although the log grows faster than it is read.
func readEndsUnderWriters(t *testing.T, s eventstore.Store) {
	stream := Stream("Chase")
	at := Append(t, s, stream, eventstore.NoStream, Events(3)...)
	head, err := s.Head(Bounded(t))
	require.NoError(t, err)
	seen := 0
	for e, err := range s.ReadAll(Bounded(t), eventstore.Beginning) {
		require.NoError(t, err)
		if e.Position > head {
			seen++
		}
		// Every event read makes another one: a read that runs after the log would never end.
		at = Append(t, s, stream, at.Revision, Event("more"))
		if seen == 10 {
			t.Fatal("the read runs after the log")
		}
		if at.Revision > 200 {
			break
		}
	}
}

// Ensure that a long read is complete and in order.
func manyPages(t *testing.T, s eventstore.Store) {
	const rounds, size = 12, 100
	stream := Stream("Pages")
	start, err := s.Head(Bounded(t))
	require.NoError(t, err)
	write(t, s, []string{stream}, rounds, size)
	byStream := Drain(t, s.ReadStream(Bounded(t), stream, 0))
	require.Len(t, byStream, rounds*size)
	InOrder(t, byStream)
	require.Equal(t, byStream, Only(Drain(t, s.ReadAll(Bounded(t), start)), stream))
}
