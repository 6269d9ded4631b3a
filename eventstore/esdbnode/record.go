package esdbnode

import (
	"encoding/binary"
	"hash/crc32"
)

// A record is the unit that is on disk whole or not at all: a header of 16 bytes, the payload, and zeros up to the next
// multiple of eight. All numbers are little-endian.
//
//	0  length of the payload
//	4  kind
//	8  CRC32C of the payload
//	12 CRC32C of the record's position in the log and of the twelve bytes before
//
// The second checksum tells a header from payload bytes without reading the payload, and ties the record to its place,
// so that neither a stale record nor a copied one is taken for a real one.
//
// One group commit is one record. The next record is written only after the one before is synced; so when a whole
// record follows a broken one, the broken one had been acknowledged, and recovery can tell damage from a torn tail.
const (
	recordHeaderSize = 16
	recordAlign      = 8
)

const (
	// kindBatch holds the events of one group commit, see entry.
	kindBatch = 1
	// kindSeal holds nothing. It is written when the log is opened and closed and bears witness that everything
	// before it was whole at that time.
	kindSeal = 2
)

// maxRecordSize bounds what a header may claim, so that a broken length cannot make recovery allocate without bound.
const maxRecordSize = 64 << 20

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func checksum(p []byte) uint32 { return crc32.Checksum(p, castagnoli) }

// recordHeader is a header that has been read.
type recordHeader struct {
	length  uint32
	kind    uint32
	payload uint32
}

// end is the offset of the next record when this one starts at offset.
func (h recordHeader) end(offset int64) int64 {
	return align(offset + recordHeaderSize + int64(h.length))
}

// matches tells whether the payload, its padding included, is the one that was written.
func (h recordHeader) matches(padded []byte) bool {
	for _, b := range padded[h.length:] {
		if b != 0 {
			return false
		}
	}
	return checksum(padded[:h.length]) == h.payload
}

func align(n int64) int64 { return (n + recordAlign - 1) &^ (recordAlign - 1) }

// putHeader completes the record in buf, whose first bytes are kept free for the header, and pads it.
func putHeader(buf []byte, kind uint32, position uint64) []byte {
	payload := buf[recordHeaderSize:]
	binary.LittleEndian.PutUint32(buf[0:], uint32(len(payload)))
	binary.LittleEndian.PutUint32(buf[4:], kind)
	binary.LittleEndian.PutUint32(buf[8:], checksum(payload))
	binary.LittleEndian.PutUint32(buf[12:], headerChecksum(buf, position))
	for len(buf)%recordAlign != 0 {
		buf = append(buf, 0)
	}
	return buf
}

func headerChecksum(header []byte, position uint64) uint32 {
	var place [8]byte
	binary.LittleEndian.PutUint64(place[:], position)
	return crc32.Update(checksum(place[:]), castagnoli, header[:12])
}

// parseHeader reads the header of a record of the log at position and reports whether it is one.
func parseHeader(header []byte, position uint64) (recordHeader, bool) {
	h, ok := parseAnyHeader(header, position)
	return h, ok && (h.kind == kindBatch || h.kind == kindSeal)
}

func parseAnyHeader(header []byte, position uint64) (recordHeader, bool) {
	h := recordHeader{
		length:  binary.LittleEndian.Uint32(header[0:]),
		kind:    binary.LittleEndian.Uint32(header[4:]),
		payload: binary.LittleEndian.Uint32(header[8:]),
	}
	ok := h.length <= maxRecordSize &&
		binary.LittleEndian.Uint32(header[12:]) == headerChecksum(header, position)
	return h, ok
}

// An entry is one event inside a batch: the length of its frame, the frame's own CRC32C, the frame. The position of
// the event is the position of its entry. The checksum of its own lets every read prove what it hands out.
const entryHeaderSize = 8

func putEntryHeader(entry []byte) {
	frame := entry[entryHeaderSize:]
	binary.LittleEndian.PutUint32(entry[0:], uint32(len(frame)))
	binary.LittleEndian.PutUint32(entry[4:], checksum(frame))
}

// entryFrameSize is the length of the frame that follows the entry's header.
func entryFrameSize(entry []byte) int { return int(binary.LittleEndian.Uint32(entry)) }

// entryFrame cuts the frame out of an entry and reports whether it is complete and unaltered.
func entryFrame(entry []byte) ([]byte, bool) {
	if len(entry) < entryHeaderSize || len(entry)-entryHeaderSize < entryFrameSize(entry) {
		return nil, false
	}
	end := entryHeaderSize + entryFrameSize(entry)
	frame := entry[entryHeaderSize:end:end]
	return frame, binary.LittleEndian.Uint32(entry[4:]) == checksum(frame)
}
