package main

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/internal/audit/readmodels"
)

// Ensure a ledger seals its read models by itself, again and again, and that nothing is in the way of commands meanwhile;
// every one of these seals is right.
func TestSealEvery_SealsByItself(t *testing.T) {
	d := start(t, "--allow-history", "--seal-every", "20ms")
	d.play("tiny.jsonl", 400)
	sealed := func() int {
		n := 0
		for _, e := range d.get("/v1/timeline?limit=1000&type=ReadModelSealed").page(t).Items {
			if strings.Contains(string(e), `"`+sealer+`"`) {
				n++
			}
		}
		return n
	}
	require.Eventually(t, func() bool { return sealed() >= 3*len(readModels()) }, 30*time.Second, 10*time.Millisecond)
	last, ok, err := d.lastSeal(t.Context())
	require.NoError(t, err)
	require.True(t, ok)
	require.WithinDuration(t, time.Now(), last, time.Hour)
	report, err := readmodels.Check(t.Context(), d.store, readModels(), readmodels.Options{Every: true})
	require.NoError(t, err)
	require.True(t, report.Same())
	require.GreaterOrEqual(t, len(report.Held), 3*len(readModels()))
	require.Empty(t, report.Unsealed)
}

// Ensure nobody seals where nobody wants it, and that a time that is none is refused.
func TestSealEvery_CanBeTurnedOff(t *testing.T) {
	c, err := parse([]string{"--seal-every", "0"}, none)
	require.NoError(t, err)
	(&ledger{config: c}).keepSealed(t.Context()) // returns at once, and touches nothing
	_, err = parse([]string{"--seal-every", "-1h"}, none)
	require.ErrorContains(t, err, "--seal-every: give a time, or 0 for never")
}
