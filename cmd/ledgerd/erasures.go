package main

import (
	"context"
	"fmt"
	"time"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/vocabulary"
	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/internal/seal"
	"github.com/partnerledger/partnerledger/projections/customers"
)

// The log says who was forgotten, and it alone: a key store that was put back from an older copy doesn't know.
// So everybody of whom the log says so is forgotten again before the API answers, and from time to time while it
// does, which brings to its end what another process had begun when it died.

// openKeys opens the keys.
func (l *ledger) openKeys() (err error) {
	o := seal.Options{Dir: l.config.path("keys"), Postgres: l.config.Keys}
	if l.config.MasterKey != "" {
		o.Vault = seal.FileVault(l.config.MasterKey)
	}
	if l.keys, err = seal.OpenWith(o); err != nil {
		return fmt.Errorf("keys: %w", err)
	}
	l.onClose(l.keys.Close)
	return nil
}

// forgetAgain destroys the keys of all people whom the log says are forgotten: those that the read models know of,
// and those after that, where a read model stands still.
func (l *ledger) forgetAgain(ctx context.Context) error {
	reflects, err := l.models.ReflectsOf(ctx, l.db, customers.Projection{}.Name())
	if err != nil {
		return fmt.Errorf("forgotten contacts: %w", err)
	}
	if _, err := l.forget(ctx, -1); err != nil {
		return err
	}
	var orders []seal.Forgetting
	codec := eventstore.NewCodec(vocabulary.Events(), nil)
	for r, err := range l.store.ReadAll(ctx, reflects.Position) {
		if err != nil {
			return fmt.Errorf("forgotten contacts: %w", err)
		}
		if example, known := vocabulary.EventNamed(r.Type); !known || !erases(example) {
			continue
		}
		fact, _, err := codec.Decode(r)
		if err != nil {
			return err
		}
		orders = append(orders, seal.Forgetting{Subject: fact.(domain.Erasing).DataSubject(), Mark: r.ID.String()})
	}
	return l.keys.ForgetAll(orders)
}

func erases(e domain.Event) bool { _, ok := e.(domain.Erasing); return ok }

// forget destroys the keys of those whom the read models know to be forgotten, if there are more than so many,
// and tells how many there are.
func (l *ledger) forget(ctx context.Context, known int) (int, error) {
	forgotten, err := customers.Forgettings(ctx, l.db)
	if err != nil {
		return known, fmt.Errorf("forgotten contacts: %w", err)
	}
	if len(forgotten) <= known {
		return known, nil
	}
	orders := make([]seal.Forgetting, len(forgotten))
	for i, f := range forgotten {
		orders[i] = seal.Forgetting{Subject: f.Subject, Mark: f.EventID}
	}
	if err := l.keys.ForgetAll(orders); err != nil {
		return known, fmt.Errorf("destroy the keys of the forgotten: %w", err)
	}
	return len(forgotten), nil
}

// forgetEvery is how often the keys of those are destroyed who were forgotten since, by whichever process.
const forgetEvery = 10 * time.Second

// keepForgotten does so until ctx ends.
func (l *ledger) keepForgotten(ctx context.Context) {
	tick := time.NewTicker(forgetEvery)
	defer tick.Stop()
	known := 0
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		var err error
		if known, err = l.forget(ctx, known); err != nil && ctx.Err() == nil {
			l.log.Error("people who are to be forgotten may not be yet; trying again", "error", err)
		}
	}
}
