package replay_test

import (
	"bytes"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/domain/vocabulary"
	"github.com/partnerledger/partnerledger/internal/replay"
	"github.com/partnerledger/partnerledger/internal/workload"
)

// BenchmarkCheck measures a whole check, in events a second and in microseconds of processor time an
// event. The log is that of a small workload in memory, with real keys; WORKLOAD=medium asks for more than
// a million events.
func BenchmarkCheck(b *testing.B) {
	size := workload.Small
	if named := os.Getenv("WORKLOAD"); named != "" {
		var err error
		size, err = workload.ParseSize(named)
		require.NoError(b, err)
	}
	l := newLedger(b, vocabulary.Rules{})
	require.NoError(b, workload.Each(b.Context(), workload.Options{Seed: 1, Size: size, EdgeCases: true}, func(line workload.Line) error {
		l.say(string(bytes.TrimSpace(line.Text)))
		return nil
	}))
	var events int
	var took, used time.Duration
	for b.Loop() {
		before := processorTime(b)
		report := l.check(l.store, replay.Options{})
		used += processorTime(b) - before
		require.True(b, report.Same(), report)
		events += report.Events
		took += report.Elapsed
		b.Log(report, l.keys)
	}
	bytes := 0
	for _, r := range l.log() {
		bytes += len(r.Data) + len(r.Metadata)
	}
	b.ReportMetric(float64(events)/took.Seconds(), "events/s")
	b.ReportMetric(float64(used.Microseconds())/float64(events), "CPU-µs/event")
	b.ReportMetric(float64(bytes)/float64(len(l.log())), "B/event")
}

func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
