package eventstore

import (
	"errors"
	"fmt"

	"github.com/partnerledger/partnerledger/domain"
)

// Decide is the entrance to the rules; vocabulary.Rules has one.
type Decide = func(*domain.Facts, domain.Intent) (domain.Decision, error)

// Sight is a stream as a decision saw it.
type Sight struct {
	Revision Revision // NoStream where it didn't exist
	State    any      // of the stream's category
	// Abandoned says that the name which the stream reserves counted as free: the claim in it had been
	// made by a command that never came to its fact.
	Abandoned bool
}

// Verdict is what the rules made of an intent, and on what.
type Verdict struct {
	domain.Decision
	Refusal *domain.Refusal // nil: accepted
	Target  domain.Stream
	// Basis are the streams that the decision looked at, in the order in which it asked for them; the
	// target is one of them, unless the decision was made before it came to that.
	Basis []Basis
}

// Deliberate runs the rules on the intent until they have all the facts that they ask for. look gives a
// stream; it is asked once for each. settle, where there is one, hears the target before each round, and
// may move the intent's time. An error is never a refusal, which is a Verdict.
//
// It is the one way to a decision: of a Handler, on the streams as they are, and of whoever makes a
// recorded decision again, on the streams as they were.
func Deliberate(decide Decide, in *domain.Intent, look func(domain.Stream) (Sight, error), settle func(domain.Stream) error) (Verdict, error) {
	facts := domain.NewFacts(nil)
	var seen []seenStream
	for range roundsMax {
		target := domain.TargetOf(facts, in.Command)
		if settle != nil {
			if err := settle(target); err != nil {
				return Verdict{Target: target}, err
			}
		}
		decision, err := decide(facts, *in)
		missing := facts.Missing()
		if len(missing) == 0 {
			return concluded(decision, err, target, used(facts, seen))
		}
		if seen, err = fetch(facts, missing, seen, look); err != nil {
			return Verdict{Target: target}, err
		}
		facts.Again()
	}
	return Verdict{}, fmt.Errorf("%s asked for facts more than %d times", in.Command.CommandType(), roundsMax)
}

type seenStream struct {
	stream domain.Stream
	sight  Sight
}

func fetch(facts *domain.Facts, missing []domain.Stream, seen []seenStream, look func(domain.Stream) (Sight, error)) ([]seenStream, error) {
	for i, stream := range missing {
		if askedBefore(missing[:i], stream) {
			continue
		}
		sight, err := look(stream)
		if err != nil {
			return seen, err
		}
		facts.Know(stream, sight.State)
		seen = append(seen, seenStream{stream, sight})
	}
	return seen, nil
}

// askedBefore tells whether one round asked for a stream twice; a later round doesn't ask for what is known.
func askedBefore(asked []domain.Stream, stream domain.Stream) bool {
	for _, s := range asked {
		if s == stream {
			return true
		}
	}
	return false
}

func used(facts *domain.Facts, seen []seenStream) []Basis {
	basis := make([]Basis, 0, len(seen))
	for _, s := range seen {
		if facts.Used(s.stream) {
			basis = append(basis, Basis{Stream: s.stream.String(), Revision: s.sight.Revision, Abandoned: s.sight.Abandoned})
		}
	}
	return basis
}

func concluded(d domain.Decision, err error, target domain.Stream, basis []Basis) (Verdict, error) {
	v := Verdict{Target: target, Basis: basis}
	refusal, refused := errors.AsType[*domain.Refusal](err)
	switch {
	case refused:
		v.Refusal = refusal
	case err != nil:
		return v, err
	default:
		v.Decision = d
	}
	return v, nil
}

// others is the basis without the target.
func (v Verdict) others() []Basis {
	target := v.Target.String()
	var out []Basis
	for _, b := range v.Basis {
		if b.Stream != target {
			out = append(out, b)
		}
	}
	return out
}

// sawStream tells whether the decision saw the stream exist.
func (v Verdict) sawStream(name string) bool {
	for _, b := range v.Basis {
		if b.Stream == name && b.Revision != NoStream {
			return true
		}
	}
	return false
}
