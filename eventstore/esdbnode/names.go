package esdbnode

import "hash/maphash"

// Every list of events that the index keeps has a name: a letter for its kind and what it is a list of.
const (
	listStream          = 's' // the events of a stream, by revision
	listTombstone       = 't' // the event that ended a stream for ever
	listCategory        = 'c' // the events of a category, see categories.go
	listType            = 'e' // the events of a type
	listStreams         = 'n' // the first event of every stream
	listCategoryStreams = 'k' // the first event of every stream of a category
)

// appendName makes the name of a list.
func appendName[S ~string | ~[]byte](b []byte, kind byte, of S) []byte {
	return append(append(b, kind), of...)
}

// names numbers the lists in the order of their first event. It holds a hash of each name and no name itself, about
// fourteen bytes each and no pointer: the names lie in the parts of the index, most of them in files.
//
// The hash is another one in every process, so that nobody can choose names that collide.
type names struct {
	seed maphash.Seed
	// slots is an open hash table of numbers plus one, hashes are the names' by number.
	slots  []uint32
	hashes []uint32
}

func newNames() names {
	return names{seed: maphash.MakeSeed(), slots: make([]uint32, 64)}
}

func (n *names) hash(name []byte) uint32 { return uint32(maphash.Bytes(n.seed, name)) }

// find returns the number of a name. Hashes can coincide, so same has to look at the name itself.
func (n *names) find(hash uint32, same func(number uint32) bool) (uint32, bool) {
	mask := uint32(len(n.slots) - 1)
	for i := hash & mask; n.slots[i] != 0; i = (i + 1) & mask {
		number := n.slots[i] - 1
		if n.hashes[number] == hash && same(number) {
			return number, true
		}
	}
	return 0, false
}

// add gives the next number to a name that has none.
func (n *names) add(hash uint32) uint32 {
	number := uint32(len(n.hashes))
	n.hashes = append(n.hashes, hash)
	if 4*len(n.hashes) > 3*len(n.slots) {
		n.grow(2 * len(n.slots))
		return number
	}
	n.put(number)
	return number
}

// reserve makes room for so many names at once.
func (n *names) reserve(count int) {
	size := len(n.slots)
	for 4*count > 3*size {
		size *= 2
	}
	if size > len(n.slots) {
		n.grow(size)
	}
}

func (n *names) grow(size int) {
	n.slots = make([]uint32, size)
	for number := range n.hashes {
		n.put(uint32(number))
	}
}

func (n *names) put(number uint32) {
	mask := uint32(len(n.slots) - 1)
	i := n.hashes[number] & mask
	for n.slots[i] != 0 {
		i = (i + 1) & mask
	}
	n.slots[i] = number + 1
}
