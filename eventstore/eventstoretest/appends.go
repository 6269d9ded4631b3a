package eventstoretest

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/eventstore"
)

var appends = map[string]func(*testing.T, eventstore.Store){
	"Append keeps what it is given":                    keepsEverything,
	"Append refuses another revision with both":        refusesWrongRevisions,
	"Append recognizes a retry":                        recognizesRetries,
	"Append takes no other events for a retry":         tellsRetriesApart,
	"Append is atomic and its events are adjacent":     atomicAndAdjacent,
	"Append lets one of many writers win":              oneWriterWins,
	"Append answers a retry that races with the first": racingRetries,
	"Append keeps its own copy":                        ownCopy,
}

// Ensure that an event is read as it was appended, at the revision and position that the append answered.
func keepsEverything(t *testing.T, s eventstore.Store) {
	stream := Stream("Keeps")
	event := Event("Umlaut ü")
	done := Append(t, s, stream, eventstore.NoStream, event)
	require.EqualValues(t, 0, done.Revision)
	require.Greater(t, done.Position, eventstore.Beginning)

	got := Drain(t, s.ReadStream(Bounded(t), stream, 0))
	require.Len(t, got, 1)
	require.WithinDuration(t, time.Now(), got[0].Created, time.Hour)
	got[0].Created = time.Time{}
	require.Equal(t, eventstore.Recorded{
		Stream: stream, Revision: 0, Position: done.Position,
		ID: event.ID, Type: event.Type, Data: event.Data, Metadata: event.Metadata,
	}, got[0])

	more := Append(t, s, stream, 0, Events(3)...)
	require.EqualValues(t, 3, more.Revision)
	got = Drain(t, s.ReadStream(Bounded(t), stream, 0))
	InOrder(t, got)
	require.Equal(t, more.Position, got[3].Position, "an append answers with the position of its last event")
}

// Ensure that an append at any other revision is refused, names both revisions and writes nothing.
func refusesWrongRevisions(t *testing.T, s eventstore.Store) {
	full, missing := Stream("Full"), Stream("Missing")
	Append(t, s, full, eventstore.NoStream, Events(3)...)
	for _, c := range []struct {
		stream           string
		expected, actual eventstore.Revision
	}{
		{full, eventstore.NoStream, 2}, {full, 0, 2}, {full, 1, 2}, {full, 3, 2}, {full, 99, 2},
		{missing, 0, eventstore.NoStream}, {missing, 7, eventstore.NoStream},
	} {
		_, err := s.Append(Bounded(t), c.stream, c.expected, Events(2)...)
		var wrong *eventstore.WrongRevision
		require.ErrorAs(t, err, &wrong)
		require.Equal(t, eventstore.WrongRevision{Stream: c.stream, Expected: c.expected, Actual: c.actual}, *wrong)
	}
	require.Len(t, Drain(t, s.ReadStream(Bounded(t), full, 0)), 3)
	require.Empty(t, Drain(t, s.ReadStream(Bounded(t), missing, 0)))
}

// Ensure that the same append again answers as the first time, also once others have written more.
func recognizesRetries(t *testing.T, s eventstore.Store) {
	stream := Stream("Retry")
	first, second, third := Events(2), Events(3), Events(1)
	a := Append(t, s, stream, eventstore.NoStream, first...)
	require.Equal(t, a, Append(t, s, stream, eventstore.NoStream, first...), "at once")
	b := Append(t, s, stream, a.Revision, second...)
	c := Append(t, s, stream, b.Revision, third...)
	require.Equal(t, a, Append(t, s, stream, eventstore.NoStream, first...), "after more events")
	require.Equal(t, b, Append(t, s, stream, a.Revision, second...), "in the middle")
	require.Equal(t, c, Append(t, s, stream, b.Revision, third...), "at the end")
	require.Len(t, Drain(t, s.ReadStream(Bounded(t), stream, 0)), 6)
}

// Ensure that only the same events in the same order count as a retry.
func tellsRetriesApart(t *testing.T, s eventstore.Store) {
	stream := Stream("Apart")
	e := Events(3)
	Append(t, s, stream, eventstore.NoStream, e[0], e[1])
	for name, events := range map[string][]eventstore.Proposed{
		"one more":     {e[0], e[1], e[2]},
		"other order":  {e[1], e[0]},
		"other second": {e[0], e[2]},
		"other first":  {e[2], e[1]},
	} {
		_, err := s.Append(Bounded(t), stream, eventstore.NoStream, events...)
		var wrong *eventstore.WrongRevision
		require.ErrorAs(t, err, &wrong, name)
		require.EqualValues(t, 1, wrong.Actual, name)
	}
	require.Len(t, Drain(t, s.ReadStream(Bounded(t), stream, 0)), 2)
}

// Ensure that the events of one append stand side by side in the log whoever writes at the same time.
func atomicAndAdjacent(t *testing.T, s eventstore.Store) {
	const writers, rounds, size = 4, 5, 4
	start, err := s.Head(Bounded(t))
	require.NoError(t, err)
	streams := make([]string, writers)
	for i := range streams {
		streams[i] = Stream("Adjacent")
	}
	write(t, s, streams, rounds, size)

	mine := Only(Drain(t, s.ReadAll(Bounded(t), start)), streams...)
	require.Len(t, mine, writers*rounds*size)
	InOrder(t, mine)
	for i := 0; i < len(mine); i += size {
		for _, e := range mine[i : i+size] {
			require.Equal(t, mine[i].Stream, e.Stream, "an append was torn apart at event %d", i)
		}
	}
}

// write appends rounds times size events to each stream, one writer a stream.
func write(t *testing.T, s eventstore.Store, streams []string, rounds, size int) {
	var wait sync.WaitGroup
	for _, stream := range streams {
		wait.Go(func() {
			at := eventstore.NoStream
			for range rounds {
				done, err := s.Append(t.Context(), stream, at, Events(size)...)
				if err != nil {
					t.Errorf("append to %s at %d: %v", stream, at, err)
					return
				}
				at = done.Revision
			}
		})
	}
	wait.Wait()
}

// Ensure that of many writers at one revision exactly one wins and the others learn where the stream is.
func oneWriterWins(t *testing.T, s eventstore.Store) {
	const writers = 8
	stream := Stream("Race")
	Append(t, s, stream, eventstore.NoStream, Event("first"))
	errs := make(chan error, writers)
	for range writers {
		go func() {
			_, err := s.Append(t.Context(), stream, 0, Events(2)...)
			errs <- err
		}()
	}
	won := 0
	for range writers {
		err := <-errs
		if err == nil {
			won++
			continue
		}
		var wrong *eventstore.WrongRevision
		require.ErrorAs(t, err, &wrong)
		require.EqualValues(t, 2, wrong.Actual)
	}
	require.Equal(t, 1, won)
	require.Len(t, Drain(t, s.ReadStream(Bounded(t), stream, 0)), 3)
}

// Ensure that the same append from many callers at once is written once and answered alike to all.
func racingRetries(t *testing.T, s eventstore.Store) {
	const callers = 8
	stream, events := Stream("Twin"), Events(3)
	answers, errs := make(chan eventstore.Appended, callers), make(chan error, callers)
	for range callers {
		go func() {
			done, err := s.Append(t.Context(), stream, eventstore.NoStream, events...)
			answers <- done
			errs <- err
		}()
	}
	first := <-answers
	require.EqualValues(t, 2, first.Revision)
	for range callers - 1 {
		require.Equal(t, first, <-answers)
	}
	for range callers {
		require.NoError(t, <-errs)
	}
	require.Equal(t, proposedIDs(events), ids(Drain(t, s.ReadStream(Bounded(t), stream, 0))))
}

// Ensure that bytes changed by the caller, before or after reading, don't change the log.
func ownCopy(t *testing.T, s eventstore.Store) {
	stream, event := Stream("Copy"), Event("copy")
	Append(t, s, stream, eventstore.NoStream, event)
	want := string(event.Data)
	event.Data[2] = 'X'
	for range 2 {
		got := Drain(t, s.ReadStream(Bounded(t), stream, 0))
		require.Equal(t, want, string(got[0].Data))
		got[0].Data[2] = 'X'
	}
}
