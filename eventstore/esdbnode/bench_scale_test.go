package esdbnode

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// fromEnvironment is a number given for the long form of a test, else that of the short one.
func fromEnvironment(t testing.TB, name string, short int) int {
	t.Helper()
	given := os.Getenv(name)
	if given == "" {
		return short
	}
	n, err := strconv.Atoi(given)
	require.NoError(t, err)
	return n
}

// Ensure that a start reads the index and not the log, that a start without index files comes to the same, and say what
// both cost. The long form is LEDGER_SCALE_EVENTS=10000000 LEDGER_SCALE_STREAMS=1000000, with LEDGER_SCALE_DIR for the
// place of the log; it needs 7.5 GB and some minutes.
func TestScale_Start(t *testing.T) {
	count := fromEnvironment(t, "LEDGER_SCALE_EVENTS", 20_000)
	streams := fromEnvironment(t, "LEDGER_SCALE_STREAMS", 2_000)
	opts := Options{Dir: filepath.Join(t.TempDir(), "log"), SegmentSize: 1 << 20}
	if count > 1_000_000 {
		opts.SegmentSize = 0
	}
	if given := os.Getenv("LEDGER_SCALE_DIR"); given != "" {
		opts.Dir = given
	}
	begun := time.Now()
	buildScale(t, opts, count, streams)
	t.Logf("%d events of %d streams appended in %v", count, streams, time.Since(begun).Round(time.Millisecond))
	logBytes, indexBytes := sizes(t, opts.Dir)
	t.Logf("bytes an event: log %.1f, index %.1f", logBytes/float64(count), indexBytes/float64(count))

	known := measureStart(t, "index files", opts, streams)
	files, err := filepath.Glob(filepath.Join(opts.Dir, "*"+indexSuffix))
	require.NoError(t, err)
	for _, name := range files {
		require.NoError(t, os.Remove(name))
	}
	require.Equal(t, known, measureStart(t, "no index files", opts, streams))
	require.Equal(t, known, measureStart(t, "index files made again", opts, streams))
}

// buildScale appends without syncs what is not there yet, to streams in turn.
func buildScale(t *testing.T, opts Options, count, streams int) {
	t.Helper()
	opts.NoSync = true
	n := startNode(t, opts)
	defer n.Close()
	var group sync.WaitGroup
	const writers = 32
	there := n.index.viewAll().events.len()
	for w := range writers {
		group.Go(func() {
			for i := there + w; i < count; i += writers {
				stream := fmt.Sprintf("account-%d", i%streams)
				list := []proposed{newProposed(stream, uuid.New(), "type", contentTypeJSON, benchMetadata, benchData)}
				if _, err := n.writer.append(t.Context(), stream, expectation{kind: expectAny}, list); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	group.Wait()
}

// sizes sums up the files of the log and of the index.
func sizes(t *testing.T, dir string) (logBytes, indexBytes float64) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, e := range entries {
		info, err := e.Info()
		require.NoError(t, err)
		switch filepath.Ext(e.Name()) {
		case segmentSuffix:
			logBytes += float64(info.Size())
		case indexSuffix:
			indexBytes += float64(info.Size())
		}
	}
	return logBytes, indexBytes
}

// measureStart starts a node, says what that took, and returns what it knows.
func measureStart(t *testing.T, with string, opts Options, streams int) map[string]string {
	t.Helper()
	before, cpu, begun := heap(), cpuTime(t), time.Now()
	n, err := Start(t.Context(), opts)
	require.NoError(t, err)
	took, spent := time.Since(begun), cpuTime(t)-cpu
	used := heap() - before
	events := n.index.viewAll().events.len()
	t.Logf("start with %s: %v, %v of CPU, heap %.1f MB, %.2f bytes an event, %.0f a stream", with, took.Round(time.Millisecond),
		spent.Round(time.Millisecond), float64(used)/1e6, float64(used)/float64(events), float64(used)/float64(streams))
	known := map[string]string{"all": fmt.Sprint(events, n.index.streams)}
	chance := rand.New(rand.NewPCG(1, 2))
	begun = time.Now()
	const looks = 1000
	for range looks {
		stream := fmt.Sprintf("account-%d", chance.IntN(streams))
		v := n.index.viewStream(stream)
		known[stream] = fmt.Sprint(v.events.page(0, v.events.len()))
	}
	t.Logf("a stream's positions in %v", time.Since(begun)/looks)
	require.NoError(t, n.Close())
	return known
}

// heap is what is reachable.
func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
