package eventstore

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/vocabulary"
)

// record appends the claims, each to its own stream, then the facts to the target, then whatever
// finishes what the facts began.
func (h *Handler) record(ctx context.Context, r Request, seen *basis, v Verdict) (Outcome, error) {
	if _, err := h.reserve(ctx, r, seen, v); err != nil {
		return Outcome{}, err
	}
	o, facts := Outcome{CommandID: r.ID, Digest: r.Digest}, r.Facts(v)
	if err := h.append(ctx, &o, seen.revision(v.Target), facts); err != nil {
		return Outcome{}, err
	}
	for _, e := range v.Events {
		if err := h.react(ctx, e, facts.meta, &o); err != nil {
			return Outcome{}, err
		}
	}
	return o, nil
}

// reserve appends the claims, and tells whether there was any to append.
func (h *Handler) reserve(ctx context.Context, r Request, seen *basis, v Verdict) (some bool, err error) {
	for _, claim := range r.Claims(v) {
		// A name that this command reserved before it died is reserved.
		if seen.holds(claim.Stream) {
			continue
		}
		if err := h.append(ctx, &Outcome{}, seen.revision(claim.Stream), claim); err != nil {
			return some, err
		}
		some = true
	}
	return some, nil
}

// append writes the events and, once they are durable, folds them into the cached state.
func (h *Handler) append(ctx context.Context, o *Outcome, expected Revision, d Draft) error {
	proposed, err := h.codec.EncodeDraft(d)
	if err != nil {
		return err
	}
	for i, p := range proposed {
		if erasing, ok := h.erases(d.Events[i]); ok {
			if err := h.eraser.Fence(erasing.DataSubject(), p.ID.String()); err != nil {
				return err
			}
		}
	}
	done, err := h.store.Append(ctx, d.Stream.String(), expected, proposed...)
	if err != nil {
		return fmt.Errorf("append to %s: %w", d.Stream, err)
	}
	h.states.advance(d.Stream, expected, done, d.meta.At, d.Events)
	o.Position = max(o.Position, done.Position)
	for i, p := range proposed {
		o.EventIDs = append(o.EventIDs, p.ID)
		if err := h.erase(d.Events[i], p.ID); err != nil {
			return err
		}
	}
	return nil
}

// erase destroys the key of whom a recorded fact forgets. A process that dies in between does so when
// it starts again, before it takes commands.
func (h *Handler) erase(e domain.Event, id uuid.UUID) error {
	erasing, ok := h.erases(e)
	if !ok {
		return nil
	}
	return h.eraser.ForgetOnce(erasing.DataSubject(), id.String())
}

func (h *Handler) erases(e domain.Event) (domain.Erasing, bool) {
	erasing, ok := e.(domain.Erasing)
	return erasing, ok && h.eraser != nil
}

// note appends the one event of a command that left no fact of its own.
func (h *Handler) note(ctx context.Context, r Request, v Verdict) (Outcome, error) {
	d := r.NoFact(v)
	unlock := h.streams.lock(d.Stream.String())
	defer unlock()
	for range attemptsMax {
		current, err := h.states.load(ctx, d.Stream)
		if err != nil {
			return Outcome{}, err
		}
		o := Outcome{CommandID: r.ID, Digest: r.Digest, Refusal: v.Refusal}
		if h.sole {
			err = h.append(ctx, &o, current.revision, d)
			o.EventIDs = nil
		} else {
			o, err = h.noteAmongOthers(ctx, r, current.revision, d, v.Target)
		}
		if conflict, ok := errors.AsType[*WrongRevision](err); ok {
			h.states.conflicted(conflict.Stream)
			continue
		}
		return o, err
	}
	return Outcome{}, fmt.Errorf("note the outcome of command %s: %w", r.ID, ErrContended)
}

// react finishes what a fact began, in another stream, as part of the same command. Doing it twice changes nothing.
func (h *Handler) react(ctx context.Context, fact domain.Event, meta Metadata, o *Outcome) error {
	reaction, ok := vocabulary.React(fact)
	if !ok {
		return nil
	}
	unlock := h.streams.lock(reaction.Target().String())
	defer unlock()
	for range attemptsMax {
		in := domain.Intent{ID: meta.CausationID, At: meta.At, Actor: meta.Actor, Command: reaction}
		seen := newBasis(h.states, h.recent, &in)
		v, err := h.decide(ctx, seen, false)
		if err = errors.Join(err, refused(v)); err != nil {
			return err
		}
		if len(v.Events) == 0 {
			return h.reacted(ctx, v.Target, meta.CausationID, o)
		}
		err = h.append(ctx, o, seen.revision(v.Target), Reaction(meta, in.At, reaction, v))
		if conflict, ok := errors.AsType[*WrongRevision](err); ok {
			h.states.conflicted(conflict.Stream)
			continue
		}
		return err
	}
	return fmt.Errorf("%s after command %s: %w", reaction.CommandType(), meta.CausationID, ErrContended)
}

// refused is the error of a reaction that was refused, which no rule does.
func refused(v Verdict) error {
	if v.Refusal == nil {
		return nil
	}
	return v.Refusal
}

// Finish runs the reaction to the last fact of a stream, if the process died before it: the fact's own
// command, actor and time stand behind it, so that the log reads as if nothing had happened.
func (h *Handler) Finish(ctx context.Context, stream domain.Stream) error {
	for r, err := range h.store.ReadStream(ctx, stream.String(), 0) {
		if err != nil {
			return err
		}
		fact, meta, err := h.codec.Decode(r)
		if err != nil {
			return err
		}
		if err := h.react(ctx, fact, meta, &Outcome{}); err != nil {
			return err
		}
	}
	return nil
}
