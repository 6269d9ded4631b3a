package esdbnode

import (
	"fmt"

	"github.com/google/uuid"
)

// standing is what the writer has to know about a stream before it writes there, staged events included.
type standing struct {
	events sequence
	// tombstoned says that the stream has ended for ever.
	tombstoned bool
	// metadata is the data of the newest metadata, described says that there is one.
	metadata  []byte
	described bool
	limits    limits
}

// deleted says that the stream is soft-deleted: readers do not find it, writers may begin it again.
func (s standing) deleted() bool { return s.described && s.limits.deleted() }

// exists is EventStoreDB's notion: metadata alone makes a stream exist.
func (s standing) exists() bool { return s.events.len() > 0 || s.described }

func (w *writer) standing(stream string) (standing, error) {
	s := standing{events: w.index.staged(stream), tombstoned: w.index.tombstoned(stream)}
	name, ok := metadataOf(stream)
	if !ok {
		s.tombstoned = s.tombstoned || w.index.tombstoned(stream[len(metadataPrefix):])
		return s, nil
	}
	described := w.index.staged(name)
	if described.len() == 0 {
		return s, nil
	}
	newest, err := w.storedAt(described.at(described.len() - 1))
	if err != nil {
		return s, err
	}
	s.metadata, s.described, s.limits = newest.data, true, parseLimits(newest.data)
	return s, nil
}

// limits are those that hide events of a stream now; $all has none.
func (n *Node) limits(stream string, v view) (limits, error) {
	name, ok := metadataOf(stream)
	if !ok {
		return metadataLimits, nil
	}
	if stream == "" {
		return limits{}, nil
	}
	newest, ok, err := n.newest(name)
	if err != nil || !ok {
		return limits{}, err
	}
	return parseLimits(newest.data), nil
}

// place gives events their revisions and positions. Writing to a soft-deleted stream, or describing it anew, brings the
// stream back: in the same atomic batch its metadata is written again with the events before the return left out.
func (w *writer) place(stream string, before standing, events []proposed) (outcome, error) {
	done := w.placeEvents(stream, events)
	if before.deleted() {
		w.describeAgain(stream, before.metadata, uint64(before.events.len()))
		return done, nil
	}
	if !isMetadata(stream) {
		return done, nil
	}
	return done, w.undelete(stream[len(metadataPrefix):], done)
}

func (w *writer) placeEvents(stream string, events []proposed) outcome {
	now := w.now()
	next := uint64(w.index.staged(stream).len())
	done := outcome{result: resultDone}
	name := []byte(stream)
	for i, e := range events {
		done.revision = next + uint64(i)
		done.position = w.log.stage(func(dst []byte, position uint64) []byte {
			return e.appendFrame(dst, now, done.revision, position)
		})
		w.index.add(e.at(name, done.revision, done.position))
	}
	return done
}

// undelete brings back a soft-deleted stream whose metadata was just written.
func (w *writer) undelete(stream string, written outcome) error {
	metadata := w.index.staged(metadataPrefix + stream)
	if written.revision == 0 || metadata.len() == 0 {
		return nil
	}
	before, err := w.storedAt(metadata.at(int(written.revision - 1)))
	if err != nil || !parseLimits(before.data).deleted() {
		return err
	}
	now, err := w.storedAt(written.position)
	if err != nil {
		return err
	}
	w.describeAgain(stream, now.data, uint64(w.index.staged(stream).len()))
	return nil
}

// describeAgain writes metadata with another truncation.
func (w *writer) describeAgain(stream string, metadata []byte, first uint64) {
	if data, ok := withTruncate(metadata, first); ok {
		w.describe(stream, data)
	}
}

func (w *writer) describe(stream string, data []byte) outcome {
	name := metadataPrefix + stream
	return w.placeEvents(name, []proposed{newProposed(name, uuid.New(), metadataType, contentTypeJSON, nil, data)})
}

// placeDelete soft-deletes: the stream's metadata is replaced by the truncation of everything.
func (w *writer) placeDelete(stream string) outcome {
	return w.describe(stream, fmt.Appendf(nil, `{"%s":%d}`, keyTruncate, int64(deletedFrom)))
}

// placeTombstone ends a stream for ever.
func (w *writer) placeTombstone(stream string) outcome {
	e := newProposed(stream, uuid.New(), tombstoneType, contentTypeBinary, nil, nil)
	position := w.log.stage(func(dst []byte, position uint64) []byte {
		return e.appendFrame(dst, w.now(), tombstoneRevision, position)
	})
	w.index.add(e.at([]byte(stream), tombstoneRevision, position))
	return outcome{result: resultDone, revision: tombstoneRevision, position: position}
}
