package main

import (
	"context"
	"time"

	"github.com/partnerledger/partnerledger/domain/upkeep"
	"github.com/partnerledger/partnerledger/domain/vocabulary"
	"github.com/partnerledger/partnerledger/eventstore"
)

// sealer is who seals by itself, as it stands on record.
const sealer = "ledgerd"

// keepSealed puts on record what the read models hold as often as it is wanted, whoever sealed the last time. A ledger
// of which nothing was ever sealed is, that long after it was started.
func (l *ledger) keepSealed(ctx context.Context) {
	every, now := l.config.SealEvery, l.config.Trial.now
	if every == 0 {
		return
	}
	log := l.log.With("part", "seals")
	for last := now(); ; {
		sealed, ok, err := l.lastSeal(ctx)
		if ok {
			last = sealed
		}
		due := last.Add(every)
		if err == nil && !now().Before(due) {
			_, err = l.upkeep().Seal(ctx, sealer, l.modelNames()...)
			due = now().Add(every)
		}
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			log.Warn("the read models could not be sealed; trying again", "error", err)
			due = now().Add(min(every, time.Minute))
		}
		select {
		case <-time.After(due.Sub(now())):
		case <-ctx.Done():
			return
		}
	}
}

func (l *ledger) modelNames() (names []string) {
	for _, p := range readModels() {
		names = append(names, p.Name())
	}
	return names
}

// lastSeal is when some read model was sealed the last time; ok is false where none ever was.
func (l *ledger) lastSeal(ctx context.Context) (last time.Time, ok bool, err error) {
	codec := eventstore.NewCodec(vocabulary.Events(), nil)
	for _, name := range l.modelNames() {
		for r, err := range l.store.ReadStream(ctx, upkeep.Stream(name).String(), 0) {
			if err != nil {
				return last, ok, err
			}
			fact, meta, err := codec.Decode(r)
			if err != nil {
				return last, ok, err
			}
			if _, is := fact.(upkeep.ReadModelSealed); is && (!ok || meta.At.Time().After(last)) {
				last, ok = meta.At.Time(), true
			}
		}
	}
	return last, ok, nil
}
