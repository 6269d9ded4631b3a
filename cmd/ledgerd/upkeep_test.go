package main

import (
	"context"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/domain/upkeep"
	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/internal/wire"
)

// poison appends an event that no read model can take in, and waits until all of them stand still at it.
func (d *inside) poison() uuid.UUID {
	d.t.Helper()
	id := uuid.New()
	_, err := d.store.Append(d.t.Context(), "lunch-"+id.String(), eventstore.NoStream,
		eventstore.Proposed{ID: id, Type: "LunchEaten", Data: []byte(`{}`), Metadata: []byte(`{}`)})
	require.NoError(d.t, err)
	d.awaitAll(func(m wire.ReadModel) bool {
		return m.State == "stopped" && m.Poison != nil && m.Poison.EventID == id.String()
	})
	return id
}

func (d *inside) readModels() (all []wire.ReadModel) {
	d.t.Helper()
	return decoded[wire.ReadModels](d.t, d.get("/v1/projections"), http.StatusOK).Items
}

func (d *inside) awaitAll(is func(wire.ReadModel) bool) {
	d.t.Helper()
	require.Eventually(d.t, func() bool {
		for _, m := range d.readModels() {
			if !is(m) {
				return false
			}
		}
		return true
	}, 30*time.Second, 10*time.Millisecond)
}

// over waits until these orders are over and gives what became of them.
func (d *inside) over(r reply) (list []wire.ProjectionOrder) {
	d.t.Helper()
	query := []string{}
	for _, o := range decoded[wire.ProjectionOrders](d.t, r, http.StatusAccepted).Items {
		query = append(query, o.ID)
	}
	require.NotEmpty(d.t, query)
	require.Eventually(d.t, func() bool {
		list = decoded[wire.ProjectionOrders](d.t, d.get("/v1/projections/orders?id="+strings.Join(query, ",")), http.StatusOK).Items
		for _, o := range list {
			if !o.Over() {
				return false
			}
		}
		return len(list) == len(query)
	}, time.Minute, 10*time.Millisecond)
	return list
}

func decoded[T any](t testing.TB, r reply, status int) (v T) {
	t.Helper()
	require.Equal(t, status, r.status, r.body)
	require.NoError(t, json.Unmarshal([]byte(r.body), &v), r.body)
	return v
}

func (d *inside) skip(projection, body string) reply {
	d.t.Helper()
	return d.send(http.MethodPost, "/v1/projections/"+projection+"/skip", "application/json", body)
}

func (d *inside) order(names, kind string) reply {
	d.t.Helper()
	return d.send(http.MethodPost, "/v1/projections/"+names+"/"+kind, "", "")
}

const because = `{"reason": "written by hand", "userPrincipalName": "kim@operators.example"}`

// Ensure a poison event stops the read models where everybody can see it; that it is passed over only for a reason,
// on record, and once; and that a rebuild passes over it as well, so that it makes the same rows.
func TestUpkeep_APoisonEventIsSkippedOnRecord(t *testing.T) {
	d := start(t, "--allow-history")
	d.play("tiny.jsonl", 60)
	event := d.poison()
	before := d.head()
	for _, m := range d.readModels() {
		require.Contains(t, m.Poison.Error, "LunchEaten")
		require.Equal(t, uint64(1), *m.Lag)
	}

	refused := d.skip("timeline", `{"userPrincipalName": "kim@operators.example", "reason": " "}`).problem(t)
	require.Equal(t, []any{http.StatusUnprocessableEntity, "reason-missing"}, []any{refused.Status, refused.Code})
	refused = d.skip("timeline", `{"reason": "it is in the way"}`).problem(t)
	require.Equal(t, []any{http.StatusUnprocessableEntity, "user-missing"}, []any{refused.Status, refused.Code})
	refused = d.skip("lunch", because).problem(t)
	require.Equal(t, []any{http.StatusNotFound, "unknown-projection"}, []any{refused.Status, refused.Code})
	require.Contains(t, refused.Detail, "there are outcomes, partners, customers, subscriptions, credit, timeline")
	require.Equal(t, before, d.head(), "nothing of that is on record")
	refused = d.skip("timeline", `{"eventId": "`+uuid.NewString()+`", `+because[1:]).problem(t)
	require.Equal(t, []any{http.StatusConflict, "nothing-to-skip"}, []any{refused.Status, refused.Code})
	require.Contains(t, refused.Detail, event.String())

	for _, m := range d.readModels() {
		done := decoded[wire.Skipped](t, d.skip(m.Name, because), http.StatusAccepted)
		require.Equal(t, event.String(), done.EventID)
		require.False(t, done.Repeated)
	}
	d.awaitAll(func(m wire.ReadModel) bool { return m.State == "running" && *m.Lag == 0 && m.Poison == nil })
	require.NoError(t, d.models.Wait(t.Context(), d.head()))

	end := d.head()
	twice := decoded[wire.Skipped](t, d.skip("timeline", `{"eventId": "`+event.String()+`", `+because[1:]), http.StatusAccepted)
	require.True(t, twice.Repeated)
	require.NotEqual(t, end, d.head(), "that it was asked for again is on record")
	refused = d.skip("timeline", because).problem(t)
	require.Equal(t, "nothing-to-skip", refused.Code, "none is in the way")

	entries := d.get("/v1/timeline?limit=1000&atLeast=" + twice.Position).page(t).Items
	shown := 0
	for _, e := range entries {
		if text := string(e); strings.Contains(text, "event "+event.String()+" (LunchEaten) at position") {
			shown++
			require.Contains(t, text, `"reason":"written by hand"`)
			require.Contains(t, text, "kim@operators.example")
			require.Contains(t, text, string(upkeep.Operator))
		}
	}
	require.Equal(t, len(readModels()), shown)
	tried := d.get("/v1/activity?limit=1000&user=kim@operators.example").page(t).Items
	require.Len(t, tried, len(readModels())+2, "with the refusal and what changed nothing")

	for _, o := range d.over(d.order("all", "rebuild")) {
		require.Equal(t, wire.OrderDone, o.State, o.Report)
		require.Regexp(t, `^\d+ rows in \d+ tables? are the same as they were$`, o.Report)
	}
	for _, m := range d.readModels() {
		require.True(t, m.Prior, m.Name)
		require.Equal(t, "rebuild", m.Order.Kind)
	}
}

// Ensure a command id that is said again is answered as the first time, and with other content refused.
func TestUpkeep_ASkipIsKnownByItsCommandID(t *testing.T) {
	d := start(t)
	d.poison()
	body := `{"commandId": "` + uuid.NewString() + `", ` + because[1:]
	first := decoded[wire.Skipped](t, d.skip("credit", body), http.StatusAccepted)
	require.False(t, first.Repeated)
	d.awaitAll(func(m wire.ReadModel) bool { return m.Name != "credit" || m.State == "running" })
	head := d.head()
	named := strings.Replace(body, "{", `{"eventId": "`+first.EventID+`", `, 1)
	again := decoded[wire.Skipped](t, d.skip("credit", named), http.StatusAccepted)
	require.True(t, again.Repeated)
	require.Equal(t, first.Position, again.Position)
	require.Equal(t, head, d.head())
	refused := d.skip("credit", strings.Replace(named, "by hand", "by foot", 1)).problem(t)
	require.Equal(t, []any{http.StatusConflict, "command-id-reused"}, []any{refused.Status, refused.Code})
}

// Ensure a ledger that is started while its read models stand still can be looked after, and answers once they go on.
func TestUpkeep_IsThereWhileTheLedgerStarts(t *testing.T) {
	data := t.TempDir()
	func() {
		c, err := parse([]string{"--data", data, "--http", "127.0.0.1:0"}, none)
		require.NoError(t, err)
		l := &ledger{config: c, log: c.logger()}
		require.NoError(t, l.open(t.Context()))
		_, err = l.store.Append(t.Context(), "lunch-1", eventstore.NoStream, eventstore.Proposed{ID: uuid.New(), Type: "LunchEaten", Data: []byte(`{}`), Metadata: []byte(`{}`)})
		require.NoError(t, err)
		require.NoError(t, l.close())
	}()
	c, err := parse([]string{"--data", data, "--http", "127.0.0.1:0", "--log-level", "error"}, none)
	require.NoError(t, err)
	out, ctx := &announced{}, t.Context()
	l := &ledger{config: c, log: c.logger()}
	require.NoError(t, l.open(ctx))
	ctx, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- l.run(ctx, out) }()
	t.Cleanup(func() {
		stop()
		require.NoError(t, <-ended)
		require.NoError(t, l.close())
	})
	d := &inside{ledger: l, t: t, address: l.front.address}
	require.Eventually(t, func() bool { return d.get("/v1/projections").status == http.StatusOK }, 30*time.Second, time.Millisecond)
	d.awaitAll(func(m wire.ReadModel) bool { return m.State == "stopped" })
	require.Equal(t, http.StatusServiceUnavailable, d.get("/v1/resellers").status)
	for _, m := range d.readModels() {
		if m.Name != "outcomes" {
			decoded[wire.Skipped](t, d.skip(m.Name, because), http.StatusAccepted)
		}
	}
	d.awaitAll(func(m wire.ReadModel) bool { return m.State == "running" || m.Name == "outcomes" })
	require.Equal(t, http.StatusServiceUnavailable, d.get("/v1/resellers").status, "without outcomes no command would be recognized")
	decoded[wire.Skipped](t, d.skip("outcomes", because), http.StatusAccepted)
	require.Eventually(t, func() bool { return out.address() != "" }, 30*time.Second, time.Millisecond)
	require.Len(t, d.get("/v1/timeline").page(t).Items, len(readModels()))
}

// Ensure orders are refused as a whole where one of the projections doesn't exist, and that what can't be done says so.
func TestUpkeep_Orders(t *testing.T) {
	d := start(t)
	refused := d.order("timeline,lunch", "rebuild").problem(t)
	require.Equal(t, []any{http.StatusNotFound, "unknown-projection"}, []any{refused.Status, refused.Code})
	require.Contains(t, refused.Detail, "There is no projection lunch;")
	require.Equal(t, `{"items":[]}`, strings.TrimSpace(d.get("/v1/projections/orders").body))

	failed := d.over(d.order("timeline", "rollback"))
	require.Equal(t, wire.OrderFailed, failed[0].State)
	require.Contains(t, failed[0].Report, "no build of timeline from before is kept")
	require.Len(t, d.over(d.order("timeline,credit,timeline", "rebuild")), 2, "each once")
	require.Equal(t, wire.OrderDone, d.over(d.order("timeline", "rollback"))[0].State)
	require.Equal(t, wire.OrderDone, d.over(d.order("timeline,credit", "drop"))[1].State)
	for _, m := range d.readModels() {
		require.False(t, m.Prior)
	}
	require.Equal(t, wire.OrderDone, d.over(d.order("all", "retry"))[5].State, "which does nothing to those that run")
	require.FileExists(t, filepath.Join(d.config.Data, "readmodels.db"))
}
