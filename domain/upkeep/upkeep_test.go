package upkeep_test

import (
	"testing"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/domaintest"
	"github.com/partnerledger/partnerledger/domain/upkeep"
)

const poison, other = "0b7c9a2e-5d1f-5c5e-9d4e-7f6a1c2b3d4e", "1c8d0b3f-6e20-5d6f-8e5f-807b2d3c4e5f"

// TestSkip: only the event in the way is skipped, for a reason, and once.
func TestSkip(t *testing.T) {
	wish := func(change func(*upkeep.SkipProjectionEvent)) upkeep.SkipProjectionEvent {
		c := upkeep.SkipProjectionEvent{Projection: "timeline", EventID: poison, EventType: "LunchEaten", Position: 7, Reason: " not ours ", StandsAt: poison}
		change(&c)
		return c
	}
	as := func(*upkeep.SkipProjectionEvent) {}
	skipped := upkeep.ProjectionEventSkipped{Projection: "timeline", EventID: poison, Type: "LunchEaten", Position: 7, Reason: "not ours"}
	before := []domaintest.Given{{Stream: upkeep.Stream("timeline"), At: 1, Event: skipped}}

	domaintest.Run(t, domaintest.Rules{Decide: domain.Deciding(upkeep.Fold, upkeep.Decide), Folds: []domain.AnyFold{upkeep.Fold}}, []domaintest.Case{
		{Name: "the event in the way", When: wish(as), Then: []domain.Event{skipped}},
		{Name: "without a reason", When: wish(func(c *upkeep.SkipProjectionEvent) { c.Reason = " \n" }), Refused: upkeep.ReasonMissing},
		{Name: "of one that goes on", When: wish(func(c *upkeep.SkipProjectionEvent) { c.StandsAt = "" }), Refused: upkeep.NothingToSkip,
			Says: "The read model timeline doesn't stand still, so there is nothing to skip."},
		{Name: "another event", When: wish(func(c *upkeep.SkipProjectionEvent) { c.StandsAt = other }), Refused: upkeep.NothingToSkip,
			Says: "The read model timeline stands still at the event " + other + ", not at this one."},
		{Name: "again, when it has gone on", Given: before, When: wish(func(c *upkeep.SkipProjectionEvent) { c.StandsAt = "" })},
		{Name: "the next one", Given: before, When: wish(func(c *upkeep.SkipProjectionEvent) { c.EventID, c.StandsAt = other, other }),
			Then: []domain.Event{upkeep.ProjectionEventSkipped{Projection: "timeline", EventID: other, Type: "LunchEaten", Position: 7, Reason: "not ours"}}},
		{Name: "the same event, in another read model", Given: before, When: wish(func(c *upkeep.SkipProjectionEvent) { c.Projection = "credit" }),
			Then: []domain.Event{upkeep.ProjectionEventSkipped{Projection: "credit", EventID: poison, Type: "LunchEaten", Position: 7, Reason: "not ours"}}},
	})
}

// TestSeal: what was digested is put on record as it is, once as of the same events.
func TestSeal(t *testing.T) {
	held := upkeep.Events[1].(upkeep.ReadModelSealed).Seal
	with := func(change func(*upkeep.Seal)) upkeep.SealReadModel {
		s := held
		change(&s)
		return upkeep.SealReadModel{Seal: s}
	}
	as := func(*upkeep.Seal) {}
	before := []domaintest.Given{{Stream: upkeep.Stream("timeline"), At: 1, Event: upkeep.ReadModelSealed{Seal: held}}}
	sealed := func(c upkeep.SealReadModel) []domain.Event { return []domain.Event{upkeep.ReadModelSealed(c)} }
	later, other := with(func(s *upkeep.Seal) { s.Events++ }), with(func(s *upkeep.Seal) { s.Digest = "another" })

	domaintest.Run(t, domaintest.Rules{Decide: domain.Deciding(upkeep.Fold, upkeep.Decide), Folds: []domain.AnyFold{upkeep.Fold}}, []domaintest.Case{
		{Name: "what it holds", When: with(as), Then: sealed(with(as))},
		{Name: "the same again", Given: before, When: with(as)},
		{Name: "as of a later event", Given: before, When: later, Then: sealed(later)},
		{Name: "other rows as of the same event", Given: before, When: other, Then: sealed(other)},
		{Name: "before it has tables", When: with(func(s *upkeep.Seal) { s.Digest = "" }), Refused: upkeep.NothingToSeal,
			Says: "The read model timeline has no tables of this version yet, so there is nothing to seal."},
	})
}

// TestFoldLeavesTheStateItStartsFrom: states are shared, and skipping changes a map.
func TestFoldLeavesTheStateItStartsFrom(t *testing.T) {
	event := func(id string) domain.Happened {
		return domain.Happened{Event: upkeep.ProjectionEventSkipped{EventID: id}}
	}
	one := upkeep.Fold.Apply(upkeep.State{}, event(poison))
	two := upkeep.Fold.Apply(one, event(other))
	if len(one.Skipped) != 1 || len(two.Skipped) != 2 {
		t.Errorf("before %v, after %v", one.Skipped, two.Skipped)
	}
}
