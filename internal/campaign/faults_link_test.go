//go:build linux

package campaign

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/stretchr/testify/require"
)

func silent() *slog.Logger { return slog.New(slog.DiscardHandler) }

// storeFaults are what an event store of several machines does wrong once in a while, and its connection.
func storeFaults() []fault {
	ordered := func(name, does string, orders ...string) fault {
		return fault{name: name, does: does, oneByOne: true, strike: func(r *round) {
			before := r.world.eventStore.order("count")
			for i, order := range orders {
				r.at(0.1 + 0.8*float64(i)/float64(len(orders)))
				r.let(0.1 + 0.8*float64(i+1)/float64(len(orders)))
				r.injected()
				order = strings.ReplaceAll(order, "PORT", fmt.Sprint(r.world.doors[storeForAPI].port()))
				now := r.world.eventStore.order("%s", order)
				r.effect(func() bool { now = r.world.eventStore.order("count"); return now > before })
				before = now
			}
			r.at(0.95)
			r.world.eventStore.order("clear")
		}}
	}
	return []fault{
		ordered("store-not-leader", "the event store says that another machine leads", "not-leader 1 PORT", "not-leader 3 PORT", "not-leader 1 PORT"),
		ordered("store-unavailable", "the event store refuses calls", "unavailable 1", "unavailable 5", "unavailable 2"),
		ordered("store-deadline", "an append is committed, and its answer is a deadline exceeded", "lose-answers 1", "lose-answers 1", "lose-answers 2"),
		ordered("store-cut-reads", "reads and subscriptions break off after some events", "cut-reads 2 0", "cut-reads 2 3", "cut-reads 3 1"),
		ordered("store-slow", "every call takes longer", "delay 5", "delay 20", "delay 2"),
		{name: "store-dropped", does: "the event store hangs up on everybody", oneByOne: true, strike: func(r *round) {
			for _, part := range []float64{0.2, 0.6} {
				r.at(part)
				r.let(part + 0.3)
				r.injected()
				before := r.marks.said(`connection lost|subscription resumes`)
				r.world.eventStore.order("drop")
				r.effect(func() bool { return r.marks.said(`connection lost|subscription resumes`) > before })
			}
		}},
	}
}

// linkFaults are connections that break, stand still or can't be made.
func linkFaults() []fault {
	return []fault{
		link("store-cut", "connections to the event store are cut", true, (*round).cutAll, storeForAPI, storeForRelays, storeForProjectors, storeForSubscriber),
		link("store-refused", "nobody can connect to the event store for a while", true, (*round).shutAll, storeForAPI, storeForRelays, storeForProjectors, storeForSubscriber),
		link("store-silent", "connections to the event store stand, and nothing passes", true, (*round).swallowAll, storeForAPI, storeForRelays, storeForProjectors),
		link("nats-cut", "connections to NATS are cut", false, (*round).cutAll, natsForRelays, natsForProjectors, natsForSubscriber),
		link("nats-refused", "nobody can connect to NATS for a while", false, (*round).shutAll, natsForRelays, natsForProjectors, natsForSubscriber),
		link("nats-silent", "connections to NATS stand, and nothing passes", false, (*round).swallowAll, natsForRelays, natsForProjectors, natsForSubscriber),
		onPostgres(link("database-cut", "connections to the database are cut", true, (*round).cutAll, databaseDoor)),
		onPostgres(link("database-refused", "nobody can connect to the database for a while", true, (*round).shutAll, databaseDoor)),
		onPostgres(link("database-silent", "connections to the database stand, and nothing passes", true, (*round).swallowAll, databaseDoor)),
		link("client-cut", "the connection of the client is cut", false, (*round).cutAll, apiDoor),
	}
}

func onPostgres(f fault) fault {
	f.postgres = true
	return f
}

func link(name, does string, oneByOne bool, do func(*round, []*proxy), doors ...string) fault {
	return fault{name: name, does: does, oneByOne: oneByOne, strike: func(r *round) {
		var all []*proxy
		for _, name := range doors {
			all = append(all, r.world.doors[name])
		}
		for _, part := range []float64{0.2, 0.6} {
			r.at(part)
			r.let(part + 0.4)
			do(r, all)
		}
	}}
}

func (r *round) cutAll(doors []*proxy) {
	for _, d := range doors {
		before := d.cuts.Load()
		r.injected()
		d.cut()
		r.seen(d.cuts.Load() > before)
	}
}

// away is how long connections are away: some tries of whoever wants them, and less than a command waits.
const away = 1500 * time.Millisecond

func (r *round) shutAll(doors []*proxy) {
	before := map[*proxy]int64{}
	for _, d := range doors {
		before[d] = d.refused.Load()
		r.injected()
		d.close()
	}
	r.pause(away/2 + r.upTo(away/2))
	for _, d := range doors {
		r.seen(until(r, effectTime, func() bool { return d.refused.Load() > before[d] }))
		d.open()
	}
}

func (r *round) swallowAll(doors []*proxy) {
	before := map[*proxy]int64{}
	for _, d := range doors {
		before[d] = d.delayed.Load()
		r.injected()
		d.swallow()
	}
	r.pause(away/2 + r.upTo(away/2))
	for _, d := range doors {
		r.seen(until(r, effectTime, func() bool { return d.delayed.Load() > before[d] }))
		d.release()
	}
}

// fullDisks are directories in which nothing more can be written, until there is room again.
func fullDisks() []fault {
	const excuses = `no space left|full|disk I/O error`
	fill := func(dir, effect string) func(*round) {
		return func(r *round) {
			r.at(0.2)
			r.injected()
			ballast := filepath.Join(r.world.path(dir), "ballast")
			filled := r.fill(ballast)
			r.let(0.8)
			r.seen(filled && until(r, effectTime, func() bool { return r.marks.said(effect) > 0 || r.writer.failures() > 0 }))
			r.pause(r.upTo(time.Second))
			require.NoError(r.t, os.Remove(ballast))
		}
	}
	return []fault{
		{name: "disk-full-eventstore", does: "the event store's disk is full, and freed; it goes on by itself", oneByOne: true, disks: true, strike: fill("eventstore", `no space left`)},
		{name: "disk-full-nats", does: "the disk of NATS is full, and freed; the server is replaced by itself", disks: true, excuses: excuses, strike: fill("nats", `no space left|insufficient`)},
		{name: "disk-full-data", does: "the disk of read models, journal and keys is full, and freed", oneByOne: true, disks: true, excuses: excuses, strike: fill("data", `full|disk I/O error`)},
	}
}

// fill writes until the disk is full.
func (r *round) fill(name string) bool {
	f, err := os.Create(name)
	require.NoError(r.t, err)
	defer f.Close()
	for piece := make([]byte, 1<<20); len(piece) > 0; {
		if _, err = f.Write(piece); err != nil {
			piece = piece[:len(piece)/2]
		}
	}
	return errors.Is(err, syscall.ENOSPC)
}

func (w *writer) failures() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.failed + w.broken
}

// clocks are machines whose time jumps.
func clocks() []fault {
	jump := func(offset string) func(*round) {
		return func(r *round) {
			r.at(0.3)
			r.injected()
			r.world.eventStore.again(clockOffset + "=" + offset)
			r.world.api.again("LEDGERD_CLOCK_OFFSET=" + offset)
			r.world.await("those whose clock is wrong", r.world.allReady)
			from := len(r.log)
			d, err := time.ParseDuration(offset)
			require.NoError(r.t, err)
			r.at(0.8) // the writer may have thousands of lines to say again first
			r.effect(func() bool {
				r.readLogAgain()
				for _, e := range r.log[from:] {
					if off := time.Until(e.Created); off.Abs() > d.Abs()/2 && (off > 0) == (d > 0) {
						return true
					}
				}
				return false
			})
			r.world.eventStore.again()
			r.world.api.again()
		}
	}
	return []fault{
		{name: "clock-back", does: "the clocks of API and event store go back by a day, and forward again", oneByOne: true, strike: jump("-24h")},
		{name: "clock-forward", does: "the clocks of API and event store go forward by a day, and back again", oneByOne: true, strike: jump("24h")},
	}
}
