package esdbnode

import (
	"errors"
	"fmt"

	"github.com/google/uuid"
)

// expectation is what an appender believes about the stream it writes to.
type expectation struct {
	kind     expectKind
	revision uint64
}

type expectKind int

const (
	expectAny expectKind = iota
	expectExists
	expectNone
	expectExact
)

// outcome is the answer to an append that was understood.
type outcome struct {
	result result
	// empty says that the stream has no events, else revision is that of the last event written (or found written
	// before), and in a conflict that of the stream's last event.
	empty    bool
	revision uint64
	// position is that of the event with that revision; there is none for an append of no events.
	position uint64
}

type result int

const (
	// resultWrite means that the events have to be written; no caller outside the writer sees it.
	resultWrite result = iota
	// resultDone means that the events are in the stream, from this append or from an equal one before.
	resultDone
	// resultConflict is EventStoreDB's WrongExpectedVersion.
	resultConflict
)

// judge applies the rules of expected revisions and of idempotence by event id. An append that was answered before gets
// the same answer again, so that a client that lost the answer can repeat the call without harm.
//
// With an exact revision the ids are compared with those in the log from the expected place on, which works for ever.
// With any and stream-exists the ids are looked up. EventStoreDB keeps a bounded cache of ids for this and forgets old
// ones; this node forgets none.
func (w *writer) judge(stream string, before standing, expected expectation, events []proposed) (outcome, error) {
	already := before.events
	switch {
	case before.tombstoned, expected.kind == expectExists && before.deleted():
		return outcome{}, streamDeleted(stream)
	case expected.kind == expectExists && !before.exists():
		return conflict(already), nil
	case expected.kind == expectAny || expected.kind == expectExists:
		return w.judgeByID(stream, already, events)
	case expected.next() > uint64(already.len()):
		return conflict(already), nil
	case expected.next() == uint64(already.len()) && len(events) > 0:
		return outcome{result: resultWrite}, nil
	}
	verdict, differs, err := w.judgeByPlace(already, expected.next(), events)
	if differs == 0 && expected.kind == expectNone && before.deleted() {
		return outcome{result: resultWrite}, err
	}
	return verdict, err
}

// next is the revision that the first event of the append expects to get.
func (e expectation) next() uint64 {
	if e.kind == expectNone {
		return 0
	}
	return e.revision + 1
}

// judgeByID decides on the first event: unknown, the append is new; known, all of it must be.
func (w *writer) judgeByID(stream string, already sequence, events []proposed) (outcome, error) {
	if len(events) == 0 {
		return current(resultDone, already, 0), nil
	}
	var last outcome
	for i, e := range events {
		found, ok, err := w.lookup(stream, e.id)
		switch {
		case err != nil:
			return outcome{}, err
		case !ok && i == 0:
			return outcome{result: resultWrite}, nil
		case !ok:
			return conflict(already), nil
		}
		last = found
	}
	return last, nil
}

// judgeByPlace compares the append with the events that stand where it wanted to write, and says which of its events is
// the first that is another, -1 when none is.
func (w *writer) judgeByPlace(already sequence, next uint64, events []proposed) (outcome, int, error) {
	if len(events) == 0 {
		return current(resultDone, already, 0), -1, nil
	}
	for i, e := range events {
		place := next + uint64(i)
		if place >= uint64(already.len()) {
			return conflict(already), i, nil
		}
		s, err := w.storedAt(already.at(int(place)))
		if err != nil {
			return outcome{}, -1, err
		}
		if s.id != e.id {
			return conflict(already), i, nil
		}
	}
	end := next + uint64(len(events)) - 1
	return outcome{result: resultDone, revision: end, position: already.at(int(end))}, -1, nil
}

// lookup finds the newest event of a stream with an id.
func (w *writer) lookup(stream string, id uuid.UUID) (outcome, bool, error) {
	var found outcome
	var failed error
	ok := false
	w.index.candidates(id, stream, func(position uint64) bool {
		s, err := w.storedAt(position)
		if err == nil && (s.id != id || string(s.stream) != stream) {
			return false
		}
		ok, failed = err == nil, err
		found = outcome{result: resultDone, revision: s.revision, position: position}
		return true
	})
	return found, ok, failed
}

func (w *writer) storedAt(position uint64) (stored, error) {
	frame, err := w.log.frameStaged(position)
	if errors.Is(err, errGone) {
		// It is like no other event, and says nothing.
		return stored{}, nil
	}
	if err != nil {
		return stored{}, err
	}
	s, err := parseFrame(frame)
	if err != nil {
		return stored{}, fmt.Errorf("event at position %d: %w", position, err)
	}
	return s, nil
}

func conflict(already sequence) outcome { return current(resultConflict, already, 0) }

func current(r result, already sequence, position uint64) outcome {
	if already.len() == 0 {
		return outcome{result: r, empty: true}
	}
	return outcome{result: r, revision: uint64(already.len() - 1), position: position}
}
