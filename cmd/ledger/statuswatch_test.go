package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// watched runs a watch against answers that are given in turn, the last of them for ever, and ends it as
// Ctrl-C does once enough lines were written to either side.
func watched(t *testing.T, answers []http.HandlerFunc, lines int, args ...string) ran {
	t.Helper()
	asked := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++ // before the answer, which may be a panic
		answers[min(asked, len(answers))-1](w, r)
	}))
	t.Cleanup(s.Close)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	out, errs := &enough{lines: lines, stop: stop}, &enough{lines: lines, stop: stop}
	a := &app{in: strings.NewReader(""), out: out, err: errs, getenv: func(string) string { return s.URL }}
	code := a.run(ctx, append([]string{"status", "--watch", "--interval", "100ms"}, args...))
	return ran{code, out.text.String(), errs.text.String()}
}

// enough stops the watch after so many lines.
type enough struct {
	text  strings.Builder
	lines int
	stop  func()
}

func (e *enough) Write(p []byte) (int, error) {
	n, err := e.text.Write(p)
	if strings.Count(e.text.String(), "\n") >= e.lines {
		e.stop()
	}
	return n, err
}

func condition(lag string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"head":"900","events":9,"parts":[{"name":"timeline","kind":"projection","state":"running","position":"700","events":7,"lag":%s,"lagSeconds":75.5,"rate":1234.5}]}`, lag)
	}
}

func gone(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

// Ensure watching goes on until it is ended, with the rate and the lag, and that a lag that isn't known is no zero.
func TestWatchGoesOn(t *testing.T) {
	got := watched(t, []http.HandlerFunc{condition("2"), condition("null")}, 8)
	require.Equal(t, 0, got.code, got.errors)
	require.Empty(t, got.errors)
	blocks := strings.Split(strings.TrimSuffix(got.out, "\n\n"), "\n\n")
	require.Len(t, blocks, 2)
	require.Regexp(t, `^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\nPART .*\ntimeline +running +700 +7 +2 +1m16s +1234/s +0  –$`, blocks[0])
	require.Regexp(t, `\ntimeline +running +700 +7 +– +1m16s +1234/s +0  –$`, blocks[1])
}

// Ensure watching as JSON is one document a line.
func TestWatchJSON(t *testing.T) {
	got := watched(t, []http.HandlerFunc{condition("2")}, 3, "--json")
	require.Equal(t, 0, got.code)
	lines := strings.Split(strings.TrimSuffix(got.out, "\n"), "\n")
	require.Len(t, lines, 3)
	for _, line := range lines {
		require.Regexp(t, `^\{"head":"900",.*"lag":2,.*\}$`, line)
	}
}

// Ensure a ledger that goes away is waited for, and one that never answered isn't.
func TestWatchWaitsForTheLedger(t *testing.T) {
	got := watched(t, []http.HandlerFunc{condition("2"), gone, gone, condition("0")}, 8)
	require.Equal(t, 0, got.code)
	require.Contains(t, got.out, "timeline")
	require.Contains(t, got.errors, "no answer, trying again: no ledger answers at http://")
	require.Regexp(t, `timeline +running +700 +7 +0 `, got.out)

	got = watched(t, []http.HandlerFunc{gone}, 1)
	require.Equal(t, exitNowhere, got.code)
}

// Ensure a terminal shows each list in the place of the one before: lines are neither wrapped nor left over.
func TestScreenDrawsInPlace(t *testing.T) {
	var out strings.Builder
	s := &screen{out: &out, size: func() (int, int, error) { return 10, 4, nil }}
	require.NoError(t, s.show("one\ntwo is long and cut\nthree\nfour\nfive\n"))
	require.Equal(t, "\rone\x1b[K\n\rtwo is lo…\x1b[K\n\rthree\x1b[K\n\x1b[J", out.String(), "three lines fit")
	out.Reset()
	require.NoError(t, s.show("shorter\n"))
	require.Equal(t, "\x1b[3A\rshorter\x1b[K\n\x1b[J", out.String())

	s.size = func() (int, int, error) { return 0, 0, io.ErrClosedPipe }
	require.ErrorIs(t, s.show("x\n"), io.ErrClosedPipe)
}
