package httpapi

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"slices"

	"github.com/partnerledger/partnerledger/domain/vocabulary"
	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/projections/timeline"
)

// Log is the event store as far as questions read it.
type Log interface {
	// ReadStream yields the stream's events from the revision on, inclusive.
	ReadStream(ctx context.Context, stream string, from eventstore.Revision) iter.Seq2[eventstore.Recorded, error]
}

// metadata reads what stands beside events; it opens no personal text.
var metadata = eventstore.NewCodec(vocabulary.Events(), nil)

// basis adds to each entry what its decision looked at. It stands beside the event in the log and nowhere else:
// as a column it would make every line of the timeline longer, for a question that few ask. Each stream is read once.
func (a *API) basis(ctx context.Context, entries []timeline.Entry) error {
	byStream := make([]*timeline.Entry, len(entries))
	for i := range entries {
		byStream[i] = &entries[i]
	}
	slices.SortFunc(byStream, func(x, y *timeline.Entry) int {
		return cmp.Or(cmp.Compare(x.Stream, y.Stream), cmp.Compare(x.Revision, y.Revision))
	})
	for len(byStream) > 0 {
		stream := byStream[0].Stream
		n := slices.IndexFunc(byStream, func(e *timeline.Entry) bool { return e.Stream != stream })
		if n < 0 {
			n = len(byStream)
		}
		if err := a.basisIn(ctx, byStream[:n]); err != nil {
			return fmt.Errorf("basis of the events of %s: %w", stream, err)
		}
		byStream = byStream[n:]
	}
	return nil
}

// basisIn reads one stream, from the first entry's event to the last one's.
func (a *API) basisIn(ctx context.Context, entries []*timeline.Entry) error {
	for recorded, err := range a.events.ReadStream(ctx, entries[0].Stream, eventstore.Revision(entries[0].Revision)) {
		if err != nil {
			return err
		}
		if int64(recorded.Revision) != entries[0].Revision {
			continue
		}
		meta, err := metadata.DecodeMetadata(recorded)
		if err != nil {
			return err
		}
		if entries[0].Basis = meta.Basis; meta.Basis == nil {
			entries[0].Basis = []eventstore.Basis{}
		}
		if entries = entries[1:]; len(entries) == 0 {
			return nil
		}
	}
	return fmt.Errorf("the log ends before revision %d", entries[0].Revision)
}
