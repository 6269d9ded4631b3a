package projections

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/partnerledger/partnerledger/projections/sqldb"
)

// Kind is what can be ordered to be done to a projection.
type Kind string

// The closed set of kinds.
const (
	OrderRetry    Kind = "retry"    // go on at the event that stopped it
	OrderRebuild  Kind = "rebuild"  // make a new build beside the live one, compare, switch
	OrderRollback Kind = "rollback" // go back to the build before
	OrderDrop     Kind = "drop"     // drop the build before
)

// The states of an order.
const (
	Waiting  = "waiting"
	Underway = "running"
	Done     = "done"
	Failed   = "failed"
)

// Order is what somebody asked to be done, and how far that is.
type Order struct {
	ID         string
	Name       string // of the projection
	Kind       Kind
	AskedAt    time.Time
	Status     string // waiting, running, done, failed
	Phase      string // of a rebuild: applying, indexing, comparing
	Events, Of uint64 // applied by a rebuild, and in the ledger
	Rate       uint64 // events a second
	Report     string // what came of it, in a sentence
}

// ErrNoProjection says that there is no projection of that name.
var ErrNoProjection = errors.New("there is no such projection")

const insertOrder = `INSERT INTO projection_orders (id, name, kind, asked_at, status, phase, events, of_events, rate, report)
VALUES ($1, $2, $3, $4, $5, '', 0, 0, 0, '')`

// Order asks whichever process applies events to a projection to do something to it. It gives the order's id.
// The error is ErrNoProjection where there is none of that name.
func (m *Models) Order(ctx context.Context, name string, kind Kind) (string, error) {
	ids, err := m.OrderAll(ctx, kind, name)
	if err != nil {
		return "", err
	}
	return ids[0], nil
}

// OrderAll is Order for several projections at once, all or none: rebuilds ordered together go over the ledger
// together.
func (m *Models) OrderAll(ctx context.Context, kind Kind, names ...string) ([]string, error) {
	ids := make([]string, len(names))
	for i, name := range names {
		if !m.knows(name) {
			return nil, fmt.Errorf("%q: %w", name, ErrNoProjection)
		}
		ids[i] = uuid.NewString()
	}
	err := m.db.Write(ctx, func(tx *sqldb.Tx) error {
		for i, name := range names {
			if _, err := tx.Exec(ctx, insertOrder, ids[i], name, kind, time.Now().UnixMilli(), Waiting); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("order %s of %s: %w", kind, strings.Join(names, ", "), err)
	}
	select {
	case m.ordered <- struct{}{}:
	default:
	}
	return ids, nil
}

func (m *Models) knows(name string) bool {
	for _, p := range m.projections {
		if p.Name() == name {
			return true
		}
	}
	return false
}

const selectOrders = `SELECT id, name, kind, asked_at, status, phase, events, of_events, rate, report FROM projection_orders
ORDER BY asked_at, id`

// Orders are all orders, the oldest first.
func (m *Models) Orders(ctx context.Context, r sqldb.Reader) ([]Order, error) {
	rows, err := r.Query(ctx, selectOrders)
	if err != nil {
		return nil, fmt.Errorf("read orders: %w", err)
	}
	defer rows.Close()
	var all []Order
	for rows.Next() {
		var o Order
		var at int64
		if err := rows.Scan(&o.ID, &o.Name, &o.Kind, &at, &o.Status, &o.Phase, &o.Events, &o.Of, &o.Rate, &o.Report); err != nil {
			return nil, fmt.Errorf("read orders: %w", err)
		}
		o.AskedAt = time.UnixMilli(at)
		all = append(all, o)
	}
	return all, rows.Err()
}

// lookForOrders is how often orders given in another process are looked for.
const lookForOrders = 500 * time.Millisecond

// carryOut carries out orders, one after another, until ctx ends. An order that was under way when a process
// died is taken up again.
func (r *Runner) carryOut(ctx context.Context) error {
	for {
		orders, err := r.Orders(ctx, r.db)
		if err != nil {
			return err
		}
		if err := r.carryOutAll(ctx, orders); err != nil {
			return err
		}
		select {
		case <-r.ordered:
		case <-time.After(lookForOrders):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (r *Runner) carryOutAll(ctx context.Context, orders []Order) error {
	var rebuilds []Order
	for _, o := range orders {
		if o.Status != Waiting && o.Status != Underway || !r.mine(o) {
			continue
		}
		if o.Kind == OrderRebuild {
			if !slices.ContainsFunc(rebuilds, func(other Order) bool { return other.Name == o.Name }) { // a second time comes after
				rebuilds = append(rebuilds, o)
			}
			continue
		}
		report, err := r.obey(ctx, o)
		if err := r.close(ctx, o, report, err); err != nil {
			return err
		}
	}
	if len(rebuilds) > 0 {
		return r.rebuild(ctx, rebuilds)
	}
	return nil
}

// mine tells whether this process is to carry out the order: the one that has partition 0. A retry is for
// whoever has a part of the projection that stands still.
func (r *Runner) mine(o Order) bool {
	r.turn.Lock()
	defer r.turn.Unlock()
	for _, m := range r.of(o.Name) {
		if m.part.First == 0 || o.Kind == OrderRetry && m.at.state == Stopped {
			return true
		}
	}
	return false
}

func (r *Runner) obey(ctx context.Context, o Order) (string, error) {
	switch o.Kind {
	case OrderRetry:
		return "it goes on", r.Retry(ctx, o.Name)
	case OrderRollback:
		return r.rollback(ctx, o.Name)
	case OrderDrop:
		return "the build before is dropped", r.drop(ctx, o.Name)
	default:
		return "", fmt.Errorf("nobody knows how to %s a projection", o.Kind)
	}
}

const endOrder = `UPDATE projection_orders SET status = $2, phase = '', report = $3 WHERE id = $1`

// close notes what came of an order. A failure of the database or the end of ctx leaves it open.
func (r *Runner) close(ctx context.Context, o Order, report string, failure error) error {
	status := Done
	if failure != nil {
		if ctx.Err() != nil || sqldb.Unavailable(failure) {
			return failure
		}
		status, report = Failed, failure.Error()
		r.options.Logger.Warn("an order on a projection failed", "projection", o.Name, "order", o.Kind, "error", failure)
	}
	return r.db.Write(ctx, func(tx *sqldb.Tx) error {
		_, err := tx.Exec(ctx, endOrder, o.ID, status, report)
		return err
	})
}
