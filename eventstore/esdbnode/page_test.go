package esdbnode

import (
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/stretchr/testify/require"
)

// Ensure that a page is bounded by its events and by their bytes, and is never empty.
func TestPage_Length(t *testing.T) {
	spaced := func(n int, gap uint64) []uint64 {
		positions := make([]uint64, n)
		for i := range positions {
			positions[i] = uint64(i) * gap
		}
		return positions
	}
	for _, backwards := range []bool{false, true} {
		require.Equal(t, 1, pageLength(spaced(1, 1), backwards))
		require.Equal(t, 100, pageLength(spaced(100, 700), backwards))
		require.Equal(t, pageSize, pageLength(spaced(5000, 700), backwards))
		require.Equal(t, 4, pageLength(spaced(5000, 1<<20), backwards))
		require.Equal(t, 4, pageLength(spaced(5000, 1<<30), backwards))
	}
}

// Ensure that events of the largest size, among small ones of another stream, read whole in both directions.
func TestPage_LargeEvents(t *testing.T) {
	c := connect(t, memoryNode(t))
	const each = 12
	for range each {
		write(t, c, "large", esdb.Any{}, esdb.EventData{EventType: "large", Data: make([]byte, maxAppendSize)})
		write(t, c, "small", esdb.Any{}, esdb.EventData{EventType: "small"})
	}
	backwards := esdb.ReadStreamOptions{Direction: esdb.Backwards, From: esdb.End{}}
	for _, stream := range []string{"large", "small"} {
		require.Len(t, readStream(t, c, stream, esdb.ReadStreamOptions{}, 100), each)
		require.Len(t, readStream(t, c, stream, backwards, 100), each)
	}
	require.Len(t, readAll(t, c, esdb.ReadAllOptions{}, 100), 2*each)
	require.Len(t, readAll(t, c, esdb.ReadAllOptions{Direction: esdb.Backwards, From: esdb.End{}}, 100), 2*each)
}
