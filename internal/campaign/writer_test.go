//go:build linux

package campaign

import (
	"bytes"
	"context"
	"errors"
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

// submissionTime bounds one try to say lines; after it they are said again.
const submissionTime = 30 * time.Second

// say says everything up to the line before the end, again and again until all of it is answered. back is how many
// lines it goes back each time.
func (w *writer) say(ctx context.Context, end, back int, oneByOne bool) error {
	deadline, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for w.answered() < end {
		from := max(0, w.answered()-back)
		if err := w.once(deadline, from, end, oneByOne); err != nil {
			w.count(&w.broken)
		}
		if deadline.Err() != nil {
			return fmt.Errorf("line %d was not answered within %s", w.answered()+1, patience)
		}
		if w.answered() < end {
			_ = until(deadline, patience, w.world.api.isReady)
		}
	}
	return nil
}

// once says the lines and returns at the first that fails.
func (w *writer) once(ctx context.Context, from, end int, oneByOne bool) error {
	ctx, cancel := context.WithTimeout(ctx, submissionTime)
	defer cancel()
	var lines io.Reader = bytes.NewReader(bytes.Join(w.lines[from:end], nil))
	answers := &taker{writer: w, ended: ctx.Done(), taken: make(chan wire.Answer, 1)}
	if oneByOne {
		lines = &oneAfterAnother{lines: w.lines[from:end], answers: answers}
	}
	_, err := submission.Run(ctx, w.world.client, lines, submission.Options{ID: w.id, First: int64(from + 1), Quiet: true, Answers: answers})
	return err
}

// oneAfterAnother gives a line once the one before is answered, and no more after one that failed.
type oneAfterAnother struct {
	lines   [][]byte
	answers *taker
	begun   bool
}

var errToSayAgain = errors.New("a command failed; it is to be said again")

// Read gives one whole line or part of it.
func (o *oneAfterAnother) Read(p []byte) (int, error) {
	if o.begun {
		select {
		case a := <-o.answers.taken:
			if a.Status == wire.Failed {
				return 0, io.EOF
			}
		case <-o.answers.ended:
			return 0, io.EOF
		}
	}
	o.begun = true
	if len(o.lines) == 0 {
		return 0, io.EOF
	}
	n := copy(p, o.lines[0]) // the reader's buffer holds any line
	o.lines = o.lines[1:]
	return n, nil
}

// taker takes the answers of one try.
type taker struct {
	writer *writer
	ended  <-chan struct{}
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
	close(w.changed)
	w.changed = make(chan struct{})
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
