package vocabulary_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/vocabulary"
)

const workloads = "../../internal/workload/testdata/"

// Other workloads may be played by hand: go test ./domain/vocabulary -run Workload -args -workload=FILE.
var workload = flag.String("workload", workloads+"tiny.jsonl", "the workload to play, JSON lines, perhaps gzipped")

// TestWorkload plays a whole workload and holds each answer against what the line expects.
func TestWorkload(t *testing.T) {
	p := newPlay()
	lines, refusals := 0, 0
	for l := range readLines(t, *workload) {
		lines++
		got, err := p.say(l)
		if err != nil {
			t.Fatalf("line %d, %s: %v", l.number, l.Type, err)
		}
		if want := l.Expect.Refused; got != want {
			t.Errorf("line %d, %s: got %q, want %q", l.number, l.Type, got, want)
		}
		if got != "" {
			refusals++
		}
	}
	t.Logf("%d lines, %d refused, %d events in %d streams", lines, refusals, p.place, len(p.states))
	if refusals == 0 {
		t.Error("no line was refused, so this workload shows little")
	}
}

// line is one command of a workload as it is written.
type line struct {
	number    int
	CommandID domain.CommandID `json:"commandId"`
	Type      string           `json:"type"`
	At        domain.Instant   `json:"at"`
	Actor     domain.Actor     `json:"actor"`
	Data      jsontext.Value   `json:"data"`
	Expect    struct {
		Refused domain.Code `json:"refused"`
	} `json:"expect"`
}

func readLines(t *testing.T, file string) func(yield func(line) bool) {
	t.Helper()
	return func(yield func(line) bool) {
		r := open(t, file)
		scanner := bufio.NewScanner(r)
		scanner.Buffer(nil, 1<<22)
		for number := 1; scanner.Scan(); number++ {
			l := line{number: number}
			if err := json.Unmarshal(scanner.Bytes(), &l, json.RejectUnknownMembers(true)); err != nil {
				t.Fatalf("%s:%d: %v", file, number, err)
			}
			if !yield(l) {
				return
			}
		}
		if err := scanner.Err(); err != nil {
			t.Fatal(err)
		}
	}
}

func open(t *testing.T, file string) io.Reader {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	if !strings.HasSuffix(file, ".gz") {
		return f
	}
	r, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// command gives the line's command, typed. A member that the command doesn't have is an error.
func (l line) command() (domain.Command, error) {
	example, known := vocabulary.CommandNamed(l.Type)
	if !known {
		return nil, fmt.Errorf("no command has the name %s", l.Type)
	}
	c := reflect.New(reflect.TypeOf(example))
	err := json.Unmarshal(l.Data, c.Interface(), json.RejectUnknownMembers(true))
	return c.Elem().Interface().(domain.Command), err
}

// content is what makes a repeated commandId the same command: type, actor and data.
func (l line) content() (string, error) {
	actor, err := json.Marshal(l.Actor)
	if err != nil {
		return "", err
	}
	data := bytes.Clone(l.Data)
	err = (*jsontext.Value)(&data).Canonicalize()
	return l.Type + "\n" + string(actor) + "\n" + string(data), err
}

// play is a ledger in memory: what is recorded, folded by stream, and what became of each command.
type play struct {
	states   map[domain.Stream]any
	answers  map[domain.CommandID]answer
	place    domain.Place
	recorded func(domain.Happened) // hears of every event; may be nil
}

type answer struct {
	content string
	code    domain.Code
}

func newPlay() *play {
	return &play{states: map[domain.Stream]any{}, answers: map[domain.CommandID]answer{}}
}

// say issues the line's command, and answers with the code of its refusal or nothing.
func (p *play) say(l line) (domain.Code, error) {
	content, err := l.content()
	if err != nil {
		return "", err
	}
	if first, known := p.answers[l.CommandID]; known {
		if first.content != content {
			return domain.CommandIDReused, nil
		}
		return first.code, nil
	}
	c, err := l.command()
	if err != nil {
		return "", err
	}
	err = p.do(domain.Intent{ID: l.CommandID, At: l.At, Actor: l.Actor, Command: c})
	refusal, refused := errors.AsType[*domain.Refusal](err)
	if refused {
		p.answers[l.CommandID] = answer{content: content, code: refusal.Code}
		return refusal.Code, nil
	}
	p.answers[l.CommandID] = answer{content: content}
	return "", err
}

// do decides, records claims and events, and then whatever they make necessary.
func (p *play) do(in domain.Intent) error {
	decision, target, err := p.decide(in)
	if err != nil {
		return err
	}
	for _, c := range decision.Claims {
		if err := p.record(c.Reserves(), in.At, c); err != nil {
			return err
		}
	}
	for _, e := range decision.Events {
		if err := p.record(target, in.At, e); err != nil {
			return err
		}
	}
	for _, e := range decision.Events {
		reaction, ok := vocabulary.React(e)
		if !ok {
			continue
		}
		if err := p.do(domain.Intent{ID: in.ID, At: in.At, Command: reaction}); err != nil {
			return fmt.Errorf("the reaction %s: %w", reaction.CommandType(), err)
		}
	}
	return nil
}

func (p *play) decide(in domain.Intent) (domain.Decision, domain.Stream, error) {
	facts := domain.NewFacts(nil)
	for range 20 {
		decision, err := vocabulary.Decide(facts, in)
		target := vocabulary.TargetOf(facts, in.Command)
		missing := facts.Missing()
		if len(missing) == 0 {
			return decision, target, err
		}
		for _, stream := range missing {
			state, err := p.state(stream)
			if err != nil {
				return decision, target, err
			}
			facts.Know(stream, state)
		}
		facts.Again()
	}
	return domain.Decision{}, domain.Stream{}, fmt.Errorf("%s asked for more facts 20 times", in.Command.CommandType())
}

func (p *play) state(stream domain.Stream) (any, error) {
	if state, ok := p.states[stream]; ok {
		return state, nil
	}
	fold, known := vocabulary.FoldOf(stream.Category)
	if !known {
		return nil, fmt.Errorf("nobody folds %s", stream)
	}
	return fold.Empty(), nil
}

func (p *play) record(stream domain.Stream, at domain.Instant, e domain.Event) error {
	state, err := p.state(stream)
	if err != nil {
		return err
	}
	p.place++
	fold, _ := vocabulary.FoldOf(stream.Category)
	h := domain.Happened{At: at, Place: p.place, Event: e}
	p.states[stream] = fold.ApplyAny(state, h)
	if p.recorded != nil {
		p.recorded(h)
	}
	return nil
}
