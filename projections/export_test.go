package projections

import "testing"

// ChunkOf lets rebuilds of this test take other chunks than those of a rebuild that was broken off.
func ChunkOf(t *testing.T, events int) {
	was := chunkSize
	chunkSize = events
	t.Cleanup(func() { chunkSize = was })
}

// Heap is a statement that makes a table, without the key that a rebuild adds last, and that key.
func Heap(statement string) (text, key string) {
	all := statements(statement)
	if len(all) == 0 || all[0].index != "" {
		return statement, ""
	}
	return all[0].withoutKey().text, all[0].key
}
