package esdbnode

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"syscall"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// smallDisk is a disk with room for a few segments.
const smallDisk = 300 << 10

// fill appends until the disk is full, and gives the error by which that was told.
func (a *acknowledged) fill(t *testing.T, n *Node, stream string) error {
	t.Helper()
	for {
		list := randomEvents(stream, 2)
		if _, err := n.writer.append(bounded(t), stream, expectation{kind: expectAny}, list); err != nil {
			return err
		}
		a.add(stream, list)
	}
}

// Ensure that a node whose disk is full refuses what is to be written and nothing else, that it takes appends again as
// soon as there is room, and that a loss of power then takes nothing.
func TestFull_TakesAppendsAgainOnceThereIsRoom(t *testing.T) {
	d := newCrashDisk(-1)
	d.room = smallDisk
	n, err := Start(t.Context(), Options{SegmentSize: 32 << 10, disk: d})
	require.NoError(t, err)
	told := &acknowledged{streams: map[string][]uuid.UUID{}}
	chance := rand.New(rand.NewPCG(1, 2))
	for round := range 5 {
		err := told.fill(t, n, "stream")
		require.ErrorIs(t, err, ErrFull)
		require.NotErrorIs(t, err, ErrFailed)
		require.ErrorIs(t, told.fill(t, n, fmt.Sprint("other-", round)), ErrFull, "and again")
		last := told.streams["stream"]
		done, err := n.writer.append(bounded(t), "stream", expectation{kind: expectNone}, []proposed{newProposed("stream", last[0], "t", contentTypeJSON, nil, nil)})
		require.NoError(t, err, "what is known is answered")
		require.Equal(t, resultDone, done.result)
		done, err = n.writer.append(bounded(t), "stream", expectation{kind: expectNone}, randomEvents("stream", 1))
		require.NoError(t, err, "and what conflicts is refused")
		require.Equal(t, resultConflict, done.result)
		require.Zero(t, told.missing(t, n))
		d.resize(d.room + smallDisk)
	}
	require.ErrorIs(t, told.fill(t, n, "stream"), ErrFull)
	again := d.crash(chance)
	require.Error(t, n.Close(), "there is no power")
	n, err = Start(t.Context(), Options{SegmentSize: 32 << 10, disk: again})
	require.NoError(t, err)
	defer n.Close()
	require.Zero(t, told.missing(t, n))
	require.Greater(t, len(told.streams["stream"]), 500)
	require.Equal(t, rebuilt(t, &copyOf{d: again}), dump(n.index))
}

// Ensure that an append for which there is no room is refused alone: what is smaller still fits into the space that the
// log has already, and nothing of the refused one is in the log or in the index.
func TestFull_RefusesOnlyWhatDoesNotFit(t *testing.T) {
	d := newCrashDisk(-1)
	opts := Options{SegmentSize: 32 << 10, disk: d}
	n, err := Start(t.Context(), opts)
	require.NoError(t, err)
	d.resize(smallDisk) // less than a large append needs
	told, large := &acknowledged{streams: map[string][]uuid.UUID{}}, randomEvents("large", smallDisk/700)
	for range 5 {
		small := randomEvents("small", 2)
		_, err = n.writer.append(bounded(t), "small", expectation{kind: expectAny}, small)
		require.NoError(t, err)
		told.add("small", small)
		_, err = n.writer.append(bounded(t), "large", expectation{kind: expectNone}, large)
		require.ErrorIs(t, err, ErrFull)
		require.NotErrorIs(t, err, ErrFailed)
		require.Zero(t, n.index.viewStream("large").events.len())
	}
	d.resize(0)
	_, err = n.writer.append(bounded(t), "large", expectation{kind: expectNone}, large)
	require.NoError(t, err, "as soon as there is room")
	told.add("large", large)
	opts.disk = d.crash(rand.New(rand.NewPCG(1, 4)))
	require.Error(t, n.Close(), "there is no power")
	n, err = Start(t.Context(), opts)
	require.NoError(t, err)
	defer n.Close()
	require.Zero(t, told.missing(t, n))
	require.Equal(t, rebuilt(t, &copyOf{d: opts.disk}), dump(n.index))
}

// Ensure that a disk that is full when the power goes, at any operation, keeps what was acknowledged.
func TestFull_PowerLossKeepsWhatWasAcknowledged(t *testing.T) {
	chance, full, total := rand.New(rand.NewPCG(1, 3)), 0, 0
	for operations := range 150 {
		d := newCrashDisk(operations)
		d.room = 80<<10 + chance.IntN(200<<10)
		opts := Options{SegmentSize: 16 << 10, disk: d}
		told := &acknowledged{streams: map[string][]uuid.UUID{}}
		n, err := Start(t.Context(), opts)
		for err == nil {
			if err = told.fill(t, n, "stream"); errors.Is(err, ErrFull) {
				full++
				d.resize(d.room + 1 + chance.IntN(100<<10))
				err = nil
			}
		}
		if n != nil {
			require.Error(t, n.Close(), "there is no power")
		}
		opts.disk = d.crash(chance)
		n, err = Start(t.Context(), opts)
		require.NoError(t, err, "after %d operations", operations)
		require.Zero(t, told.missing(t, n), "after %d operations", operations)
		require.Equal(t, rebuilt(t, &copyOf{d: opts.disk}), dump(n.index))
		total += len(told.streams["stream"])
		require.NoError(t, n.Close())
	}
	require.Greater(t, full, 50)
	t.Logf("%d acknowledged events, the disk was full %d times, none lost", total, full)
}

// Ensure that a node can be closed while its disk is full, and that a client is told to try again.
func TestFull_IsToldToClients(t *testing.T) {
	d := newCrashDisk(-1)
	n, err := Start(t.Context(), Options{SegmentSize: 32 << 10, disk: d})
	require.NoError(t, err)
	c := connect(t, n)
	d.resize(1)
	var failed error
	for failed == nil {
		e := esdb.EventData{EventID: uuid.New(), EventType: "t", ContentType: esdb.ContentTypeJson, Data: []byte(`{"of":"some length"}`)}
		_, failed = c.AppendToStream(t.Context(), "s", esdb.AppendToStreamOptions{ExpectedRevision: esdb.Any{}}, e)
	}
	var coded *esdb.Error
	require.ErrorAs(t, failed, &coded)
	require.Equal(t, codes.ResourceExhausted, status.Code(coded.Err()))
	require.ErrorContains(t, failed, "the disk of the event store is full; free space")
	d.resize(0)
	write(t, c, "s", esdb.Any{}, event("a"))
	_, err = n.writer.append(bounded(t), "s", expectation{kind: expectAny}, randomEvents("s", 60)) // the segment is full, too
	require.NoError(t, err)
	d.resize(1)
	require.NoError(t, n.Close())
}

// Ensure that after a failed sync nothing is tried again, and that the node ends where everybody can see it.
func TestFailedSync_EndsTheNode(t *testing.T) {
	d := newCrashDisk(-1)
	n, err := Start(t.Context(), Options{disk: d})
	require.NoError(t, err)
	d.mu.Lock()
	d.broken = true
	d.mu.Unlock()
	_, err = n.writer.append(bounded(t), "s", expectation{kind: expectAny}, randomEvents("s", 1))
	require.ErrorIs(t, err, ErrFailed)
	require.ErrorIs(t, err, syscall.EIO)
	<-n.Done()
	require.ErrorIs(t, n.Close(), ErrFailed)
}
