package about_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/access"
	"github.com/partnerledger/partnerledger/domain/upkeep"
	"github.com/partnerledger/partnerledger/domain/vocabulary"
	"github.com/partnerledger/partnerledger/projections/about"
)

// Ensure every event but claims is described, and none with a word about a person.
func TestOf_EveryEvent(t *testing.T) {
	for _, e := range vocabulary.Events() {
		a, err := about.Of(e)
		if _, claim := e.(domain.Claim); claim {
			require.Error(t, err, e.EventType())
			continue
		}
		require.NoError(t, err)
		require.NotEmpty(t, a.Summary, e.EventType())
		switch e.(type) {
		case upkeep.ProjectionEventSkipped, upkeep.ReadModelSealed, access.PersonalDataRead: // which are about the ledger itself, or many
		default:
			require.NotEmpty(t, fmt.Sprint(a.Provider, a.Reseller), e.EventType())
		}
		for _, personal := range []string{"[personal]", "Gil", "Dunn", "winter.example", "hill.example", "Patrick"} {
			require.NotContains(t, fmt.Sprint(a), personal, e.EventType())
		}
	}
}
