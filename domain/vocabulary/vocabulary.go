// Package vocabulary is the closed set of commands and events, and the one entrance to every decision.
//
// A command passes, in this order: the role table (role-not-permitted, wrong-tenant), the provider that
// it names (account-not-found), and then the rules of the aggregate that it targets. A reaction, which
// the ledger issues to itself, passes only the last.
package vocabulary

import (
	"slices"

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
)

type decide = func(*domain.Facts, domain.Intent) (domain.Decision, error)

// aggregates says who decides which commands, in the order of the vocabulary.
var aggregates = []struct {
	commands []domain.Command
	decide   decide
}{
	{provider.Commands, domain.Deciding(provider.Fold, provider.Decide)},
	{reseller.Commands, domain.Deciding(reseller.Fold, reseller.Decide)},
	{partnership.RequestCommands, domain.Deciding(partnership.RequestFold, partnership.DecideRequest)},
	{partnership.Commands, decidePartnership},
	{customer.Commands, domain.Deciding(customer.Fold, customer.Decide)},
}

// reactions are the commands that the ledger issues to itself; they aren't in the vocabulary.
var reactions = []struct {
	commands []domain.Reaction
	decide   decide
}{
	{partnership.Reactions, decidePartnership},
}

// operations are the commands of those who keep the ledger running, and its personal data safe. They aren't in the
// vocabulary either: the ledger's own ways issue them, and the role table that is published knows nothing of them.
var operations = []struct {
	commands []domain.Command
	decide   decide
	grants   []domain.Grant
}{
	{upkeep.Commands, domain.Deciding(upkeep.Fold, upkeep.Decide), upkeep.Grants},
	{customer.Erasures, domain.Deciding(customer.Fold, customer.DecideErasure), customer.GrantsOfErasures},
	{partnership.Erasures, domain.Deciding(partnership.RequestFold, partnership.DecideErasure), partnership.GrantsOfErasures},
	{legalhold.Commands, decideHold, legalhold.Grants},
	{access.Commands, domain.Deciding(access.Fold, access.Decide), access.Grants},
}

// decideHold asks whoever owns the stream in which the hold stands.
func decideHold(f *domain.Facts, in domain.Intent) (domain.Decision, error) {
	if in.Command.Target().Category == provider.Category {
		return domain.Deciding(provider.Fold, provider.DecideHold)(f, in)
	}
	return domain.Deciding(customer.Fold, customer.DecideHold)(f, in)
}

var decidePartnership = domain.Deciding(partnership.Fold, partnership.Decide(customerAdded))

// customerAdded answers partnership.Customers: this package knows both.
func customerAdded(f *domain.Facts, provider, tenant domain.TenantID) bool {
	return domain.Look[customer.State](f, customer.Stream(provider, tenant)).Added
}

// folds are those of every category that the ledger writes.
var folds = []domain.AnyFold{
	provider.Fold, partnerid.Fold, reseller.Fold, partnership.RequestFold, partnership.Fold, customer.Fold, customer.DomainFold,
	upkeep.Fold, access.Fold, outcome.PerStream(outcome.RefusalCategory), outcome.PerStream(outcome.UnchangedCategory),
}

var (
	commands = whatIsDecided()
	events   = slices.Concat(provider.Events, partnerid.Events, reseller.Events, partnership.Events, customer.Events, outcome.Events, upkeep.Events,
		legalhold.Events, access.Events)

	commandsByName = named(commands, domain.Command.CommandType)
	eventsByName   = named(events, domain.Event.EventType)
	foldsByName    = named(folds, domain.AnyFold.StreamCategory)
	decidesByName  = whoDecides()
	grantsByName   = whoOperates()
)

func named[T any](all []T, name func(T) string) map[string]T {
	byName := make(map[string]T, len(all))
	for _, one := range all {
		byName[name(one)] = one
	}
	return byName
}

func whatIsDecided() (all []domain.Command) {
	for _, a := range aggregates {
		all = append(all, a.commands...)
	}
	return all
}

func whoDecides() map[string]decide {
	byName := map[string]decide{}
	for _, a := range aggregates {
		for _, c := range a.commands {
			byName[c.CommandType()] = a.decide
		}
	}
	for _, r := range reactions {
		for _, c := range r.commands {
			byName[c.CommandType()] = r.decide
		}
	}
	for _, o := range operations {
		for _, c := range o.commands {
			byName[c.CommandType()] = o.decide
		}
	}
	return byName
}

func whoOperates() map[string][]domain.Grant {
	byName := map[string][]domain.Grant{}
	for _, o := range operations {
		for _, c := range o.commands {
			byName[c.CommandType()] = o.grants
		}
	}
	return byName
}

// Commands gives one empty example of each command, in the order of the vocabulary.
func Commands() []domain.Command { return slices.Clone(commands) }

// CommandNamed gives an empty example of the command with this name on the wire. A reaction isn't found,
// so nobody else can issue it, and no more is an operation.
func CommandNamed(name string) (domain.Command, bool) { c, ok := commandsByName[name]; return c, ok }

// KeptNamed finds the command with this name among all that may stand beside an event: those of the vocabulary, and
// operations.
func KeptNamed(name string) (domain.Command, bool) {
	if c, ok := commandsByName[name]; ok {
		return c, true
	}
	for _, o := range operations {
		for _, c := range o.commands {
			if c.CommandType() == name {
				return c, true
			}
		}
	}
	return nil, false
}

// Events gives one filled example of each event.
func Events() []domain.Event { return slices.Clone(events) }

// EventNamed gives a filled example of the event with this stored name.
func EventNamed(name string) (domain.Event, bool) { e, ok := eventsByName[name]; return e, ok }

// FoldOf gives the fold of the streams of a category.
func FoldOf(category string) (domain.AnyFold, bool) { f, ok := foldsByName[category]; return f, ok }

// TargetOf gives the stream whose aggregate decides the command and to which its events are appended.
func TargetOf(f *domain.Facts, c domain.Command) domain.Stream { return domain.TargetOf(f, c) }

// React gives what a recorded fact makes necessary in another stream, if anything.
func React(e domain.Event) (domain.Reaction, bool) { return partnership.React(e) }
