package eventstore

import (
	"strconv"

	"github.com/google/uuid"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/outcome"
)

// Draft is what one append is to hold: events that belong together, for one stream, with what stands
// beside them. A Draft follows from a command and a Verdict alone, so that the same ones give the same
// bytes again, but for sealed texts, which never come out the same.
type Draft struct {
	Stream domain.Stream
	Events []domain.Event

	meta     Metadata       // of the first event; the others count on from its part
	keeps    domain.Command // what the first event keeps of the command; nil: nothing
	withhold bool           // it is kept without its personal texts
	id       func(part int) uuid.UUID
}

// derivedID gives the same id for the same command and name, on every try and every machine.
func derivedID(command domain.CommandID, name string) uuid.UUID {
	space, err := uuid.Parse(string(command))
	if err != nil {
		space = uuid.NewSHA1(uuid.NameSpaceURL, []byte(command))
	}
	return uuid.NewSHA1(space, []byte(name))
}

// numbered derives event ids from the part that the event is of its command.
func numbered(id domain.CommandID) func(part int) uuid.UUID {
	return func(part int) uuid.UUID { return derivedID(id, strconv.Itoa(part)) }
}

// ReusedID is the id under which the refusal of another command under a known id is recorded, so that the
// outcome of the first one stays what it was.
func ReusedID(first domain.CommandID, digest string) domain.CommandID {
	return domain.CommandID(derivedID(first, "reused/"+digest).String())
}

func (r Request) metadata(basis []Basis, parts int) Metadata {
	correlation := r.CorrelationID
	if correlation == "" {
		correlation = string(r.ID)
	}
	return Metadata{CorrelationID: correlation, CausationID: r.ID, Actor: r.Actor, At: r.At, Basis: basis, Policy: r.Policy, Parts: parts,
		Command:  CommandRef{Type: r.Command.CommandType(), Digest: r.Digest},
		Provider: r.Command.Parties().Provider, Traceparent: r.Traceparent}
}

// Claims are the names to reserve, each in a stream of its own. They don't keep the command: a claim is
// no outcome, and may stay behind alone.
func (r Request) Claims(v Verdict) []Draft {
	drafts := make([]Draft, len(v.Claims))
	for i, claim := range v.Claims {
		meta := r.metadata(v.Basis, len(v.Claims)+len(v.Events))
		meta.Part = i
		drafts[i] = Draft{Stream: claim.Reserves(), Events: []domain.Event{claim}, meta: meta, id: numbered(r.ID)}
	}
	return drafts
}

// Facts are what was decided, for the target stream. The target is no part of the recorded basis: the
// events stand right after the revision on which they were decided.
func (r Request) Facts(v Verdict) Draft {
	meta := r.metadata(v.others(), len(v.Claims)+len(v.Events))
	meta.Part = len(v.Claims)
	return Draft{Stream: v.Target, Events: v.Events, meta: meta, keeps: r.Command, id: numbered(r.ID)}
}

// NoFact is the one event of a command that left no fact of its own: it was refused, or changed nothing.
//
// Its command is kept without personal texts unless the ledger knows the data subject: a trace of somebody
// whom nobody can ask the ledger to forget, because it knows nobody of that name, MUST NOT come about.
func (r Request) NoFact(v Verdict) Draft {
	d := Draft{meta: r.metadata(v.Basis, 1), keeps: r.Command, id: func(int) uuid.UUID { return derivedID(r.ID, "outcome") }}
	var event domain.Event
	if v.Refusal != nil {
		d.Stream, event = outcome.Refused(r.Intent, v.Refusal)
	} else {
		d.Stream, event = outcome.ChangedNothing(r.Intent)
	}
	d.Events = []domain.Event{event}
	about, personal := r.Command.(domain.Personable)
	d.withhold = !personal || !v.sawStream(about.DataSubject())
	return d
}

// Reaction is what finishes a fact in another stream: the fact's own command and actor stand behind it.
func Reaction(fact Metadata, at domain.Instant, reaction domain.Reaction, v Verdict) Draft {
	meta := fact
	meta.At, meta.Basis, meta.Part = at, v.others(), fact.Parts
	return Draft{Stream: v.Target, Events: v.Events, meta: meta, id: func(part int) uuid.UUID {
		return derivedID(fact.CausationID, "reaction/"+reaction.CommandType()+"/"+strconv.Itoa(part-fact.Parts))
	}}
}

// EncodeDraft gives the stored form of a draft's events.
func (c *Codec) EncodeDraft(d Draft) ([]Proposed, error) {
	proposed := make([]Proposed, len(d.Events))
	meta := d.meta
	for i, e := range d.Events {
		id := d.id(meta.Part)
		meta.EffectiveAt, meta.Command.Data = nil, nil
		if effective, ok := e.(domain.Effective); ok {
			from := effective.EffectiveFrom()
			meta.EffectiveAt = &from
		}
		var err error
		if i == 0 && d.keeps != nil {
			if meta.Command.Data, err = c.encodeCommand(id, d.keeps, d.withhold); err != nil {
				return nil, err
			}
		}
		if proposed[i], err = c.Encode(id, e, meta); err != nil {
			return nil, err
		}
		meta.Part++
	}
	return proposed, nil
}
