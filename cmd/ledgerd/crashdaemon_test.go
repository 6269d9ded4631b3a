package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/internal/client"
	"github.com/partnerledger/partnerledger/internal/submission"
	"github.com/partnerledger/partnerledger/internal/wire"
)

// daemon is a ledgerd in a process of its own.
type daemon struct {
	t       *testing.T
	command *exec.Cmd
	stderr  bytes.Buffer
	address chan string // gets the address once it answers; closed when it ends
	ended   chan struct{}
	failed  error // how it ended
	client  *client.Client
	doomed  bool
}

// launch starts a daemon and doesn't wait for it.
func launch(t *testing.T, dir string, more ...string) *daemon {
	t.Helper()
	d := &daemon{t: t, address: make(chan string, 1), ended: make(chan struct{})}
	d.command = exec.Command(os.Args[0], append([]string{"--data", dir, "--http", "127.0.0.1:0", "--allow-history", "--log-level", "warn"}, more...)...)
	d.command.Env = append(os.Environ(), asDaemon+"=1")
	d.command.Stderr = &d.stderr
	stdout, err := d.command.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, d.command.Start())
	go d.attend(stdout)
	t.Cleanup(func() {
		_ = d.command.Process.Kill()
		<-d.ended
	})
	return d
}

// attend reads what the daemon prints until it ends.
func (d *daemon) attend(stdout io.Reader) {
	defer close(d.ended)
	in := bufio.NewScanner(stdout)
	for in.Scan() {
		if words := strings.Fields(in.Text()); len(words) > 3 && words[1] == "answers" {
			d.client, _ = client.New(words[3])
			d.address <- words[3]
		}
	}
	close(d.address)
	d.failed = d.command.Wait()
}

// killAfter ends the daemon as a power cut would end it, but for the disk's own cache.
func (d *daemon) killAfter(delay time.Duration) {
	d.doomed = true
	time.AfterFunc(delay, func() { _ = d.command.Process.Kill() })
}

// stop asks the daemon to end, as a service manager would.
func (d *daemon) stop() {
	d.t.Helper()
	require.NoError(d.t, d.command.Process.Signal(syscall.SIGTERM))
	<-d.ended
	require.NoError(d.t, d.failed, "%s", &d.stderr)
}

// step is a part of a submission: lines that are sent once the lines before are answered.
type step struct {
	after <-chan struct{} // sent only then
	until <-chan struct{} // then is called only then, while lines are being sent
	then  func()
	lines [][]byte
}

// submit says the lines. It fails the test unless all of them are answered as expected or the daemon died
// because it was to die.
func (c *campaign) submit(d *daemon, steps []step) submission.Summary {
	c.t.Helper()
	var parts []io.Reader
	for _, s := range steps {
		if s.after != nil {
			parts = append(parts, &pause{until: s.after, ended: d.ended, then: s.then})
		}
		if s.until != nil {
			go func() { _, _ = (&pause{until: s.until, ended: d.ended, then: s.then}).Read(nil) }()
		}
		parts = append(parts, bytes.NewReader(bytes.Join(s.lines, nil)))
	}
	summary, err := submission.Run(c.t.Context(), d.client, io.MultiReader(parts...), submission.Options{ID: c.id, Name: "tiny", Expect: true, Answers: c.said, Parallel: c.parallel})
	require.Zero(c.t, summary.Unexpected)
	require.Zero(c.t, summary.Failed)
	if err != nil {
		require.True(c.t, d.doomed, "nobody killed the daemon: %v\n%s", err, &d.stderr)
	}
	if d.doomed {
		<-d.ended
		require.ErrorContains(c.t, d.failed, "killed", "%s", &d.stderr)
	}
	return summary
}

// pause is an empty reader that ends when something has happened.
type pause struct {
	until, ended <-chan struct{}
	then         func()
}

// Read waits.
func (p *pause) Read([]byte) (int, error) {
	select {
	case <-p.until:
		p.then()
		return 0, io.EOF
	case <-p.ended:
		return 0, errors.New("the daemon ended")
	}
}

// witness remembers every answer, and that none ever changes.
type witness struct {
	t       *testing.T
	partial []byte
	answers map[int64]wire.Answer
	opens   map[int64]chan struct{} // closed when the line is answered
}

func newWitness(t *testing.T) *witness { return &witness{t: t, answers: map[int64]wire.Answer{}} }

// gates open, in the submission that comes next, when these lines are answered.
func (w *witness) gates(lines ...int64) (all []<-chan struct{}) {
	w.opens, w.partial = map[int64]chan struct{}{}, nil
	for _, line := range lines {
		w.opens[line] = make(chan struct{})
		all = append(all, w.opens[line])
	}
	return all
}

// Write takes answers as lines of JSON.
func (w *witness) Write(text []byte) (int, error) {
	w.partial = append(w.partial, text...)
	for {
		line, rest, whole := bytes.Cut(w.partial, []byte("\n"))
		if !whole {
			return len(text), nil
		}
		w.partial = rest
		if err := w.take(line); err != nil {
			return 0, err
		}
	}
}

// take compares the answer with that of the time before. Only whether it was known may differ.
func (w *witness) take(line []byte) error {
	var a wire.Answer
	if err := json.Unmarshal(line, &a); err != nil {
		return err
	}
	a.Repeated = false
	if before, known := w.answers[a.Line]; known {
		require.Equal(w.t, before, a, "said again, line %d is answered as the first time", a.Line)
	}
	w.answers[a.Line] = a
	if gate := w.opens[a.Line]; gate != nil {
		close(gate)
		delete(w.opens, a.Line)
	}
	return nil
}

// holdsIn ensures that every event of an answer is in the log, and each event there once.
func (w *witness) holdsIn(log contents) {
	w.t.Helper()
	for line, a := range w.answers {
		for _, id := range a.EventIDs {
			require.Equal(w.t, 1, log.ids[id], "event %s of line %d, %s", id, line, a.CommandID)
		}
	}
	for id, n := range log.ids {
		require.Equal(w.t, 1, n, "event %s", id)
	}
}

// numbered gives the answers with the number of an event for its position.
func (w *witness) numbered(log contents) []wire.Answer {
	w.t.Helper()
	var all []wire.Answer
	for _, line := range slices.Sorted(maps.Keys(w.answers)) {
		a := w.answers[line]
		number, known := log.numbers[a.Position]
		require.True(w.t, known, "line %d was answered with position %q, where no event is", line, a.Position)
		a.Position = fmt.Sprint("event ", number)
		all = append(all, a)
	}
	return all
}
