package projections

import (
	"context"
	"time"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/eventstore"
)

// Status is how one projection is.
type Status struct {
	Name     string
	Version  int
	State    State
	Position eventstore.Position
	NextSeq  uint64
	At       domain.Instant
	Lag      uint64   // events up to the head that aren't applied yet
	Rate     float64  // events a second, lately, in this process
	Poison   *Poison  // why it is stopped
	Ranges   []Ranged // where several processes share it
	Prior    bool     // the build before is kept
	Order    *Order   // the latest that isn't done, or else that failed, or else was done
}

// Ranged is how far a range of partitions is.
type Ranged struct {
	Range
	State    State
	Position eventstore.Position
	NextSeq  uint64
}

// Status tells how every projection is, given the end of the ledger.
func (m *Models) Status(ctx context.Context, head eventstore.Cursor) ([]Status, error) {
	all, err := readCheckpoints(ctx, m.db)
	if err != nil {
		return nil, err
	}
	orders, err := m.Orders(ctx, m.db)
	if err != nil {
		return nil, err
	}
	list := make([]Status, len(m.projections))
	for i, p := range m.projections {
		list[i] = m.statusOf(p, all, head)
		for _, o := range orders {
			if o.Name == p.Name() {
				list[i].Order = &o
			}
		}
	}
	return list, nil
}

func (m *Models) statusOf(p Projection, all []stored, head eventstore.Cursor) Status {
	ranges := ofBuild(all, p.Name(), live)
	c, ok := whole(p, ranges)
	if !ok {
		c = start("", Missing)
	}
	s := Status{Name: p.Name(), Version: p.Version(), State: c.state, Position: c.cursor.Position, NextSeq: c.cursor.NextSeq,
		At: c.at, Rate: m.rate(p.Name()), Poison: c.poison, Prior: len(ofBuild(all, p.Name(), prior)) > 0}
	if head.NextSeq > s.NextSeq {
		s.Lag = head.NextSeq - s.NextSeq
	}
	if len(ranges) > 1 {
		for _, r := range ranges {
			s.Ranges = append(s.Ranges, Ranged{r.part, r.state, r.cursor.Position, r.cursor.NextSeq})
		}
	}
	return s
}

func (m *Models) rate(name string) float64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	if r := m.rates[name]; r != nil {
		return r.perSecond(time.Now())
	}
	return 0
}

// rateWindow is how far back a rate looks: the present window and the one before.
const rateWindow = 2 * time.Second

// rate counts events in two windows, so that it neither jumps with every batch nor remembers for long.
type rate struct {
	since        time.Time
	count        uint64
	before       uint64
	beforeLasted time.Duration
}

func (r *rate) add(events uint64) {
	now := time.Now()
	r.roll(now)
	r.count += events
}

func (r *rate) roll(now time.Time) {
	lasted := now.Sub(r.since)
	switch {
	case r.since.IsZero() || lasted > 2*rateWindow:
		*r = rate{since: now}
	case lasted > rateWindow:
		*r = rate{since: now, before: r.count, beforeLasted: lasted}
	}
}

func (r *rate) perSecond(now time.Time) float64 {
	r.roll(now)
	lasted := now.Sub(r.since) + r.beforeLasted
	if lasted <= 0 {
		return 0
	}
	return float64(r.count+r.before) / lasted.Seconds()
}
