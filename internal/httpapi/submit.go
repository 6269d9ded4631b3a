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

// submission takes the lines of one request and answers each, in order.
//
// One goroutine reads the lines and starts them, up to parallel of them side by side (see touches); another puts
// what became of them on record and answers. So a broken connection leaves at most so many lines behind that were
// decided and not answered. They are answered when they are said again.
type submission struct {
	api      *API
	id       string
	parallel int
	lines    *lines
	out      io.Writer
	flush    func() error
	// interrupt ends a wait for lines that are still to come.
	interrupt func()
	owed      owed

	answers  []wire.Answer
	journal  []journal.Line
	patience <-chan time.Time // while there are answers in the bunch: when they have waited long enough
}

// said is one line under way.
type said struct {
	number  int64
	request eventstore.Request // with a command only if it could be read
	answer  wire.Answer
	done    chan struct{} // closed when there is an answer
}

// run answers every line. Its error is about the connection, not about a command; what was answered holds.
func (s *submission) run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	inOrder, answered := make(chan *said, s.parallel+bunchMax), make(chan error, 1)
	go func() {
		err := s.answerAll(ctx, inOrder)
		answered <- err
		if err != nil {
			cancel()
			s.interrupt()
		}
	}()
	err := s.decideAll(ctx, inOrder)
	close(inOrder)
	return errors.Join(err, <-answered)
}

// decideAll starts line after line, and hands each over to be answered; nil where nothing more is at hand.
func (s *submission) decideAll(ctx context.Context, inOrder chan<- *said) error {
	work := newSideBySide(s.parallel)
	defer work.wait()
	for {
		select {
		case <-s.api.stopping:
			return errStopping
		default:
		}
		if !s.lines.waiting() && !hand(ctx, inOrder, nil) {
			return ctx.Err()
		}
		line, number, err := s.lines.read()
		_, unreadable := errors.AsType[*intake.Fault](err)
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil && !unreadable:
			return err
		}
		if !hand(ctx, inOrder, s.start(ctx, work, line, number, err)) {
			return ctx.Err()
		}
	}
}

func hand(ctx context.Context, inOrder chan<- *said, l *said) bool {
	select {
	case inOrder <- l:
		return true
	case <-ctx.Done():
		return false
	}
}

func (s *submission) start(ctx context.Context, work *sideBySide, line []byte, number int64, err error) *said {
	l := &said{number: number}
	if err != nil {
		l.answer, l.done = answerOf("", eventstore.Outcome{}, err), make(chan struct{})
		close(l.done)
		return l
	}
	began := time.Now()
	if l.request, err = s.api.read(line); err != nil {
		l.answer, l.done = s.api.answer(ctx, l.request, err, began), make(chan struct{})
		close(l.done)
		return l
	}
	keys, alone := touches(l.request.ID, l.request.Command)
	l.done = work.start(keys, alone, func() {
		l.answer = s.inTurn(ctx, l.request, keys, alone)
	})
	return l
}

// inTurn has a line decided, unless one failed that it comes after.
func (s *submission) inTurn(ctx context.Context, r eventstore.Request, keys []string, alone bool) (answer wire.Answer) {
	if s.owed.after(keys, alone) {
		answer = notTried(r.ID)
	} else {
		// What has begun is brought to its end, though nobody may listen any more.
		answer = s.api.answer(context.WithoutCancel(ctx), r, nil, time.Now())
	}
	if answer.Status == wire.Failed {
		s.owed.add(keys, alone)
	}
	return answer
}

// answerAll answers the lines in order, in bunches.
func (s *submission) answerAll(ctx context.Context, inOrder <-chan *said) error {
	for {
		l, more, err := await(ctx, s, inOrder)
		switch {
		case err != nil:
			return err
		case !more:
			return s.send(ctx)
		case l != nil:
			if _, _, err := await(ctx, s, l.done); err != nil {
				return err
			}
			s.add(l)
		}
		if l == nil || len(s.answers) >= bunchMax {
			if err := s.send(ctx); err != nil {
				return err
			}
		}
	}
}

// await receives from c. Where that takes long, the answers that are ready are sent meanwhile.
func await[T any](ctx context.Context, s *submission, c <-chan T) (value T, open bool, err error) {
	for {
		select {
		case value, open = <-c:
			return value, open, nil
		case <-s.patience:
			if err := s.send(ctx); err != nil {
				return value, false, err
			}
		}
	}
}

func (s *submission) add(l *said) {
	if len(s.answers) == 0 {
		s.patience = time.After(bunchTime)
	}
	l.answer.Line = l.number
	s.answers = append(s.answers, l.answer)
	if l.request.Command != nil {
		s.journal = append(s.journal, journalLine(l.number, l.request, l.answer))
	}
}

// send puts the bunch on record, then answers it: an answer that was seen is counted for ever.
func (s *submission) send(ctx context.Context) error {
	if len(s.answers) == 0 {
		return nil
	}
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
	s.answers, s.journal, s.patience = s.answers[:0], s.journal[:0], nil
	return s.flush()
}

// decide reads one command and has it decided. The request holds a command only if it could be read.
func (a *API) decide(ctx context.Context, line []byte) (wire.Answer, eventstore.Request) {
	began := time.Now()
	request, err := a.read(line)
	return a.answer(ctx, request, err, began), request
}

// read gives the command in the line. Where it can't be read the request holds its id at most.
func (a *API) read(line []byte) (eventstore.Request, error) {
	request, err := a.reader.Read(line)
	if err != nil {
		request.Command = nil
		return request, err
	}
	request.Actor = a.principal(request.Intent)
	return request, nil
}

// answer has the command decided, unless it could not be read.
func (a *API) answer(ctx context.Context, request eventstore.Request, unreadable error, began time.Time) wire.Answer {
	commandType, answer := "", wire.Answer{}
	if unreadable != nil {
		answer = answerOf(string(request.ID), eventstore.Outcome{}, unreadable)
	} else {
		commandType, answer = request.Command.CommandType(), a.handle(ctx, request)
	}
	if a.decided != nil {
		a.decided(ctx, commandType, string(answer.Status), answer.Code, time.Since(began))
	}
	return answer
}

func (a *API) handle(ctx context.Context, request eventstore.Request) wire.Answer {
	ctx, cancel := context.WithTimeout(ctx, commandTime)
	defer cancel()
	outcome, err := a.handler.Handle(ctx, request)
	answer := answerOf(string(request.ID), outcome, err)
	if answer.Status == wire.Failed {
		a.log.Error("command failed", "commandId", request.ID, "type", request.Command.CommandType(), "error", err)
	}
	return answer
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
