package main

import (
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/internal/wire"
)

// Ensure lines decided side by side leave what lines decided one after another leave, also where the daemon is killed
// on the way and told everything again: each stream event by event, each answer, the state, and what is on record.
func TestParallel_LeavesWhatTheOrderOfTheFileLeaves(t *testing.T) {
	keys := newKeys(t)
	calm := newCampaign(t, keys, 0)
	calm.finish()
	t.Run("undisturbed", func(t *testing.T) {
		c := newCampaign(t, keys, 1)
		c.parallel = 64
		c.finish()
		c.sameStreamsAs(calm)
	})
	t.Run("killed", func(t *testing.T) {
		c := newCampaign(t, keys, 2)
		c.parallel = 64
		for _, line := range []int{len(c.lines) / 4, len(c.lines) / 2, len(c.lines) * 3 / 4} {
			c.killWithinStream(line)
		}
		c.finish()
		t.Logf("killed %s", c.killed)
		c.sameStreamsAs(calm)
	})
}

// sameStreamsAs is sameAs but for the order of streams among each other, and for the order in which refusals, and
// commands that changed nothing, stand in streams of their own.
func (c *campaign) sameStreamsAs(calm *campaign) {
	c.t.Helper()
	want, got := byStream(calm.left.events), byStream(c.left.events)
	require.Equal(c.t, slices.Sorted(maps.Keys(want)), slices.Sorted(maps.Keys(got)))
	for stream := range want {
		sameText(c.t, "event of "+stream, want[stream], got[stream])
	}
	sameText(c.t, "line in the journal", calm.left.journal, c.left.journal)
	require.Equal(c.t, calm.left.counts, c.left.counts)
	c.said.holdsIn(c.left)
	require.Len(c.t, c.said.answers, len(c.lines))
	for line, answer := range calm.said.answers {
		other := c.said.answers[line]
		answer.Position, other.Position = "", ""
		require.Equal(c.t, answer, other, "line %d", line)
	}
}

// sealedAnew is the end of a personal text within a command: it is never sealed to the same twice.
var sealedAnew = regexp.MustCompile(`:A[A-Za-z0-9_-]{20,}"`)

var numberedStream = regexp.MustCompile(`^((?:refusals|unchanged)-[^@]*)@\d+ `)

// byStream gives the events of each stream in their order; those of refusals and of what changed nothing have none.
func byStream(events []string) map[string][]string {
	streams := map[string][]string{}
	for _, e := range events {
		stream, _, _ := strings.Cut(e, "@")
		e = sealedAnew.ReplaceAllString(e, `:sealed"`)
		streams[stream] = append(streams[stream], numberedStream.ReplaceAllString(e, "$1 "))
	}
	for stream, events := range streams {
		if numberedStream.MatchString(stream + "@0 ") {
			slices.Sort(events)
		}
	}
	return streams
}

// Ensure what lines say about one customer, or under one id, happens in their order though all are under way at once.
func TestParallel_KeepsTheOrderWithinOneCustomer(t *testing.T) {
	d := start(t, "--allow-history")
	d.play("expected-example/example.jsonl", 12) // to where the customer is added
	const provider, customer = "00000000-0000-4000-8000-000000000010", "00000000-0000-4000-8000-00000000000c"
	line := func(id, seats int) string {
		return fmt.Sprintf(`{"commandId":"7d9ad7b6-2ef8-4f24-b0a1-%012d","type":"ChangeQuantity","at":"2025-01-01T00:00:00Z",`+
			`"actor":{"userPrincipalName":"agent@provider.example","tenantId":%q,"role":"SalesAgent"},`+
			`"data":{"providerTenantId":%q,"customerTenantId":%q,"subscriptionId":"00000000-0000-4000-8000-000000000051","quantity":%d}}`+"\n",
			id, provider, provider, customer, seats)
	}
	var lines strings.Builder
	for i := range 30 {
		lines.WriteString(line(3*i+1, 20+i)) // accepted
		lines.WriteString(line(3*i+2, 301))  // more than the offer allows
		lines.WriteString(line(3*i+1, 20+i)) // said again
		lines.WriteString(line(3*i+1, 50+i)) // another command under the same id
	}
	before := d.head()
	r := d.send(http.MethodPost, "/v1/commands?parallel=256", "application/x-ndjson", lines.String())
	require.Equal(t, http.StatusOK, r.status, r.body)
	var answers []wire.Answer
	for text := range strings.Lines(r.body) {
		var a wire.Answer
		require.NoError(t, json.Unmarshal([]byte(text), &a))
		answers = append(answers, a)
	}
	require.Len(t, answers, 120)
	for i, a := range answers {
		require.EqualValues(t, i+1, a.Line)
		first := answers[i/4*4]
		switch i % 4 {
		case 0:
			require.Equal(t, wire.Accepted, a.Status, "%+v", a)
			require.False(t, a.Repeated)
		case 1:
			require.Equal(t, "quantity-out-of-range", a.Code)
		case 2:
			require.True(t, a.Repeated)
			require.Equal(t, first.EventIDs, a.EventIDs)
		case 3:
			require.Equal(t, "command-id-reused", a.Code)
		}
	}
	next := 20
	for r, err := range d.store.ReadStream(t.Context(), "customer-"+provider+"."+customer, 0) {
		require.NoError(t, err)
		if r.Type == "QuantityChanged" && r.Position > before {
			require.Contains(t, string(r.Data), fmt.Sprintf(`"new":%d`, next))
			next++
		}
	}
	require.Equal(t, 50, next)
}

// Ensure only a number of lines that makes sense is taken.
func TestParallel_HasBounds(t *testing.T) {
	d := start(t)
	for _, n := range []string{"0", "-1", "257", "many", "1.5"} {
		r := d.send(http.MethodPost, "/v1/commands?parallel="+n, "application/x-ndjson", "")
		require.Equal(t, http.StatusBadRequest, r.status, n)
		require.Equal(t, "The parameter parallel must be a number from 1 to 256.", r.problem(t).Detail)
	}
	require.Equal(t, http.StatusOK, d.send(http.MethodPost, "/v1/commands?parallel=256", "application/x-ndjson", "").status)
}
