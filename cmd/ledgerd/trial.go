package main

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/internal/deathpoint"
	"github.com/partnerledger/partnerledger/projections"
)

// The settings of a trial. They are variables of the environment alone, and no flag names them.
const (
	trialClock   = "LEDGERD_CLOCK_OFFSET"     // a duration by which the clock is wrong
	trialWindow  = "LEDGERD_DUPLICATE_WINDOW" // how long JetStream remembers ids of messages
	trialWithout = "LEDGERD_WITHOUT"          // guards that are off: fence, chain, checkpoint
)

// The guards that a trial may switch off, in order to show that it would notice.
const (
	guardFence      = "fence"
	guardChain      = "chain"
	guardCheckpoint = "checkpoint"
)

// trial is what a fault campaign changes about a daemon. It is empty in every other daemon: nobody who keeps a
// ledger MUST ever set any of it.
type trial struct {
	clockOffset     time.Duration
	duplicateWindow time.Duration
	without         []string
}

func (t *trial) read(getenv func(string) string) (faults []error) {
	for name, into := range map[string]*time.Duration{trialClock: &t.clockOffset, trialWindow: &t.duplicateWindow} {
		text := getenv(name)
		if text == "" {
			continue
		}
		d, err := time.ParseDuration(text)
		if err != nil {
			faults = append(faults, fmt.Errorf("%s: %w", name, err))
		}
		*into = d
	}
	if text := getenv(trialWithout); text != "" {
		t.without = strings.Split(text, ",")
	}
	for _, guard := range t.without {
		if !slices.Contains([]string{guardFence, guardChain, guardCheckpoint}, guard) {
			faults = append(faults, fmt.Errorf("%s: there is no guard %q", trialWithout, guard))
		}
	}
	return faults
}

// now is the time, wrong by as much as the trial wants.
func (t *trial) now() time.Time { return time.Now().Add(t.clockOffset) }

// lacks tells whether a guard is off.
func (t *trial) lacks(guard string) bool { return slices.Contains(t.without, guard) }

// warn says loudly that this daemon must not keep a ledger.
func (t *trial) warn(log *slog.Logger) {
	if len(t.without) > 0 {
		log.Error("THIS DAEMON RUNS WITHOUT GUARDS AND WILL SPOIL THE LEDGER'S COPIES; it is for tests alone", "without", t.without)
	}
	if t.clockOffset != 0 || t.duplicateWindow != 0 || deathpoint.Armed() {
		log.Warn("this daemon is part of a trial", "clock_offset", t.clockOffset, "duplicate_window", t.duplicateWindow, "dies", deathpoint.Armed())
	}
}

// mortalStore passes points at which a trial may end the process: around appends, and around what is done with each
// event that a subscription gives.
func mortalStore(store eventstore.Store) eventstore.Store {
	if !deathpoint.Armed() {
		return store
	}
	return mortalLog{store}
}

type mortalLog struct{ eventstore.Store }

// Append appends between two points.
func (m mortalLog) Append(ctx context.Context, stream string, expected eventstore.Revision, events ...eventstore.Proposed) (eventstore.Appended, error) {
	deathpoint.Pass("append.before")
	done, err := m.Store.Append(ctx, stream, expected, events...)
	if err == nil {
		deathpoint.Pass("append.after")
	}
	return done, err
}

// Subscribe yields each event between two points.
func (m mortalLog) Subscribe(ctx context.Context, after eventstore.Position) iter.Seq2[eventstore.Recorded, error] {
	return func(yield func(eventstore.Recorded, error) bool) {
		for e, err := range m.Store.Subscribe(ctx, after) {
			deathpoint.Pass("publish.before")
			if !yield(e, err) {
				return
			}
			deathpoint.Pass("publish.after")
		}
	}
}

// mortalSource passes a point with each event that a projector gets.
func mortalSource(source projections.Source) projections.Source {
	if !deathpoint.Armed() {
		return source
	}
	return mortalEvents{source}
}

type mortalEvents struct{ projections.Source }

// Events yields each event after a point.
func (m mortalEvents) Events(ctx context.Context, after eventstore.Cursor) iter.Seq2[eventstore.Sequenced, error] {
	return func(yield func(eventstore.Sequenced, error) bool) {
		for e, err := range m.Source.Events(ctx, after) {
			deathpoint.Pass("apply.before")
			if !yield(e, err) {
				return
			}
		}
	}
}
