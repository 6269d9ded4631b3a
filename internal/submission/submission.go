// Package submission sends a file of commands to a ledger as a person watches: with progress, a rate, a
// summary, and a comparison with what each line expected.
package submission

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/partnerledger/partnerledger/internal/client"
	"github.com/partnerledger/partnerledger/internal/wire"
)

// Options say what is sent and what is shown.
type Options struct {
	ID       string // of the submission; lines sent again under it count once
	Name     string // for people
	First    int64  // number of the first line; 0 means 1
	Parallel int    // how many lines the ledger decides side by side; 0 means 1
	Expect   bool   // compare outcomes with the lines' expect
	Quiet    bool
	Answers  io.Writer    // every answer as a line of JSON; nil: none
	Progress io.Writer    // where the bar and the differences go
	Bytes    int64        // size of the input, -1 if unknown
	Read     func() int64 // how much of it was read
	Lines    int64        // instead of bytes: how many lines there are to be
}

// Summary is what became of a submission.
type Summary struct {
	Lines, Accepted, Refused, Failed, Repeated int64
	Unexpected                                 int64
	Codes                                      map[string]int64 // of refusals and failures
	Took                                       time.Duration
	Position                                   string // the last that an answer had
	compared                                   bool
}

// Rate is commands a second.
func (s Summary) Rate() float64 { return float64(s.Lines) / max(s.Took.Seconds(), 1e-9) }

// Fault is what makes the submission as a whole a failure: lines that failed, or differed.
func (s Summary) Fault() error {
	switch {
	case s.Unexpected > 0:
		return fmt.Errorf("%d outcomes differ from what was expected", s.Unexpected)
	case s.Failed > 0:
		return fmt.Errorf("%d commands failed; submit the same again, nothing happens twice", s.Failed)
	}
	return nil
}

// String is the summary for people.
func (s Summary) String() string {
	var out strings.Builder
	fmt.Fprintf(&out, "%d commands in %.1f s (%.0f a second): %d accepted, %d refused, %d failed", s.Lines, s.Took.Seconds(), s.Rate(), s.Accepted, s.Refused, s.Failed)
	if s.Repeated > 0 {
		fmt.Fprintf(&out, ", %d of them known already", s.Repeated)
	}
	out.WriteByte('\n')
	codes := slices.SortedFunc(maps.Keys(s.Codes), func(a, b string) int { return int(s.Codes[b]-s.Codes[a])*1000 + strings.Compare(a, b) })
	for _, code := range codes {
		fmt.Fprintf(&out, "  %6d  %s\n", s.Codes[code], code)
	}
	if s.compared {
		fmt.Fprintf(&out, "%d outcomes differ from what was expected\n", s.Unexpected)
	}
	return out.String()
}

// expectation is the part of a line that the sender looks at.
type expectation struct {
	Expect struct {
		Refused string `json:"refused"`
	} `json:"expect"`
}

// run is one submission under way. Lines are read in one goroutine and answers in another.
type run struct {
	Options
	sent     atomic.Int64
	expected chan string // in order of lines; what each expects
	unread   chan error  // why the lines could not be read to their end
	summary  Summary
	bar      *bar
}

// Run sends the lines and returns once all are answered. An error means that some were not: submitting
// the same again answers them, and nothing happens twice.
func Run(ctx context.Context, c *client.Client, lines io.Reader, o Options) (Summary, error) {
	r := &run{Options: o, expected: make(chan string, 1<<16), unread: make(chan error, 1), summary: Summary{Codes: map[string]int64{}, compared: o.Expect}}
	r.bar = newBar(o)
	begun := time.Now()
	body, feed := io.Pipe()
	go func() { feed.CloseWithError(r.feed(lines, feed)) }()
	err := c.Submit(ctx, client.Submission{ID: o.ID, Name: o.Name, FirstLine: o.First, Parallel: o.Parallel}, body, r.answered)
	body.CloseWithError(errors.New("answered"))
	r.summary.Took = time.Since(begun)
	r.bar.done()
	select {
	case err = <-r.unread: // not the ledger's fault, whatever the connection says
	default:
	}
	if err == nil && r.summary.Lines != r.sent.Load() {
		err = client.ErrBroken
	}
	return r.summary, err
}

// feed copies the lines and notes what each expects. Blank lines are numbered but not answered.
func (r *run) feed(lines io.Reader, out io.Writer) error {
	in := bufio.NewReaderSize(lines, 256<<10)
	w := bufio.NewWriterSize(out, 64<<10)
	for {
		line, err := in.ReadBytes('\n')
		if len(strings.TrimSpace(string(line))) > 0 {
			r.sent.Add(1)
			r.note(line)
		}
		if _, err := w.Write(line); err != nil {
			return err
		}
		if in.Buffered() == 0 || err != nil {
			if err := w.Flush(); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			r.unread <- fmt.Errorf("the commands can't be read to their end: %w", err)
			return err
		}
	}
}

func (r *run) note(line []byte) {
	if !r.Expect {
		return
	}
	var e expectation
	if json.Unmarshal(line, &e) != nil {
		e.Expect.Refused = "" // the ledger says what is wrong with it
	}
	r.expected <- e.Expect.Refused
}

func (r *run) answered(a wire.Answer) error {
	s := &r.summary
	s.Lines++
	switch a.Status {
	case wire.Accepted:
		s.Accepted++
	case wire.Refused:
		s.Refused++
	default:
		s.Failed++
	}
	if a.Repeated {
		s.Repeated++
	}
	if a.Code != "" {
		s.Codes[a.Code]++
	}
	if later(a.Position, s.Position) {
		s.Position = a.Position
	}
	r.compare(a)
	r.bar.tick(s, r.sent.Load())
	if r.Answers == nil {
		return nil
	}
	if err := json.MarshalWrite(r.Answers, a); err != nil {
		return err
	}
	_, err := io.WriteString(r.Answers, "\n")
	return err
}

// later tells which of two positions comes after the other: they are decimal numbers. Lines that are decided side
// by side, or were known already, aren't answered in the order of their positions.
func later(a, b string) bool { return len(a) > len(b) || len(a) == len(b) && a > b }

func (r *run) compare(a wire.Answer) {
	if !r.Expect {
		return
	}
	expected, actual := <-r.expected, a.Code
	if expected == actual && a.Status != wire.Failed {
		return
	}
	r.summary.Unexpected++
	r.bar.say(fmt.Sprintf("line %d, command %s: %s, expected %s", a.Line, a.CommandID, outcome(actual), outcome(expected)))
}

func outcome(code string) string {
	if code == "" {
		return "accepted"
	}
	return code
}
