package eventstore

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/google/uuid"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/vocabulary"
)

// derivedID gives the same id for the same command and name, on every try and every machine.
func derivedID(command domain.CommandID, name string) uuid.UUID {
	space, err := uuid.Parse(string(command))
	if err != nil {
		space = uuid.NewSHA1(uuid.NameSpaceURL, []byte(command))
	}
	return uuid.NewSHA1(space, []byte(name))
}

// record appends the claims, each to its own stream, then the facts to the target, then whatever
// finishes what the facts began.
func (h *Handler) record(ctx context.Context, r Request, b *basis, target domain.Stream, d domain.Decision) (Outcome, error) {
	meta := h.metadata(r, b.list(target), len(d.Claims)+len(d.Events))
	for i, claim := range d.Claims {
		meta.Part = i
		if err := h.claim(ctx, r, b, claim, meta); err != nil {
			return Outcome{}, err
		}
	}
	meta.Part = len(d.Claims)
	o := Outcome{CommandID: r.ID, Digest: r.Digest}
	if err := h.append(ctx, &o, target, b.revision(target), d.Events, meta, numbered(r.ID)); err != nil {
		return Outcome{}, err
	}
	meta.Part += len(d.Events)
	for _, e := range d.Events {
		if err := h.react(ctx, r.Intent, e, meta, &o); err != nil {
			return Outcome{}, err
		}
	}
	return o, nil
}

func (h *Handler) metadata(r Request, basis []Basis, parts int) Metadata {
	correlation := r.CorrelationID
	if correlation == "" {
		correlation = string(r.ID)
	}
	return Metadata{CorrelationID: correlation, CausationID: r.ID, Actor: r.Actor, At: r.At, Basis: basis, Parts: parts,
		Command:  CommandRef{Type: r.Command.CommandType(), Digest: r.Digest},
		Provider: r.Command.Parties().Provider, Traceparent: r.Traceparent}
}

// claim reserves a name, unless this command reserved it already before it died.
func (h *Handler) claim(ctx context.Context, r Request, b *basis, claim domain.Claim, meta Metadata) error {
	stream := claim.Reserves()
	if b.holds(stream) {
		return nil
	}
	var o Outcome
	return h.append(ctx, &o, stream, b.revision(stream), []domain.Event{claim}, meta, numbered(r.ID))
}

// numbered derives event ids from the part that the event is of its command.
func numbered(id domain.CommandID) func(part int) uuid.UUID {
	return func(part int) uuid.UUID { return derivedID(id, strconv.Itoa(part)) }
}

// append writes the events and, once they are durable, folds them into the cached state.
func (h *Handler) append(ctx context.Context, o *Outcome, stream domain.Stream, expected Revision, events []domain.Event, meta Metadata, id func(int) uuid.UUID) error {
	proposed := make([]Proposed, len(events))
	for i, e := range events {
		if effective, ok := e.(domain.Effective); ok {
			from := effective.EffectiveFrom()
			meta.EffectiveAt = &from
		} else {
			meta.EffectiveAt = nil
		}
		var err error
		if proposed[i], err = h.codec.Encode(id(meta.Part), e, meta); err != nil {
			return err
		}
		meta.Part++
	}
	done, err := h.store.Append(ctx, stream.String(), expected, proposed...)
	if err != nil {
		return fmt.Errorf("append to %s: %w", stream, err)
	}
	h.states.advance(stream, expected, done, meta.At, events)
	o.Position = max(o.Position, done.Position)
	for i, p := range proposed {
		o.EventIDs = append(o.EventIDs, p.ID)
		if err := h.erase(events[i], p.ID); err != nil {
			return err
		}
	}
	return nil
}

// erase destroys the key of whom a recorded fact forgets. A process that dies in between does so when
// it starts again, before it takes commands.
func (h *Handler) erase(e domain.Event, id uuid.UUID) error {
	erasing, ok := e.(domain.Erasing)
	if !ok || h.eraser == nil {
		return nil
	}
	return h.eraser.ForgetOnce(erasing.DataSubject(), id.String())
}

// note appends the one event of a command that left no fact of its own.
func (h *Handler) note(ctx context.Context, r Request, stream domain.Stream, e domain.Event) (Position, error) {
	unlock := h.streams.lock(stream.String())
	defer unlock()
	meta := h.metadata(r, nil, 1)
	for range attemptsMax {
		current, err := h.states.load(ctx, stream)
		if err != nil {
			return 0, err
		}
		var o Outcome
		err = h.append(ctx, &o, stream, current.revision, []domain.Event{e}, meta, func(int) uuid.UUID { return derivedID(r.ID, "outcome") })
		if conflict, ok := errors.AsType[*WrongRevision](err); ok {
			h.states.forget(conflict.Stream)
			continue
		}
		return o.Position, err
	}
	return 0, fmt.Errorf("note the outcome of command %s: %w", r.ID, ErrContended)
}

// react finishes what a fact began, in another stream, as part of the same command. Doing it twice changes nothing.
func (h *Handler) react(ctx context.Context, in domain.Intent, fact domain.Event, meta Metadata, o *Outcome) error {
	reaction, ok := vocabulary.React(fact)
	if !ok {
		return nil
	}
	in.Command = reaction
	target := reaction.Target()
	unlock := h.streams.lock(target.String())
	defer unlock()
	for range attemptsMax {
		b := newBasis(h.states, h.recent, in.ID)
		r := Request{Intent: in}
		decision, _, err := h.decide(ctx, &r, b)
		if err != nil || len(decision.Events) == 0 {
			return err
		}
		meta.At, meta.Basis = r.At, b.list(target)
		err = h.append(ctx, o, target, b.revision(target), decision.Events, meta, func(part int) uuid.UUID {
			return derivedID(in.ID, "reaction/"+reaction.CommandType()+"/"+strconv.Itoa(part-meta.Part))
		})
		if conflict, ok := errors.AsType[*WrongRevision](err); ok {
			h.states.forget(conflict.Stream)
			continue
		}
		return err
	}
	return fmt.Errorf("%s after command %s: %w", reaction.CommandType(), in.ID, ErrContended)
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
		if _, ok := vocabulary.React(fact); !ok {
			continue
		}
		meta.Part, meta.EffectiveAt = meta.Parts, nil
		in := domain.Intent{ID: meta.CausationID, At: meta.At, Actor: meta.Actor}
		if err := h.react(ctx, in, fact, meta, &Outcome{}); err != nil {
			return err
		}
	}
	return nil
}
