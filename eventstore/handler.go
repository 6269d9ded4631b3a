package eventstore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/google/uuid"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/vocabulary"
)

// Limits of one command.
const (
	attemptsMax = 20 // how often a decision is made again because another came first
	roundsMax   = 16 // how often a decision may ask for further facts
)

// ErrContended says that others came first too often; nothing was decided, try again.
var ErrContended = errors.New("others changed the same stream too often; try again")

// OutOfOrder says that a command of the past came after a later one: in history, time never goes back.
type OutOfOrder struct {
	Stream   string
	At, Last domain.Instant
}

// Error names the stream and both times.
func (e *OutOfOrder) Error() string {
	return fmt.Sprintf("the command was issued at %s, but %s has recorded something at %s already", e.At, e.Stream, e.Last)
}

// Request is a command as it arrived.
type Request struct {
	domain.Intent
	// Digest is a keyed fingerprint of type, actor and data: what makes a repetition the same command.
	Digest        string
	CorrelationID string
	Traceparent   string
	// Policy names the role table that decides, empty for the default one. A Handler sets it to its own.
	Policy vocabulary.Policy
	// History says that At is the time of a past that is being imported. Otherwise At is the present and
	// is moved forward where a stream has seen a later one, so that clocks which differ do no harm.
	History bool
	// asked is how much the read models were known to have when they were asked for the command.
	asked Position
	said  domain.Instant // the time at which it came, before it was moved forward
}

// Outcome is what became of a command. It is the same however often the command is said.
type Outcome struct {
	CommandID domain.CommandID
	Digest    string
	Refusal   *domain.Refusal // nil: accepted
	// Position is that of the last event the command left; a query that is to see it waits for it.
	Position Position
	EventIDs []uuid.UUID // of the facts recorded; none where nothing changed
	// Repeated says that the command was known, and that this is the answer it got the first time.
	Repeated bool
}

// Outcomes knows the outcome of each command that the read models have seen so far.
type Outcomes interface {
	// Outcome finds the outcome of a command, and false if there is none yet.
	Outcome(ctx context.Context, id domain.CommandID) (Outcome, bool, error)
	// Reflects is the position up to which every command is known.
	Reflects(ctx context.Context) (Position, error)
}

// Eraser destroys the keys of data subjects; seal.Keys is one.
type Eraser interface {
	// Fence comes before the event: what is sealed from then on is not what the mark will destroy.
	Fence(subject, mark string) error
	// ForgetOnce destroys all keys that the subject has had so far. Under the same mark it does so once.
	ForgetOnce(subject, mark string) error
}

// Options of a Handler.
type Options struct {
	// SoleWriter says that no other process writes to this log, so that states once read stay true.
	// Without it every state that a decision looks at is brought up to date first.
	SoleWriter bool
	// States is how many streams' states are kept in memory; 0 means 100,000.
	States int
	// Eraser destroys keys; nil where nobody can be forgotten.
	Eraser Eraser
	// Rules decides; it is vocabulary.Rules{} unless a stricter role table is wanted.
	Rules  vocabulary.Rules
	Logger *slog.Logger
}

// Handler is the one way of a command into the log: load, fold, decide, append at an exact revision,
// and again if another came first (bounded).
//
// A command that was acknowledged is durable. Said again with the same content it changes nothing and
// is answered as the first time; with other content it is refused. Every command leaves at least one
// event: its facts, its refusal, or the fact that it changed nothing.
//
// A Handler is safe for concurrent use.
type Handler struct {
	store   Store
	codec   *Codec
	rules   vocabulary.Rules
	recent  *recentOutcomes
	states  *states
	eraser  Eraser
	streams keyedLock
	ids     keyedLock
	sole    bool
	log     *slog.Logger
}

// NewHandler makes a Handler. outcomes MUST have seen the whole log before the first command is handled.
func NewHandler(store Store, codec *Codec, outcomes Outcomes, o Options) *Handler {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	recent := newRecentOutcomes(outcomes, o.SoleWriter)
	return &Handler{store: store, codec: codec, rules: o.Rules, recent: recent,
		states: newStates(store, codec, o.States, o.SoleWriter, recent.keep), eraser: o.Eraser, sole: o.SoleWriter, log: o.Logger}
}

// Handle answers the command. Errors other than a refusal (which is an Outcome): ErrContended,
// ErrUnavailable, ErrTooLarge, *OutOfOrder, and ctx's.
func (h *Handler) Handle(ctx context.Context, r Request) (Outcome, error) {
	r.Policy = h.rules.Recorded()
	unlock := h.ids.lock(string(r.ID))
	defer unlock()
	known, found, err := h.known(ctx, &r)
	if err != nil {
		return Outcome{}, err
	}
	if !found {
		return h.first(ctx, r)
	}
	if known.Digest == r.Digest {
		known.Repeated = true
		return known, nil
	}
	return h.reused(ctx, r)
}

// known finds the command's outcome in what this handler and the read models remember.
func (h *Handler) known(ctx context.Context, r *Request) (Outcome, bool, error) {
	if !h.sole {
		r.asked, r.said = h.recent.reflected(), r.At
	}
	return h.recent.find(ctx, r.ID)
}

// reused refuses another command under a known id. The refusal is recorded under an id of its own,
// derived from both, so that the first command's outcome stays what it was.
func (h *Handler) reused(ctx context.Context, r Request) (Outcome, error) {
	first := r.ID
	r.ID = ReusedID(first, r.Digest)
	r.CorrelationID = string(first)
	o, found, err := h.known(ctx, &r)
	if err != nil {
		return Outcome{}, err
	}
	if !found {
		o, err = h.note(ctx, r, Verdict{Refusal: domain.Refuse(domain.CommandIDReused)})
		if said, ok := errors.AsType[*saidBefore](err); ok {
			o, err = h.repeat(ctx, said)
		}
		if err != nil {
			return Outcome{}, err
		}
		h.recent.add(o)
	}
	o.CommandID, o.Repeated = first, false
	return o, nil
}

func (h *Handler) first(ctx context.Context, r Request) (Outcome, error) {
	unlock := h.streams.lock(r.Command.Target().String())
	defer unlock()
	for range attemptsMax {
		o, err := h.attempt(ctx, r)
		if conflict, ok := errors.AsType[*WrongRevision](err); ok {
			h.states.conflicted(conflict.Stream)
			continue
		}
		if said, ok := errors.AsType[*saidBefore](err); ok {
			o, err = h.repeat(ctx, said)
		}
		if err != nil {
			return Outcome{}, err
		}
		h.recent.add(o)
		if o.Digest != r.Digest { // another writer came first, with other content
			return h.reused(ctx, r)
		}
		return o, nil
	}
	return Outcome{}, fmt.Errorf("command %s: %w", r.ID, ErrContended)
}

// attempt decides once, on the facts as they are, and records what was decided.
func (h *Handler) attempt(ctx context.Context, r Request) (Outcome, error) {
	seen := newBasis(h.states, h.recent, &r.Intent)
	verdict, err := h.decide(ctx, seen, r.History)
	if !h.sole {
		return h.recordAmongOthers(ctx, r, seen, verdict, err)
	}
	if err != nil {
		return Outcome{}, err
	}
	if len(verdict.Events) == 0 {
		return h.note(ctx, r, verdict)
	}
	return h.record(ctx, r, seen, verdict)
}

// decide runs the rules on the streams as they are, and settles the intent's time on the way.
func (h *Handler) decide(ctx context.Context, seen *basis, history bool) (Verdict, error) {
	return Deliberate(h.rules.Decide, seen.in,
		func(stream domain.Stream) (Sight, error) { return seen.look(ctx, stream) },
		func(target domain.Stream) error { return seen.settle(target, history) })
}
