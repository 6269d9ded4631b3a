package esdbnode

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
)

// An index file is the index of one segment, written once when the segment is full. All numbers are little-endian.
//
//	header, 64 bytes:
//	 0  magic                          32  number of events
//	 8  format version                 36  number of names
//	 12 number of the segment          40  number of runs
//	 16 position of the segment        44  number of members of runs
//	 24 position of its end            48  length of the names
//	 52 sum of the part before         56  CRC32C of all after the header
//	 60 CRC32C of the header: the part's sum
//
//	offset of every event from the segment's position
//	tag of every event
//	runs, five numbers each: name, number of the first event, first member, part and run of the list's run before
//	members of the runs: numbers of events of this segment
//	end of every name, names
//
// An index file holds nothing that is not in the log, so it is never repaired: one that is missing, damaged, of another
// version or does not follow the one before is made again from its segment. The sum of a part covers that of the part
// before, whose names and runs it counts on. Compacting a segment changes nothing here: it leaves stubs of what it removes.
//
// Events are counted in 32 bits, so no list can have more than four billion.
const (
	indexVersion    = 1
	indexMagic      = "PLINDEXF"
	indexHeaderSize = 64
	indexSuffix     = ".idx"
	rowSize         = 20
)

var errIndexFile = errors.New("the index file is damaged")

// partHeader is what a part says of itself.
type partHeader struct {
	number    uint32
	base, end uint64
	events    uint32
	names     uint32
	runs      uint32
	members   uint32
	text      uint32
	before    uint32

	// firstName is the number of names in the parts before, which the file does not say.
	firstName uint32
}

func indexName(base uint64) string { return fmt.Sprintf("%020d%s", base, indexSuffix) }

// size is the length of the file that has such a header.
func (h partHeader) size() int {
	return indexHeaderSize + 4*(2*int(h.events)+int(h.members)+int(h.names)) + rowSize*int(h.runs) + int(h.text)
}

func (h partHeader) put(b []byte, body uint32) {
	copy(b, indexMagic)
	binary.LittleEndian.PutUint32(b[8:], indexVersion)
	binary.LittleEndian.PutUint32(b[12:], h.number)
	binary.LittleEndian.PutUint64(b[16:], h.base)
	binary.LittleEndian.PutUint64(b[24:], h.end)
	for i, n := range []uint32{h.events, h.names, h.runs, h.members, h.text, h.before, body} {
		binary.LittleEndian.PutUint32(b[32+4*i:], n)
	}
	binary.LittleEndian.PutUint32(b[60:], checksum(b[:60]))
}

func parsePartHeader(b []byte) (partHeader, bool) {
	if len(b) < indexHeaderSize || string(b[:8]) != indexMagic ||
		binary.LittleEndian.Uint32(b[8:]) != indexVersion || number(b, 15) != checksum(b[:60]) {
		return partHeader{}, false
	}
	return partHeader{
		number: number(b, 3), base: binary.LittleEndian.Uint64(b[16:]), end: binary.LittleEndian.Uint64(b[24:]),
		events: number(b, 8), names: number(b, 9), runs: number(b, 10), members: number(b, 11),
		text: number(b, 12), before: number(b, 13),
	}, true
}

// parsePart checks every byte of an index file and takes it for a part.
func parsePart(data []byte) (*part, error) {
	h, ok := parsePartHeader(data)
	if !ok || len(data) != h.size() || checksum(data[indexHeaderSize:]) != number(data, 14) {
		return nil, errIndexFile
	}
	p := &part{header: h, sum: number(data, 15), memory: data}
	rest := data[indexHeaderSize:]
	for _, section := range []struct {
		bytes *[]byte
		size  int
	}{
		{&p.offsets, 4 * int(h.events)},
		{&p.tags, 4 * int(h.events)},
		{&p.rows, rowSize * int(h.runs)},
		{&p.members, 4 * int(h.members)},
		{&p.nameEnds, 4 * int(h.names)},
		{&p.text, int(h.text)},
	} {
		*section.bytes, rest = rest[:section.size:section.size], rest[section.size:]
	}
	return p, p.check()
}

// check proves that runs and names lie within the part, so that reading them later cannot fail. A part that is whole
// and fails here was not written by this code.
func (p *part) check() error {
	last := uint32(0)
	for i := range int(p.header.runs) {
		start := number(p.rows, 5*i+2)
		if start < last || start > p.header.members {
			return errIndexFile
		}
		last = start
	}
	last = 0
	for i := range int(p.header.names) {
		end := number(p.nameEnds, i)
		if end < last || end > p.header.text {
			return errIndexFile
		}
		last = end
	}
	return nil
}

// encode makes the index file of a segment that ends at end.
func (a *activePart) encode(number int, end uint64, before uint32) ([]byte, error) {
	h := partHeader{
		number: uint32(number), base: a.base, end: end, before: before,
		events: uint32(len(a.offsets)), names: uint32(len(a.nameEnds)), runs: uint32(len(a.runs)),
		members: uint32(a.members), text: uint32(len(a.text)),
	}
	if end-a.base > math.MaxUint32 {
		return nil, fmt.Errorf("esdbnode: a segment of %d bytes is too large to be indexed", end-a.base)
	}
	b := make([]byte, indexHeaderSize, h.size())
	b = appendNumbers(b, a.offsets...)
	b = appendNumbers(b, a.tags...)
	start := uint32(0)
	for _, r := range a.runs {
		b = appendNumbers(b, r.name, uint32(r.first), start, r.prev.part, r.prev.run)
		start += uint32(len(r.members))
	}
	for _, r := range a.runs {
		b = appendNumbers(b, r.members...)
	}
	b = appendNumbers(b, a.nameEnds...)
	b = append(b, a.text...)
	h.put(b, checksum(b[indexHeaderSize:]))
	return b, nil
}

func appendNumbers(b []byte, numbers ...uint32) []byte {
	b = slices.Grow(b, 4*len(numbers))
	for _, n := range numbers {
		b = binary.LittleEndian.AppendUint32(b, n)
	}
	return b
}
