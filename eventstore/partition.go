package eventstore

// Partitions is the number of partitions. It is frozen: subscribers share out work by it.
const Partitions = 16

// Partition is FNV-1a (32 bits) of the stream's name, modulo Partitions, so that all events of a stream
// are in one partition. It is frozen.
func Partition(stream string) int {
	hash := uint32(2166136261)
	for _, b := range []byte(stream) {
		hash = (hash ^ uint32(b)) * 16777619
	}
	return int(hash % Partitions)
}
