package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/internal/client"
	"github.com/partnerledger/partnerledger/internal/seal"
	"github.com/partnerledger/partnerledger/internal/workload/expected"
)

// asDaemon makes the test's own binary the daemon, so that a test can kill it.
const asDaemon = "LEDGER_TEST_DAEMON"

func TestMain(m *testing.M) {
	if os.Getenv(asDaemon) != "" {
		dumpWhenAsked()
		main()
	}
	os.Exit(m.Run())
}

const (
	workloads = "../../internal/workload/testdata"
	// killsOfRound is how often the daemon dies while one file is submitted.
	killsOfRound = 8
)

// Ensure a daemon that is killed at any moment, and is told everything again each time, leaves what one
// that never died leaves: the same log, the same rows, the same answers. LEDGER_KILLS makes it longer.
func TestKilledAtAnyMoment(t *testing.T) {
	kills := killsOfRound
	if text := os.Getenv("LEDGER_KILLS"); text != "" {
		var err error
		kills, err = strconv.Atoi(text)
		require.NoError(t, err, "LEDGER_KILLS")
	}
	keys := newKeys(t)
	calm := newCampaign(t, keys, 0)
	calm.finish()
	for seed := uint64(1); kills > 0; seed, kills = seed+1, kills-killsOfRound {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			c := newCampaign(t, keys, seed)
			for i := range min(kills, killsOfRound) {
				c.kill(i, calm.left)
			}
			c.finish()
			t.Logf("killed %s", c.killed)
			c.sameAs(calm)
		})
	}
}

// campaign is one file submitted to one data directory, again after each death.
type campaign struct {
	t      *testing.T
	dir    string
	file   []byte
	lines  [][]byte // with their ends
	id     string
	chance *rand.Rand
	starts time.Duration // how long the last start took
	killed string
	said   *witness
	left   contents
	// parallel is how many lines are decided side by side; 0 means 1, which keeps the log in the order of the file.
	parallel int
}

// newCampaign makes a data directory with these keys: digests and the lengths of sealed texts are then
// the same in all of them, and with those every byte offset.
func newCampaign(t *testing.T, keys string, seed uint64) *campaign {
	t.Helper()
	c := &campaign{t: t, dir: t.TempDir(), chance: rand.New(rand.NewPCG(seed, 9)), said: newWitness(t)}
	require.NoError(t, os.CopyFS(filepath.Join(c.dir, "keys"), os.DirFS(keys)))
	err := os.Chmod(filepath.Join(c.dir, "keys", "master.key"), 0o600) // a copy of a file gets no mode from it
	require.NoError(t, err)
	c.file, err = os.ReadFile(filepath.Join(workloads, "tiny.jsonl"))
	require.NoError(t, err)
	c.id, err = client.SubmissionOf(bytes.NewReader(c.file))
	require.NoError(t, err)
	c.lines = bytes.SplitAfter(bytes.TrimSuffix(c.file, []byte("\n")), []byte("\n"))
	return c
}

func newKeys(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	keys, err := seal.Open(dir)
	require.NoError(t, err)
	require.NoError(t, keys.Close())
	return dir
}

// kill starts the daemon, says the file from its beginning, and kills it on the way, the i-th time later
// in the file than the time before. Commands that write to several streams are aimed at, since dying in
// between is what matters.
func (c *campaign) kill(i int, calm contents) {
	c.t.Helper()
	line := (i*len(c.lines) + c.chance.IntN(len(c.lines))) / killsOfRound
	switch i % 4 {
	case 0:
		c.killWithinCommand(c.aim(line, calm.reacting))
	case 1:
		c.killWithinStream(line)
	case 2:
		c.killWithinCommand(c.aim(line, calm.claiming))
	case 3:
		c.killWithinStart()
	}
}

// aim is the next line with one of these commands.
func (c *campaign) aim(line int, commands map[string]bool) int {
	for i := line; i < len(c.lines); i++ {
		var command struct {
			ID string `json:"commandId"`
		}
		require.NoError(c.t, json.Unmarshal(c.lines[i], &command))
		if commands[command.ID] {
			return i
		}
	}
	return len(c.lines) - 1
}

// killWithinCommand kills while that line, and nothing else, is under way, or shortly after.
func (c *campaign) killWithinCommand(line int) {
	c.t.Helper()
	d := c.start()
	line = max(line, 2)
	var took time.Duration
	began := time.Now()
	gates := c.said.gates(int64(line-1), int64(line))
	c.submit(d, []step{
		{lines: c.lines[:line-1]},
		{after: gates[0], then: func() { began = time.Now() }, lines: c.lines[line-1 : line]},
		{after: gates[1], then: func() { took = time.Since(began); d.killAfter(c.upTo(2 * took)) }, lines: c.lines[line:]},
	})
	c.note("in line %d of %v", line+1, took)
}

// killWithinStream kills while lines come as fast as they are taken, soon after one of them was answered.
func (c *campaign) killWithinStream(line int) {
	c.t.Helper()
	d := c.start()
	const bunch = 25 * time.Millisecond // answers come in bunches, so that the kill would otherwise come right after one
	gate := c.said.gates(int64(line + 1))[0]
	c.submit(d, []step{{lines: c.lines, until: gate, then: func() { d.killAfter(c.upTo(2 * bunch)) }}})
	c.note("after line %d", line+1)
}

// killWithinStart kills while the daemon starts and makes feed and read models anew from the log.
func (c *campaign) killWithinStart() {
	c.t.Helper()
	c.loseWhatCanBeMade()
	d := launch(c.t, c.dir)
	delay := c.upTo(c.starts + c.starts/2)
	d.killAfter(delay)
	<-d.ended
	c.note("after %v of start", delay)
}

// loseWhatCanBeMade removes everything that is made from the log.
func (c *campaign) loseWhatCanBeMade() {
	c.t.Helper()
	files, err := filepath.Glob(filepath.Join(c.dir, "readmodels.db*"))
	require.NoError(c.t, err)
	for _, name := range append(files, filepath.Join(c.dir, "nats")) {
		require.NoError(c.t, os.RemoveAll(name))
	}
}

func (c *campaign) upTo(d time.Duration) time.Duration {
	return time.Duration(c.chance.Int64N(int64(max(d, time.Millisecond))))
}

func (c *campaign) note(format string, a ...any) { c.killed += fmt.Sprintf(format, a...) + "; " }

func (c *campaign) start() *daemon {
	c.t.Helper()
	began := time.Now()
	d := launch(c.t, c.dir)
	require.NotEmpty(c.t, <-d.address, "the daemon ended before it answered: %s", &d.stderr)
	c.starts = time.Since(began)
	return d
}

// finish says the whole file undisturbed, and keeps what is left then.
func (c *campaign) finish() {
	c.t.Helper()
	d := c.start()
	summary := c.submit(d, []step{{lines: c.lines}})
	require.EqualValues(c.t, len(c.lines), summary.Lines)
	c.stateIsExpected(d, summary.Position)
	d.stop()
	c.left = contentsOf(c.t, c.dir)
}

func (c *campaign) stateIsExpected(d *daemon, position string) {
	c.t.Helper()
	var want, got map[string]any
	text, err := os.ReadFile(filepath.Join(workloads, "expected-tiny", "final.json"))
	require.NoError(c.t, err)
	require.NoError(c.t, json.Unmarshal(text, &want))
	require.NoError(c.t, d.client.Document(c.t.Context(), "/v1/state", url.Values{"atLeast": {position}}, &got))
	require.Empty(c.t, expected.Differences(expected.Unread(want), got))
}

// sameAs compares what is left with what a campaign without deaths left.
func (c *campaign) sameAs(calm *campaign) {
	c.t.Helper()
	sameText(c.t, "event", calm.left.events, c.left.events)
	sameText(c.t, "row", calm.left.rows, c.left.rows)
	sameText(c.t, "line in the journal", calm.left.journal, c.left.journal)
	require.Equal(c.t, calm.left.counts, c.left.counts)
	c.said.holdsIn(c.left)
	require.Equal(c.t, calm.said.numbered(calm.left), c.said.numbered(c.left))
}
