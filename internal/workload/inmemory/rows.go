package inmemory

import (
	"context"
	"fmt"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/projections"
	"github.com/partnerledger/partnerledger/projections/credit"
	"github.com/partnerledger/partnerledger/projections/customers"
	"github.com/partnerledger/partnerledger/projections/partners"
	"github.com/partnerledger/partnerledger/projections/sqldb"
	"github.com/partnerledger/partnerledger/projections/state"
	"github.com/partnerledger/partnerledger/projections/subscriptions"
)

// ReadModels are the projections from which a state is assembled.
func ReadModels() []projections.Projection {
	return []projections.Projection{partners.Projection{}, customers.Projection{}, subscriptions.Projection{}, credit.Projection{}}
}

// Prepare makes the tables of the projections.
func Prepare(ctx context.Context, db *sqldb.DB, all ...projections.Projection) error {
	return db.Write(ctx, func(tx *sqldb.Tx) error {
		for _, p := range all {
			if err := tx.Script(ctx, p.Schema()); err != nil {
				return fmt.Errorf("schema of %s: %w", p.Name(), err)
			}
		}
		return nil
	})
}

// Apply applies the events in one transaction. It remembers nothing of calls before: what events need of
// rows that are there already is looked up.
func Apply(ctx context.Context, db *sqldb.DB, events []projections.Event, all ...projections.Projection) error {
	return db.Write(ctx, func(tx *sqldb.Tx) error {
		for _, p := range all {
			if err := allAtOnce(ctx, tx, p, events); err != nil {
				return err
			}
		}
		return nil
	})
}

// Journal is what was played, as the state document asks for it.
func (l *Ledger) Journal() state.Journal { return journal(l.Lines) }

type journal []Line

// Counts counts the lines up to the instant.
func (j journal) Counts(_ context.Context, until domain.Instant) (state.Counts, error) {
	var c state.Counts
	for _, l := range j.upTo(until) {
		c.Commands++
		if l.Refused == "" {
			c.Accepted++
		} else {
			c.Refused++
		}
		if l.Repeated {
			c.Repeated++
		}
	}
	return c, nil
}

// Refused lists the refused ones among them.
func (j journal) Refused(_ context.Context, until domain.Instant) ([]state.Refused, error) {
	refused := []state.Refused{}
	for n, l := range j.upTo(until) {
		if l.Refused != "" {
			refused = append(refused, state.Refused{Line: int64(n + 1), CommandID: l.ID, Code: string(l.Refused)})
		}
	}
	return refused, nil
}

// LastAt is the time of the last line.
func (j journal) LastAt(context.Context) (domain.Instant, bool, error) {
	if len(j) == 0 {
		return 0, false, nil
	}
	return j[len(j)-1].At, true, nil
}

// upTo is the lines up to the instant: their times never go back.
func (j journal) upTo(until domain.Instant) journal {
	n := len(j)
	for n > 0 && j[n-1].At > until {
		n--
	}
	return j[:n]
}
