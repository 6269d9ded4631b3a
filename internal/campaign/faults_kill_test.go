//go:build linux

package campaign

import (
	"fmt"
	"slices"
	"syscall"
	"time"

	"github.com/partnerledger/partnerledger/internal/deathpoint"
)

// faults are all that a campaign knows.
func faults() []fault {
	all := slices.Concat(kills(), deaths(), rivals(), natsFaults(), storeFaults(), linkFaults(), noises(), fullDisks(), clocks())
	for i := range all {
		all[i].long = slices.Contains(longOnly, all[i].name)
	}
	return all
}

// longOnly are variations of a kind of fault of which the short form makes one.
var longOnly = []string{
	"die-api-append.before", "die-api-commit.after", "die-relay-publish.before", "die-projector-apply.before",
	"two-relays", "nats-purged", "projector-frozen", "two-projectors", "store-unavailable", "store-cut-reads", "store-dropped", "store-refused", "store-silent",
	"nats-refused", "nats-cut", "database-refused", "database-silent", "clock-forward", "die-projector-commit.after",
}

// kills are processes that end at a moment by chance, as by kill -9.
func kills() []fault {
	victims := map[string]func(*world) []*process{
		"kill-api":        func(w *world) []*process { return []*process{w.api} },
		"kill-relay":      func(w *world) []*process { return w.relays },
		"kill-projector":  func(w *world) []*process { return w.projectors },
		"kill-eventstore": func(w *world) []*process { return []*process{w.eventStore} },
		"kill-nats":       func(w *world) []*process { return []*process{w.nats} },
	}
	var all []fault
	for _, name := range []string{"kill-api", "kill-relay", "kill-projector", "kill-eventstore", "kill-nats"} {
		all = append(all, fault{name: name, does: "killed at moments by chance", oneByOne: name == "kill-eventstore", strike: func(r *round) {
			for _, part := range []float64{0.2, 0.5, 0.8} {
				r.at(part)
				r.let(part + 0.3)
				r.pause(r.upTo(30 * time.Millisecond))
				for _, p := range victims[name](r.world) {
					r.injected()
					r.seen(p.kill())
				}
				r.world.await("what was killed", r.world.allReady)
			}
		}})
	}
	return all
}

func (w *world) allReady() bool {
	return !slices.ContainsFunc(w.parts(), func(p *process) bool { return !p.isReady() })
}

// deaths are processes that end at a named point: between two steps that ought to be one.
func deaths() []fault {
	var all []fault
	for _, d := range []struct {
		role, point, does string
		least, most       int // passes before the one at which it dies
	}{
		{"api", "append.before", "the API dies before an append", 1, 30},
		{"api", "append.after", "the API dies between an append and its answer", 1, 30},
		{"api", "commit.before", "the API dies before lines are in the journal", 8, 30},
		{"api", "commit.after", "the API dies between the journal and the answer", 8, 30},
		{"relay", "publish.before", "the relay dies with an event that it didn't publish", 1, 30},
		{"relay", "publish.after", "the relay dies between publishing and knowing it", 1, 30},
		{"projector", "apply.before", "the projector dies within a batch", 1, 30},
		{"projector", "commit.before", "the projector dies with rows and checkpoint not committed", 5, 14},
		{"projector", "commit.after", "the projector dies right after a commit", 5, 14},
	} {
		appoint := func(r *round) {
			due := d.least + r.chance.IntN(d.most-d.least+1)
			for _, p := range r.world.roleOf(d.role) {
				p.again(fmt.Sprintf("LEDGERD_DIE_AT=%s:%d", d.point, due))
			}
			r.world.await("those who are to die", r.world.allReady)
		}
		strike := func(r *round) {
			victims := r.world.roleOf(d.role)
			r.at(1)
			r.injected()
			r.effect(func() bool { return r.marks.said(dying+" "+d.point) > 0 })
			for _, p := range victims {
				if (marks{p: r.marks[p]}).said(dying) == 0 {
					p.again()
				}
			}
		}
		all = append(all, fault{name: "die-" + d.role + "-" + d.point, does: d.does, oneByOne: true, prepare: appoint, strike: strike})
	}
	return all
}

func (w *world) roleOf(name string) []*process {
	return map[string][]*process{"api": {w.api}, "relay": w.relays, "projector": w.projectors}[name]
}

// tookOver is what a projector says when it goes on in another's place.
const tookOver = `gives no sign of life; taking over`

// rivals are two that both believe to be the only one.
func rivals() []fault {
	return []fault{
		{name: "relay-frozen", does: "a relay sleeps, another takes over, the first wakes up and knows nothing", strike: func(r *round) {
			for i, p := range r.world.relays {
				r.injected()
				before := r.holder()
				p.freeze()
				r.at(0.4 + 0.4*float64(i))
				_ = until(r, effectTime, func() bool { r.readLogAgain(); return r.streamReached() == nil })
				r.seen(r.holder() != before)
				p.thaw()
			}
		}},
		{name: "projector-frozen", does: "a projector sleeps while the other works, and wakes up", strike: func(r *round) {
			for i, p := range r.world.projectors {
				r.injected()
				taken := r.marks.said(tookOver)
				p.freeze()
				r.at(0.4 + 0.5*float64(i)/float64(len(r.world.projectors)))
				_ = until(r, effectTime, func() bool { r.readLogAgain(); return r.settled() })
				r.seen(r.marks.said(tookOver) > taken)
				p.thaw()
			}
		}},
		{name: "projector-stale", does: "a projector sleeps with a batch in hand; it wakes up when another is ahead, which dies then", prepare: (*round).appointStale, strike: (*round).wakeStale},
		{name: "two-projectors", does: "two projectors begin at the same moment", strike: func(r *round) {
			r.at(0.2)
			for _, p := range r.world.projectors {
				p.kill()
			}
			r.injected()
			r.effect(func() bool { return r.marks.said(tookOver) > 0 })
		}},
		{name: "two-relays", does: "two relays begin at the same moment", strike: func(r *round) {
			r.at(0.2)
			before := r.holder()
			for _, p := range r.world.relays {
				p.kill()
			}
			r.injected()
			r.effect(func() bool { now := r.holder(); return now != "" && now != before })
		}},
	}
}

// standsBy is what a projector says that was turned away from the checkpoint.
const standsBy = `another projector has taken over; standing by`

// stale gives a projector and the one that takes over from it.
func (r *round) stale() (victim, rival *process) {
	return r.world.projectors[0], r.world.projectors[len(r.world.projectors)/2]
}

// appointStale makes a projector work that is to sleep with a batch in hand, and to die once it has committed a batch
// after that.
func (r *round) appointStale() {
	victim, rival := r.stale()
	rival.down(syscall.SIGTERM)
	before := r.projector()
	victim.again(fmt.Sprintf("%s=batch.before:%d", deathpoint.SleepVariable, 2+r.chance.IntN(2)), deathpoint.Variable+"=batch.after:1")
	r.world.await("the one that is to sleep takes over", func() bool { now := r.projector(); return now != "" && now != before })
}

// projector is the run that holds the checkpoint of what can't be shared out.
func (r *round) projector() (holder string) {
	const text = `SELECT MIN(holder) FROM projection_checkpoints WHERE build = 'live' AND first_partition = 0 HAVING COUNT(DISTINCT holder) = 1`
	_ = r.world.db.QueryRow(r, text).Scan(&holder)
	return holder
}

// wakeStale lets the other take over and get ahead. Then the first goes on with its batch as if nothing had been, which
// MUST come to nothing; and the other dies with all that it remembers, so that a third life begins from the checkpoint
// and the rows as they are then.
func (r *round) wakeStale() {
	victim, rival := r.stale()
	asleep := func() bool { return (marks{victim: r.marks[victim]}).said(sleeping) > 0 }
	for part := 0.1; part < 0.6 && !asleep(); part += 0.1 { // a batch each, at least
		r.at(part)
		r.readLogAgain()
		_ = until(r, effectTime, func() bool { return asleep() || r.settled() })
	}
	r.seen(asleep())
	rival.up()
	r.at(0.7)
	_ = until(r, effectTime, func() bool { r.readLogAgain(); return r.settled() })
	r.injected()
	victim.thaw()
	_ = until(r, effectTime, func() bool {
		return (marks{victim: r.marks[victim]}).said(standsBy) > 0 || (marks{victim: r.marks[victim]}).said(dying) > 0
	})
	rival.kill()
	if (marks{victim: r.marks[victim]}).said(dying) == 0 {
		victim.again()
	}
}

// readLogAgain lets streamReached compare with the log of this moment.
func (c *campaign) readLogAgain() {
	if log, err := c.readLog(); err == nil {
		c.log = log
	}
}
