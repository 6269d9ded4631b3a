package httpapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/internal/intake"
	"github.com/partnerledger/partnerledger/internal/journal"
	"github.com/partnerledger/partnerledger/internal/wire"
)

// Answers are written in bunches: so many, or what came within so long.
const (
	bunchMax  = 200
	bunchTime = 25 * time.Millisecond
)

// commandTime bounds one command; it is far shorter than a claim lives (see eventstore).
const commandTime = 10 * time.Second

// errStopping ends a submission because the daemon ends.
var errStopping = errors.New("the ledger is stopping")

// submission takes the lines of one request, in order, and answers each.
type submission struct {
	api     *API
	id      string
	lines   *lines
	out     io.Writer
	flush   func() error
	answers []wire.Answer
	journal []journal.Line
	since   time.Time // when the oldest answer in the bunch was ready
}

// run answers every line. Its error is about the connection, not about a command; what was answered holds.
func (s *submission) run(ctx context.Context) error {
	for {
		select {
		case <-s.api.stopping:
			return errors.Join(errStopping, s.send(ctx))
		default:
		}
		line, number, err := s.lines.read()
		_, unreadable := errors.AsType[*intake.Fault](err)
		switch {
		case errors.Is(err, io.EOF):
			return s.send(ctx)
		case err != nil && !unreadable:
			return errors.Join(err, s.send(ctx))
		}
		s.take(ctx, line, number, err)
		if s.due() {
			if err := s.send(ctx); err != nil {
				return err
			}
		}
	}
}

func (s *submission) due() bool {
	return len(s.answers) >= bunchMax || !s.lines.waiting() || time.Since(s.since) > bunchTime
}

func (s *submission) take(ctx context.Context, line []byte, number int64, err error) {
	var answer wire.Answer
	var request eventstore.Request
	if err != nil {
		answer = answerOf("", eventstore.Outcome{}, err)
	} else {
		answer, request = s.api.decide(ctx, line)
	}
	if len(s.answers) == 0 {
		s.since = time.Now()
	}
	answer.Line = number
	s.answers = append(s.answers, answer)
	if request.Command != nil {
		s.journal = append(s.journal, journalLine(number, request, answer))
	}
}

// send puts the bunch on record, then answers it: an answer that was seen is counted for ever.
func (s *submission) send(ctx context.Context) error {
	if err := s.api.journal.Append(ctx, s.id, s.journal); err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	for _, a := range s.answers {
		if err := json.MarshalWrite(s.out, a); err != nil {
			return fmt.Errorf("answer: %w", err)
		}
		if _, err := io.WriteString(s.out, "\n"); err != nil {
			return fmt.Errorf("answer: %w", err)
		}
	}
	s.answers, s.journal = s.answers[:0], s.journal[:0]
	return s.flush()
}

// decide reads one command and has it decided. The request holds a command only if it could be read.
func (a *API) decide(ctx context.Context, line []byte) (wire.Answer, eventstore.Request) {
	began := time.Now()
	answer, request := a.handle(ctx, line)
	if a.decided != nil {
		commandType := ""
		if request.Command != nil {
			commandType = request.Command.CommandType()
		}
		a.decided(ctx, commandType, string(answer.Status), answer.Code, time.Since(began))
	}
	return answer, request
}

func (a *API) handle(ctx context.Context, line []byte) (wire.Answer, eventstore.Request) {
	request, err := a.reader.Read(line)
	if err != nil {
		request.Command = nil
		return answerOf(string(request.ID), eventstore.Outcome{}, err), request
	}
	request.Actor = a.principal(request.Intent)
	ctx, cancel := context.WithTimeout(ctx, commandTime)
	defer cancel()
	outcome, err := a.handler.Handle(ctx, request)
	answer := answerOf(string(request.ID), outcome, err)
	if answer.Status == wire.Failed {
		a.log.Error("command failed", "commandId", request.ID, "type", request.Command.CommandType(), "error", err)
	}
	return answer, request
}

// principal is the one place where it is decided as whom a command is issued. Until people sign in it is
// whom the command names, and the daemon listens on loopback only.
func (a *API) principal(in domain.Intent) domain.Actor { return in.Actor }

func journalLine(number int64, r eventstore.Request, a wire.Answer) journal.Line {
	return journal.Line{Line: number, CommandID: r.ID, Type: r.Command.CommandType(), At: r.At, Digest: r.Digest,
		Status: string(a.Status), Code: a.Code}
}

// streamTo makes a writer that reaches the client at once, while the client still sends.
func streamTo(w http.ResponseWriter) (io.Writer, func() error) {
	control := http.NewResponseController(w)
	_ = control.EnableFullDuplex() // HTTP/2 always is; where it can't be, answers come after the body
	return w, control.Flush
}
