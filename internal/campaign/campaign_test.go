//go:build linux

package campaign

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/internal/workload"
	"github.com/partnerledger/partnerledger/internal/workload/inmemory"
	"github.com/partnerledger/partnerledger/projections/sqldb"
)

// campaign is one world with its writer and subscriber, and what has been found about it.
type campaign struct {
	t          *testing.T
	world      *world
	writer     *writer
	subscriber *subscriber
	memory     *inmemory.Ledger
	played     int            // lines that the ledger in memory has been told
	memoryDB   *sqldb.DB      // its read models
	applied    int            // events that they have seen
	final      map[string]any // the state after all lines as others computed it, or nil
	log        []eventstore.Recorded
	scratch    string
	dbs        int
	rounds     int
}

// firstLines are said before the first fault, so that an old copy of NATS's store holds something.
const firstLines = 40

// newCampaign starts a world that will be told these lines.
func newCampaign(t *testing.T, program, without string, text []byte) *campaign {
	t.Helper()
	c := &campaign{t: t, scratch: t.TempDir()}
	mount(t, c.scratch)
	c.world = newWorld(t, program, without)
	c.writer = newWriter(c.world, text)
	c.subscriber = newSubscriber(c.world)
	var err error
	c.memory, err = inmemory.New()
	require.NoError(t, err)
	c.writer.let(firstLines)
	require.NoError(t, c.writer.say(t.Context(), firstLines, 0, false))
	c.keepNATS()
	return c
}

// fault is one kind of thing that goes wrong.
type fault struct {
	name string
	// does is what it is, in a few words, for the table.
	does string
	// oneByOne: commands may fail while it lasts, so each is sent only once the one before is decided.
	oneByOne bool
	// excuses are endings of processes that belong to it.
	excuses string
	// disks: it needs directories that can be filled; postgres: and a database that is reached by a connection.
	disks, postgres bool
	// long: it is left to campaigns whose length is asked for.
	long bool
	// prepare, which may be nil, is done before the writer begins; strike while it writes; mend, which may be nil, once
	// everything but the stream itself was found whole.
	prepare, strike, mend func(*round)
}

// round is one fault, done to the world while the writer says some lines.
type round struct {
	*campaign
	context.Context
	fault  fault
	chance *rand.Rand
	from   int // the lines of the round
	to     int
	marks  marks
	tally  *tally
	lost   int // the last event in the stream when it lost some
	lostAt time.Time
}

// tally is what is counted about one kind of fault.
type tally struct{ rounds, injected, seen, again int }

// let lets the writer go so far into the round, from 0 to 1; at waits until it is there, too.
func (r *round) let(part float64) { r.writer.let(r.line(part)) }
func (r *round) at(part float64) {
	r.let(part)
	r.writer.reaches(r.Context, r.line(part))
}

func (r *round) line(part float64) int { return r.from + int(part*float64(r.to-r.from)) }

// upTo is a time by chance.
func (r *round) upTo(d time.Duration) time.Duration { return time.Duration(r.chance.Int64N(int64(d))) }

// pause waits; a pause is part of some faults, and never a way to wait for something.
func (r *round) pause(d time.Duration) {
	select {
	case <-time.After(d):
	case <-r.Done():
	}
}

// injected counts a fault that was done, and seen one of which the effect showed.
func (r *round) injected() { r.tally.injected++ }
func (r *round) seen(it bool) {
	if it {
		r.tally.seen++
	}
}

// effect waits for the effect of a fault to show.
func (r *round) effect(shows func() bool) { r.seen(until(r.Context, effectTime, shows)) }

const (
	effectTime    = 20 * time.Second
	revivalOfNATS = 2 * time.Second
)

// run does one round with lines up to the end, and gives the damage.
func (c *campaign) run(f fault, chance *rand.Rand, lines int, tally *tally) (damage []string) {
	from := c.writer.answered()
	ctx, cancel := context.WithTimeout(c.t.Context(), 2*usualPatience)
	defer cancel()
	r := &round{campaign: c, Context: ctx, fault: f, chance: chance, from: from, to: min(len(c.writer.lines), from+lines),
		marks: c.world.mark(c.world.parts()...), tally: tally}
	tally.rounds++
	c.rounds++
	if f.prepare != nil {
		f.prepare(r)
	}
	back := []int{0, 10, r.to - r.from, r.to}[chance.IntN(4)]
	again, failed := c.writer.again, c.writer.failed
	said := make(chan error, 1)
	go func() { said <- c.writer.say(ctx, r.to, back, f.oneByOne) }()
	f.strike(r)
	r.let(1)
	if err := <-said; err != nil {
		return append(damage, err.Error()+"\n"+c.world.lastWords())
	}
	if !f.oneByOne && c.writer.failed > failed {
		damage = append(damage, fmt.Sprintf("%d commands failed, though the log was there all the time", c.writer.failed-failed))
	}
	tally.again += c.writer.again - again
	if chance.IntN(2) == 0 {
		c.subscriber.restart()
	}
	damage = append(damage, c.check()...)
	if f.mend != nil {
		f.mend(r)
	}
	damage = append(damage, c.streamIsWhole()...)
	return append(damage, c.endings(f)...)
}

// endings are those that nobody meant.
func (c *campaign) endings(f fault) (damage []string) {
	var excuse *regexp.Regexp
	if f.excuses != "" {
		excuse = regexp.MustCompile(f.excuses)
	}
	for _, p := range c.world.parts() {
		for _, e := range p.unmeant(excuse) {
			damage = append(damage, e.String())
		}
	}
	return damage
}

// buildLedgerd builds the daemon. The sources are read first, so that the result of this test isn't taken from a cache
// after any of them has changed.
func buildLedgerd(t *testing.T) string {
	t.Helper()
	const root = "../.."
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && (strings.HasSuffix(path, ".go") || strings.HasSuffix(path, ".sql")) && !strings.HasSuffix(path, "_test.go") {
			_, err = os.ReadFile(path)
		}
		return err
	})
	require.NoError(t, err)
	program := filepath.Join(t.TempDir(), "ledgerd")
	out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, filepath.Join(root, "cmd", "ledgerd")).CombinedOutput()
	require.NoError(t, err, string(out))
	return program
}

// settings of the environment.
const (
	lengthVariable = "LEDGER_CAMPAIGN"      // how long, 30m, or how many rounds; empty: each fault once
	seedVariable   = "LEDGER_CAMPAIGN_SEED" // of the schedule
	wordsVariable  = "LEDGER_CAMPAIGN_LOGS" // where to write the logs of all processes after damage
	onlyVariable   = "LEDGER_CAMPAIGN_ONLY" // names of faults
)

// maxRounds is how many rounds a world sees at most.
const maxRounds = 60

// length is when a campaign is over.
type length struct {
	rounds int
	end    time.Time
}

func readLength(t *testing.T, text string, faults int) length {
	if text == "" {
		return length{rounds: faults}
	}
	if rounds, err := strconv.Atoi(text); err == nil {
		return length{rounds: rounds}
	}
	d, err := time.ParseDuration(text)
	require.NoError(t, err, lengthVariable)
	return length{rounds: 1 << 30, end: time.Now().Add(d)}
}

func (l length) over(rounds int) bool {
	return rounds >= l.rounds || !l.end.IsZero() && time.Now().After(l.end)
}

// schedule gives the fault of each round: all of them in an order by chance, then all again in another.
func schedule(seed uint64, all []fault) func(round int) (fault, *rand.Rand) {
	return func(round int) (fault, *rand.Rand) {
		deck := rand.New(rand.NewPCG(seed, uint64(round/len(all)))).Perm(len(all))
		return all[deck[round%len(all)]], rand.New(rand.NewPCG(seed, uint64(1000+round)))
	}
}

// Ensure that whatever is killed, cut, lost, rolled back, delayed, doubled or full, nothing is lost, nothing comes twice
// and nothing out of order, and that each of these things has really happened.
func TestCampaign(t *testing.T) {
	seed := uint64(1)
	if text := os.Getenv(seedVariable); text != "" {
		var err error
		seed, err = strconv.ParseUint(text, 10, 64)
		require.NoError(t, err, seedVariable)
	}
	all := chosen(t, faults())
	program := buildLedgerd(t)
	long := readLength(t, os.Getenv(lengthVariable), len(all))
	next := schedule(seed, all)
	tallies := map[string]*tally{}
	began, round := time.Now(), 0
	t.Logf("seed %d", seed)
	for epoch := 0; !long.over(round) && !t.Failed(); epoch++ {
		t.Run(fmt.Sprint("world ", epoch+1), func(t *testing.T) {
			text, final := workloadOf(t, seed, epoch)
			c := newCampaign(t, program, "", text)
			c.final = final
			lines := max(60, len(c.writer.lines)/max(len(all), min(long.rounds, maxRounds))+1)
			for ; c.writer.answered() < len(c.writer.lines) && !long.over(round); round++ {
				f, chance := next(round)
				if tallies[f.name] == nil {
					tallies[f.name] = &tally{}
				}
				before := *tallies[f.name]
				took := time.Now()
				damage := c.run(f, chance, lines, tallies[f.name])
				now := tallies[f.name]
				t.Logf("round %d: %s, lines %d to %d, injected %d, seen %d, %.1f s", round+1, f.name, c.writer.answered()-lines+1, c.writer.answered(),
					now.injected-before.injected, now.seen-before.seen, time.Since(took).Seconds())
				for _, d := range damage {
					t.Errorf("round %d (seed %d), %s: %s", round+1, seed, f.name, d)
				}
				if t.Failed() {
					keepWords(t, c.world)
					return
				}
			}
		})
	}
	report(t, all, tallies, round, time.Since(began))
}

// keepWords writes down all that the processes said, where somebody wants to read it.
func keepWords(t *testing.T, w *world) {
	dir := os.Getenv(wordsVariable)
	if dir == "" {
		t.Logf("set %s to a directory to have the logs of all processes there", wordsVariable)
		return
	}
	for _, p := range w.parts() {
		p.mu.Lock()
		require.NoError(t, os.WriteFile(filepath.Join(dir, p.name+".log"), []byte(strings.Join(p.lines, "\n")), 0o600))
		p.mu.Unlock()
	}
}

// chosen are the faults that are wanted, and possible here.
func chosen(t *testing.T, all []fault) []fault {
	only, some := os.Getenv(onlyVariable), []fault(nil)
	if only == "" {
		for _, f := range all {
			switch {
			case f.disks && !canMount(t):
				t.Logf("%s is left out: this machine doesn't let the test make a disk that can be filled", f.name)
			case f.postgres && os.Getenv(postgresVariable) == "", !f.postgres && f.name == "disk-full-data" && os.Getenv(postgresVariable) != "":
			case f.long && os.Getenv(lengthVariable) == "":
			default:
				some = append(some, f)
			}
		}
		return some
	}
	for _, name := range strings.Split(only, ",") {
		i := slices.IndexFunc(all, func(f fault) bool { return f.name == name })
		require.GreaterOrEqual(t, i, 0, "%s: there is no fault %q", onlyVariable, name)
		some = append(some, all[i])
	}
	return some
}

const workloads = "../workload/testdata"

// workloadOf is what the writer says in a world: first the tiny workload, of which others have computed the final
// state, then ones that the seed makes up.
func workloadOf(t *testing.T, seed uint64, epoch int) (text []byte, final map[string]any) {
	t.Helper()
	if epoch%4 == 0 {
		text, err := os.ReadFile(filepath.Join(workloads, "tiny.jsonl"))
		require.NoError(t, err)
		state, err := os.ReadFile(filepath.Join(workloads, "expected-tiny", "final.json"))
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(state, &final))
		return text, final
	}
	var out bytes.Buffer
	_, err := workload.Generate(t.Context(), workload.Options{Seed: seed + uint64(epoch), Size: workload.Small, EdgeCases: true, Limit: 6000}, &out)
	require.NoError(t, err)
	return out.Bytes(), nil
}

// report prints what was counted, and fails the test for a fault that was never seen to happen.
func report(t *testing.T, all []fault, tallies map[string]*tally, rounds int, took time.Duration) {
	t.Helper()
	var out strings.Builder
	fmt.Fprintf(&out, "%d rounds in %.0f s\n%-24s %6s %8s %6s %6s  %s\n", rounds, took.Seconds(), "fault", "rounds", "injected", "seen", "again", "what it is")
	for _, f := range slices.SortedFunc(slices.Values(all), func(a, b fault) int { return cmp.Compare(a.name, b.name) }) {
		n := tallies[f.name]
		if n == nil {
			n = &tally{}
		}
		fmt.Fprintf(&out, "%-24s %6d %8d %6d %6d  %s\n", f.name, n.rounds, n.injected, n.seen, n.again, f.does)
		if n.rounds > 0 && n.seen == 0 {
			t.Errorf("%s: never seen to happen, though injected %d times", f.name, n.injected)
		}
	}
	out.WriteString(`checked after each round: every acknowledged command is in the log once, with the outcome that was answered, and no
other; the log only grew, and is that of a ledger in memory; the state is that of the ledger in memory; every row of
the read models is that of a clean rebuild; the subscriber saw each event of the log once and in order; the stream
holds each event once, in order and linked; no process ended by itself
`)
	t.Log(out.String())
}
