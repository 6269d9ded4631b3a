package workload_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"testing"

	strict "github.com/go-json-experiment/json"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/vocabulary"
	"github.com/partnerledger/partnerledger/internal/workload"
)

// TestRules plays whole workloads through the one entrance to decisions: what isn't marked is accepted,
// and what is marked is refused with that code.
func TestRules(t *testing.T) {
	for seed := uint64(1); seed <= 12; seed++ {
		size := workload.Tiny
		if seed%6 == 0 {
			size = workload.Small
		}
		o := workload.Options{Seed: seed, Size: size, EdgeCases: seed%2 == 0}
		t.Run(fmt.Sprintf("%s-%d-%t", size, seed, o.EdgeCases), func(t *testing.T) {
			l := ledger{states: map[domain.Stream]any{}, answers: map[domain.CommandID]answer{}}
			if err := workload.Each(t.Context(), o, func(line workload.Line) error {
				got, err := l.say(line.Text)
				if got != line.Refused {
					t.Errorf("line %d: got %q, want %q: %s", line.Number, got, line.Refused, line.Text)
				}
				return err
			}); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestSchema(t *testing.T) {
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(vocabulary.Schema))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource("commands.schema.json", document); err != nil {
		t.Fatal(err)
	}
	schema := compiler.MustCompile("commands.schema.json")
	for _, o := range []workload.Options{{Seed: 5, Size: workload.Tiny, EdgeCases: true}, {Seed: 5, Size: workload.Small, Limit: 5000}} {
		err := workload.Each(t.Context(), o, func(l workload.Line) error {
			command, err := jsonschema.UnmarshalJSON(bytes.NewReader(l.Text))
			if err != nil {
				return fmt.Errorf("line %d isn't JSON: %w", l.Number, err)
			}
			if err := schema.Validate(command); err != nil {
				t.Errorf("line %d: %v: %s", l.Number, err, l.Text)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// ledger is as much of one as answers commands: states by stream, and the first answer to each command id.
type ledger struct {
	states  map[domain.Stream]any
	answers map[domain.CommandID]answer
	place   domain.Place
}

type answer struct {
	content string
	code    domain.Code
}

// spoken is a line as it is read; actor and data are compared as they are written, which is enough for
// lines of one writer.
type spoken struct {
	CommandID domain.CommandID `json:"commandId"`
	Type      string           `json:"type"`
	At        domain.Instant   `json:"at"`
	Actor     json.RawMessage  `json:"actor"`
	Data      json.RawMessage  `json:"data"`
}

func (s spoken) content() string { return s.Type + string(s.Actor) + string(s.Data) }

func (s spoken) intent() (in domain.Intent, err error) {
	example, known := vocabulary.CommandNamed(s.Type)
	if !known {
		return in, fmt.Errorf("no command has the name %s", s.Type)
	}
	command := reflect.New(reflect.TypeOf(example))
	if err := strict.Unmarshal(s.Data, command.Interface(), strict.RejectUnknownMembers(true)); err != nil {
		return in, err
	}
	in = domain.Intent{ID: s.CommandID, At: s.At, Command: command.Elem().Interface().(domain.Command)}
	return in, strict.Unmarshal(s.Actor, &in.Actor, strict.RejectUnknownMembers(true))
}

// say answers a line with the code of its refusal, or nothing.
func (l *ledger) say(text []byte) (domain.Code, error) {
	var s spoken
	if err := json.Unmarshal(text, &s); err != nil {
		return "", err
	}
	if first, known := l.answers[s.CommandID]; known {
		if first.content != s.content() {
			return domain.CommandIDReused, nil
		}
		return first.code, nil
	}
	in, err := s.intent()
	if err != nil {
		return "", err
	}
	err = l.do(in)
	var code domain.Code
	if refusal, refused := errors.AsType[*domain.Refusal](err); refused {
		code, err = refusal.Code, nil
	}
	l.answers[s.CommandID] = answer{s.content(), code}
	return code, err
}

// do decides, records, and does what the recorded facts make necessary.
func (l *ledger) do(in domain.Intent) error {
	decision, target, err := l.decide(in)
	if err != nil {
		return err
	}
	for _, c := range decision.Claims {
		l.record(c.Reserves(), in.At, c)
	}
	for _, e := range decision.Events {
		l.record(target, in.At, e)
	}
	for _, e := range decision.Events {
		if reaction, ok := vocabulary.React(e); ok {
			if err := l.do(domain.Intent{ID: in.ID, At: in.At, Command: reaction}); err != nil {
				return fmt.Errorf("the reaction %s: %w", reaction.CommandType(), err)
			}
		}
	}
	return nil
}

func (l *ledger) decide(in domain.Intent) (domain.Decision, domain.Stream, error) {
	facts := domain.NewFacts(nil)
	for range 20 {
		decision, err := vocabulary.Decide(facts, in)
		target := vocabulary.TargetOf(facts, in.Command)
		missing := facts.Missing()
		if len(missing) == 0 {
			return decision, target, err
		}
		for _, stream := range missing {
			facts.Know(stream, l.state(stream))
		}
		facts.Again()
	}
	return domain.Decision{}, domain.Stream{}, fmt.Errorf("%s asked for more facts 20 times", in.Command.CommandType())
}

func (l *ledger) state(stream domain.Stream) any {
	if state, ok := l.states[stream]; ok {
		return state
	}
	fold, _ := vocabulary.FoldOf(stream.Category)
	return fold.Empty()
}

func (l *ledger) record(stream domain.Stream, at domain.Instant, e domain.Event) {
	l.place++
	fold, _ := vocabulary.FoldOf(stream.Category)
	l.states[stream] = fold.ApplyAny(l.state(stream), domain.Happened{At: at, Place: l.place, Event: e})
}
