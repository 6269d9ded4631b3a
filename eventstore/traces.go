package eventstore

import (
	"context"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/outcome"
)

// trace is where a command left its outcome: its first fact, or the note that there is none.
type trace struct {
	command  domain.CommandID
	stream   string
	revision Revision
	position Position
	fact     bool
}

// traceOf gives the trace that an event is. A claim is none, nor is what finishes a fact in another stream.
func traceOf(r Recorded, event domain.Event, meta Metadata) (trace, bool) {
	if _, claim := event.(domain.Claim); claim || meta.Part >= meta.Parts {
		return trace{}, false
	}
	return trace{command: meta.CausationID, stream: r.Stream, revision: r.Revision, position: r.Position, fact: !isNote(event)}, true
}

func isNote(event domain.Event) bool {
	switch event.(type) {
	case outcome.CommandRefused, outcome.CommandChangedNothing:
		return true
	}
	return false
}

// keep remembers traces that were read. It MUST have them before anybody decides on the state of the stream
// in which they stand. What the read models have by now is left to them.
func (r *recentOutcomes) keep(traces []trace) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, t := range traces {
		if before, ok := r.traces[t.command]; t.position > r.reflects && !(ok && supersedes(before, t)) {
			r.traces[t.command] = t
		}
	}
}

// supersedes tells which of two traces of one command counts: a fact before a note, then the first.
func supersedes(a, b trace) bool {
	if a.fact != b.fact {
		return a.fact
	}
	return a.position <= b.position
}

// reflected is the position up to which no traces are kept: the read models know those commands.
func (r *recentOutcomes) reflected() Position {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.reflects
}

func (r *recentOutcomes) trace(id domain.CommandID) (t trace, found bool, reflects Position) {
	r.mu.Lock()
	defer r.mu.Unlock()
	t, found = r.traces[id]
	return t, found, r.reflects
}

// saidBefore is not an error of anybody: the command has its outcome already.
type saidBefore struct {
	at      trace
	outcome *Outcome // where the read models gave it
}

// Error names the command.
func (e *saidBefore) Error() string { return "command " + string(e.at.command) + " was handled before" }

// facts tells whether the outcome is facts.
func (e *saidBefore) facts() bool {
	return e.at.fact || e.outcome != nil && len(e.outcome.EventIDs) > 0
}

// unsaid returns *saidBefore if a stream that was read holds the outcome of the command.
func (h *Handler) unsaid(ctx context.Context, r Request) error {
	t, found, reflects := h.recent.trace(r.ID)
	if found {
		return &saidBefore{at: t}
	}
	if reflects == r.asked {
		return nil
	}
	// Traces were left to the read models after these had been asked.
	o, found, err := h.recent.older.Outcome(ctx, r.ID)
	if err != nil || !found {
		return err
	}
	return &saidBefore{at: trace{command: r.ID}, outcome: &o}
}
