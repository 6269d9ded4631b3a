package main

import (
	"bytes"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/eventstore/esdbnode"
	"github.com/partnerledger/partnerledger/internal/replay"
	"github.com/partnerledger/partnerledger/internal/wire"
)

func replayed(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	err := run(t.Context(), append([]string{"replay", "--check"}, args...), func(string) string { return "" }, &out)
	return out.String(), err
}

// Ensure the log of a daemon that is stopped is replayed with its keys, and the one of a daemon that runs
// without them; and that a replay leaves everything as it was.
func TestReplay_Check(t *testing.T) {
	dir := t.TempDir()
	t.Run("beside a daemon", func(t *testing.T) {
		node, err := esdbnode.Start(t.Context(), esdbnode.Options{Dir: filepath.Join(dir, "eventstore")})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, node.Close()) })
		d := start(t, "--data", dir, "--eventstore", node.ConnectionString(), "--sole-writer", "--allow-history")
		d.play("tiny.jsonl", 400)
		events := len(d.recorded())
		out, err := replayed(t, "--eventstore", node.ConnectionString(), "--without-keys", "--json")
		require.NoError(t, err, out)
		var report replay.Report
		require.NoError(t, json.Unmarshal([]byte(out), &report))
		require.Equal(t, events, report.Events)
		require.Equal(t, events, report.Compared)
		require.Positive(t, report.ErasedTexts)
		_, err = replayed(t, "--eventstore", node.ConnectionString(), "--data", dir)
		require.ErrorContains(t, err, "--without-keys")
	})
	out, err := replayed(t, "--data", dir)
	require.NoError(t, err, out)
	require.Contains(t, out, "decisions replayed, 0 differ")
	again, err := replayed(t, "--data", dir)
	require.NoError(t, err)
	require.Equal(t, firstLine(out), firstLine(again))
}

func firstLine(text string) string {
	line, _, _ := bytes.Cut([]byte(text), []byte("\n"))
	return string(line)
}

// Ensure wrong settings are told as such, and that nothing is made where there is nothing.
func TestReplay_Settings(t *testing.T) {
	none := filepath.Join(t.TempDir(), "none")
	_, err := replayed(t, "--data", none)
	require.ErrorContains(t, err, "there is no eventstore under")
	require.NoDirExists(t, none)
	for _, args := range [][]string{{"replay"}, {"replay", "--check", "more"}, {"replay", "--checks"}} {
		var usage *usageError
		require.ErrorAs(t, run(t.Context(), args, func(string) string { return "" }, &bytes.Buffer{}), &usage)
	}
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), []string{"replay", "--help"}, func(string) string { return "" }, &out))
	require.Contains(t, out.String(), "byte for byte")
}

// Ensure the state folded from the log, at a time and at a position, is the one that the read models tell of
// that time; and that whom one follows is seen event by event.
func TestReplay_Until(t *testing.T) {
	dir := t.TempDir()
	node, err := esdbnode.Start(t.Context(), esdbnode.Options{Dir: filepath.Join(dir, "eventstore")})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, node.Close()) })
	d := start(t, "--data", dir, "--eventstore", node.ConnectionString(), "--sole-writer", "--allow-history")
	d.play("tiny.jsonl", 900)
	until := func(point string, more ...string) string {
		var out bytes.Buffer
		args := append([]string{"replay", "--eventstore", node.ConnectionString(), "--until", point}, more...)
		require.NoError(t, run(t.Context(), args, func(string) string { return "" }, &out))
		return out.String()
	}
	for _, at := range []string{"2021-09-01T00:00:00Z", "2021-12-01T12:00:00.5Z", "2022-01-10T00:00:00Z"} {
		require.Equal(t, onlyEvents(t, d.get("/v1/state?asOf="+at+"&asKnownAt="+at).body), onlyEvents(t, until(at)), at)
	}
	whole := onlyEvents(t, until(fmt.Sprint(int64(d.head()))))
	live := onlyEvents(t, d.get("/v1/state").body)
	require.Equal(t, live, whole)

	var reseller string
	for _, r := range d.recorded() {
		if r.Type == "ResellerEnrolled" && reseller == "" {
			reseller = strings.TrimPrefix(r.Stream, "reseller-")
		}
	}
	text := until("2021-12-01T00:00:00Z", "--follow", reseller)
	require.Contains(t, text, "ResellerEnrolled")
	require.Contains(t, text, `"enrolled":true`)
	require.NotContains(t, until("2021-12-01T00:00:00Z"), "ResellerEnrolled")
}

// onlyEvents is a state without what no event tells: lines and repetitions, and which question was asked.
func onlyEvents(t *testing.T, text string) map[string]any {
	t.Helper()
	var d map[string]any
	require.NoError(t, json.Unmarshal([]byte(text), &d), text)
	require.NotEmpty(t, d["customersByReseller"])
	for _, field := range []string{"commands", "refused", "asOf", "asKnownAt"} {
		delete(d, field)
	}
	for _, r := range d["openRequests"].([]any) {
		delete(r.(map[string]any), "resellerEmail")
	}
	return d
}

// Ensure a running ledger replays its own log: the state at a time and at a position is what the read models tell, no
// address is shown before the reader is on record, and every decision comes out as it is recorded.
func TestReplay_OverHTTP(t *testing.T) {
	d := start(t, "--allow-history")
	d.play("tiny.jsonl", 700)
	ends := func(query string) wire.ReplayLine[jsontext.Value] {
		r := d.get("/v1/replay?" + query)
		require.Equal(t, http.StatusOK, r.status, r.body)
		lines := strings.Split(strings.TrimSpace(r.body), "\n")
		var last wire.ReplayLine[jsontext.Value]
		require.NoError(t, json.Unmarshal([]byte(lines[len(lines)-1]), &last))
		return last
	}
	const at = "2021-12-01T00:00:00Z"
	then := string(*ends("until=" + at).State)
	require.Equal(t, onlyEvents(t, d.get("/v1/state?asOf="+at+"&asKnownAt="+at).body), onlyEvents(t, then))
	require.Equal(t, onlyEvents(t, d.get("/v1/state").body), onlyEvents(t, string(*ends(fmt.Sprint("until=", int64(d.head()))).State)))

	require.Contains(t, then, `"resellerEmail":"[personal]"`)
	require.NotRegexp(t, `"resellerEmail":"[^"]*@`, then)
	require.Empty(t, d.reads())
	require.Regexp(t, `"resellerEmail":"[^"]*@`, string(*ends("until=" + at + "&" + reading).State))
	require.Len(t, d.reads(), 1)
	require.Contains(t, d.reads()[0].What, "the state replayed up to "+at)

	report := ends("check=true").Report
	require.Zero(t, report.Differing, report.Summary)
	require.Equal(t, len(d.recorded()), report.Compared)
}
