package esdbnode

import (
	"hash/crc32"
	"math/bits"

	"github.com/google/uuid"
)

// tag is what the index keeps of an event's id: a checksum of id and stream. Different events may share one.
func tag(id uuid.UUID, stream []byte) uint32 {
	return crc32.Update(checksum(id[:]), castagnoli, stream)
}

// idFilter says of most tags that no event has them, so that an append of something new need not be searched for among
// all the events of its stream. It is a chain of Bloom filters, each twice the size of the one before, in which a new
// tag is mistaken for an old one about three times in a thousand; it takes about three bytes an event.
type idFilter struct {
	blooms []bloom
}

// firstBloom is how many tags the first filter is made for at least.
const firstBloom = 1 << 16

// newIDFilter makes a filter that holds so many tags before it has to grow.
func newIDFilter(count int) *idFilter {
	return &idFilter{blooms: []bloom{newBloom(max(firstBloom, count))}}
}

func (f *idFilter) add(tag uint32) {
	last := &f.blooms[len(f.blooms)-1]
	if last.room == 0 {
		f.blooms = append(f.blooms, newBloom(2*last.capacity()))
		last = &f.blooms[len(f.blooms)-1]
	}
	last.add(tag)
}

// mayHave is false only when no event with the tag was ever added.
func (f *idFilter) mayHave(tag uint32) bool {
	for i := range f.blooms {
		if f.blooms[i].mayHave(tag) {
			return true
		}
	}
	return false
}

// bloom keeps the bits of one tag within one block of 64 bytes, which costs one access to memory.
type bloom struct {
	blocks [][8]uint64
	shift  int
	room   int
}

// bitsPerTag makes a block the home of 32 tags.
const bitsPerTag = 16

func newBloom(count int) bloom {
	exponent := bits.Len(uint(count*bitsPerTag/512 - 1))
	b := bloom{blocks: make([][8]uint64, 1<<exponent), shift: 64 - exponent}
	b.room = b.capacity()
	return b
}

func (b *bloom) capacity() int { return len(b.blocks) * 512 / bitsPerTag }

// places spreads a tag: a block, and four bits of it in nine bits each.
func (b *bloom) places(tag uint32) (*[8]uint64, uint64) {
	h := uint64(tag) * 0x9E3779B97F4A7C15
	h ^= h >> 32
	h *= 0xD6E8FEB86659FD93
	return &b.blocks[h>>b.shift], h ^ h>>29
}

func (b *bloom) add(tag uint32) {
	block, h := b.places(tag)
	for range 4 {
		block[h>>6&7] |= 1 << (h & 63)
		h >>= 9
	}
	b.room--
}

func (b *bloom) mayHave(tag uint32) bool {
	block, h := b.places(tag)
	for range 4 {
		if block[h>>6&7]&(1<<(h&63)) == 0 {
			return false
		}
		h >>= 9
	}
	return true
}
