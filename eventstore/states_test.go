package eventstore

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/domain/customer"
	"github.com/partnerledger/partnerledger/domain/partnership"
	"github.com/partnerledger/partnerledger/domain/provider"
)

// Ensure states with personal texts aren't kept in memory, and those without are, which are nearly all.
func TestRemembersTexts(t *testing.T) {
	require.True(t, remembersTexts(partnership.RequestState{}))
	for _, state := range []any{customer.State{}, provider.State{}, customer.DomainState{}, 0} {
		require.False(t, remembersTexts(state), "%T", state)
	}
}
