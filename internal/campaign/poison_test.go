//go:build linux

package campaign

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/domain/vocabulary"
	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/internal/workload/inmemory"
	"github.com/partnerledger/partnerledger/projections"
	"github.com/partnerledger/partnerledger/projections/sqldb"
)

const (
	poisonVariable = "LEDGER_CAMPAIGN_POISON" // how many kinds of poison
	kindsOfPoison  = 1000                     // in campaigns whose length is asked for
	fewKinds       = 100                      // in the short form
	before, behind = 700, 12                  // how many sound events come before and behind the poison
)

// Ensure an event that is wrong in any of a thousand ways stops only the projections that cannot apply it, with all
// before it applied and nothing of it, visibly; and that the others go on as if they were alone.
func TestPoison_StopsOnlyWhoCannotApplyIt(t *testing.T) {
	kinds := kindsOfPoison
	if os.Getenv(lengthVariable) == "" {
		kinds = fewKinds
	}
	if text := os.Getenv(poisonVariable); text != "" {
		var err error
		kinds, err = strconv.Atoi(text)
		require.NoError(t, err, poisonVariable)
	}
	events := soundEvents(t)
	dir := t.TempDir()
	mount(t, dir) // copies are made by the thousand; without it they only take longer
	p := &poisoned{t: t, dir: dir, sound: events[:before], behind: events[before : before+behind]}
	p.prepare()
	stopped, harmless, way := map[string]int{}, 0, map[string]int{}
	for seed := range uint64(kinds) {
		poison, how := poisonFrom(rand.New(rand.NewPCG(seed, 3)), events)
		who := p.try(poison, fmt.Sprintf("poison %d (%s of %s)", seed, how, poison.Type))
		way[how]++
		if len(who) == 0 {
			harmless++
		}
		for _, name := range who {
			stopped[name]++
		}
		if t.Failed() {
			return
		}
	}
	t.Logf("%d kinds of poison in %d ways: %d that every projection could apply; projections stopped: %v", kinds, len(way), harmless, stopped)
	for _, m := range readModels() {
		require.Positive(t, stopped[m.Name()], "%s was never stopped", m.Name())
	}
	require.Less(t, harmless, kinds, "no poison stopped anybody")
}

// soundEvents are those of a workload.
func soundEvents(t *testing.T) (events []eventstore.Recorded) {
	t.Helper()
	file, err := os.Open(filepath.Join(workloads, "tiny.jsonl"))
	require.NoError(t, err)
	defer file.Close()
	ledger, err := inmemory.New()
	require.NoError(t, err)
	require.NoError(t, ledger.Play(t.Context(), file))
	all, err := ledger.Events(t.Context())
	require.NoError(t, err)
	for i, e := range all {
		e.Position = eventstore.Position(i * 100)
		events = append(events, e.Recorded)
	}
	return events
}

// poisoned tries poison on copies of read models that have seen the sound events.
type poisoned struct {
	t             *testing.T
	dir           string
	sound, behind []eventstore.Recorded
	rows          map[string]string // by projection, after the sound events
}

func (p *poisoned) file(name string) string { return filepath.Join(p.dir, name) }

func (p *poisoned) prepare() {
	db := p.open("sound")
	defer db.Close()
	p.run(db, p.sound, readModels()...)
	p.rows = map[string]string{}
	for _, m := range readModels() {
		p.rows[m.Name()] = p.dump(db, m)
	}
}

func (p *poisoned) open(name string) *sqldb.DB {
	db, err := sqldb.Open(p.t.Context(), "sqlite:"+p.file(name))
	require.NoError(p.t, err)
	return db
}

func (p *poisoned) copy(name string) *sqldb.DB {
	for _, ending := range []string{"", "-wal", "-shm"} {
		_ = os.Remove(p.file(name) + ending)
	}
	from, err := os.Open(p.file("sound"))
	require.NoError(p.t, err)
	defer from.Close()
	to, err := os.Create(p.file(name))
	require.NoError(p.t, err)
	_, err = io.Copy(to, from)
	require.NoError(p.t, err)
	require.NoError(p.t, to.Close())
	return p.open(name)
}

func (p *poisoned) dump(db *sqldb.DB, m projections.Projection) string {
	text, err := db.Dump(p.t.Context(), tablesOf(m)...)
	require.NoError(p.t, err)
	return text
}

// run lets projections follow a log until each has come to its end or stands still, and gives how they are then.
func (p *poisoned) run(db *sqldb.DB, log []eventstore.Recorded, models ...projections.Projection) []projections.Status {
	p.t.Helper()
	ctx, stop := context.WithCancel(p.t.Context())
	defer stop()
	all, err := projections.NewModels(ctx, db, models...)
	require.NoError(p.t, err)
	runner := projections.NewRunner(all, logged(log), eventstore.NewCodec(vocabulary.Events(), nil), projections.Options{Logger: silent()})
	ended := make(chan error, 1)
	go func() { ended <- runner.Run(ctx) }()
	end := eventstore.Cursor{Position: log[len(log)-1].Position, NextSeq: uint64(len(log))}
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for deadline := time.After(usualPatience); ; {
		status, err := all.Status(ctx, end)
		require.NoError(p.t, err)
		if !slices.ContainsFunc(status, func(s projections.Status) bool { return s.State != projections.Stopped && s.NextSeq < end.NextSeq }) {
			stop()
			<-ended
			return status
		}
		select {
		case <-tick.C:
		case err := <-ended:
			require.NoError(p.t, err, "a poison event ended the projector for all")
		case <-deadline:
			require.Fail(p.t, "projections neither came to the end nor stood still", "%v", status)
		}
	}
}

// try gives the projections that the poison stopped.
func (p *poisoned) try(poison eventstore.Recorded, what string) (stopped []string) {
	p.t.Helper()
	poison.Position = p.sound[before-1].Position + 50
	log := append(append(slices.Clone(p.sound), poison), p.behind...)
	apart, together := p.copy("apart"), p.copy("together")
	defer apart.Close()
	defer together.Close()
	status := p.run(together, log, readModels()...)
	for i, m := range readModels() {
		alone := p.run(apart, log, m)[0]
		with := status[i]
		require.Equal(p.t, alone.State, with.State, "%s: %s alone and among others", what, m.Name())
		require.Equal(p.t, alone.NextSeq, with.NextSeq, "%s: %s alone and among others", what, m.Name())
		require.Equal(p.t, p.dump(apart, m), p.dump(together, m), "%s: rows of %s alone and among others", what, m.Name())
		if with.State != projections.Stopped {
			require.EqualValues(p.t, len(log), with.NextSeq, "%s: %s", what, m.Name())
			continue
		}
		stopped = append(stopped, m.Name())
		require.EqualValues(p.t, before, with.NextSeq, "%s: %s stands right before it", what, m.Name())
		require.NotNil(p.t, with.Poison, what)
		require.Equal(p.t, poison.ID.String(), with.Poison.Event, what)
		require.Equal(p.t, poison.Position, with.Poison.Position, what)
		require.NotEmpty(p.t, with.Poison.Cause, what)
		require.Equal(p.t, p.rows[m.Name()], p.dump(together, m), "%s: %s applied all before it and nothing of it", what, m.Name())
	}
	return stopped
}
