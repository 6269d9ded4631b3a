package esdbnode

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// benchWriters are the numbers of concurrent callers that every appending benchmark runs with.
var benchWriters = []int{1, 16, 64, 256}

// A typical event of the ledger: 412 bytes of data, 223 of metadata.
var (
	benchData     = []byte(`{"x":"` + string(make([]byte, 404)) + `"}`)
	benchMetadata = make([]byte, 223)
)

// BenchmarkAppend compares, for one event a call: the official client against a durable node, the node's own writer
// without the protocol, and a plain pre-allocated file with the same grouping, which is the ceiling of the disk.
func BenchmarkAppend(b *testing.B) {
	for _, writers := range benchWriters {
		b.Run(fmt.Sprintf("client/%d", writers), func(b *testing.B) { benchClient(b, writers) })
		b.Run(fmt.Sprintf("writer/%d", writers), func(b *testing.B) { benchWriter(b, writers) })
		b.Run(fmt.Sprintf("file/%d", writers), func(b *testing.B) { benchFile(b, writers) })
	}
}

// share runs b.N operations on so many goroutines and reports operations a second.
func share(b *testing.B, writers int, operation func(worker int) error) {
	b.Helper()
	var next atomic.Int64
	var group sync.WaitGroup
	failures := make([]error, writers)
	b.ResetTimer()
	for w := range writers {
		group.Go(func() {
			for next.Add(1) <= int64(b.N) && failures[w] == nil {
				failures[w] = operation(w)
			}
		})
	}
	group.Wait()
	b.StopTimer()
	require.NoError(b, errors.Join(failures...))
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
}

func benchClient(b *testing.B, writers int) {
	n := startNode(b, Options{Dir: b.TempDir()})
	c := connect(b, n)
	// The connection is made by the first call.
	write(b, c, "warm", esdb.Any{}, event("warm"))
	share(b, writers, func(worker int) error {
		_, err := c.AppendToStream(b.Context(), fmt.Sprintf("stream-%d", worker), esdb.AppendToStreamOptions{},
			esdb.EventData{EventID: uuid.New(), EventType: "type", Data: benchData, Metadata: benchMetadata})
		return err
	})
}

func benchWriter(b *testing.B, writers int) {
	n := startNode(b, Options{Dir: b.TempDir()})
	share(b, writers, func(worker int) error {
		stream := fmt.Sprintf("stream-%d", worker)
		list := []proposed{newProposed(stream, uuid.New(), "type", contentTypeJSON, benchMetadata, benchData)}
		_, err := n.writer.append(b.Context(), stream, expectation{kind: expectAny}, list)
		return err
	})
}

// benchFile is the least that a durable, grouped append can cost: bytes into zeroed space and a sync, nothing else.
func benchFile(b *testing.B, writers int) {
	f, err := os.Create(filepath.Join(b.TempDir(), "file"))
	require.NoError(b, err)
	defer f.Close()
	_, err = f.Write(make([]byte, 64<<20))
	require.NoError(b, err)
	require.NoError(b, f.Sync())
	queue := make(chan chan error, writers)
	go groupWrites(f, queue)
	defer close(queue)
	share(b, writers, func(int) error {
		done := make(chan error, 1)
		queue <- done
		return <-done
	})
}

func groupWrites(f *os.File, queue chan chan error) {
	record := make([]byte, 750)
	offset := int64(0)
	for first := range queue {
		waiting := []chan error{first}
		for more := true; more; {
			select {
			case next := <-queue:
				if next == nil {
					more = false
					break
				}
				waiting = append(waiting, next)
			default:
				more = false
			}
		}
		batch := make([]byte, 0, len(waiting)*len(record))
		for range waiting {
			batch = append(batch, record...)
		}
		_, err := f.WriteAt(batch, offset)
		err = errors.Join(err, syncData(f))
		offset = (offset + int64(len(batch))) % (60 << 20)
		for _, done := range waiting {
			done <- err
		}
	}
}

// BenchmarkReadAll reads the whole log through the official client.
func BenchmarkReadAll(b *testing.B) {
	n := startNode(b, Options{Dir: b.TempDir()})
	fillLog(b, n, 200_000)
	c := connect(b, n)
	readSome(b, c, 1)
	total := 0
	for b.Loop() {
		total += readSome(b, c, 1<<40)
	}
	b.ReportMetric(float64(total)/b.Elapsed().Seconds(), "events/s")
}

func readSome(b *testing.B, c *esdb.Client, count uint64) int {
	r, err := c.ReadAll(b.Context(), esdb.ReadAllOptions{}, count)
	require.NoError(b, err)
	defer r.Close()
	n := 0
	for {
		if _, err := r.Recv(); errors.Is(err, io.EOF) {
			return n
		} else {
			require.NoError(b, err)
		}
		n++
	}
}

// BenchmarkReadStream reads streams of twenty events whose events lie far apart.
func BenchmarkReadStream(b *testing.B) {
	n := startNode(b, Options{Dir: b.TempDir()})
	fillLog(b, n, 100_000)
	c := connect(b, n)
	readSome(b, c, 1)
	for i := 0; b.Loop(); i++ {
		r, err := c.ReadStream(b.Context(), fmt.Sprintf("stream-%d", i%5000), esdb.ReadStreamOptions{}, 1000)
		require.NoError(b, err)
		for err == nil {
			_, err = r.Recv()
		}
		require.ErrorIs(b, err, io.EOF)
		r.Close()
	}
}

// BenchmarkStart measures the recovery of a log.
func BenchmarkStart(b *testing.B) {
	dir := b.TempDir()
	n, err := Start(b.Context(), Options{Dir: dir})
	require.NoError(b, err)
	fillLog(b, n, 200_000)
	require.NoError(b, n.Close())
	for b.Loop() {
		n, err := Start(b.Context(), Options{Dir: dir})
		require.NoError(b, err)
		require.NoError(b, n.Close())
	}
	b.ReportMetric(float64(200_000*b.N)/b.Elapsed().Seconds(), "events/s")
}

// fillLog puts events into streams in turn, five thousand streams for twenty events each and more.
func fillLog(b *testing.B, n *Node, count int) {
	b.Helper()
	var group sync.WaitGroup
	const writers = 100
	for w := range writers {
		group.Go(func() {
			for i := w; i < count; i += writers {
				stream := fmt.Sprintf("stream-%d", i%5000)
				list := []proposed{newProposed(stream, uuid.New(), "type", contentTypeJSON, benchMetadata, benchData)}
				if _, err := n.writer.append(context.WithoutCancel(b.Context()), stream, expectation{kind: expectAny}, list); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	group.Wait()
}
