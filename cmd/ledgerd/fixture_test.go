package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/internal/client"
	"github.com/partnerledger/partnerledger/internal/journal"
	"github.com/partnerledger/partnerledger/internal/submission"
	"github.com/partnerledger/partnerledger/internal/wire"
)

// inside is a daemon in the test's own process: the same wiring, and a look at its parts.
type inside struct {
	*ledger
	t       testing.TB
	address string
	client  *client.Client
	logged  *announced
}

// start runs a daemon on a directory of its own, and ends it with the test.
func start(t testing.TB, settings ...string) *inside {
	t.Helper()
	return startWith(t, func(*config) {}, settings...)
}

// startWith is start with what no setting can say.
func startWith(t testing.TB, also func(*config), settings ...string) *inside {
	t.Helper()
	d, stop := startAlone(t, also, settings...)
	t.Cleanup(func() {
		head, err := d.store.Head(context.WithoutCancel(t.Context()))
		require.NoError(t, errors.Join(err, d.models.Wait(context.WithoutCancel(t.Context()), head)), "nothing is under way when it ends")
		require.NoError(t, stop())
	})
	return d
}

// startAlone runs a daemon until stop is called, whatever becomes of its surroundings.
func startAlone(t testing.TB, also func(*config), settings ...string) (d *inside, stop func() error) {
	t.Helper()
	c, err := parse(append([]string{"--data", t.TempDir(), "--http", "127.0.0.1:0"}, settings...), func(string) string { return "" })
	require.NoError(t, err)
	also(&c)
	logged, out := &announced{}, &announced{}
	l := &ledger{config: c, log: slog.New(slog.NewTextHandler(logged, &slog.HandlerOptions{Level: slog.LevelDebug}))}
	ctx, end := context.WithCancel(context.WithoutCancel(t.Context())) // it ends when stop says so
	require.NoError(t, l.open(ctx))
	ended := make(chan error, 1)
	go func() { ended <- l.run(ctx, out) }()
	stop = func() error { end(); return errors.Join(<-ended, l.close()) }
	require.Eventually(t, func() bool { return out.address() != "" }, 30*time.Second, time.Millisecond, "no address")
	d = &inside{ledger: l, t: t, address: out.address(), logged: logged}
	d.client, err = client.New(d.address)
	require.NoError(t, err)
	return d, stop
}

// play submits the first lines of a workload's file, 0 for all; each must have the outcome that it expects.
func (d *inside) play(file string, first int) {
	d.t.Helper()
	text, err := os.ReadFile(filepath.Join(workloads, file))
	require.NoError(d.t, err)
	lines := bytes.SplitAfter(text, []byte("\n"))
	if first > 0 {
		lines = lines[:first]
	}
	body := bytes.NewReader(bytes.Join(lines, nil))
	summary, err := submission.Run(d.t.Context(), d.client, body, submission.Options{ID: client.RandomSubmission(), Expect: true, Quiet: true})
	require.NoError(d.t, err)
	require.NoError(d.t, summary.Fault())
	require.NoError(d.t, d.models.Wait(d.t.Context(), d.head()))
}

func (d *inside) head() eventstore.Position {
	d.t.Helper()
	head, err := d.store.Head(d.t.Context())
	require.NoError(d.t, err)
	return head
}

// onRecord is what the journal counts.
func (d *inside) onRecord() journal.Counts {
	d.t.Helper()
	counts, err := d.journal.Counts(d.t.Context(), 1<<60)
	require.NoError(d.t, err)
	return counts
}

// reply is an answer as it came over the wire.
type reply struct {
	status int
	header http.Header
	body   string
}

func (d *inside) send(method, target, media, body string, header ...string) reply {
	d.t.Helper()
	request, err := http.NewRequestWithContext(d.t.Context(), method, d.address+target, strings.NewReader(body))
	require.NoError(d.t, err)
	request.Header.Set("Content-Type", media)
	for i := 0; i+1 < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	response, err := http.DefaultClient.Do(request)
	require.NoError(d.t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(d.t, err)
	return reply{response.StatusCode, response.Header, string(text)}
}

func (d *inside) get(target string, header ...string) reply {
	d.t.Helper()
	return d.send(http.MethodGet, target, "", "", header...)
}

// one sends a command as application/json.
func (d *inside) one(command string) reply {
	d.t.Helper()
	return d.send(http.MethodPost, "/v1/commands", "application/json", command)
}

// many sends lines as application/x-ndjson and gives the answers.
func (d *inside) many(lines string) []wire.Answer {
	d.t.Helper()
	r := d.send(http.MethodPost, "/v1/commands", "application/x-ndjson", lines)
	require.Equal(d.t, http.StatusOK, r.status, r.body)
	require.Equal(d.t, "application/x-ndjson", r.header.Get("Content-Type"))
	var answers []wire.Answer
	decoder := jsontext.NewDecoder(bytes.NewBufferString(r.body))
	for decoder.PeekKind() == '{' {
		var a wire.Answer
		require.NoError(d.t, json.UnmarshalDecode(decoder, &a), r.body)
		answers = append(answers, a)
	}
	return answers
}

func (r reply) problem(t testing.TB) wire.Problem {
	t.Helper()
	require.Equal(t, "application/problem+json", r.header.Get("Content-Type"), r.body)
	var p wire.Problem
	require.NoError(t, json.Unmarshal([]byte(r.body), &p), r.body)
	require.Equal(t, r.status, p.Status)
	return p
}

func (r reply) page(t testing.TB) wire.Page {
	t.Helper()
	require.Equal(t, http.StatusOK, r.status, r.body)
	var p wire.Page
	require.NoError(t, json.Unmarshal([]byte(r.body), &p), r.body)
	return p
}

func (r reply) answer(t testing.TB) wire.Answer {
	t.Helper()
	require.Equal(t, http.StatusOK, r.status, r.body)
	require.Equal(t, "application/json", r.header.Get("Content-Type"))
	var a wire.Answer
	require.NoError(t, json.Unmarshal([]byte(r.body), &a), r.body)
	return a
}
