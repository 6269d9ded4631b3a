package feed

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/eventstore"
)

// Ensure what is published between counting the messages and reading the last one isn't taken for lost.
func TestTail_MissesNothingThatCameMeanwhile(t *testing.T) {
	at := func(messages, sequence, last, end uint64) uint64 {
		return tail{messages: messages, sequence: sequence, end: end, last: stored{sequence: last}, cursor: eventstore.Cursor{NextSeq: 100}}.missing()
	}
	require.Zero(t, at(100, 100, 100, 100))
	require.Zero(t, at(85, 85, 100, 100), "fifteen came meanwhile")
	require.EqualValues(t, 5, at(95, 100, 100, 100))
	require.EqualValues(t, 5, at(80, 85, 100, 100))
	require.EqualValues(t, 2, at(101, 103, 100, 103), "three are behind the last event, and two of a hundred are lost")
}
