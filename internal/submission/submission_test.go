package submission_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/internal/client"
	"github.com/partnerledger/partnerledger/internal/submission"
	"github.com/partnerledger/partnerledger/internal/wire"
)

// obedient answers each line with what the line itself asks for in "answer", and numbers lines as the ledger does.
func obedient(w http.ResponseWriter, r *http.Request) {
	control := http.NewResponseController(w)
	_ = control.EnableFullDuplex()
	lines := bufio.NewScanner(r.Body)
	for number := int64(1); lines.Scan(); number++ {
		var line struct {
			Answer wire.Answer `json:"answer"`
		}
		if strings.TrimSpace(lines.Text()) == "" {
			continue
		}
		if json.Unmarshal(lines.Bytes(), &line) != nil {
			line.Answer = wire.Answer{Status: wire.Refused, Code: "not-json"}
		}
		line.Answer.Line = number
		_ = json.MarshalWrite(w, line.Answer)
		_, _ = io.WriteString(w, "\n")
		_ = control.Flush()
	}
}

func ledger(t *testing.T, handler http.HandlerFunc) *client.Client {
	t.Helper()
	s := httptest.NewServer(handler)
	t.Cleanup(s.Close)
	c, err := client.New(s.URL)
	require.NoError(t, err)
	return c
}

// lines of every outcome: as expected, not as expected, known already, failed, unreadable, and blank ones.
const lines = `{"answer":{"status":"accepted","position":"3"}}

{"expect":{"refused":"domain-taken"},"answer":{"status":"refused","code":"domain-taken","position":"5"}}
{"expect":{"refused":"domain-taken"},"answer":{"status":"accepted","commandId":"a","position":"7","repeated":true}}
{"answer":{"status":"refused","code":"domain-taken","commandId":"b","position":"9"}}

hello
{"answer":{"status":"failed","code":"unavailable"}}
{"expect":{"refused":"unavailable"},"answer":{"status":"failed","code":"unavailable"}}
`

func TestSummary(t *testing.T) {
	var answers, progress strings.Builder
	s, err := submission.Run(t.Context(), ledger(t, obedient), strings.NewReader(lines), submission.Options{Expect: true, Answers: &answers, Progress: &progress})
	require.NoError(t, err)
	s.Took = 2 * time.Second
	require.Equal(t, `7 commands in 2.0 s (4 a second): 2 accepted, 3 refused, 2 failed, 1 of them known already
       2  domain-taken
       2  unavailable
       1  not-json
5 outcomes differ from what was expected
`, s.String())
	require.Equal(t, "9", s.Position, "of the last answer that has one")
	require.EqualError(t, s.Fault(), "5 outcomes differ from what was expected")
	require.Equal(t, `line 4, command a: accepted, expected domain-taken
line 5, command b: domain-taken, expected accepted
line 7, command : not-json, expected accepted
line 8, command : unavailable, expected accepted
line 9, command : unavailable, expected unavailable
`, progress.String(), "a failure is never what was expected")
	require.Equal(t, 7, strings.Count(answers.String(), "\n"))
	require.Contains(t, answers.String(), `{"line":4,"commandId":"a","status":"accepted","position":"7","repeated":true}`+"\n")
}

// Ensure nothing is compared unless asked for: then only what failed makes the whole a failure.
func TestWithoutExpecting(t *testing.T) {
	s, err := submission.Run(t.Context(), ledger(t, obedient), strings.NewReader(lines), submission.Options{})
	require.NoError(t, err)
	require.EqualError(t, s.Fault(), "2 commands failed; submit the same again, nothing happens twice")
	require.NotContains(t, s.String(), "differ")
	s, err = submission.Run(t.Context(), ledger(t, obedient), strings.NewReader(""), submission.Options{Expect: true})
	require.NoError(t, err)
	require.NoError(t, s.Fault())
	require.Contains(t, s.String(), "0 commands in")
}

// Ensure an answer that ends too early is a broken connection, though HTTP calls it whole.
func TestTooFewAnswers(t *testing.T) {
	c := ledger(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, `{"status":"accepted"}`+"\n")
	})
	s, err := submission.Run(t.Context(), c, strings.NewReader(lines), submission.Options{})
	require.ErrorIs(t, err, client.ErrBroken)
	require.EqualValues(t, 1, s.Lines)
}

// Ensure lines that can't be read to their end are named as the cause; what was answered before still counts.
func TestUnreadableInput(t *testing.T) {
	broken := errors.New("the disk")
	input := io.MultiReader(strings.NewReader(lines), iotest.ErrReader(broken))
	s, err := submission.Run(t.Context(), ledger(t, obedient), input, submission.Options{Expect: true})
	require.ErrorIs(t, err, broken)
	require.ErrorContains(t, err, "the commands can't be read to their end")
	require.NotErrorIs(t, err, client.ErrBroken)
	require.LessOrEqual(t, s.Lines, int64(7))
}

// Ensure a submission as long as it likes needs no more memory than its answers: many more lines than are kept waiting.
func TestManyLines(t *testing.T) {
	const many = 70_000 // more than are noted ahead
	input, feed := io.Pipe()
	go func() {
		w := bufio.NewWriter(feed)
		for range many {
			fmt.Fprintln(w, `{"answer":{"status":"accepted"}}`)
		}
		feed.CloseWithError(w.Flush())
	}()
	counted := &submission.Counted{Reader: input}
	s, err := submission.Run(t.Context(), ledger(t, obedient), counted, submission.Options{Expect: true, Read: counted.Count})
	require.NoError(t, err)
	require.NoError(t, s.Fault())
	assert.EqualValues(t, many, s.Accepted)
	assert.EqualValues(t, many*33, counted.Count())
	assert.Positive(t, s.Rate())
}

// Ensure a submission ends when the ledger goes away before its first answer, though no further line comes.
func TestRun_EndsWhenNobodyListensAnyMore(t *testing.T) {
	taken := func(w http.ResponseWriter, r *http.Request) {
		_, _ = bufio.NewReader(r.Body).ReadString('\n')
		conn, _, err := http.NewResponseController(w).Hijack()
		if assert.NoError(t, err) {
			_ = conn.Close()
		}
	}
	input, typing := io.Pipe()
	defer typing.Close()
	go func() { _, _ = io.WriteString(typing, "{}\n") }()
	_, err := submission.Run(t.Context(), ledger(t, taken), input, submission.Options{Quiet: true})
	require.ErrorIs(t, err, client.ErrBroken)
}

// Ensure a submission ends when the ledger dies between two answers, though no further line comes; what was answered counts.
func TestRun_EndsWhenTheLedgerDiesBetweenAnswers(t *testing.T) {
	answered := make(chan struct{})
	dying := func(w http.ResponseWriter, r *http.Request) {
		control := http.NewResponseController(w)
		assert.NoError(t, control.EnableFullDuplex())
		_, _ = bufio.NewReader(r.Body).ReadString('\n')
		_, _ = io.WriteString(w, `{"line":1,"status":"accepted","position":"3"}`+"\n")
		assert.NoError(t, control.Flush())
		<-answered
		conn, _, err := control.Hijack()
		if assert.NoError(t, err) {
			_ = conn.Close()
		}
	}
	input, typing := io.Pipe()
	defer typing.Close()
	go func() { _, _ = io.WriteString(typing, "{}\n") }()
	first := writerFunc(func(p []byte) (int, error) {
		if string(p) == "\n" {
			close(answered)
		}
		return len(p), nil
	})
	s, err := submission.Run(t.Context(), ledger(t, dying), input, submission.Options{Quiet: true, Answers: first})
	require.ErrorIs(t, err, client.ErrBroken)
	require.EqualValues(t, 1, s.Accepted)
	require.Equal(t, "3", s.Position)
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
