package main

import (
	"bytes"

	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/eventstore"
)

// BenchmarkVisible measures how long it takes from the answer to a command until its rows can be read, while
// commands come at a steady rate (LEDGER_RATE a second; default 500) for ten seconds, all durable. Commands come
// when they are due, whether or not those before are answered, so that a stall shows in all that wait for it.
func BenchmarkVisible(b *testing.B) {
	rate := 500
	if given := os.Getenv("LEDGER_RATE"); given != "" {
		var err error
		rate, err = strconv.Atoi(given)
		require.NoError(b, err)
	}
	d := newVisible(b)
	for b.Loop() {
		d.steady(b, rate, 10*time.Second)
	}
	slices.Sort(d.answered)
	slices.Sort(d.visible)
	for _, p := range []int{50, 99} {
		b.ReportMetric(at(d.answered, p), fmt.Sprintf("ms-answered-p%d", p))
		b.ReportMetric(at(d.visible, p), fmt.Sprintf("ms-visible-p%d", p))
	}
	b.ReportMetric(float64(len(d.visible))/d.took.Seconds(), "commands/s")
	b.ReportMetric(d.cpu.Seconds()/d.took.Seconds(), "processors")
	b.ReportMetric(0, "ns/op")
}

func at(sorted []time.Duration, percent int) float64 {
	return float64(sorted[len(sorted)*percent/100].Microseconds()) / 1000
}

// visible is a whole ledger, with what was measured of it.
type visible struct {
	*full
	inside *inside
	http   *http.Client

	mu                sync.Mutex
	answered, visible []time.Duration
	took, cpu         time.Duration
}

func newVisible(b *testing.B) *visible {
	b.Helper()
	d := start(b, "--allow-history", "--log-level", "warn")
	v := &visible{full: &full{address: d.address, client: d.client}, inside: d,
		http: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: benchClients}}}
	b.Cleanup(v.http.CloseIdleConnections)
	v.history(b)
	return v
}

// steady sends commands at a rate. A customer's next command waits for its last, so that none is refused.
func (d *visible) steady(b *testing.B, rate int, length time.Duration) {
	total := int(float64(rate) * length.Seconds())
	began, used := time.Now(), processorTime(b)
	due := make(chan time.Time, total)
	var all sync.WaitGroup
	for _, t := range d.targets {
		all.Go(func() {
			for at := range due {
				if err := d.one(b, t, at); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	tick := time.NewTicker(time.Second / time.Duration(rate))
	for range total {
		due <- <-tick.C
	}
	tick.Stop()
	close(due)
	all.Wait()
	d.took, d.cpu = d.took+time.Since(began), d.cpu+processorTime(b)-used
}

// one says a command that was due at a moment and waits until its rows are there.
func (d *visible) one(b *testing.B, t *target, due time.Time) error {
	response, err := d.http.Post(d.address+"/v1/commands", "application/json", bytes.NewReader(t.next()))
	if err != nil {
		return err
	}
	text, err := io.ReadAll(response.Body)
	if response.Body.Close(); err != nil || response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s: %w", response.Status, text, err)
	}
	answered := time.Now()
	var answer struct {
		Position string `json:"position"`
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		return err
	}
	position, err := strconv.ParseInt(answer.Position, 10, 64)
	if err != nil {
		return err
	}
	if err := d.inside.models.Wait(b.Context(), eventstore.Position(position)); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.answered, d.visible = append(d.answered, answered.Sub(due)), append(d.visible, time.Since(answered))
	return nil
}
