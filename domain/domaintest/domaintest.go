// Package domaintest tests decisions as sentences: given these facts, when this is wished, then that
// happened, or it was refused.
//
// Every command is said twice. Once its decision is recorded, the same wish with another command id MUST
// record nothing or be refused, unless the case says why not. (What becomes of a claim whose command died
// before its fact is no question for decisions: package eventstore hides such a claim from them.)
package domaintest

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/partnerledger/partnerledger/domain"
)

// Rules are what is tested. They are passed in, so that every package of the domain can use this one.
type Rules struct {
	// Decide is an entrance to decisions: for one aggregate it is what domain.Deciding gives.
	Decide func(*domain.Facts, domain.Intent) (domain.Decision, error)
	// Folds are those of the categories at which the decisions look.
	Folds []domain.AnyFold
}

// Given is one fact recorded before.
type Given struct {
	Stream domain.Stream
	At     domain.Instant
	Event  domain.Event
}

// Case is one sentence. Without Then and Refused the command is accepted and changes nothing.
type Case struct {
	Name    string
	Given   []Given
	At      domain.Instant
	Actor   domain.Actor
	When    domain.Command
	Then    []domain.Event
	Claims  []domain.Claim
	Refused domain.Code
	// Says is the sentence of the refusal; empty where the sentence doesn't matter.
	Says string
	// AgainRecords says why the same command said twice rightly records again.
	AgainRecords string
}

// Run runs each case as a subtest.
func Run(t *testing.T, rules Rules, cases []Case) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			if fault := Check(rules, c); fault != nil {
				t.Error(fault)
			}
		})
	}
}

// Check gives what is wrong with one case, or nil.
func Check(rules Rules, c Case) error {
	l := &ledger{rules: rules, states: map[domain.Stream]any{}}
	for _, g := range c.Given {
		if err := l.record(g.Stream, g.At, g.Event); err != nil {
			return err
		}
	}
	once, target, err := l.decide(c, "first")
	if err != nil {
		return checkRefusal(c, err)
	}
	if c.Refused != "" {
		return fmt.Errorf("wanted the refusal %s, got %s", c.Refused, show(once.Events))
	}
	if err := same("events", c.Then, once.Events); err != nil {
		return err
	}
	if err := same("claims", c.Claims, once.Claims); err != nil {
		return err
	}
	if err := l.apply(target, c.At, once); err != nil {
		return err
	}
	return l.sayTwice(c)
}

func checkRefusal(c Case, err error) error {
	refused, ok := errors.AsType[*domain.Refusal](err)
	switch {
	case !ok:
		return fmt.Errorf("the decision failed: %w", err)
	case c.Refused == "":
		return fmt.Errorf("refused as %s (%s), wanted %s", refused.Code, refused.Sentence, show(c.Then))
	case refused.Code != c.Refused:
		return fmt.Errorf("refused as %s, wanted the refusal %s", refused.Code, c.Refused)
	case c.Says != "" && refused.Sentence != c.Says:
		return fmt.Errorf("refused with the sentence %q, wanted %q", refused.Sentence, c.Says)
	default:
		return nil
	}
}

func (l *ledger) sayTwice(c Case) error {
	twice, _, err := l.decide(c, "second")
	if _, refused := errors.AsType[*domain.Refusal](err); err != nil && !refused {
		return fmt.Errorf("said twice, the decision failed: %w", err)
	}
	records := len(twice.Events)+len(twice.Claims) > 0
	switch {
	case records && c.AgainRecords == "":
		return fmt.Errorf("said twice, it recorded again: %s", show(twice.Events))
	case !records && c.AgainRecords != "":
		return fmt.Errorf("said twice, it recorded nothing, but the case says: %s", c.AgainRecords)
	default:
		return nil
	}
}

func same[E domain.Event](what string, want, got []E) error {
	if len(want) == 0 && len(got) == 0 || reflect.DeepEqual(want, got) {
		return nil
	}
	if show(want) == show(got) {
		return fmt.Errorf("%s differ in a personal text: %s", what, show(got))
	}
	return fmt.Errorf("%s: wanted %s\ngot %s", what, show(want), show(got))
}

// show prints one event a line, as stored types with their fields.
func show[E domain.Event](events []E) string {
	if len(events) == 0 {
		return "nothing"
	}
	lines := make([]string, len(events))
	for i, e := range events {
		lines[i] = fmt.Sprintf("\n  %s %+v", e.EventType(), e)
	}
	return strings.Join(lines, "")
}
