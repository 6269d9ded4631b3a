package domaintest_test

import (
	"strings"
	"testing"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/domaintest"
)

// lamp is the smallest aggregate: it is switched on, and a name may be reserved for it first.
type lamp struct{ On, Named bool }

type (
	switchedOn struct{ ID string }
	named      struct{ ID string }
	switchOn   struct{ ID string }
)

func (switchedOn) EventType() string     { return "SwitchedOn" }
func (named) EventType() string          { return "Named" }
func (n named) Reserves() domain.Stream  { return domain.Stream{Category: "name", ID: n.ID} }
func (n named) Claims() domain.Stream    { return domain.Stream{Category: "lamp", ID: n.ID} }
func (switchOn) CommandType() string     { return "SwitchOn" }
func (c switchOn) Target() domain.Stream { return domain.Stream{Category: "lamp", ID: c.ID} }
func (switchOn) Parties() domain.Parties { return domain.Parties{} }
func (c switchOn) name() domain.Stream   { return domain.Stream{Category: "name", ID: c.ID} }
func evolve(s lamp, h domain.Happened) lamp {
	switch h.Event.(type) {
	case switchedOn:
		s.On = true
	case named:
		s.Named = true
	}
	return s
}

var (
	lamps = domain.Fold[lamp]{Category: "lamp", Evolve: evolve}
	names = domain.Fold[lamp]{Category: "name", Evolve: evolve}
)

func rules(decide func(lamp, *domain.Facts, domain.Intent) (domain.Decision, error)) domaintest.Rules {
	return domaintest.Rules{Decide: domain.Deciding(lamps, decide), Folds: []domain.AnyFold{lamps, names}}
}

// good decides as it should: it claims what is free, and says nothing twice.
func good(s lamp, f *domain.Facts, in domain.Intent) (domain.Decision, error) {
	c := in.Command.(switchOn)
	if s.On {
		return domain.Decision{}, domain.Refuse(domain.DomainTaken, c.ID)
	}
	if domain.Look[lamp](f, c.name()).Named {
		return domain.Decision{}, domain.Refuse(domain.MPNAlreadyRegistered, c.ID)
	}
	return domain.Decision{Claims: []domain.Claim{named(c)}, Events: []domain.Event{switchedOn(c)}}, nil
}

// forgetful decides without looking at its state.
func forgetful(_ lamp, f *domain.Facts, in domain.Intent) (domain.Decision, error) {
	d, err := good(lamp{}, domain.NewFacts(map[domain.Stream]any{in.Command.(switchOn).name(): lamp{}}), in)
	domain.Look[lamp](f, in.Command.Target())
	return d, err
}

// endless asks for something new each time.
func endless(_ lamp, f *domain.Facts, _ domain.Intent) (domain.Decision, error) {
	id := ""
	for len(f.Missing()) == 0 {
		domain.Look[lamp](f, domain.Stream{Category: "lamp", ID: id})
		id += "x"
	}
	return domain.Decision{}, nil
}

func TestCheckFindsWhatIsWrong(t *testing.T) {
	on := switchOn{ID: "1"}
	right := domaintest.Case{When: on, Then: []domain.Event{switchedOn(on)}, Claims: []domain.Claim{named(on)}}
	changed := func(change func(*domaintest.Case)) domaintest.Case { c := right; change(&c); return c }
	was := []domaintest.Given{{Stream: on.Target(), At: 1, Event: switchedOn(on)}}

	for name, c := range map[string]struct {
		decide func(lamp, *domain.Facts, domain.Intent) (domain.Decision, error)
		given  domaintest.Case
		fault  string // empty: nothing is wrong
	}{
		"right":             {good, right, ""},
		"refused":           {good, domaintest.Case{When: on, Given: was, Refused: domain.DomainTaken, Says: "The domain 1 is already in use."}, ""},
		"wrong sentence":    {good, domaintest.Case{When: on, Given: was, Refused: domain.DomainTaken, Says: "No."}, "refused with the sentence"},
		"wrong refusal":     {good, domaintest.Case{When: on, Given: was, Refused: domain.EmailInvalid}, "refused as domain-taken, wanted"},
		"not refused":       {good, changed(func(c *domaintest.Case) { c.Refused = domain.DomainTaken }), "wanted the refusal domain-taken"},
		"refused instead":   {good, changed(func(c *domaintest.Case) { c.Given = was }), "refused as domain-taken"},
		"other events":      {good, changed(func(c *domaintest.Case) { c.Then = nil }), "events: wanted nothing"},
		"other claims":      {good, changed(func(c *domaintest.Case) { c.Claims = nil }), "claims: wanted nothing"},
		"twice":             {forgetful, right, "said twice, it recorded again"},
		"twice on purpose":  {forgetful, changed(func(c *domaintest.Case) { c.AgainRecords = "each switching counts" }), ""},
		"once on purpose":   {good, changed(func(c *domaintest.Case) { c.AgainRecords = "each switching counts" }), "said twice, it recorded nothing"},
		"never ends":        {endless, right, "asked for more facts 100 times"},
		"stream of nothing": {good, changed(func(c *domaintest.Case) { c.Given = []domaintest.Given{{}} }), "no fold for stream"},
	} {
		err := domaintest.Check(rules(c.decide), c.given)
		if c.fault == "" && err != nil || c.fault != "" && (err == nil || !strings.Contains(err.Error(), c.fault)) {
			t.Errorf("%s: got %v, want %q", name, err, c.fault)
		}
	}
}
