package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// ran is what a run of the program left.
type ran struct {
	code        int
	out, errors string
}

func runs(t *testing.T, server, stdin string, args ...string) ran {
	t.Helper()
	var out, errs strings.Builder
	a := &app{in: strings.NewReader(stdin), out: &out, err: &errs, getenv: func(string) string { return server }}
	code := a.run(t.Context(), args)
	return ran{code, out.String(), errs.String()}
}

// Ensure a connection that breaks in the middle of the answers is a failure, and that the user is told that
// submitting again is safe; a list that breaks off prints no table.
func TestBrokenConnection(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, `{"line":1,"status":"accepted"}`+"\n")
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}))
	t.Cleanup(s.Close)
	got := runs(t, s.URL, "{}\n{}\n", "submit", "-")
	require.Equal(t, 1, got.code)
	require.Contains(t, got.out, "1 commands in")
	require.Equal(t, "ledger: the connection to the ledger broke; submit the same again, nothing happens twice\n", got.errors)

	for _, args := range [][]string{{"resellers"}, {"resellers", "--json"}, {"resellers", "--csv"}, {"state"}, {"status"}} {
		got := runs(t, s.URL, "", args...)
		require.Equal(t, 1, got.code, args)
		require.Contains(t, got.errors, "ledger: answer of /v1/", args)
		require.Empty(t, got.out, args)
	}
}

// Ensure CSV of many pages has one header and as many rows as were asked for.
func TestCSVPages(t *testing.T) {
	var asked []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		asked = append(asked, q.Get("after")+"/"+q.Get("limit"))
		if q.Get("after") == "" {
			w.Header().Set("Ledger-Next", "second")
		}
		_, _ = io.WriteString(w, "a\nrow\n")
	}))
	t.Cleanup(s.Close)
	for _, c := range []struct {
		limit, asked, out string
	}{
		{"0", "/1000 second/1000", "a\nrow\nrow\n"},
		{"1200", "/1000 second/200", "a\nrow\nrow\n"},
		{"1000", "/1000", "a\nrow\n"},
		{"7", "/7", "a\nrow\n"},
	} {
		asked = nil
		got := runs(t, s.URL, "", "timeline", "--csv", "--limit", c.limit)
		require.Equal(t, ran{out: c.out}, got)
		require.Equal(t, c.asked, strings.Join(asked, " "))
	}
}

// Ensure a check that finds a difference exits with 1, and names the first command that differs and how; and that a
// replay that breaks off isn't taken for one that ended.
func TestReplayDiffers(t *testing.T) {
	answer := ""
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, answer) }))
	t.Cleanup(s.Close)
	const progress = `{"progress":{"events":7,"position":7,"head":9,"seconds":1,"eventsPerSecond":7,"secondsLeft":0.2}}` + "\n"
	answer = progress + `{"report":{"summary":"9 decisions replayed, 1 differ\n","events":9,"differing":1,"differences":[` +
		`{"position":"77","stream":"reseller-x","revision":3,"type":"ResellerSuspended","commandId":"c-1","what":"the rules refuse it: not-enrolled"}]}}` + "\n"
	got := runs(t, s.URL, "", "replay", "--check")
	require.Equal(t, 1, got.code)
	require.Contains(t, got.out, "9 decisions replayed, 1 differ\n")
	require.Equal(t, "ledger: the first that differs is command c-1: reseller-x revision 3 (ResellerSuspended, position 77): the rules refuse it: not-enrolled\n", got.errors)

	answer = progress
	require.Equal(t, ran{code: 1, errors: "ledger: the connection to the ledger broke before the replay had ended; ask again\n"}, runs(t, s.URL, "", "replay", "--check"))
	answer = progress + `{"problem":{"status":500,"detail":"The ledger failed to answer; tell its operators."}}` + "\n"
	require.Equal(t, ran{code: 1, errors: "ledger: The ledger failed to answer; tell its operators\n"}, runs(t, s.URL, "", "replay", "--until", "12"))
}
