package domain

import (
	"fmt"
	"maps"
)

// Event is a fact in the past tense. Its name and stored form are frozen with the first event written.
type Event interface{ EventType() string }

// Claim is an event that only reserves a name (a domain, an MPN ID) for the fact that follows it in
// another stream. By itself it is no outcome of a command: whoever retries the command finishes it.
type Claim interface {
	Event
	// Reserves gives the stream of the name itself: the claim is appended there, and the name is taken
	// once that stream exists.
	Reserves() Stream
	// Claims gives the stream that must hold the fact for which the name is reserved.
	Claims() Stream
}

// Personable is an event or a command with personal texts: DataSubject names the key under which they are
// sealed, which is the stream of whom they are about.
type Personable interface{ DataSubject() string }

// AboutPerson is an event with personal texts.
type AboutPerson interface {
	Event
	Personable
}

// Erasing is an event after which the personal texts of its data subject, recorded so far, are to be
// readable by nobody any more.
type Erasing interface {
	AboutPerson
	// ErasesPersonalData is there to be asked for.
	ErasesPersonalData()
}

// Effective is an event that takes effect at another time than it was recorded.
type Effective interface {
	Event
	EffectiveFrom() Instant
}

// Command is a wish, as the vocabulary spells it. Data only: its rules stand in the aggregate it targets.
type Command interface {
	// CommandType is the name on the wire.
	CommandType() string
	// Target is the stream whose aggregate decides and to which its events are appended.
	Target() Stream
	// Parties are the organizations that the command names, for the role check.
	Parties() Parties
}

// Historic is a command that counts as it is only as history being imported. In live business another takes its
// place.
type Historic interface {
	Command
	// InLiveBusiness is the command that it is there.
	InLiveBusiness() Command
}

// Intent is a command as somebody issued it.
type Intent struct {
	ID      CommandID
	At      Instant
	Actor   Actor
	Command Command
}

// Happened is an event with the moment it was recorded and its place in the log.
type Happened struct {
	At    Instant
	Place Place
	Event Event
}

// Decision is what an aggregate decided: Claims go into streams of their own first, each at the
// revision that was looked at; then Events go into the target stream, all or none. No events at all
// means that the command is accepted and changes nothing.
type Decision struct {
	Claims []Claim
	Events []Event
}

// Fold is how the events of one category become state. S is the state's type.
type Fold[S any] struct {
	Category string
	// Clone copies whatever Evolve changes in place.
	Clone func(S) S
	// Evolve believes what it is told: no rules, no errors. It may change the state it is given.
	Evolve func(S, Happened) S
}

// Apply gives the state after the events; the state it starts from stays as it was.
func (f Fold[S]) Apply(from S, events ...Happened) S {
	if f.Clone != nil {
		from = f.Clone(from)
	}
	for _, e := range events {
		from = f.Evolve(from, e)
	}
	return from
}

// AnyFold is a Fold whose state type is hidden, so that folds of all categories fit one table.
type AnyFold interface {
	StreamCategory() string
	Empty() any
	ApplyAny(from any, events ...Happened) any
}

// StreamCategory is the category whose streams this folds.
func (f Fold[S]) StreamCategory() string { return f.Category }

// Empty is the state of a stream without events: the zero value of S.
func (f Fold[S]) Empty() any { var zero S; return zero }

// ApplyAny is Apply on hidden types; from MUST be what Empty or ApplyAny of the same fold gave.
func (f Fold[S]) ApplyAny(from any, events ...Happened) any { return f.Apply(from.(S), events...) }

// Facts are the states of other streams at which a decision may look.
//
// A decision stays a pure function: it looks at what is known, and what it asks for that isn't known
// yet is noted and answered with the empty state. Whoever runs the decision then MUST throw its
// result away, fetch what is Missing, and decide again; so every stream that a valid decision looked
// at is in Used, which is the decision's basis.
//
// Facts are not safe for concurrent use; each decision has its own.
type Facts struct {
	known   map[Stream]any
	used    map[Stream]bool
	missing []Stream
}

// NewFacts starts with these known states, keyed by stream.
func NewFacts(known map[Stream]any) *Facts {
	return &Facts{known: maps.Clone(known), used: map[Stream]bool{}}
}

// Look gives the state of a stream; S MUST be the state type of the stream's category.
func Look[S any](f *Facts, stream Stream) S {
	if state, ok := f.known[stream]; ok {
		f.used[stream] = true
		return state.(S)
	}
	f.missing = append(f.missing, stream)
	var empty S
	return empty
}

// Know answers a stream that was missing.
func (f *Facts) Know(stream Stream, state any) {
	if f.known == nil {
		f.known = map[Stream]any{}
	}
	f.known[stream] = state
}

// Again forgets what was asked and used, before the decision runs once more; what is known stays.
func (f *Facts) Again() { f.missing, f.used = nil, map[Stream]bool{} }

// Missing lists the streams that were asked for and not known, in the order asked.
func (f *Facts) Missing() []Stream { return f.missing }

// Used tells whether the decision looked at the stream.
func (f *Facts) Used(stream Stream) bool { return f.used[stream] }

// NotMine reports a command that reached an aggregate it doesn't belong to: a fault of the program, not of the user.
func NotMine(category string, c Command) error {
	return fmt.Errorf("aggregate %s was asked to decide %s, which isn't one of its commands", category, c.CommandType())
}

// Reaction is a command that the ledger issues to itself, to finish what a recorded fact began. It is
// not in the vocabulary, nobody else can issue it, and no role is asked for.
type Reaction interface {
	Command
	// ReactsTo names the fact that it finishes.
	ReactsTo() string
}
