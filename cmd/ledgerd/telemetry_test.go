package main

import (
	"bufio"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/partnerledger/partnerledger/eventstore"
)

// traced is a daemon whose spans are kept.
func traced(t *testing.T) (*inside, *tracetest.InMemoryExporter) {
	t.Helper()
	spans := tracetest.NewInMemoryExporter()
	return startWith(t, func(c *config) { c.spans = spans }), spans
}

// of gives the spans of one trace by name, once those of all projections have come.
func of(t *testing.T, spans *tracetest.InMemoryExporter, trace string) map[string]tracetest.SpanStubs {
	t.Helper()
	found := map[string]tracetest.SpanStubs{}
	require.Eventually(t, func() bool {
		clear(found)
		for _, s := range spans.GetSpans() {
			if s.SpanContext.TraceID().String() == trace {
				found[s.Name] = append(found[s.Name], s)
			}
		}
		return len(found["ledger.projection apply"]) >= len(readModels()) && len(found["ledger.relay publish"]) > 0
	}, 10*time.Second, 5*time.Millisecond)
	return found
}

func attributes(s tracetest.SpanStub) map[string]any {
	all := map[string]any{}
	for _, a := range s.Attributes {
		all[string(a.Key)] = a.Value.AsInterface()
	}
	return all
}

const callersTrace, callersSpan = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"

// Ensure one trace, that of the caller, follows a command from the request over append and feed to the rows
// of every projection, and that the event carries it.
func TestOneCommandIsOneTrace(t *testing.T) {
	d, spans := traced(t)
	r := d.send(http.MethodPost, "/v1/commands", "application/json", anyone(), "traceparent", "00-"+callersTrace+"-"+callersSpan+"-01")
	answer := r.answer(t)
	found := of(t, spans, callersTrace)

	request, command, appended := found["POST /v1/commands"][0], found["ledger.command"][0], found["ledger.append"][0]
	require.Equal(t, callersSpan, request.Parent.SpanID().String())
	require.Equal(t, request.SpanContext.SpanID(), command.Parent.SpanID())
	require.Equal(t, command.SpanContext.SpanID(), appended.Parent.SpanID())
	require.EqualValues(t, http.StatusOK, attributes(request)["http.response.status_code"])
	require.Equal(t, "EnrollReseller", attributes(command)["ledger.command.type"])
	require.Equal(t, "reseller", attributes(appended)["ledger.stream.category"])
	require.EqualValues(t, 1, attributes(appended)["ledger.events"])

	require.Len(t, found["ledger.relay publish"], 1)
	var projected []string
	for _, s := range slices.Concat(found["ledger.relay publish"], found["ledger.projection apply"], found["ledger.append"]) {
		require.Equal(t, answer.Position, position(eventstore.Position(attributes(s)["ledger.position"].(int64))), s.Name)
	}
	for _, s := range slices.Concat(found["ledger.relay publish"], found["ledger.projection apply"]) {
		require.Equal(t, command.SpanContext.SpanID(), s.Parent.SpanID(), "the event carries the command's span")
		require.False(t, s.EndTime.Before(s.StartTime))
	}
	for _, s := range found["ledger.projection apply"] {
		projected = append(projected, attributes(s)["ledger.projection.name"].(string))
		require.Positive(t, attributes(s)["messaging.batch.message_count"])
	}
	var names []string
	for _, p := range readModels() {
		names = append(names, p.Name())
	}
	require.ElementsMatch(t, names, projected)
}

// Ensure each command of a stream is a trace of its own, linked to the request that brought it.
func TestCommandsOfAStreamAreTracesOfTheirOwn(t *testing.T) {
	d, spans := traced(t)
	d.many(anyone() + "\n" + anyone() + "\n")
	var request tracetest.SpanStub
	var commands tracetest.SpanStubs
	require.Eventually(t, func() bool {
		commands = nil
		for _, s := range spans.GetSpans() {
			switch s.Name {
			case "POST /v1/commands":
				request = s
			case "ledger.command":
				commands = append(commands, s)
			}
		}
		return request.Name != "" && len(commands) == 2
	}, 10*time.Second, 5*time.Millisecond)
	require.NotEqual(t, commands[0].SpanContext.TraceID(), commands[1].SpanContext.TraceID())
	for _, c := range commands {
		require.NotEqual(t, request.SpanContext.TraceID(), c.SpanContext.TraceID())
		require.False(t, c.Parent.IsValid())
		require.Len(t, c.Links, 1)
		require.Equal(t, request.SpanContext.TraceID(), c.Links[0].SpanContext.TraceID())
		require.Len(t, of(t, spans, c.SpanContext.TraceID().String())["ledger.append"], 1)
	}
}

// Ensure a caller who asks for no spans gets none, and that nothing goes on record; without tracing what a
// caller asked for is carried on for those who trace elsewhere.
func TestWhatIsNotSampledLeavesNothing(t *testing.T) {
	d, spans := traced(t)
	d.send(http.MethodPost, "/v1/commands", "application/json", anyone(), "traceparent", "00-"+callersTrace+"-"+callersSpan+"-00").answer(t)
	require.NoError(t, d.models.Wait(t.Context(), d.head()))
	require.Empty(t, spans.GetSpans())
	require.Empty(t, d.traceparents())

	plain := start(t)
	plain.send(http.MethodPost, "/v1/commands", "application/json", anyone(), "traceparent", "00-"+callersTrace+"-"+callersSpan+"-01").answer(t)
	plain.one(anyone()).answer(t)
	require.Equal(t, []string{"00-" + callersTrace + "-" + callersSpan + "-01"}, plain.traceparents())
}

// traceparents are those that stand in the log.
func (d *inside) traceparents() (all []string) {
	d.t.Helper()
	for e, err := range d.store.ReadAll(d.t.Context(), eventstore.Beginning) {
		require.NoError(d.t, err)
		var meta eventstore.Metadata
		require.NoError(d.t, json.Unmarshal(e.Metadata, &meta))
		if meta.Traceparent != "" {
			all = append(all, meta.Traceparent)
		}
	}
	return all
}

var (
	anyID    = regexp.MustCompile(`[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}`)
	anyEmail = regexp.MustCompile(`[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+`)
	anyHost  = regexp.MustCompile(`[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.(?:example|invalid|test)`)
)

// told are all ids, addresses, domains, names and texts of a workload's commands that are long enough to be
// told from a word of the vocabulary.
func told(t *testing.T, file string) map[string]bool {
	t.Helper()
	all := map[string]bool{}
	text, err := os.Open(filepath.Join(workloads, file))
	require.NoError(t, err)
	defer text.Close()
	lines := bufio.NewScanner(text)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		for _, pattern := range []*regexp.Regexp{anyID, anyEmail, anyHost} {
			for _, found := range pattern.FindAllString(lines.Text(), -1) {
				all[strings.ToLower(found)] = true
			}
		}
		var line map[string]any
		require.NoError(t, json.Unmarshal(lines.Bytes(), &line))
		people(line, all)
	}
	require.NoError(t, lines.Err())
	return all
}

// personalFields are the fields that hold what people and companies are called.
var personalFields = []string{"name", "companyName", "firstName", "lastName", "email", "phoneNumber", "addressLine1", "city", "userPrincipalName", "message"}

func people(v any, all map[string]bool) {
	switch v := v.(type) {
	case map[string]any:
		for name, item := range v {
			if s, ok := item.(string); ok && slices.Contains(personalFields, name) && len(s) > 5 {
				all[strings.ToLower(s)] = true
			}
			people(item, all)
		}
	case []any:
		for _, item := range v {
			people(item, all)
		}
	}
}

// Ensure neither metrics nor spans nor health tell an id, a tenant, a user or anything personal, with a
// workload behind them that has thousands of each, and queries by id.
func TestMetricsTellNothingPersonal(t *testing.T) {
	spans := tracetest.NewInMemoryExporter()
	d := startWith(t, func(c *config) { c.spans = spans }, "--allow-history")
	d.play("tiny.jsonl", 0)
	secret := told(t, "tiny.jsonl")
	require.Greater(t, len(secret), 2000)
	some := ""
	for id := range secret {
		if anyID.MatchString(id) {
			some = id
			d.get("/v1/customers/" + id + "/" + id + "?asOf=2022-01-01T00:00:00Z")
			d.get("/v1/resellers?provider=" + id)
			d.get("/" + id)
			d.send("X"+id[:8], "/v1/resellers", "", "")
			break
		}
	}
	require.NotEmpty(t, some)
	shown := map[string]string{"metrics": d.get("/metrics").body, "ready": d.get("/health/ready").body, "live": d.get("/health/live").body}
	require.Contains(t, shown["metrics"], `ledger_commands_total{ledger_command_status="accepted",ledger_command_type="AddCustomer"}`)
	require.Contains(t, shown["metrics"], `http_route="/v1/customers/{provider}/{customer}"`)
	var said strings.Builder
	for _, s := range spans.GetSpans() {
		text, err := json.Marshal(attributes(s))
		require.NoError(t, err)
		said.WriteString(s.Name + " " + s.Status.Description + " " + string(text) + "\n")
	}
	shown["spans"] = said.String()
	require.Contains(t, shown["spans"], "ledger.append")
	for where, text := range shown {
		text = strings.ToLower(text)
		for word := range secret {
			if strings.Contains(text, word) {
				assert.Fail(t, where+" tells "+word)
			}
		}
		assert.NotRegexp(t, anyID, text, where)
		assert.NotRegexp(t, anyEmail, text, where)
		assert.NotContains(t, text, "x"+some[:8])
	}
}

// Ensure the metrics are those that operators were promised, and that what happened is counted.
func TestMetricsCount(t *testing.T) {
	d := start(t)
	d.one(anyone()).answer(t)
	d.many("canary\n" + change(anyone(), `"ReferenceFeed"`, `"Auditor"`) + "\n")
	require.NoError(t, d.models.Wait(t.Context(), d.head()))
	wanted := []string{
		`ledger_commands_total{ledger_command_status="accepted",ledger_command_type="EnrollReseller"} 1`,
		`ledger_commands_total{ledger_command_code="role-not-permitted",ledger_command_status="refused",ledger_command_type="EnrollReseller"} 1`,
		`ledger_commands_total{ledger_command_code="not-json",ledger_command_status="refused",ledger_command_type="unreadable"} 1`,
		`ledger_command_duration_seconds_count{ledger_command_status="accepted"} 1`,
		`ledger_appends_total{ledger_append_result="appended",ledger_stream_category="reseller"} 1`,
		`ledger_append_events_total{ledger_stream_category="refusals"} 1`,
		`ledger_submissions_total{ledger_submission_result="whole"} 1`, `ledger_submissions_active 0`,
		`ledger_events 2`, `ledger_relay_published_total 2`, `ledger_relay_healed_total 0`, `ledger_relay_doubts_total 0`, `ledger_relay_standby 0`,
		`ledger_projection_lag_events{ledger_projection_name="timeline"} 0`, `ledger_projection_lag_seconds{ledger_projection_name="timeline"} 0`,
		`ledger_projection_stopped{ledger_projection_name="timeline"} 0`, `ledger_projection_batch_size_sum{ledger_projection_name="timeline"} 2`,
		`ledger_source_on_feed 1`, `ledger_source_on_log 0`, `ledger_source_repeats_total 0`, `go_goroutines `, `process_resident_memory_bytes `,
		`ledger_projection_position{ledger_projection_name="timeline"} `, `ledger_projection_rate_per_second{ledger_projection_name="timeline"} `,
		`ledger_projection_commit_duration_seconds_count{ledger_projection_name="timeline"} `,
	}
	var missing []string
	require.Eventually(t, func() bool { // a commit is told of just after those who wait for it have been woken
		text := d.get("/metrics").body
		missing = slices.DeleteFunc(slices.Clone(wanted), func(w string) bool { return strings.Contains(text, "\n"+w) })
		return len(missing) == 0
	}, 5*time.Second, 50*time.Millisecond, "%v", &missing)
}
