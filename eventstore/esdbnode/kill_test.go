package esdbnode

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// childDir tells the test's program to be a node on that directory instead of a test.
const childDir = "ESDBNODE_TEST_CHILD_DIR"

// TestMain lets the program of the tests run itself again as a node that can be killed.
func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		os.Exit(runChild(dir))
	}
	os.Exit(m.Run())
}

// runChild serves until it is killed, or until its parent is gone.
func runChild(dir string) int {
	n, err := Start(context.Background(), Options{Dir: dir, SegmentSize: 256 << 10})
	if err != nil {
		fmt.Println("error:", err)
		return 1
	}
	fmt.Println(n.ConnectionString())
	io.Copy(io.Discard, os.Stdin)
	return 0
}

// child is a node in a process of its own.
type child struct {
	cmd        *exec.Cmd
	connection string
	stdin      io.Closer
}

func startChild(t *testing.T, dir string) *child {
	t.Helper()
	program, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.Command(program)
	cmd.Env = append(os.Environ(), childDir+"="+dir)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	line = strings.TrimSpace(line)
	require.True(t, strings.HasPrefix(line, "esdb://"), line)
	return &child{cmd: cmd, connection: line, stdin: in}
}

func (c *child) kill(t *testing.T) {
	t.Helper()
	require.NoError(t, c.cmd.Process.Kill())
	c.cmd.Wait()
}

// load is one writer that lives through the kills. It appends to its own stream with exact revisions and repeats what
// it got no answer for.
type load struct {
	stream string
	// ids are the acknowledged events by revision, doubt the append whose answer never came.
	ids   []uuid.UUID
	doubt []esdb.EventData
}

// run appends until the node is gone.
func (l *load) run(ctx context.Context, c *esdb.Client, acknowledged *atomic.Int64) error {
	for {
		if l.doubt == nil {
			for range 1 + len(l.ids)%3 {
				l.doubt = append(l.doubt, esdb.EventData{EventID: uuid.New(), EventType: "t", Data: make([]byte, 300)})
			}
		}
		var expected esdb.ExpectedRevision = esdb.NoStream{}
		if len(l.ids) > 0 {
			expected = esdb.Revision(uint64(len(l.ids) - 1))
		}
		done, err := c.AppendToStream(ctx, l.stream, esdb.AppendToStreamOptions{ExpectedRevision: expected}, l.doubt...)
		if codeIn(err) == esdb.ErrorCodeWrongExpectedVersion {
			return fmt.Errorf("%s after %d events: %w", l.stream, len(l.ids), err)
		}
		if err != nil {
			return nil
		}
		for _, e := range l.doubt {
			l.ids = append(l.ids, e.EventID)
		}
		l.doubt = nil
		if done.NextExpectedVersion != uint64(len(l.ids)-1) {
			return fmt.Errorf("%s: acknowledged at %d, want %d", l.stream, done.NextExpectedVersion, len(l.ids)-1)
		}
		acknowledged.Add(1)
	}
}

// verify compares the stream with what was acknowledged: each event once, in order, at its revision. At most the append
// in doubt may follow, whole.
func (l *load) verify(t *testing.T, c *esdb.Client) {
	t.Helper()
	got := readStream(t, c, l.stream, esdb.ReadStreamOptions{}, 1<<30)
	require.Contains(t, []int{len(l.ids), len(l.ids) + len(l.doubt)}, len(got), l.stream)
	for revision, id := range l.ids {
		require.Equal(t, id, got[revision].Event.EventID, "%s@%d", l.stream, revision)
		require.EqualValues(t, revision, got[revision].Event.EventNumber)
	}
	for i, e := range got[len(l.ids):] {
		require.Equal(t, l.doubt[i].EventID, e.Event.EventID)
	}
}

// kills is how often the node is killed: a few times, or LEDGER_KILLS for the long form.
func kills(t *testing.T) int {
	t.Helper()
	given := os.Getenv("LEDGER_KILLS")
	if given == "" {
		return 20
	}
	n, err := strconv.Atoi(given)
	require.NoError(t, err)
	return n
}

// Ensure that a node killed in the middle of its work, again and again, keeps every acknowledged event exactly once and
// in order.
func TestKill_KeepsWhatWasAcknowledged(t *testing.T) {
	dir := t.TempDir()
	loads := make([]*load, 8)
	for i := range loads {
		loads[i] = &load{stream: fmt.Sprintf("stream-%d", i)}
	}
	for round := range kills(t) {
		killOnce(t, dir, round, loads)
	}
	n := startNode(t, Options{Dir: dir})
	c := connect(t, n)
	total := 0
	for _, l := range loads {
		l.verify(t, c)
		total += len(l.ids)
	}
	seen := map[uuid.UUID]bool{}
	for _, e := range readAll(t, c, esdb.ReadAllOptions{}, 1<<30) {
		require.False(t, seen[e.Event.EventID], "twice: %v", e.Event.EventID)
		seen[e.Event.EventID] = true
	}
	require.GreaterOrEqual(t, len(seen), total)
	t.Logf("%d acknowledged events through %d kills, none lost or doubled", total, kills(t))
}

// killOnce kills a node after a number of acknowledgements that differs from round to round.
func killOnce(t *testing.T, dir string, round int, loads []*load) {
	t.Helper()
	node := startChild(t, dir)
	// Each writer has a client of its own: when one caller of a shared client finds out that the node is gone for good,
	// the client's other callers may wait for ever.
	clients := make([]*esdb.Client, len(loads))
	for i, l := range loads {
		clients[i] = newClient(t, node.connection)
		defer clients[i].Close()
		// In the long form it would take too long to read everything every time; the end of the test does.
		if len(l.ids) > 0 && i == round%len(loads) {
			l.verify(t, clients[i])
		}
	}
	ctx, cancel := context.WithCancel(bounded(t))
	defer cancel()
	var acknowledged atomic.Int64
	var group sync.WaitGroup
	failures := make([]error, len(loads))
	for i, l := range loads {
		group.Go(func() { failures[i] = l.run(ctx, clients[i], &acknowledged) })
	}
	goal := int64(1 + (round*37)%200)
	require.Eventually(t, func() bool { return acknowledged.Load() >= goal }, testTimeout, 1e6)
	node.kill(t)
	cancel()
	group.Wait()
	for _, err := range failures {
		require.NoError(t, err)
	}
}
