package client_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/internal/client"
	"github.com/partnerledger/partnerledger/internal/wire"
)

// server stands for a ledger that behaves as the handler says.
func server(t *testing.T, handler http.HandlerFunc) *client.Client {
	t.Helper()
	s := httptest.NewServer(handler)
	t.Cleanup(s.Close)
	c, err := client.New(s.URL)
	require.NoError(t, err)
	return c
}

// cut ends a connection without the end of the answer.
func cut(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err == nil {
		_ = conn.(*net.TCPConn).SetLinger(0)
		_ = conn.Close()
	}
}

func TestServerNames(t *testing.T) {
	for _, name := range []string{"", "127.0.0.1:8080", "ftp://127.0.0.1", "http://", "localhost", "http://%zz"} {
		_, err := client.New(name)
		assert.Error(t, err, name)
	}
	_, err := client.New("https://ledger.example/prefix")
	require.NoError(t, err)
}

// Ensure somebody who isn't there is told from somebody who refuses, and both from somebody who isn't a ledger.
func TestUnreachable(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close()) // now nobody is there
	c, err := client.New("http://" + listener.Addr().String())
	require.NoError(t, err)
	_, err = c.Page(t.Context(), "/v1/resellers", nil)
	var nowhere *client.Unreachable
	require.ErrorAs(t, err, &nowhere)
	require.Contains(t, err.Error(), "start one with ledgerd")
	require.Error(t, errors.Unwrap(nowhere))
	require.ErrorAs(t, c.Submit(t.Context(), client.Submission{}, strings.NewReader("{}\n"), nil), &nowhere)

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = c.Page(ctx, "/v1/resellers", nil)
	require.ErrorIs(t, err, context.Canceled, "whoever gave up isn't told that nobody answers")
	require.False(t, errors.As(err, &nowhere))
}

func TestProblems(t *testing.T) {
	c := server(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v1/resellers" {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusUnprocessableEntity)
		_, _ = io.WriteString(w, `{"title":"Unprocessable","status":422,"detail":"validation failed.","errors":[{"message":"is no time","location":"query.asOf"}]}`)
	})
	_, err := c.Page(t.Context(), "/v1/resellers", nil)
	var p *wire.Problem
	require.ErrorAs(t, err, &p)
	require.Equal(t, 422, p.Status)
	require.EqualError(t, err, "validation failed; query.asOf: is no time")
	_, err = c.Page(t.Context(), "/elsewhere", nil)
	require.EqualError(t, err, "answer 404 Not Found")
}

// Ensure all pages are read as one list, the caller's query stays as it was, and a break isn't an end.
func TestRows(t *testing.T) {
	pages := map[string]string{"": `{"items":[1,2],"next":"b"}`, "b": `{"items":[],"next":"c"}`, "c": `{"items":[3]}`}
	c := server(t, func(w http.ResponseWriter, r *http.Request) {
		after := r.URL.Query().Get("after")
		if assert.Equal(t, "x", r.URL.Query().Get("search")); after == "c" && r.URL.Query().Has("break") {
			_, _ = io.WriteString(w, `{"items":[3`)
			cut(w)
			return
		}
		_, _ = io.WriteString(w, pages[after])
	})
	query := url.Values{"search": {"x"}}
	for range 2 {
		var rows []string
		for row, err := range c.Rows(t.Context(), "/v1/resellers", query) {
			require.NoError(t, err)
			rows = append(rows, string(row))
		}
		require.Equal(t, []string{"1", "2", "3"}, rows)
	}
	for row, err := range c.Rows(t.Context(), "/v1/resellers", query) {
		require.NoError(t, err)
		require.Equal(t, jsontext.Value("1"), row)
		break
	}
	query.Set("break", "yes")
	var last error
	for _, err := range c.Rows(t.Context(), "/v1/resellers", query) {
		last = err
	}
	require.Error(t, last)
}

func TestCSV(t *testing.T) {
	c := server(t, func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "text/csv", r.Header.Get("Accept"))
		w.Header().Set(client.NextHeader, "more")
		_, _ = io.WriteString(w, "a,b\n1,2\n")
		if r.URL.Query().Has("break") {
			cut(w)
		}
	})
	var out strings.Builder
	next, err := c.CSV(t.Context(), "/v1/resellers", nil, &out)
	require.NoError(t, err)
	require.Equal(t, "more a,b\n1,2\n", next+" "+out.String())
	_, err = c.CSV(t.Context(), "/v1/resellers", url.Values{"break": {"yes"}}, &out)
	require.Error(t, err)
}

// Ensure answers are handed over while lines are still being sent, in order, with what names the submission.
func TestSubmitStreams(t *testing.T) {
	c := server(t, func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "application/x-ndjson", r.Header.Get("Content-Type"))
		assert.Equal(t, url.Values{"submission": {"id"}, "name": {"a name"}, "line": {"7"}}, r.URL.Query())
		control := http.NewResponseController(w)
		assert.NoError(t, control.EnableFullDuplex())
		lines := bufio.NewScanner(r.Body)
		for lines.Scan() {
			_, _ = io.WriteString(w, `{"status":"accepted","commandId":"`+lines.Text()+`"}`+"\n")
			assert.NoError(t, control.Flush())
		}
	})
	body, feed := io.Pipe()
	say := func(line string) {
		if _, err := io.WriteString(feed, line+"\n"); err != nil {
			t.Error(err)
		}
	}
	go say("first")
	var got []string
	err := c.Submit(t.Context(), client.Submission{ID: "id", Name: "a name", FirstLine: 7}, body, func(a wire.Answer) error {
		if got = append(got, a.CommandID); a.CommandID == "first" {
			go func() { say("second"); feed.Close() }() // only once the first was answered
		}
		return nil
	})
	require.NoError(t, err)
	require.Equal(t, []string{"first", "second"}, got)

	enough := errors.New("enough")
	err = c.Submit(t.Context(), client.Submission{ID: "id", Name: "a name", FirstLine: 7}, strings.NewReader("x\ny\n"), func(wire.Answer) error { return enough })
	require.ErrorIs(t, err, enough)
}

// Ensure an answer that breaks off is never taken for a whole one, wherever it breaks.
func TestSubmitBreaks(t *testing.T) {
	for name, answer := range map[string]string{"before the head": "", "between lines": `{"status":"accepted"}` + "\n", "within a line": `{"status":"accepted"}` + "\n" + `{"sta`} {
		t.Run(name, func(t *testing.T) {
			c := server(t, func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				if answer != "" {
					_, _ = io.WriteString(w, answer)
					assert.NoError(t, http.NewResponseController(w).Flush())
				}
				cut(w)
			})
			answers := 0
			err := c.Submit(t.Context(), client.Submission{}, strings.NewReader("{}\n{}\n"), func(wire.Answer) error { answers++; return nil })
			require.ErrorIs(t, err, client.ErrBroken)
			require.Equal(t, strings.Count(answer, "\n"), answers)
		})
	}
}

// Ensure the same content is the same submission, whatever the file is called, and is read from its start afterwards.
func TestSubmissionOf(t *testing.T) {
	id := func(content string) string {
		name := filepath.Join(t.TempDir(), "commands")
		require.NoError(t, os.WriteFile(name, []byte(content), 0o600))
		file, err := os.Open(name)
		require.NoError(t, err)
		defer file.Close()
		id, err := client.SubmissionOf(file)
		require.NoError(t, err)
		again, err := io.ReadAll(file)
		require.NoError(t, err)
		require.Equal(t, content, string(again))
		require.NoError(t, uuid.Validate(id))
		return id
	}
	assert.Equal(t, id("a"), id("a"))
	assert.NotEqual(t, id("a"), id("b"))
	assert.NotEqual(t, client.RandomSubmission(), client.RandomSubmission())
}
