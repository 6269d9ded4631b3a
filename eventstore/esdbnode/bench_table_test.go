package esdbnode

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/serverfeatures"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
)

// The table compares the node with what bounds it, in one run and in turns, since the machine may have other work: the
// disk, as a plain pre-allocated file behind the same grouping, and the client, as a server that only answers. The long
// form is LEDGER_BENCH_EVENTS=1000000 LEDGER_BENCH_MS=1500; without, it runs just long enough to show that it works.

// measured is one figure of the table: operations a second, and the process's CPU time for each.
type measured struct{ rate, cpu float64 }

// inTurns measures every way several times, one after the other and again, and returns the middle of each.
func inTurns(t *testing.T, rounds int, ways ...func() measured) []measured {
	t.Helper()
	results := make([][]measured, len(ways))
	for range rounds {
		for i, way := range ways {
			results[i] = append(results[i], way())
		}
	}
	var middle []measured
	for _, r := range results {
		slices.SortFunc(r, func(a, b measured) int { return int(a.rate - b.rate) })
		middle = append(middle, r[len(r)/2])
	}
	return middle
}

// during runs an operation on so many goroutines for a while.
func during(t *testing.T, writers int, length time.Duration, operation func(worker int) error) measured {
	t.Helper()
	var count atomic.Int64
	var group sync.WaitGroup
	failures := make([]error, writers)
	begun, cpu := time.Now(), cpuTime(t)
	for w := range writers {
		group.Go(func() {
			for time.Since(begun) < length && failures[w] == nil {
				failures[w] = operation(w)
				count.Add(1)
			}
		})
	}
	group.Wait()
	took, spent := time.Since(begun), cpuTime(t)-cpu
	require.NoError(t, errors.Join(failures...))
	n := float64(count.Load())
	return measured{n / took.Seconds(), spent.Seconds() / n * 1e6}
}

func (m measured) String() string { return fmt.Sprintf("%8.0f/s %6.1f µs CPU", m.rate, m.cpu) }

// nullService answers as fast as a server can: appends without doing anything, reads with the frames it was given.
type nullService struct {
	streams.UnimplementedStreamsServer
	frames [][]byte
}

func (s *nullService) Append(call streams.Streams_AppendServer) error {
	for {
		if _, err := call.Recv(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return err
		}
	}
	return call.SendAndClose(appendAnswer(outcome{result: resultDone, position: 1}, expectation{}))
}

func (s *nullService) Read(req *streams.ReadReq, call streams.Streams_ReadServer) error {
	for i := range int(req.GetOptions().GetCount()) {
		if err := call.SendMsg(rawFrame(s.frames[i%len(s.frames)])); err != nil {
			return err
		}
	}
	return nil
}

// nullFeatures tells clients of nothing.
type nullFeatures struct {
	serverfeatures.UnimplementedServerFeaturesServer
}

func (nullFeatures) GetSupportedMethods(context.Context, *shared.Empty) (*serverfeatures.SupportedMethods, error) {
	return &serverfeatures.SupportedMethods{EventStoreServerVersion: serverVersion}, nil
}

// nullServer serves a nullService for the length of a test.
func nullServer(t *testing.T, frames [][]byte) *esdb.Client {
	t.Helper()
	server := grpc.NewServer(grpc.ForceServerCodecV2(newRawCodec()))
	streams.RegisterStreamsServer(server, &nullService{frames: frames})
	serverfeatures.RegisterServerFeaturesServer(server, nullFeatures{})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	go server.Serve(listener)
	t.Cleanup(server.Stop)
	return connectTo(t, "esdb://"+listener.Addr().String()+"?tls=false")
}

func throughClient(t *testing.T, c *esdb.Client, writers int, length time.Duration) measured {
	return during(t, writers, length, func(worker int) error {
		_, err := c.AppendToStream(t.Context(), fmt.Sprintf("stream-%d", worker), esdb.AppendToStreamOptions{},
			esdb.EventData{EventID: uuid.New(), EventType: "type", Data: benchData, Metadata: benchMetadata})
		return err
	})
}

func throughWriter(t *testing.T, n *Node, writers int, length time.Duration) measured {
	return during(t, writers, length, func(worker int) error {
		stream := fmt.Sprintf("stream-%d", worker)
		list := []proposed{newProposed(stream, uuid.New(), "type", contentTypeJSON, benchMetadata, benchData)}
		_, err := n.writer.append(t.Context(), stream, expectation{kind: expectAny}, list)
		return err
	})
}

// zeroedFile is what throughFile writes to.
func zeroedFile(t *testing.T) *os.File {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "file"))
	require.NoError(t, err)
	t.Cleanup(func() { f.Close() })
	_, err = f.Write(make([]byte, 64<<20))
	require.NoError(t, err)
	require.NoError(t, f.Sync())
	return f
}

func throughFile(t *testing.T, f *os.File, writers int, length time.Duration) measured {
	queue := make(chan chan error, writers)
	go groupWrites(f, queue)
	defer close(queue)
	return during(t, writers, length, func(int) error {
		done := make(chan error, 1)
		queue <- done
		return <-done
	})
}

// The table of appends.
func TestTable_Append(t *testing.T) {
	length := time.Duration(fromEnvironment(t, "LEDGER_BENCH_MS", 20)) * time.Millisecond
	dir := t.TempDir()
	n := startNode(t, Options{Dir: dir})
	c, null, f := connect(t, n), nullServer(t, nil), zeroedFile(t)
	for _, writers := range benchWriters {
		m := inTurns(t, 3,
			func() measured { return throughFile(t, f, writers, length) },
			func() measured { return throughWriter(t, n, writers, length) },
			func() measured { return throughClient(t, c, writers, length) },
			func() measured { return throughClient(t, null, writers, length) })
		t.Logf("append, %3d writers: file %v, node without gRPC %v (%.2f of the file), through the client %v (%.2f of a server that does nothing, %v)",
			writers, m[0], m[1], m[1].rate/m[0].rate, m[2], m[2].rate/m[3].rate, m[3])
	}
	log, index := sizes(t, dir)
	count := float64(n.index.viewAll().events.len())
	t.Logf("%.0f bytes of log an event and %.0f of index, with 635 of data and metadata", log/count, index/count)
}

// The table of reads.
func TestTable_Read(t *testing.T) {
	count := fromEnvironment(t, "LEDGER_BENCH_EVENTS", 2000)
	opts := Options{Dir: filepath.Join(t.TempDir(), "log")}
	buildScale(t, opts, count, max(1, count/20))
	n := startNode(t, opts)
	all := n.index.viewAll().events
	frames, err := n.log.frames(all.page(0, min(512, count)))
	require.NoError(t, err)
	c, null := connect(t, n), nullServer(t, frames)
	whole := func(c *esdb.Client) func() measured {
		return func() measured {
			begun, cpu := time.Now(), cpuTime(t)
			total := readEvery(t, c, uint64(count))
			require.Equal(t, count, total)
			return measured{float64(total) / time.Since(begun).Seconds(), (cpuTime(t) - cpu).Seconds() / float64(total) * 1e6}
		}
	}
	m := inTurns(t, 3, whole(c), whole(null))
	t.Logf("$all of %d events: %v (%.2f of a server that has the frames in memory, %v)", count, m[0], m[0].rate/m[1].rate, m[1])
	begun, cpu := time.Now(), cpuTime(t)
	most := min(count, 100_000)
	list := readStream(t, c, "$ce-account", esdb.ReadStreamOptions{ResolveLinkTos: true}, uint64(most))
	require.Len(t, list, most)
	t.Logf("$ce- of %d events, resolved: %v", most, measured{float64(most) / time.Since(begun).Seconds(), (cpuTime(t) - cpu).Seconds() / float64(most) * 1e6})
	length := time.Duration(fromEnvironment(t, "LEDGER_BENCH_MS", 20)) * time.Millisecond
	some := func(c *esdb.Client) func() measured {
		return func() measured {
			return during(t, 1, length, func(int) error {
				return readTwenty(t.Context(), c, fmt.Sprintf("account-%d", rand.IntN(max(1, count/20))))
			})
		}
	}
	m = inTurns(t, 3, some(c), some(null))
	t.Logf("streams of 20 events, one reader: %v (%.2f of a server that has the frames in memory, %v)", m[0], m[0].rate/m[1].rate, m[1])
}

func readEvery(t *testing.T, c *esdb.Client, count uint64) (total int) {
	t.Helper()
	r, err := c.ReadAll(t.Context(), esdb.ReadAllOptions{}, count)
	require.NoError(t, err)
	defer r.Close()
	for {
		if _, err = r.Recv(); err != nil {
			require.ErrorIs(t, err, io.EOF)
			return total
		}
		total++
	}
}

func readTwenty(ctx context.Context, c *esdb.Client, stream string) error {
	r, err := c.ReadStream(ctx, stream, esdb.ReadStreamOptions{}, 20)
	if err != nil {
		return err
	}
	defer r.Close()
	for {
		if _, err = r.Recv(); err != nil {
			break
		}
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// The table of latency, from the call of append to the event at a subscriber, with little load and with much.
func TestTable_Latency(t *testing.T) {
	length := time.Duration(fromEnvironment(t, "LEDGER_BENCH_MS", 20)) * time.Millisecond
	for _, writers := range []int{1, 16} {
		n := startNode(t, Options{Dir: t.TempDir()})
		c := connect(t, n)
		sub, err := c.SubscribeToAll(t.Context(), esdb.SubscribeToAllOptions{From: esdb.End{}})
		require.NoError(t, err)
		var sent sync.Map
		var delays []time.Duration
		finished := make(chan struct{})
		go func() {
			defer close(finished)
			for e := sub.Recv(); e.SubscriptionDropped == nil; e = sub.Recv() {
				if e.EventAppeared == nil {
					continue
				}
				if at, ok := sent.Load(e.EventAppeared.Event.EventID); ok {
					delays = append(delays, time.Since(at.(time.Time)))
				}
			}
		}()
		m := during(t, writers, length, func(worker int) error {
			id := uuid.New()
			sent.Store(id, time.Now())
			_, err := c.AppendToStream(t.Context(), fmt.Sprintf("stream-%d", worker), esdb.AppendToStreamOptions{},
				esdb.EventData{EventID: id, EventType: "type", Data: benchData, Metadata: benchMetadata})
			return err
		})
		require.NoError(t, sub.Close())
		<-finished
		slices.Sort(delays)
		require.NotEmpty(t, delays)
		t.Logf("append to delivery, %d writers, %v: p50 %v, p99 %v", writers, m, delays[len(delays)/2], delays[len(delays)*99/100])
	}
}

// The table of memory: many streams of one event each.
func TestTable_Memory(t *testing.T) {
	count := fromEnvironment(t, "LEDGER_BENCH_EVENTS", 2000)
	opts := Options{Dir: filepath.Join(t.TempDir(), "log")}
	before := heap()
	buildScale(t, opts, count, count)
	n := startNode(t, opts)
	n.index.collecting.Wait()
	n.index.close()
	used := heap() - before
	t.Logf("%d streams: heap %.1f MB, %.0f bytes each", count, float64(used)/1e6, float64(used)/float64(count))
	runtime.KeepAlive(n)
}
