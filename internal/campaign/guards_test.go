//go:build linux

package campaign

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// impatience is how long a world without a guard may take: it is expected not to come to an end.
const impatience = 15 * time.Second

// Ensure the campaign turns red without any one of the guards: what it says with all of them isn't for nothing.
func TestCampaign_NoticesEveryGuardThatIsOff(t *testing.T) {
	program := buildLedgerd(t)
	for guard, shownBy := range map[string][]string{
		"checkpoint": {"projector-frozen", "projector-frozen", "projector-frozen"},
		"fence":      {"relay-frozen", "relay-frozen", "relay-frozen", "relay-frozen"},
		"chain":      {"feed-duplicates", "feed-reordered", "nats-hole"},
	} {
		t.Run(guard, func(t *testing.T) {
			text, _ := workloadOf(t, 1, 0)
			c := newCampaign(t, program, guard, text)
			c.world.patience = impatience
			for n, name := range shownBy {
				all := faults()
				f := all[slices.IndexFunc(all, func(f fault) bool { return f.name == name })]
				damage := c.run(f, rand.New(rand.NewPCG(1, uint64(n))), 120, &tally{})
				if len(damage) > 0 {
					t.Logf("without its %s the ledger is damaged by %s: %.400s", guard, name, damage[0])
					return
				}
			}
			require.Fail(t, "nothing was noticed", "the %s is off, and %v did no damage", guard, shownBy)
		})
	}
}
