//go:build linux

package campaign

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/domain/outcome"
	"github.com/partnerledger/partnerledger/domain/vocabulary"
	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/internal/wire"
	"github.com/partnerledger/partnerledger/internal/workload/expected"
	"github.com/partnerledger/partnerledger/internal/workload/inmemory"
	"github.com/partnerledger/partnerledger/projections"
	"github.com/partnerledger/partnerledger/projections/outcomes"
	"github.com/partnerledger/partnerledger/projections/sqldb"
	"github.com/partnerledger/partnerledger/projections/state"
	"github.com/partnerledger/partnerledger/projections/timeline"
)

// check holds everything against everything else once the writer has been answered. What it finds is damage, a
// sentence each.
func (c *campaign) check() (damage []string) {
	acknowledged, position, damage := c.writer.acknowledged()
	log, err := c.readLog()
	if err != nil {
		return append(damage, "the log can't be read: "+err.Error())
	}
	damage = append(damage, c.unaltered(log)...)
	c.log = log
	damage = append(damage, c.present(acknowledged)...)
	damage = append(damage, c.asInMemory(position)...)
	damage = append(damage, c.asRebuilt()...)
	return append(damage, c.subscriber.wrong(log)...)
}

func (c *campaign) readLog() (log []eventstore.Recorded, err error) {
	for e, err := range c.world.store.ReadAll(c.t.Context(), eventstore.Beginning) {
		if err != nil {
			return nil, err
		}
		log = append(log, e)
	}
	return log, nil
}

// unaltered says that the log only grew.
func (c *campaign) unaltered(log []eventstore.Recorded) []string {
	for i, before := range c.log {
		if i >= len(log) || fmt.Sprint(before) != fmt.Sprint(log[i]) {
			return []string{fmt.Sprintf("event %d of the log, %s, isn't what it was", i, before.ID)}
		}
	}
	return nil
}

// present says that every acknowledged command is in the log once, with the outcome that was answered, and that no
// other command is there.
func (c *campaign) present(acknowledged map[string]wire.Answer) (damage []string) {
	codec := eventstore.NewCodec(vocabulary.Events(), nil)
	times, left := map[string]int{}, map[string]int{}
	for _, e := range c.log {
		fact, meta, err := codec.Decode(e)
		if err != nil {
			damage = append(damage, fmt.Sprintf("event %s can't be read: %v", e.ID, err))
			continue
		}
		times[e.ID.String()]++
		left[string(meta.CausationID)]++
		refused, isRefusal := fact.(outcome.CommandRefused)
		a, known := acknowledged[string(meta.CausationID)]
		switch {
		case !known && !isRefusal: // a refusal of an id used twice has an id of its own
			damage = append(damage, fmt.Sprintf("event %s is of command %s, which was never acknowledged", e.ID, meta.CausationID))
		case known && isRefusal != (a.Status == wire.Refused), known && isRefusal && string(refused.Code) != a.Code:
			damage = append(damage, fmt.Sprintf("command %s was answered %s %s, but event %s is a %s", a.CommandID, a.Status, a.Code, e.ID, e.Type))
		}
	}
	for id, n := range times {
		if n > 1 {
			damage = append(damage, fmt.Sprintf("event %s is in the log %d times", id, n))
		}
	}
	for id, a := range acknowledged {
		for _, event := range a.EventIDs {
			if times[event] != 1 {
				damage = append(damage, fmt.Sprintf("event %s of the acknowledged command %s is in the log %d times", event, id, times[event]))
			}
		}
		if left[id] == 0 {
			damage = append(damage, fmt.Sprintf("the acknowledged command %s left nothing in the log", id))
		}
	}
	return damage
}

// asInMemory says the same lines to a ledger in memory that nothing ever happens to, and compares the log and the state.
func (c *campaign) asInMemory(position string) (damage []string) {
	t, ctx := c.t, c.t.Context()
	require.NoError(t, c.memory.Play(ctx, bytes.NewReader(bytes.Join(c.writer.lines[c.played:c.writer.answered()], nil))))
	c.played = c.writer.answered()
	events, err := c.memory.Events(ctx)
	require.NoError(t, err)
	if len(events) != len(c.log) {
		damage = append(damage, fmt.Sprintf("the log has %d events, the one in memory %d", len(c.log), len(events)))
	}
	for i := range min(len(events), len(c.log)) {
		if want, got := placed(events[i].Recorded), placed(c.log[i]); want != got {
			damage = append(damage, fmt.Sprintf("event %d of the log is %s, in memory %s", i, got, want))
			break
		}
	}
	got, err := c.state(position)
	if err != nil {
		return append(damage, err.Error())
	}
	for _, d := range expected.Differences(expected.Unread(c.stateInMemory(events)), got) {
		damage = append(damage, "the state differs from that in memory: "+d)
	}
	if c.writer.answered() == len(c.writer.lines) && c.final != nil {
		for _, d := range expected.Differences(expected.Unread(c.final), got) {
			damage = append(damage, "the state differs from what others computed: "+d)
		}
	}
	return damage
}

// placed is an event and its place. The id of some refusals follows from a keyed digest, and no two ledgers share keys.
func placed(e eventstore.Recorded) string {
	if e.Type == (outcome.CommandRefused{}).EventType() {
		return fmt.Sprintf("%s@%d %s", e.Stream, e.Revision, e.Type)
	}
	return fmt.Sprintf("%s@%d %s %s", e.Stream, e.Revision, e.Type, e.ID)
}

// state asks the ledger, as anybody would, once its read models have seen the position.
func (c *campaign) state(position string) (got map[string]any, err error) {
	there := until(c.t.Context(), c.world.patience, func() bool {
		err = c.world.client.Document(c.t.Context(), "/v1/state", url.Values{"atLeast": {position}}, &got)
		return err == nil
	})
	if !there {
		return nil, fmt.Errorf("the read models didn't reach position %s within %s: %w\n%s", position, c.world.patience, err, c.world.lastWords())
	}
	return got, nil
}

func (c *campaign) stateInMemory(events []projections.Event) (plain map[string]any) {
	t, ctx := c.t, c.t.Context()
	if c.memoryDB == nil {
		var drop func()
		c.memoryDB, drop = c.freshDB()
		t.Cleanup(drop)
		require.NoError(t, inmemory.Prepare(ctx, c.memoryDB, inmemory.ReadModels()...))
	}
	db := c.memoryDB
	require.NoError(t, inmemory.Apply(ctx, db, events[c.applied:], inmemory.ReadModels()...))
	c.applied = len(events)
	a := state.Assembler{Journal: c.memory.Journal(), Reveal: inmemory.Reveal}
	require.NoError(t, db.Snapshot(ctx, func(r sqldb.Reader) error {
		d, err := a.Document(ctx, r, state.Question{})
		if err != nil {
			return err
		}
		text, err := json.Marshal(d)
		if err != nil {
			return err
		}
		return json.Unmarshal(text, &plain)
	}))
	return plain
}

// freshDB is an empty database; drop removes it, for the disk has no room for one from each round.
func (c *campaign) freshDB() (db *sqldb.DB, drop func()) {
	c.dbs++
	dir := filepath.Join(c.scratch, fmt.Sprint("fresh", c.dbs))
	db, err := sqldb.Open(c.t.Context(), "sqlite:"+filepath.Join(dir, "models.db"))
	require.NoError(c.t, err)
	return db, func() { _ = errors.Join(db.Close(), os.RemoveAll(dir)) }
}

// readModels are all there are.
func readModels() []projections.Projection {
	return append(inmemory.ReadModels(), outcomes.Projection{}, timeline.Projection{})
}

// asRebuilt makes all read models anew from the log in a fresh database, and compares every row of every table.
func (c *campaign) asRebuilt() (damage []string) {
	if len(c.log) == 0 {
		return nil
	}
	fresh, drop := c.freshDB()
	defer drop()
	c.rebuild(fresh)
	tables := tablesOf(readModels()...)
	want, err := fresh.Dump(c.t.Context(), tables...)
	require.NoError(c.t, err)
	var got string
	same := until(c.t.Context(), c.world.patience, func() bool {
		if got, err = c.world.db.Dump(c.t.Context(), tables...); err != nil {
			return false
		}
		return got == want || c.settled()
	})
	switch {
	case err != nil:
		damage = append(damage, "the read models can't be read: "+err.Error())
	case !same:
		damage = append(damage, "the read models didn't come to the end of the log: "+firstDifference(want, got)+c.standstill())
	case got != want:
		damage = append(damage, "the read models differ from a clean rebuild: "+firstDifference(want, got))
	}
	return damage
}

// standstill names the projections that stopped at an event, and why.
func (c *campaign) standstill() string {
	rows, err := c.world.db.Query(c.t.Context(), "SELECT name, error FROM projection_checkpoints WHERE status = 'stopped'")
	if err != nil {
		return ""
	}
	defer rows.Close()
	var out strings.Builder
	for rows.Next() {
		var name, why string
		if rows.Scan(&name, &why) == nil {
			fmt.Fprintf(&out, "; %s stopped: %s", name, why)
		}
	}
	return out.String()
}

// settled tells whether every projection has seen the whole log, so that what differs now will always differ.
func (c *campaign) settled() bool {
	positions, err := c.checkpoints(c.world.db)
	for _, at := range positions {
		if at != int64(c.log[len(c.log)-1].Position) {
			return false
		}
	}
	return err == nil && len(positions) >= len(readModels())
}

func (c *campaign) checkpoints(db *sqldb.DB) (positions []int64, err error) {
	rows, err := db.Query(c.t.Context(), "SELECT position FROM projection_checkpoints WHERE build = 'live'")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var p int64
		if err := rows.Scan(&p); err != nil {
			return nil, err
		}
		positions = append(positions, p)
	}
	return positions, rows.Err()
}

func (c *campaign) rebuild(db *sqldb.DB) {
	ctx, stop := context.WithCancel(c.t.Context())
	models, err := projections.NewModels(ctx, db, readModels()...)
	require.NoError(c.t, err)
	runner := projections.NewRunner(models, logged(c.log), eventstore.NewCodec(vocabulary.Events(), nil), projections.Options{})
	ended := make(chan error, 1)
	go func() { ended <- runner.Run(ctx) }()
	require.NoError(c.t, models.Wait(ctx, c.log[len(c.log)-1].Position))
	stop()
	<-ended
}

// logged is a source of events that were read.
type logged []eventstore.Recorded

// Events yields what comes after, and then nothing until ctx ends.
func (l logged) Events(ctx context.Context, after eventstore.Cursor) iter.Seq2[eventstore.Sequenced, error] {
	return func(yield func(eventstore.Sequenced, error) bool) {
		for i := int(after.NextSeq); i < len(l); i++ {
			if !yield(eventstore.Sequenced{Recorded: l[i], Seq: uint64(i)}, nil) {
				return
			}
		}
		<-ctx.Done()
		yield(eventstore.Sequenced{}, ctx.Err())
	}
}

// tablesOf are those that read models make.
func tablesOf(models ...projections.Projection) (names []string) {
	for _, m := range models {
		for line := range strings.Lines(m.Schema()) {
			if rest, ok := strings.CutPrefix(line, "CREATE TABLE IF NOT EXISTS "); ok {
				name, _, _ := strings.Cut(rest, " ")
				names = append(names, name)
			}
		}
	}
	return names
}

func firstDifference(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	table := ""
	for i := range min(len(w), len(g)) {
		if !strings.HasPrefix(w[i], "\t") {
			table = w[i]
		}
		if w[i] != g[i] {
			return fmt.Sprintf("%s: %q, rebuilt %q", table, g[i], w[i])
		}
	}
	return fmt.Sprintf("%d rows, rebuilt %d", len(g), len(w))
}
