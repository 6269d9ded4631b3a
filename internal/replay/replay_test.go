package replay_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/internal/replay"
)

// Ensure every decision of a workload comes out as it is recorded, byte for byte.
func TestCheck_TinyWorkload(t *testing.T) {
	l := played(t)
	report := l.check(l.store, replay.Options{})
	require.Empty(t, report.Differences)
	require.True(t, report.Same())
	require.Equal(t, len(l.log()), report.Events)
	require.Equal(t, report.Events, report.Compared, "no event may be left out")
	require.Zero(t, report.NotKept+report.OlderForm+report.OpenClaims+report.Unfinished+report.Reread)
	require.Positive(t, report.ErasedTexts, "somebody is forgotten in it")
	require.Positive(t, report.WithheldTexts, "somebody unknown is refused in it")
	t.Log(report)
}
