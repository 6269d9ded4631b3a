package replay

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/outcome"
	"github.com/partnerledger/partnerledger/domain/vocabulary"
	"github.com/partnerledger/partnerledger/eventstore"
)

// book keeps what is known up to one place in the log, in the log's own order: the streams, and what is
// open of commands. It puts together what each decision saw, and leaves it to the crew to decide again.
type book struct {
	crew    *crew
	streams *histories
	report  Report
	err     error // the log couldn't be read

	group  []event // of one append, as far as it was read
	number int     // of the group's first event in the log
	trials []trial // not yet handed to the crew

	claims    map[domain.CommandID][]trial // that wait for the event which keeps their command
	reactions map[reactionKey]reaction     // that are to follow
	seed      maphash.Seed
	digests   map[uint64]uint64 // of each command that has an outcome; ids and digests are hashed, to be small
	rules     func(vocabulary.Policy) eventstore.Decide
	found     findings
}

type reactionKey struct {
	command domain.CommandID
	stream  string
}

type reaction struct {
	command domain.Reaction
	fact    eventstore.Metadata
}

func newBook(ctx context.Context, log eventstore.Store, o Options, c *crew) *book {
	return &book{crew: c, streams: newHistories(ctx, log, o), report: Report{Position: eventstore.Beginning},
		claims: map[domain.CommandID][]trial{}, reactions: map[reactionKey]reaction{}, seed: maphash.MakeSeed(), digests: map[uint64]uint64{},
		rules: o.Rules}
}

// takeIn goes on with the next events of the log.
func (b *book) takeIn(events []event) {
	for _, e := range events {
		if len(b.group) > 0 && !together(b.group[len(b.group)-1], e) {
			b.conclude()
		}
		if b.err != nil {
			return
		}
		b.group = append(b.group, e)
		b.report.Events++
		b.report.Position = e.Position
	}
	b.handOver()
}

// together tells whether two neighbours in the log were appended at once: as parts of one command.
func together(a, b event) bool {
	return a.fact != nil && b.fact != nil && a.Stream == b.Stream && a.meta.CausationID == b.meta.CausationID && a.meta.Part+1 == b.meta.Part
}

// close ends the log, and finds what is still open.
func (b *book) close() error {
	b.conclude()
	b.handOver()
	for _, waiting := range b.claims {
		b.report.OpenClaims += len(waiting)
	}
	for key, r := range b.reactions {
		open, err := b.unfinished(key, r)
		if err != nil {
			return err
		}
		if open {
			b.report.Unfinished++
		}
	}
	b.report.Reread = b.streams.reread
	return b.err
}

// handOver gives the decisions that are ready to the crew, with what was found in between.
func (b *book) handOver() {
	ready, found := b.trials, b.found
	if b.err != nil || len(ready) == 0 && found.empty() {
		return
	}
	b.trials, b.found = nil, findings{}
	b.err = b.crew.do(func(w *worker) {
		w.found.add(found)
		for _, t := range ready {
			w.judge(t)
		}
	})
}

// conclude takes the group as a whole: what it was decided on, and then what it changed.
func (b *book) conclude() {
	if len(b.group) == 0 {
		return
	}
	group := b.group
	b.group = nil
	defer func() { b.number += len(group) }()
	if group[0].fact == nil {
		return // it was reported
	}
	stream, err := b.streams.of(group[0].Stream, group[0].Position)
	if err != nil {
		b.fail(group[0], err)
		return
	}
	if gap(stream.now().revision, group) {
		b.differ(group[0], fmt.Sprintf("the stream's last event before it is revision %d", stream.now().revision))
	}
	b.weigh(group, stream)
	stream.advance(b.number, group)
}

// gap tells whether events are missing before the group or within it.
func gap(before eventstore.Revision, group []event) bool {
	for i, e := range group {
		if e.Revision != before+1+eventstore.Revision(i) {
			return true
		}
	}
	return false
}

// fail notes an event that can't be one of the ledger, or that the log broke.
func (b *book) fail(e event, err error) {
	if errors.Is(err, errNotOurs) {
		b.differ(e, err.Error())
		return
	}
	b.err = err
}

func (b *book) differ(e event, what string) { b.found.differ(differenceAt(e, what)) }

// weigh finds out what kind of append it was, puts together what its decision saw, and notes what is to
// follow from it.
func (b *book) weigh(group []event, stream *history) {
	first := group[0]
	t := trial{kind: kindOf(first), events: group, command: first.command, unknown: first.unknown,
		seen: make(map[domain.Stream]eventstore.Sight, 1+len(first.meta.Basis))}
	key := reactionKey{first.meta.CausationID, first.Stream}
	if r, expected := b.reactions[key]; expected && t.kind == deciding && t.command == nil {
		delete(b.reactions, key)
		t.kind, t.reaction = reacting, r
	}
	if t.kind == deciding || t.kind == reacting {
		t.seen[streamNamed(first.Stream)] = stream.now().sight()
		if first.meta.At < stream.lastAt && stream.now().revision != eventstore.NoStream {
			b.differ(first, "it is older than the event before it in its stream")
		}
	}
	seen := b.see(&t)
	switch t.kind {
	case claiming:
		t.unseen = !seen
		b.claims[first.meta.CausationID] = append(b.claims[first.meta.CausationID], t)
		return
	case reusing:
		b.reused(first)
	case deciding, noting:
		b.releaseClaims(&t)
	}
	b.settle(t.kind, first)
	b.expectReactions(t)
	switch {
	case t.command == nil && t.kind != reacting:
		b.report.NotKept += len(group)
	case seen:
		b.trials = append(b.trials, t)
	}
}

// settle notes that the command has an outcome, which it has only once.
func (b *book) settle(k kind, first event) {
	if k == reacting {
		return
	}
	id := b.hash(string(first.meta.CausationID))
	if _, twice := b.digests[id]; twice {
		b.differ(first, "the command has an outcome already")
	}
	b.digests[id] = b.hash(first.meta.Command.Digest)
}

func kindOf(first event) kind {
	switch fact := first.fact.(type) {
	case domain.Claim:
		return claiming
	case outcome.CommandRefused:
		if fact.Code == domain.CommandIDReused {
			return reusing
		}
		return noting
	case outcome.CommandChangedNothing:
		return noting
	default:
		return deciding
	}
}

// see adds the states that the recorded basis names, and tells whether there are such states.
func (b *book) see(t *trial) bool {
	first := t.events[0]
	for _, named := range first.meta.Basis {
		seen, found, err := b.streams.at(named.Stream, named.Revision, first.Position)
		if err != nil {
			b.fail(first, err)
			return false
		}
		if !found {
			b.differ(first, fmt.Sprintf("its basis names revision %d of %s, which the log doesn't hold before it", named.Revision, named.Stream))
			return false
		}
		sight := seen.sight()
		sight.Abandoned = named.Abandoned
		if named.Abandoned {
			if _, done := b.digests[b.hash(string(seen.claimant))]; done || seen.claimant == "" {
				b.differ(first, fmt.Sprintf("its basis takes revision %d of %s for an abandoned claim, which it isn't", named.Revision, named.Stream))
			}
			fold, err := foldOf(named.Stream)
			if err != nil {
				b.fail(first, err)
				return false
			}
			sight.State = fold.Empty()
		}
		t.seen[streamNamed(named.Stream)] = sight
	}
	return true
}

// releaseClaims lets the claims of the command be judged, now that the command is known.
func (b *book) releaseClaims(t *trial) {
	id := t.events[0].meta.CausationID
	for _, claim := range b.claims[id] {
		t.claimed = append(t.claimed, claim.events[0].Stream)
		claim.command, claim.unknown = t.command, t.unknown
		switch {
		case t.command == nil:
			b.report.NotKept += len(claim.events)
		case !claim.unseen:
			b.trials = append(b.trials, claim)
		}
	}
	delete(b.claims, id)
}

func (b *book) expectReactions(t trial) {
	if t.kind != deciding {
		return
	}
	for _, e := range t.events {
		if r, ok := vocabulary.React(e.fact); ok {
			b.reactions[reactionKey{e.meta.CausationID, r.Target().String()}] = reaction{r, e.meta}
		}
	}
}

// unfinished tells whether a fact still waits for its consequence: whether it would come about now.
func (b *book) unfinished(key reactionKey, r reaction) (bool, error) {
	stream, err := b.streams.of(key.stream, b.report.Position+1)
	if err != nil {
		return false, err
	}
	in := domain.Intent{ID: key.command, At: max(r.fact.At, stream.lastAt), Actor: r.fact.Actor, Command: r.command}
	look := func(s domain.Stream) (eventstore.Sight, error) {
		other, err := b.streams.of(s.String(), b.report.Position+1)
		if err != nil {
			return eventstore.Sight{}, err
		}
		return other.now().sight(), nil
	}
	v, err := eventstore.Deliberate(b.rules(r.fact.Policy), &in, look, nil)
	return len(v.Events) > 0, err
}

// reused checks the refusal of another command under a known id: the rules have no part in it.
func (b *book) reused(e event) {
	id, digest := e.meta.CorrelationID, e.meta.Command.Digest
	known, found := b.digests[b.hash(id)]
	switch {
	case eventstore.ReusedID(domain.CommandID(id), digest) != e.meta.CausationID:
		b.differ(e, "it refuses a used id, but isn't recorded under the id that follows from that one")
	case !found:
		b.differ(e, fmt.Sprintf("it refuses id %s as used, but the log holds no command of that id before it", id))
	case known == b.hash(digest):
		b.differ(e, fmt.Sprintf("it refuses id %s as used for another command, but it is the same one", id))
	}
}

func (b *book) hash(text string) uint64 { return maphash.String(b.seed, text) }
