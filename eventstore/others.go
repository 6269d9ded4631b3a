package eventstore

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/outcome"
)

// Where a Handler is one writer of several, the same command may be said to two of them before the read
// models know it. Both then look for its outcome in the places where the other may have left it:
//
//   - Its facts stand in the target. They are looked for in the very state on which is decided, and appended
//     at that state's revision, so that the facts of a command MUST NOT be there twice.
//   - A refusal, or that it changed nothing, stands in a stream of its provider and month. Who has facts to
//     append reads those streams first; who has such a note to append reads them and the target first, appends
//     at the revision read, and reads the target again.
//
// Two tries that come to the same kind of outcome therefore meet at one revision. Two that come to different
// kinds, because something that the decision looked at changed between them, meet if either has appended
// before the other looks. What remains is that one appends facts in the moment between the other's last look and
// its append, having looked itself before: no log can make an append to one stream depend on another. Then
// the note stands beside the facts, and the facts are the outcome.
//
// What anybody answers is read back from the log, because the store takes the other's events for the same ones.

// clocksApart is by how much two tries of one command may differ in time.
const clocksApart = domain.Instant(24 * time.Hour / time.Millisecond)

// notesOf are the streams in which another try may have left a note that the command has no facts. Its time was
// the one at which it was said there, or it was moved forward as far as to the last event of the target.
func (h *Handler) notesOf(r Request, target domain.Stream) (streams []domain.Stream) {
	last := max(r.At, h.states.seenAt(target))
	for near, end := r.said-clocksApart, last+clocksApart; ; near = min(near+28*clocksApart, end) {
		r.At = near
		if refused, _ := outcome.Refused(r.Intent, &domain.Refusal{}); !slices.Contains(streams, refused) {
			unchanged, _ := outcome.ChangedNothing(r.Intent)
			streams = append(streams, refused, unchanged)
		}
		if near == end {
			return streams
		}
	}
}

// meet reads the streams up to date in which a note may stand, and returns *saidBefore if the command's outcome
// stands in a stream that was read. Before it takes a note for the outcome, it reads the target.
func (h *Handler) meet(ctx context.Context, r Request, target domain.Stream) error {
	for _, s := range h.notesOf(r, target) {
		if _, err := h.states.load(ctx, s); err != nil {
			return err
		}
	}
	err := h.unsaid(ctx, r)
	if said, ok := errors.AsType[*saidBefore](err); ok && !said.facts() {
		return h.meetAt(ctx, r, target)
	}
	return err
}

// meetAt reads the target up to date and looks once more. A command whose id was reused has none.
func (h *Handler) meetAt(ctx context.Context, r Request, target domain.Stream) error {
	if target != (domain.Stream{}) {
		if _, err := h.states.load(ctx, target); err != nil {
			return err
		}
	}
	return h.unsaid(ctx, r)
}

// recordAmongOthers does what record and note do, where another writer may be at the same command. failed is
// the error of the decision, if any.
func (h *Handler) recordAmongOthers(ctx context.Context, r Request, seen *basis, v Verdict, failed error) (Outcome, error) {
	if _, late := errors.AsType[*OutOfOrder](failed); failed != nil && !late {
		return Outcome{}, failed
	}
	if failed == nil && len(v.Events) == 0 {
		if err := h.unsaid(ctx, r); err != nil {
			return Outcome{}, err
		}
		return h.note(ctx, r, v)
	}
	if err := errors.Join(h.meet(ctx, r, v.Target), failed); err != nil {
		return Outcome{}, err
	}
	if reserved, err := h.reserve(ctx, r, seen, v); err != nil {
		return Outcome{}, err
	} else if reserved {
		if err := h.meet(ctx, r, v.Target); err != nil {
			return Outcome{}, err
		}
	}
	on := seen.revision(v.Target)
	if err := h.append(ctx, &Outcome{}, on, r.Facts(v)); err != nil {
		return Outcome{}, err
	}
	return h.told(ctx, trace{command: r.ID, stream: v.Target.String(), revision: on + 1, fact: true})
}

// noteAmongOthers appends a note after a last look for facts, and looks once more: facts are the outcome.
func (h *Handler) noteAmongOthers(ctx context.Context, r Request, on Revision, d Draft, target domain.Stream) (Outcome, error) {
	if err := h.meet(ctx, r, target); err != nil {
		return Outcome{}, err
	}
	if err := h.meetAt(ctx, r, target); err != nil {
		return Outcome{}, err
	}
	if err := h.append(ctx, &Outcome{}, on, d); err != nil {
		return Outcome{}, err
	}
	err := h.meetAt(ctx, r, target)
	if said, ok := errors.AsType[*saidBefore](err); err != nil && (!ok || said.facts()) {
		return Outcome{}, err
	}
	return h.told(ctx, trace{command: r.ID, stream: d.Stream.String(), revision: on + 1})
}

// repeat answers as the first time.
func (h *Handler) repeat(ctx context.Context, said *saidBefore) (o Outcome, err error) {
	if said.outcome != nil {
		o = *said.outcome
	} else if o, err = h.told(ctx, said.at); err != nil {
		return Outcome{}, err
	}
	o.Repeated = true
	return o, nil
}

// told gives the outcome that stands in the log, and finishes what its facts began if nobody has yet.
func (h *Handler) told(ctx context.Context, at trace) (Outcome, error) {
	o := Outcome{CommandID: at.command}
	type part struct {
		fact domain.Event
		meta Metadata
	}
	var parts []part
	for r, err := range h.store.ReadStream(ctx, at.stream, at.revision) {
		if err != nil {
			return Outcome{}, err
		}
		event, meta, err := h.codec.Decode(r)
		if err != nil {
			return Outcome{}, err
		}
		if _, ok := traceOf(r, event, meta); !ok || meta.CausationID != at.command {
			break
		}
		o.Digest, o.Position = meta.Command.Digest, r.Position
		if isNote(event) {
			if refused, ok := event.(outcome.CommandRefused); ok {
				o.Refusal = domain.Refuse(refused.Code).Says(refused.Sentence)
			}
			return o, nil
		}
		o.EventIDs = append(o.EventIDs, r.ID)
		parts = append(parts, part{event, meta})
		if err := h.erase(event, r.ID); err != nil {
			return Outcome{}, err
		}
	}
	if len(parts) == 0 {
		return Outcome{}, &WrongRevision{Stream: at.stream, Expected: at.revision, Actual: at.revision - 1}
	}
	for _, p := range parts {
		if err := h.react(ctx, p.fact, p.meta, &o); err != nil {
			return Outcome{}, err
		}
	}
	return o, nil
}

// reacted adds to the outcome what another writer recorded as the reaction to its facts.
func (h *Handler) reacted(ctx context.Context, target domain.Stream, command domain.CommandID, o *Outcome) error {
	for r, err := range h.store.ReadStream(ctx, target.String(), 0) {
		if err != nil {
			return err
		}
		meta, err := h.codec.DecodeMetadata(r)
		if err != nil {
			return err
		}
		if meta.CausationID == command && meta.Part >= meta.Parts {
			o.EventIDs, o.Position = append(o.EventIDs, r.ID), max(o.Position, r.Position)
		}
	}
	return nil
}
