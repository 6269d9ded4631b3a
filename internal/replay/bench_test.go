package replay_test

import (
	"bytes"
	"os"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/domain/vocabulary"
	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/eventstore/esdb"
	"github.com/partnerledger/partnerledger/eventstore/esdbnode"
	"github.com/partnerledger/partnerledger/internal/replay"
	"github.com/partnerledger/partnerledger/internal/workload"
)

// BenchmarkCheck measures a whole check, in events a second and in microseconds of processor time an
// event. The log is that of a small workload, with real keys, once in the memory of the process, and once
// in an event store beside it, read by the official client. WORKLOAD=large LINES=600000 asks for more than
// a million events.
func BenchmarkCheck(b *testing.B) {
	size := workload.Small
	if named := os.Getenv("WORKLOAD"); named != "" {
		var err error
		size, err = workload.ParseSize(named)
		require.NoError(b, err)
	}
	lines, _ := strconv.Atoi(os.Getenv("LINES"))
	l := newLedger(b, vocabulary.Rules{})
	require.NoError(b, workload.Each(b.Context(), workload.Options{Seed: 1, Size: size, EdgeCases: true, Limit: lines}, func(line workload.Line) error {
		l.say(string(bytes.TrimSpace(line.Text)))
		return nil
	}))
	stored := 0
	for _, r := range l.log() {
		stored += len(r.Data) + len(r.Metadata)
	}
	for name, store := range map[string]eventstore.Store{"memory": l.store, "eventstore": l.copied(b)} {
		b.Run(name, func(b *testing.B) {
			var events int
			var took, used time.Duration
			for b.Loop() {
				before := processorTime(b)
				report := l.check(store, replay.Options{})
				used += processorTime(b) - before
				require.True(b, report.Same(), report)
				events += report.Events
				took += report.Elapsed
			}
			b.ReportMetric(float64(events)/float64(b.N), "events")
			b.ReportMetric(float64(events)/took.Seconds(), "events/s")
			b.ReportMetric(float64(used.Microseconds())/float64(events), "CPU-µs/event")
			b.ReportMetric(float64(stored)/float64(len(l.log())), "B/event")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// copied is the same log in an event store.
func (l *ledger) copied(b *testing.B) eventstore.Store {
	b.Helper()
	node, err := esdbnode.Start(b.Context(), esdbnode.Options{Memory: true})
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, node.Close()) })
	store, err := esdb.Open(esdb.Options{ConnectionString: node.ConnectionString()})
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, store.Close()) })
	log := l.log()
	for from, i := 0, 1; i <= len(log); i++ {
		if i < len(log) && i-from < 500 && log[i].Stream == log[from].Stream {
			continue
		}
		var events []eventstore.Proposed
		for _, r := range log[from:i] {
			events = append(events, eventstore.Proposed{ID: r.ID, Type: r.Type, Data: r.Data, Metadata: r.Metadata})
		}
		_, err := store.Append(b.Context(), log[from].Stream, log[from].Revision-1, events...)
		require.NoError(b, err)
		from = i
	}
	return store
}

func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
