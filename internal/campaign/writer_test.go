//go:build linux

package campaign

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/internal/client"
	"github.com/partnerledger/partnerledger/internal/submission"
	"github.com/partnerledger/partnerledger/internal/wire"
)

// writer says the lines of a workload to the ledger, from a line that was said before on whenever anything went wrong,
// and remembers every answer.
//
// It never sends a line before those before it are decided one way or another: either it sends one at a time, or a
// broken connection is all that can go wrong, and then the ledger has taken the lines up to some line and no other.
type writer struct {
	world *world
	lines [][]byte // with their ends
	id    string

	mu      sync.Mutex
	answers map[int64]wire.Answer // the first that wasn't a failure, by line from 1
	next    int                   // lines answered without a gap
	limit   int                   // lines that may be said
	again   int                   // answers that came more than once
	failed  int                   // answers that said "try again"
	broken  int                   // submissions that broke off
	damage  []string
	changed chan struct{}
}

func newWriter(w *world, text []byte) *writer {
	id, _ := client.SubmissionOf(bytes.NewReader(text))
	lines := bytes.SplitAfter(bytes.TrimSuffix(text, []byte("\n")), []byte("\n"))
	lines[len(lines)-1] = append(lines[len(lines)-1], '\n')
	return &writer{world: w, lines: lines, id: id, answers: map[int64]wire.Answer{}, changed: make(chan struct{})}
}

// answerTime is how long the answer to a line is waited for before no more lines are sent in this try.
const answerTime = 3 * time.Second

// submissionTime bounds one try to say lines; after it they are said again.
const submissionTime = 30 * time.Second

// say says everything up to the line before the end, again and again until all of it is answered. back is how many
// lines it goes back each time.
func (w *writer) say(ctx context.Context, end, back int, oneByOne bool) error {
	deadline, cancel := context.WithTimeout(ctx, usualPatience)
	defer cancel()
	for w.answered() < end {
		from := max(0, w.answered()-back)
		if err := w.once(deadline, from, end, oneByOne); err != nil {
			w.count(&w.broken)
		}
		if deadline.Err() != nil {
			return fmt.Errorf("line %d was not answered within %s", w.answered()+1, usualPatience)
		}
		if w.answered() < end {
			_ = until(deadline, w.world.patience, w.world.api.isReady)
		}
	}
	return nil
}

// once says the lines and returns at the first that fails.
func (w *writer) once(ctx context.Context, from, end int, oneByOne bool) error {
	ctx, cancel := context.WithTimeout(ctx, submissionTime)
	defer cancel()
	answers := &taker{writer: w, taken: make(chan wire.Answer, 1)}
	lines := &flow{Context: ctx, writer: w, next: from, end: end, listener: w.world.api.present()}
	if oneByOne {
		lines.taken = answers.taken
	}
	_, err := submission.Run(ctx, w.world.client, lines, submission.Options{ID: w.id, First: int64(from + 1), Quiet: true, Answers: answers})
	return err
}

// flow gives whole lines as far as they are let, and ends with the API that they are for: the HTTP client would wait for
// the next line before it tells that nobody listens.
type flow struct {
	context.Context
	writer    *writer
	next, end int
	listener  *life
	taken     chan wire.Answer // answers to wait for before the next line; nil: as fast as they are taken
	begun     bool
}

// Read gives one line.
func (f *flow) Read(p []byte) (int, error) {
	if f.begun && f.taken != nil {
		select {
		case a := <-f.taken:
			if a.Status == wire.Failed { // it is to be said again before those behind it
				return 0, io.EOF
			}
		case <-f.Done():
			return 0, io.EOF
		case <-f.listener.over():
			return 0, io.EOF
		case <-time.After(answerTime):
			return 0, io.EOF // an answer still counts when it comes
		}
	}
	f.begun = true
	if f.next == f.end || !f.writer.mayPass(f.Context, f.next, f.listener) {
		return 0, io.EOF
	}
	n := copy(p, f.writer.lines[f.next]) // the reader's buffer holds any line
	f.next++
	return n, nil
}

// mayPass waits until a line is let; false means that there is nobody to say it to.
func (w *writer) mayPass(ctx context.Context, line int, listener *life) bool {
	for {
		w.mu.Lock()
		let, changed := line < w.limit, w.changed
		w.mu.Unlock()
		if let {
			return true
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return false
		case <-listener.over():
			return false
		}
	}
}

// let lets lines be said up to this one.
func (w *writer) let(line int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.limit = max(w.limit, line)
	w.wake()
}

// wake tells whoever waits that something changed; the lock is held.
func (w *writer) wake() {
	close(w.changed)
	w.changed = make(chan struct{})
}

// taker takes the answers of one try.
type taker struct {
	writer *writer
	taken  chan wire.Answer
	rest   []byte
}

// Write takes answers as lines of JSON.
func (t *taker) Write(text []byte) (int, error) {
	t.rest = append(t.rest, text...)
	for {
		line, rest, whole := bytes.Cut(t.rest, []byte("\n"))
		if !whole {
			return len(text), nil
		}
		t.rest = rest
		var a wire.Answer
		if err := json.Unmarshal(line, &a); err != nil {
			return 0, err
		}
		t.writer.take(a)
		select {
		case t.taken <- a:
		default: // nobody waits for it
		}
	}
}

// take keeps an answer. Said again, a line MUST be answered as the first time; only whether it was known may differ.
func (w *writer) take(a wire.Answer) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if a.Status == wire.Failed {
		w.failed++
		return
	}
	a.Repeated = false
	if before, known := w.answers[a.Line]; known {
		w.again++
		if fmt.Sprint(before) != fmt.Sprint(a) {
			w.damage = append(w.damage, fmt.Sprintf("line %d was answered %v and then %v", a.Line, before, a))
		}
		return
	}
	w.answers[a.Line] = a
	for ; w.has(w.next); w.next++ {
		if want, got := w.expects(w.next), w.answers[int64(w.next+1)].Code; want != got {
			w.damage = append(w.damage, fmt.Sprintf("line %d has the outcome %q, expected %q", w.next+1, got, want))
		}
	}
	w.wake()
}

func (w *writer) has(line int) bool { _, ok := w.answers[int64(line+1)]; return ok }

// expects is the refusal that the workload itself expects.
func (w *writer) expects(line int) string {
	var e struct {
		Expect struct {
			Refused string `json:"refused"`
		} `json:"expect"`
	}
	_ = json.Unmarshal(w.lines[line], &e)
	return e.Expect.Refused
}

func (w *writer) answered() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.next
}

func (w *writer) count(what *int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	*what++
}

// reaches waits until so many lines are answered, or ctx ends.
func (w *writer) reaches(ctx context.Context, line int) {
	for {
		w.mu.Lock()
		there, changed := w.next >= line, w.changed
		w.mu.Unlock()
		if there {
			return
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
	}
}

// acknowledged is every answer that holds, by command, and the position of the last.
func (w *writer) acknowledged() (byCommand map[string]wire.Answer, last string, damage []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	byCommand = map[string]wire.Answer{}
	for line := int64(1); line <= int64(w.next); line++ {
		a := w.answers[line]
		if a.Code != string(domain.CommandIDReused) { // the refusal of another command under the same id
			byCommand[a.CommandID] = a
		}
		if a.Position != "" {
			last = a.Position
		}
	}
	damage, w.damage = w.damage, nil
	return byCommand, last, damage
}
