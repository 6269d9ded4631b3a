//go:build linux

package campaign

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/internal/wire"
)

// say says lines that nothing happens to, and wants everything whole then.
func (c *campaign) say(to int) {
	c.t.Helper()
	c.writer.let(to)
	require.NoError(c.t, c.writer.say(c.t.Context(), to, 0, false), "%s", c.world.lastWords())
	require.Empty(c.t, c.check())
	require.Empty(c.t, c.streamIsWhole())
}

// rows are those of all read models in the database of the world.
func (c *campaign) rows() string {
	c.t.Helper()
	text, err := c.world.db.Dump(c.t.Context(), tablesOf(readModels()...)...)
	require.NoError(c.t, err)
	return text
}

// Ensure that when the event store comes back as an older copy of itself, relays, projectors and subscribers halt and say
// so, also once its new history is as long as the old one was, and mix nothing of it into what was made of the old one.
func TestWorld_HaltsWhenTheLogWentBack(t *testing.T) {
	text, _ := workloadOf(t, 1, 0)
	c := newCampaign(t, buildLedgerd(t), "", text)
	w := c.world
	c.say(150)
	backup := filepath.Join(c.scratch, "eventstore")
	w.eventStore.down(syscall.SIGTERM)
	require.NoError(t, os.CopyFS(backup, os.DirFS(w.path("eventstore"))))
	w.eventStore.up()
	c.say(300)
	rows, seen := c.rows(), len(c.subscriber.seen)

	all := w.mark(w.parts()...)
	w.api.down(syscall.SIGTERM)
	w.eventStore.down(syscall.SIGTERM)
	require.NoError(t, empty(w.path("eventstore")))
	require.NoError(t, os.CopyFS(w.path("eventstore"), os.DirFS(backup)))
	w.eventStore.up()
	w.await("the event store", w.eventStore.isReady)
	other := eventstore.Proposed{Type: "Other", Data: []byte(`{"filler":"` + strings.Repeat("x", 20_000) + `"}`), Metadata: []byte("{}")}
	for i := range eventstore.Revision(100) {
		other.ID = uuid.New()
		_, err := w.store.Append(t.Context(), "other-history", i-1, other)
		require.NoError(t, err)
	}
	for _, p := range append(append([]*process{}, w.relays...), w.projectors...) {
		w.await(p.name+" halts", func() bool {
			return (marks{p: all[p]}).said(`event store went back in time`) > 0
		})
	}
	w.await("the subscriber halts", func() bool {
		c.subscriber.mu.Lock()
		defer c.subscriber.mu.Unlock()
		return c.subscriber.failed != nil
	})
	require.ErrorIs(t, c.subscriber.failed, eventstore.ErrWentBack)
	require.Len(t, c.subscriber.seen, seen)
	require.Equal(t, rows, c.rows(), "nothing of the other history is in the read models")
	require.NoError(t, c.readStream(), "nor in the stream")
}

// Ensure a poison event in the log stops the projections that cannot apply it where everybody can see it, and no process:
// commands go on being taken, and asking for another try changes nothing as long as the event is what it is.
func TestWorld_ShowsPoison(t *testing.T) {
	text, _ := workloadOf(t, 1, 0)
	c := newCampaign(t, buildLedgerd(t), "", text)
	w := c.world
	c.say(150)
	for i, poison := range []eventstore.Proposed{
		{ID: uuid.New(), Type: "Unheard", Data: []byte(`{}`), Metadata: []byte(`{}`)},
		{ID: uuid.New(), Type: c.log[0].Type, Data: []byte(`{"tru`), Metadata: c.log[0].Metadata},
		{ID: uuid.New(), Type: c.log[0].Type, Data: c.log[0].Data, Metadata: []byte("\x00\xff")},
	} {
		_, err := w.store.Append(t.Context(), fmt.Sprint("poison-", i), eventstore.NoStream, poison)
		require.NoError(t, err)
		if i > 0 {
			continue // nobody gets that far
		}
		var status wire.Condition
		w.await("the projections stop", func() bool {
			status = wire.Condition{}
			return w.client.Document(t.Context(), "/v1/status", nil, &status) == nil && stoppedAt(status, poison.ID.String()) == len(readModels())
		})
	}
	c.writer.let(200)
	require.NoError(t, c.writer.say(t.Context(), 200, 0, false), "commands are taken all the same")
	require.Empty(t, c.endings(fault{}))
}

// stoppedAt counts projections that say that they stand still at an event.
func stoppedAt(status wire.Condition, event string) (n int) {
	for _, p := range status.Parts {
		if p.Kind == wire.Projection && p.State == "stopped" && strings.Contains(p.Error, event) {
			n++
		}
	}
	return n
}
