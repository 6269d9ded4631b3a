package eventstore

import (
	"context"
	"fmt"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/vocabulary"
)

// basis is what one decision looks at: the states of streams, and at which revision it saw them.
type basis struct {
	facts   *domain.Facts
	states  *states
	recent  *recentOutcomes
	command domain.CommandID
	seen    map[domain.Stream]state
	order   []domain.Stream
}

func newBasis(s *states, recent *recentOutcomes, command domain.CommandID) *basis {
	return &basis{facts: domain.NewFacts(nil), states: s, recent: recent, command: command, seen: map[domain.Stream]state{}}
}

// fetchMissing fetches what the decision asked for, and tells whether it had everything.
func (b *basis) fetchMissing(ctx context.Context) (complete bool, err error) {
	missing := b.facts.Missing()
	for _, stream := range missing {
		if _, ok := b.seen[stream]; ok {
			continue
		}
		current, err := b.states.load(ctx, stream)
		if err != nil {
			return false, err
		}
		value, err := b.confirmed(ctx, stream, current)
		if err != nil {
			return false, err
		}
		b.seen[stream], b.order = current, append(b.order, stream)
		b.facts.Know(stream, value)
	}
	if len(missing) > 0 {
		b.facts.Again()
	}
	return len(missing) == 0, nil
}

// confirmed gives the state to decide on. A claim whose command never came to its fact holds nothing:
// the command that made it goes on where it died, and another may take the name over.
func (b *basis) confirmed(ctx context.Context, stream domain.Stream, s state) (any, error) {
	if s.claimant == "" {
		return s.value, nil
	}
	if s.claimant != b.command {
		_, done, err := b.recent.find(ctx, s.claimant)
		if err != nil {
			return nil, err
		}
		if done {
			b.states.settle(stream, s)
		}
		if done || !s.abandoned() {
			return s.value, nil
		}
	}
	fold, ok := vocabulary.FoldOf(stream.Category)
	if !ok {
		return nil, fmt.Errorf("no fold is known for stream category %q", stream.Category)
	}
	return fold.Empty(), nil
}

// holds tells whether this command's own claim stands in the stream.
func (b *basis) holds(stream domain.Stream) bool { return b.seen[stream].claimant == b.command }

func (b *basis) revision(stream domain.Stream) Revision {
	if s, ok := b.seen[stream]; ok {
		return s.revision
	}
	return NoStream
}

func (b *basis) lastAt(stream domain.Stream) (domain.Instant, bool) {
	s, ok := b.seen[stream]
	return s.lastAt, ok && s.revision != NoStream
}

// decidedOn is the revision on which the decision stands: before this command's own claim, where it
// claimed the name already and died.
func (b *basis) decidedOn(stream domain.Stream) Revision {
	if b.holds(stream) {
		return b.seen[stream].revision - 1
	}
	return b.seen[stream].revision
}

// list is the decision's basis for the record: every other stream that it looked at.
func (b *basis) list(target domain.Stream) []Basis {
	var out []Basis
	for _, stream := range b.order {
		if stream != target && b.facts.Used(stream) {
			out = append(out, Basis{Stream: stream.String(), Revision: b.decidedOn(stream)})
		}
	}
	return out
}
