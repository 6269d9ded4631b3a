//go:build linux

package campaign

import (
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// impatience is how long a world without a guard may take: it is expected not to come to an end.
const impatience = 10 * time.Second

// Ensure the campaign turns red without the fence, without the chain check, and without the condition on the checkpoint:
// what it says with them isn't for nothing.
//
// Folding is deterministic, so two projectors that both write come to the same rows in the end if both live on. What the
// condition saves is the checkpoint that a stale batch would take back while the rows are ahead of it, and the rows that
// it would make what they were: whoever begins there next applies events twice.
func TestCampaign_NoticesAGuardThatIsOff(t *testing.T) {
	program := buildLedgerd(t)
	guards := map[string][]string{
		"fence": {"relay-frozen", "relay-frozen", "relay-frozen", "relay-frozen"},
		"chain": {"feed-duplicates", "feed-reordered", "nats-hole"},
	}
	if os.Getenv(lengthVariable) != "" { // it takes minutes; package projections has a short form
		guards["checkpoint"] = []string{"projector-stale", "projector-stale"}
	}
	for guard, shownBy := range guards {
		t.Run(guard, func(t *testing.T) {
			text, _ := workloadOf(t, 1, 0)
			c := newCampaign(t, program, guard, text)
			c.world.patience = impatience
			for n, name := range shownBy {
				all := faults()
				f := all[slices.IndexFunc(all, func(f fault) bool { return f.name == name })]
				damage := c.run(f, rand.New(rand.NewPCG(1, uint64(n))), 120, &tally{})
				require.NotContains(t, strings.Join(damage, "\n"), "was not answered", "a campaign that stands still shows nothing")
				if len(damage) > 0 {
					t.Logf("without its %s the ledger is damaged by %s: %.400s", guard, name, damage[0])
					return
				}
			}
			require.Fail(t, "nothing was noticed", "the %s is off, and %v did no damage", guard, shownBy)
		})
	}
}
