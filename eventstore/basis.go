package eventstore

import (
	"context"
	"fmt"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/vocabulary"
)

// basis is how a Handler looks at streams for one decision, and what it saw.
type basis struct {
	states *states
	recent *recentOutcomes
	in     *domain.Intent
	seen   map[domain.Stream]state
}

func newBasis(s *states, recent *recentOutcomes, in *domain.Intent) *basis {
	return &basis{states: s, recent: recent, in: in, seen: map[domain.Stream]state{}}
}

// look gives the stream as it is to be seen by the decision.
func (b *basis) look(ctx context.Context, stream domain.Stream) (Sight, error) {
	current, err := b.states.load(ctx, stream)
	if err != nil {
		return Sight{}, err
	}
	free, err := b.free(ctx, stream, current)
	if err != nil {
		return Sight{}, err
	}
	b.seen[stream] = current
	if !free {
		return Sight{Revision: current.revision, State: current.value}, nil
	}
	fold, ok := vocabulary.FoldOf(stream.Category)
	if !ok {
		return Sight{}, fmt.Errorf("no fold is known for stream category %q", stream.Category)
	}
	on := current.revision
	if b.holds(stream) {
		on-- // its own claim came after what it decides on
	}
	return Sight{Revision: on, State: fold.Empty(), Abandoned: on != NoStream}, nil
}

// free tells whether a claim holds nothing, because its command never came to its fact: the command that
// made it goes on where it died, and another may take the name over.
func (b *basis) free(ctx context.Context, stream domain.Stream, s state) (bool, error) {
	switch s.claimant {
	case "":
		return false, nil
	case b.in.ID:
		return true, nil
	}
	done, err := b.done(ctx, s)
	if err != nil {
		return false, err
	}
	if done {
		b.states.settle(stream, s)
	}
	return !done && s.abandoned(), nil
}

// done tells whether the command behind a claim came to its outcome. Before one writer of several takes a
// claim for abandoned, it looks for the fact itself, which the read models may not have seen yet.
func (b *basis) done(ctx context.Context, s state) (bool, error) {
	if !b.states.sole && s.abandoned() {
		if _, err := b.states.load(ctx, s.claimedFor); err != nil {
			return false, err
		}
		if t, found, _ := b.recent.trace(s.claimant); found && t.fact {
			return true, nil
		}
	}
	_, done, err := b.recent.find(ctx, s.claimant)
	return done, err
}

// holds tells whether this command's own claim stands in the stream.
func (b *basis) holds(stream domain.Stream) bool { return b.seen[stream].claimant == b.in.ID }

func (b *basis) revision(stream domain.Stream) Revision {
	if s, ok := b.seen[stream]; ok {
		return s.revision
	}
	return NoStream
}

// settle keeps time from going back within a stream.
func (b *basis) settle(target domain.Stream, history bool) error {
	s, ok := b.seen[target]
	if !ok || s.revision == NoStream || b.in.At >= s.lastAt {
		return nil
	}
	if history {
		return &OutOfOrder{Stream: target.String(), At: b.in.At, Last: s.lastAt}
	}
	b.in.At = s.lastAt
	return nil
}
