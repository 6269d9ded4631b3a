package domain_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/partnerledger/partnerledger/domain"
)

// tally counts the events of a stream, in a map so that copying matters.
type tally struct{ seen map[string]int }

type counted struct{ name string }

func (c counted) EventType() string { return c.name }

var tallies = domain.Fold[tally]{
	Category: "tally",
	Clone:    func(s tally) tally { return tally{maps.Clone(s.seen)} },
	Evolve: func(s tally, h domain.Happened) tally {
		if s.seen == nil {
			s.seen = map[string]int{}
		}
		s.seen[h.Event.EventType()]++
		return s
	},
}

func TestApplyLeavesTheStateItStartsFrom(t *testing.T) {
	one := tallies.Apply(tally{}, domain.Happened{Event: counted{"a"}})
	two := tallies.ApplyAny(one, domain.Happened{Event: counted{"a"}}, domain.Happened{Event: counted{"b"}}).(tally)
	if one.seen["a"] != 1 || one.seen["b"] != 0 {
		t.Errorf("the state before changed: %v", one.seen)
	}
	if two.seen["a"] != 2 || two.seen["b"] != 1 {
		t.Errorf("the state after is %v", two.seen)
	}
	if tallies.Empty().(tally).seen != nil {
		t.Error("an empty stream has a state")
	}
}

func TestFactsAskRememberAndForget(t *testing.T) {
	a, b := domain.Stream{Category: "tally", ID: "a"}, domain.Stream{Category: "tally", ID: "b"}
	known := map[domain.Stream]any{a: tally{map[string]int{"x": 1}}}
	f := domain.NewFacts(known)

	if got := domain.Look[tally](f, a); got.seen["x"] != 1 {
		t.Errorf("what is known isn't given: %v", got)
	}
	if got := domain.Look[tally](f, b); got.seen != nil {
		t.Errorf("what isn't known has a state: %v", got)
	}
	if !f.Used(a) || f.Used(b) || !slices.Equal(f.Missing(), []domain.Stream{b}) {
		t.Errorf("used a %t, b %t, missing %v", f.Used(a), f.Used(b), f.Missing())
	}
	f.Know(b, tally{map[string]int{"y": 2}})
	f.Again()
	if f.Used(a) || len(f.Missing()) != 0 {
		t.Error("what the first run asked and used isn't forgotten")
	}
	if got := domain.Look[tally](f, b); got.seen["y"] != 2 || !f.Used(b) {
		t.Errorf("what was answered isn't known: %v", got)
	}
	if len(known) != 1 {
		t.Error("the caller's map was changed")
	}
}

func TestFactsThatKnowNothingCanLearn(t *testing.T) {
	f, stream := domain.NewFacts(nil), domain.Stream{Category: "tally", ID: "a"}
	f.Know(stream, tally{})
	domain.Look[tally](f, stream)
	if !f.Used(stream) {
		t.Error("it learned nothing")
	}
}

// move goes to where the facts say, or to nowhere in particular.
type move struct{ to string }

func (move) CommandType() string     { return "Move" }
func (move) Target() domain.Stream   { return domain.Stream{Category: "nowhere"} }
func (move) Parties() domain.Parties { return domain.Parties{} }
func (m move) Resolve(*domain.Facts) domain.Stream {
	if m.to == "" {
		return m.Target()
	}
	return domain.Stream{Category: "tally", ID: m.to}
}

// stay is a command whose target depends on nothing.
type stay struct{}

func (stay) CommandType() string     { return "Stay" }
func (stay) Target() domain.Stream   { return domain.Stream{Category: "tally", ID: "home"} }
func (stay) Parties() domain.Parties { return domain.Parties{} }

func TestDecidingLooksAtTheTarget(t *testing.T) {
	var got tally
	decide := domain.Deciding(tallies, func(s tally, _ *domain.Facts, _ domain.Intent) (domain.Decision, error) {
		got = s
		return domain.Decision{}, nil
	})
	for _, c := range []struct {
		command domain.Command
		asks    []domain.Stream
	}{
		{stay{}, []domain.Stream{{Category: "tally", ID: "home"}}},
		{move{to: "away"}, []domain.Stream{{Category: "tally", ID: "away"}}},
		{move{}, nil},
	} {
		f := domain.NewFacts(nil)
		if _, err := decide(f, domain.Intent{Command: c.command}); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(f.Missing(), c.asks) {
			t.Errorf("%v asks for %v, want %v", c.command, f.Missing(), c.asks)
		}
	}
	f := domain.NewFacts(map[domain.Stream]any{stay{}.Target(): tally{map[string]int{"x": 1}}})
	if _, err := decide(f, domain.Intent{Command: stay{}}); err != nil || got.seen["x"] != 1 || !f.Used(stay{}.Target()) {
		t.Errorf("decided on %v (%v), and the target is a basis: %t", got, err, f.Used(stay{}.Target()))
	}
}

func TestMomentsOfOneInstantAreInOrderOfTheLog(t *testing.T) {
	early, late := domain.Moment{At: 1, Place: 9}, domain.Moment{At: 2, Place: 1}
	if !early.Before(late) || late.Before(early) {
		t.Error("the effective time comes first")
	}
	next := domain.Happened{At: 1, Place: domain.PlaceNext}.Moment()
	if !early.Before(next) || next.Before(early) || early.Before(early) {
		t.Error("then comes the place in the log, and nothing is before itself")
	}
}
