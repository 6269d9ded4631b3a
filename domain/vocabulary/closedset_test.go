package vocabulary_test

import (
	"errors"
	"reflect"
	"slices"
	"testing"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/access"
	"github.com/partnerledger/partnerledger/domain/customer"
	"github.com/partnerledger/partnerledger/domain/legalhold"
	"github.com/partnerledger/partnerledger/domain/outcome"
	"github.com/partnerledger/partnerledger/domain/partnerid"
	"github.com/partnerledger/partnerledger/domain/partnership"
	"github.com/partnerledger/partnerledger/domain/provider"
	"github.com/partnerledger/partnerledger/domain/reseller"
	"github.com/partnerledger/partnerledger/domain/upkeep"
	"github.com/partnerledger/partnerledger/domain/vocabulary"
)

// decide decides on facts of nothing at all but the provider, so that the aggregate is reached.
func decide(t *testing.T, rules vocabulary.Rules, in domain.Intent) error {
	t.Helper()
	facts := domain.NewFacts(nil)
	for range 100 {
		_, err := rules.Decide(facts, in)
		missing := facts.Missing()
		if len(missing) == 0 {
			return err
		}
		for _, stream := range missing {
			fold, known := vocabulary.FoldOf(stream.Category)
			if !known {
				t.Fatalf("%s looks at %s, which nobody folds", in.Command.CommandType(), stream)
			}
			facts.Know(stream, fold.ApplyAny(fold.Empty(), started(stream)...))
		}
		facts.Again()
	}
	t.Fatalf("%s never has all facts", in.Command.CommandType())
	return nil
}

func started(stream domain.Stream) []domain.Happened {
	if stream.Category == provider.Category {
		return []domain.Happened{{At: 1, Event: provider.Events[0]}}
	}
	return nil
}

// filled names the same tenant wherever the command names one.
func filled(c domain.Command, tenant domain.TenantID) domain.Command {
	v := reflect.New(reflect.TypeOf(c)).Elem()
	for _, field := range reflect.VisibleFields(v.Type()) {
		if field.Type == reflect.TypeFor[domain.TenantID]() {
			v.FieldByIndex(field.Index).SetString(string(tenant))
		}
	}
	return v.Interface().(domain.Command)
}

func TestEveryCommandIsDecidedBySomebody(t *testing.T) {
	for _, c := range vocabulary.Commands() {
		role := vocabulary.Roles(vocabulary.Default)[c.CommandType()][0].Roles[0]
		err := decide(t, vocabulary.Rules{}, domain.Intent{Actor: domain.Actor{TenantID: hill, Role: role}, Command: filled(c, hill)})
		refusal, refused := errors.AsType[*domain.Refusal](err)
		if err != nil && !refused || refused && (refusal.Code == domain.WrongTenant || refusal.Code == domain.RoleNotPermitted) {
			t.Errorf("%s: %v", c.CommandType(), err)
		}
		if again, found := vocabulary.CommandNamed(c.CommandType()); !found || reflect.TypeOf(again) != reflect.TypeOf(c) {
			t.Errorf("CommandNamed(%s) = %T, want %T", c.CommandType(), again, c)
		}
		if _, known := vocabulary.FoldOf(c.Target().Category); !known {
			t.Errorf("%s targets %s, which nobody folds", c.CommandType(), c.Target())
		}
	}
	if len(vocabulary.Commands()) != 32 {
		t.Errorf("the vocabulary has %d commands, want 32", len(vocabulary.Commands()))
	}
}

func TestEveryReactionIsDecidedAndIsNoCommand(t *testing.T) {
	reactions := 0
	for _, e := range vocabulary.Events() {
		reaction, ok := vocabulary.React(e)
		if !ok {
			continue
		}
		reactions++
		if err := decide(t, vocabulary.Rules{}, domain.Intent{Command: reaction}); err != nil {
			t.Errorf("%s: %v", reaction.CommandType(), err)
		}
		if reaction.ReactsTo() != e.EventType() {
			t.Errorf("%s reacts to %s, and came of %s", reaction.CommandType(), reaction.ReactsTo(), e.EventType())
		}
		if _, found := vocabulary.CommandNamed(reaction.CommandType()); found {
			t.Errorf("anybody can issue %s", reaction.CommandType())
		}
	}
	if reactions != len(partnership.Reactions) {
		t.Errorf("%d events are reacted to, want %d", reactions, len(partnership.Reactions))
	}
}

// TestAnOperationIsForOperatorsAlone: it is decided, it is no command of the vocabulary, and no role table opens it.
func TestAnOperationIsForOperatorsAlone(t *testing.T) {
	for _, c := range upkeep.Commands {
		for _, policy := range []vocabulary.Policy{vocabulary.Default, vocabulary.Strict} {
			rules := vocabulary.Rules{Policy: policy}
			err := decide(t, rules, domain.Intent{Actor: domain.Actor{Role: upkeep.Operator}, Command: c})
			if refusal, refused := errors.AsType[*domain.Refusal](err); !refused || refusal.Code == domain.RoleNotPermitted {
				t.Errorf("an operator isn't heard: %v", err)
			}
			for _, role := range []domain.Role{domain.GlobalAdmin, domain.ReferenceFeed, domain.Auditor, ""} {
				err := decide(t, rules, domain.Intent{Actor: domain.Actor{TenantID: hill, Role: role}, Command: c})
				if !errors.Is(err, domain.Refuse(domain.RoleNotPermitted)) {
					t.Errorf("%s by %q: %v", c.CommandType(), role, err)
				}
			}
		}
		if _, found := vocabulary.CommandNamed(c.CommandType()); found {
			t.Errorf("anybody can submit %s", c.CommandType())
		}
		if kept, found := vocabulary.KeptNamed(c.CommandType()); !found || reflect.TypeOf(kept) != reflect.TypeOf(c) {
			t.Errorf("%s can't be read from the log", c.CommandType())
		}
	}
	for name, grants := range vocabulary.Roles(vocabulary.Default) {
		if domain.Permit(grants, domain.Parties{}, domain.Actor{Role: upkeep.Operator}) == nil {
			t.Errorf("an operator may issue %s", name)
		}
	}
}

// written says which events stand in the streams of which category.
var written = []struct {
	category string
	events   []domain.Event
}{
	{provider.Category, provider.Events},
	{partnerid.Category, partnerid.Events},
	{reseller.Category, reseller.Events},
	{partnership.RequestCategory, slices.Concat(partnership.Events[:4], partnership.Events[7:])},
	{partnership.Category, partnership.Events[4:7]},
	{customer.DomainCategory, customer.Events[:1]},
	{customer.Category, customer.Events[1:]},
	{outcome.RefusalCategory, outcome.Events[:1]},
	{outcome.UnchangedCategory, outcome.Events[1:]},
	{upkeep.Category, upkeep.Events},
	{customer.Category, legalhold.Events},
	{access.Category, access.Events},
}

// ignored are the events from which nothing is ever decided, and why.
var ignored = map[string]string{
	"TerminationNoticeRecorded":  "it is evidence; any number of notices may be recorded",
	"CustomerAgreementConfirmed": "it is evidence; it may be confirmed again at any time",
	"ContactForgotten":           "it may be said again; the later time is the one shown",
}

func TestEveryEventIsReachedByItsFold(t *testing.T) {
	seen := 0
	for _, w := range written {
		fold, known := vocabulary.FoldOf(w.category)
		if !known {
			t.Errorf("nobody folds %s", w.category)
			continue
		}
		for i, e := range w.events {
			seen++
			why, mayBe := ignored[e.EventType()]
			if changed := changesState(fold, w.events[:i], e); !changed && !mayBe {
				t.Errorf("%s changes no state", e.EventType())
			} else if changed && mayBe {
				t.Errorf("%s changes state, though it is listed as ignored because %s", e.EventType(), why)
			}
		}
	}
	if seen != len(vocabulary.Events()) {
		t.Errorf("%d of %d events are held against their folds", seen, len(vocabulary.Events()))
	}
}

// changesState tries the event after all examples before it, and then after fewer and fewer of them.
func changesState(fold domain.AnyFold, before []domain.Event, e domain.Event) bool {
	for n := len(before); n >= 0; n-- {
		state := fold.Empty()
		for i, b := range before[:n] {
			state = fold.ApplyAny(state, domain.Happened{At: domain.Instant(i + 1), Place: domain.Place(i + 1), Event: b})
		}
		after := fold.ApplyAny(state, domain.Happened{At: 1000, Place: 1000, Event: e})
		if !reflect.DeepEqual(state, after) {
			return true
		}
	}
	return false
}

func TestAClaimNamesStreamsThatAreFolded(t *testing.T) {
	claims := 0
	for _, e := range vocabulary.Events() {
		c, ok := e.(domain.Claim)
		if !ok {
			continue
		}
		claims++
		for _, stream := range []domain.Stream{c.Reserves(), c.Claims()} {
			if _, known := vocabulary.FoldOf(stream.Category); !known {
				t.Errorf("%s names %s, which nobody folds", c.EventType(), stream)
			}
		}
		if c.Reserves() == c.Claims() {
			t.Errorf("%s reserves its name in the very stream that is to hold the fact", c.EventType())
		}
	}
	if claims != 2 {
		t.Errorf("%d claims, want 2", claims)
	}
}

func TestWhatIsUnknownIsSaidToBe(t *testing.T) {
	if _, ok := vocabulary.CommandNamed("EatLunch"); ok {
		t.Error("EatLunch is a command")
	}
	if _, ok := vocabulary.EventNamed("LunchEaten"); ok {
		t.Error("LunchEaten is an event")
	}
	if _, ok := vocabulary.FoldOf("lunch"); ok {
		t.Error("lunch is folded")
	}
	err := decide(t, vocabulary.Rules{}, domain.Intent{Command: stranger{}})
	if want := "EatLunch is no command of the vocabulary"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

type stranger struct{}

func (stranger) CommandType() string     { return "EatLunch" }
func (stranger) Target() domain.Stream   { return domain.Stream{} }
func (stranger) Parties() domain.Parties { return domain.Parties{} }
