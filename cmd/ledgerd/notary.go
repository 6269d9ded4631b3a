package main

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/internal/audit"
	"github.com/partnerledger/partnerledger/internal/wire"
)

// proofSubject is where every signed checkpoint is published. It is none of the feed's subjects, so that no
// stream of ours keeps it and whoever listens is an anchor of their own.
const proofSubject = "ledger.proof.checkpoint"

func (c *config) proofs() string     { return c.path("proofs") }
func (c *config) notaryKeys() string { return c.path("notary.keys") }

// openNotary makes the notary. It never makes a key. A process that plays all roles goes without one until
// there is a key; one that was asked to be the notary doesn't.
func (l *ledger) openNotary(context.Context) error {
	if !l.config.plays(roleNotary) {
		return nil
	}
	keys, err := audit.OpenKeys(l.config.notaryKeys())
	if errors.Is(err, audit.ErrNoKey) && l.config.whole() {
		l.log.Info("there is no proof log; make a key for it with: ledgerd keys create", "part", "notary")
		return nil
	}
	if errors.Is(err, audit.ErrNoKey) {
		return fmt.Errorf("%w; make one with: ledgerd keys create --name ORIGIN --data %s", err, l.config.Data)
	}
	if err != nil {
		return err
	}
	o := audit.Options{Dir: l.config.proofs(), Keys: keys, Source: l.source, Log: l.store, Publish: l.publishCheckpoint, Logger: l.log.With("part", "notary")}
	for _, text := range l.config.Witnesses {
		w, err := audit.ParseWitness(text)
		if err != nil {
			return fmt.Errorf("--witness: %w", err)
		}
		o.Witnesses = append(o.Witnesses, w)
	}
	l.notary = audit.NewNotary(o)
	return nil
}

func (l *ledger) publishCheckpoint(signed []byte) {
	if err := l.conn.Publish(proofSubject, signed); err != nil {
		l.log.Warn("a checkpoint was not published; the next one will be", "part", "notary", "error", err)
	}
}

// notarize keeps the proof log. A notary that halts takes nothing else down with it, unless it is all that
// this process does: what the others do is no less right, and the status tells.
func (l *ledger) notarize(ctx context.Context) error {
	err := l.notary.Run(ctx)
	if len(l.config.Run) == 1 {
		return ended(ctx, roleNotary, err)
	}
	return nil
}

// notaryPart is the notary in the status. Where nobody made a key it says so.
func (l *ledger) notaryPart() wire.Part {
	p := wire.Part{Name: roleNotary, Kind: wire.Notary, State: "no key"}
	if l.notary == nil {
		return p
	}
	s := l.notary.Status()
	p.State, p.Events, p.Rate = string(s.State), uint64(s.Signed), &s.Rate
	for _, w := range s.Witnesses {
		if w.Error != "" && (s.Error == "" || w.Alarm) {
			s.Error, s.FailedAt = w.Error, w.FailedAt
		}
	}
	return failed(p, s.Error, s.FailedAt)
}

// counted is a log as a source: it counts from the cursor on.
type counted struct{ eventstore.Store }

// Events yields what the log holds and will hold.
func (c counted) Events(ctx context.Context, after eventstore.Cursor) iter.Seq2[eventstore.Sequenced, error] {
	return func(yield func(eventstore.Sequenced, error) bool) {
		for r, err := range c.Subscribe(ctx, after.Position) {
			e := eventstore.Sequenced{Recorded: r, Seq: after.NextSeq}
			if !yield(e, err) || err != nil {
				return
			}
			after = e.After()
		}
	}
}
