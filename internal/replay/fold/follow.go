package fold

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/vocabulary"
	"github.com/partnerledger/partnerledger/eventstore"
)

// Followed is an event of the entity that is followed, with the state after it: that of the event's stream, or of
// the part of it that is called like the entity. Personal texts in it are blanked.
type Followed struct {
	Event
	State map[string]any
}

// followedMax is how many streams' states are kept while somebody is followed; others are read again.
const followedMax = 1000

// follower tells of one entity: whatever stands in a stream that is called like it, and whatever names it.
type follower struct {
	ctx    context.Context
	log    eventstore.Store
	codec  *eventstore.Codec
	entity string
	quoted []byte
	told   func(Followed) error
	states *lru.Cache[string, any]
}

func newFollower(ctx context.Context, log eventstore.Store, codec *eventstore.Codec, o Options) (*follower, error) {
	states, err := lru.New[string, any](followedMax)
	return &follower{ctx: ctx, log: log, codec: codec, entity: o.Follow, quoted: []byte(`"` + o.Follow + `"`), told: o.Told, states: states}, err
}

// take hears of every event that is folded.
func (f *follower) take(e Event, fact domain.Event) error {
	about := f.about(e)
	before, kept := f.states.Get(e.Stream)
	if !about && !kept {
		return nil
	}
	category, _, _ := strings.Cut(e.Stream, "-")
	fold, known := vocabulary.FoldOf(category)
	if !known {
		return fmt.Errorf("no stream of the ledger is called %s", e.Stream)
	}
	if !kept {
		var err error
		if before, err = f.stateBefore(e, fold); err != nil {
			return err
		}
	}
	after := fold.ApplyAny(before, happened(e.Recorded, e.Meta, fact))
	f.states.Add(e.Stream, after)
	if !about {
		return nil
	}
	return f.told(Followed{e, shown(after, f.entity, calledLike(e.Stream, f.entity))})
}

// about tells whether the event is of the entity. Ids are long and stand in quotes, so that looking for the bytes is
// enough; personal texts are sealed, so that nobody is found by them.
func (f *follower) about(e Event) bool {
	return calledLike(e.Stream, f.entity) || bytes.Contains(e.Data, f.quoted)
}

// calledLike tells whether the entity is the stream itself, or one of the ids that make its name.
func calledLike(stream, entity string) bool {
	_, id, _ := strings.Cut(stream, "-")
	return stream == entity || id == entity || slices.Contains(strings.Split(id, "."), entity)
}

// stateBefore folds the event's stream up to the event.
func (f *follower) stateBefore(e Event, fold domain.AnyFold) (any, error) {
	state := fold.Empty()
	if e.Revision == 0 {
		return state, nil
	}
	for r, err := range f.log.ReadStream(f.ctx, e.Stream, 0) {
		if err != nil {
			return nil, err
		}
		if r.Revision >= e.Revision {
			break
		}
		fact, meta, err := f.codec.Decode(r)
		if err != nil {
			return nil, err
		}
		state = fold.ApplyAny(state, happened(r, meta, fact))
	}
	return state, nil
}

func happened(r eventstore.Recorded, meta eventstore.Metadata, fact domain.Event) domain.Happened {
	return domain.Happened{At: meta.At, Place: domain.Place(r.Position), Event: fact}
}
