package eventstore

import (
	"errors"
	"fmt"
	"slices"
	"strings"

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
	// Basis are the streams that the decision looked at, by name; the target is one of them, unless the
	// decision was made before it came to that.
	Basis []Basis
}

// Deliberate runs the rules on the intent until they have all the facts that they ask for. look gives a
// stream; it is asked once for each. settle, where there is one, hears the target before each round, and
// may move the intent's time. An error is never a refusal, which is a Verdict.
func Deliberate(decide Decide, in *domain.Intent, look func(domain.Stream) (Sight, error), settle func(domain.Stream) error) (Verdict, error) {
	facts, seen := domain.NewFacts(nil), map[domain.Stream]Sight{}
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
		for _, stream := range missing {
			if _, ok := seen[stream]; ok {
				continue
			}
			if seen[stream], err = look(stream); err != nil {
				return Verdict{Target: target}, err
			}
			facts.Know(stream, seen[stream].State)
		}
		facts.Again()
	}
	return Verdict{}, fmt.Errorf("%s asked for facts more than %d times", in.Command.CommandType(), roundsMax)
}

// Redecide runs the rules on the intent once more, on these streams alone, as they were seen the first
// time: like the last round of Deliberate, in which everything was known. It returns *NotSeen if the
// decision looks at another stream.
func Redecide(decide Decide, in domain.Intent, seen map[domain.Stream]Sight) (Verdict, error) {
	facts := domain.NewFacts(nil)
	for stream, sight := range seen {
		facts.Know(stream, sight.State)
	}
	target := domain.TargetOf(facts, in.Command)
	decision, err := decide(facts, in)
	if missing := facts.Missing(); len(missing) > 0 {
		return Verdict{Target: target}, &NotSeen{missing[0]}
	}
	return concluded(decision, err, target, used(facts, seen))
}

// NotSeen says that a decision looked at a stream that isn't among those on which it is said to stand.
type NotSeen struct{ Stream domain.Stream }

// Error names the stream.
func (e *NotSeen) Error() string {
	return fmt.Sprintf("the decision looks at %s, which its basis doesn't name", e.Stream)
}

// used is the basis. It is sorted, so that it doesn't tell in which order facts were asked for: that
// depends on what was looked at on the way and counts for nothing.
func used(facts *domain.Facts, seen map[domain.Stream]Sight) []Basis {
	basis := make([]Basis, 0, len(seen))
	for stream, sight := range seen {
		if facts.Used(stream) {
			basis = append(basis, Basis{Stream: stream.String(), Revision: sight.Revision, Abandoned: sight.Abandoned})
		}
	}
	slices.SortFunc(basis, func(a, b Basis) int { return strings.Compare(a.Stream, b.Stream) })
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
