package replay

import (
	"fmt"
	"slices"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/provider"
	"github.com/partnerledger/partnerledger/eventstore"
)

// kind is what an append holds.
type kind int

const (
	deciding kind = iota // facts, in the stream that was decided on
	claiming             // a name that is reserved before the facts
	noting               // that the command was refused, or changed nothing
	reusing              // that its id was used for another command before
	reacting             // the consequence of a fact in another stream
)

// trial is one recorded decision, or the part of it that one append holds, with all that it was made on.
type trial struct {
	kind     kind
	events   []event
	seen     map[domain.Stream]eventstore.Sight
	command  domain.Command
	unknown  bool     // whether the command has texts that nobody can read
	unseen   bool     // whether the log doesn't hold what it was decided on
	claimed  []string // names that the command has reserved by then
	reaction reaction
}

// judge decides again and compares.
func (w *worker) judge(t trial) {
	if t.kind != claiming {
		w.found.decisions++
	}
	w.found.compared += len(t.events)
	w.tape.play(t.events[0].texts)
	faults, compared := w.retry(t, t.command)
	if t.unknown {
		w.found.standIns++
		// Nobody knows what stood in these texts, but some text MUST lead to what is recorded.
		for _, other := range standIns(t.command, t.provider()) {
			if len(faults) == 0 {
				break
			}
			// Of several texts that don't, the one counts that leads to events to compare.
			if now, further := w.retry(t, other); further || !compared {
				faults, compared = now, further
			}
		}
	}
	for _, f := range faults {
		w.found.differ(f)
	}
}

// retry decides the trial on this command. It gives the differences, and whether it came to comparing bytes.
func (w *worker) retry(t trial, command domain.Command) (faults []Difference, compared bool) {
	first := t.events[0]
	fault := func(format string, args ...any) ([]Difference, bool) {
		return []Difference{differenceAt(first, fmt.Sprintf(format, args...))}, false
	}
	draft, err := w.draft(t, command)
	if err != nil {
		return fault("%v", err)
	}
	proposed, err := w.encode(draft, t)
	if err != nil {
		return fault("what the rules give can't be written down: %v", err)
	}
	if name := draft.Stream.String(); name != first.Stream {
		return fault("the rules put it into stream %s", name)
	}
	if len(proposed) != len(t.events) {
		return fault("the rules give %d events, the log holds %d", len(proposed), len(t.events))
	}
	for i, p := range proposed {
		if what := compare(w.presentForm(t.events[i]), p); what != "" {
			faults = append(faults, differenceAt(t.events[i], what))
		}
	}
	return faults, true
}

// presentForm is the event as it would be stored if it were written today: the same bytes, unless it was
// stored in an older form.
func (w *worker) presentForm(e event) eventstore.Recorded {
	if e.meta.SchemaVersion == w.codec.Version(e.Type) {
		return e.Recorded
	}
	w.found.olderForm++
	if now, err := w.codec.Encode(e.ID, e.fact, e.meta); err == nil {
		e.Data, e.Metadata = now.Data, now.Metadata
	}
	return e.Recorded
}

// encode writes the draft down with the texts that the stored events hold.
func (w *worker) encode(draft eventstore.Draft, t trial) ([]eventstore.Proposed, error) {
	var texts []text
	for _, e := range t.events {
		texts = append(texts, e.texts...)
	}
	w.tape.play(texts)
	return w.codec.EncodeDraft(draft)
}

// draft gives what the rules make of the command now. Its errors are differences.
func (w *worker) draft(t trial, command domain.Command) (eventstore.Draft, error) {
	m := t.events[0].meta
	r := eventstore.Request{Intent: domain.Intent{ID: m.CausationID, At: m.At, Actor: m.Actor, Command: command},
		Digest: m.Command.Digest, CorrelationID: m.CorrelationID, Traceparent: m.Traceparent, Policy: m.Policy}
	if t.kind == reusing {
		return r.NoFact(eventstore.Verdict{Refusal: domain.Refuse(domain.CommandIDReused)}), nil
	}
	if t.kind == reacting {
		r.Command = t.reaction.command
	}
	v, err := eventstore.Redecide(w.rules(m.Policy), r.Intent, t.seen)
	switch {
	case err != nil:
		return eventstore.Draft{}, err
	case t.kind == noting:
		if len(v.Events) > 0 {
			return eventstore.Draft{}, fmt.Errorf("the rules accept it and give %d events", len(v.Events))
		}
		return r.NoFact(v), nil
	case v.Refusal != nil:
		return eventstore.Draft{}, fmt.Errorf("the rules refuse it: %s", v.Refusal.Code)
	case len(v.Events) == 0:
		return eventstore.Draft{}, fmt.Errorf("the rules say that it changes nothing")
	case t.kind == reacting:
		return eventstore.Reaction(t.reaction.fact, m.At, t.reaction.command, v), nil
	case t.kind == claiming:
		return t.claim(r.Claims(v), m.Part)
	default:
		return r.Facts(v), t.reserved(v)
	}
}

// claim is the one among the decision's claims that this trial is about.
func (t trial) claim(drafts []eventstore.Draft, part int) (eventstore.Draft, error) {
	if part < 0 || part >= len(drafts) {
		return eventstore.Draft{}, fmt.Errorf("the rules reserve %d names, and this is number %d", len(drafts), part+1)
	}
	return drafts[part], nil
}

// reserved wants every name that the decision reserves to be reserved by then.
func (t trial) reserved(v eventstore.Verdict) error {
	for _, c := range v.Claims {
		if !slices.Contains(t.claimed, c.Reserves().String()) {
			return fmt.Errorf("the rules reserve %s first, but the log holds no such claim of the command", c.Reserves())
		}
	}
	return nil
}

// provider is the one that the decision looked at, if any.
func (t trial) provider() provider.State {
	for _, s := range t.seen {
		if known, ok := s.State.(provider.State); ok {
			return known
		}
	}
	return provider.State{}
}
