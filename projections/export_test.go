package projections

import "testing"

// ChunkOf lets rebuilds of this test take other chunks than those of a rebuild that was broken off.
func ChunkOf(t *testing.T, events int) {
	was := chunkSize
	chunkSize = events
	t.Cleanup(func() { chunkSize = was })
}
