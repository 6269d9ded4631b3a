package esdbnode

import (
	"bufio"
	"bytes"
	"compress/flate"
	"encoding/binary"
	"fmt"
	"io"
	"time"
)

// compactedWriter makes the file of a compacted segment. Events MUST come in order.
type compactedWriter struct {
	file   file
	base   uint64
	offset int64
	out    *bufio.Writer
	runs   []run
	packed bytes.Buffer
	stubs  *flate.Writer
}

func newCompactedWriter(f file, base uint64) (*compactedWriter, error) {
	w := &compactedWriter{file: f, base: base, offset: compactedOff}
	w.out = bufio.NewWriterSize(io.NewOffsetWriter(f, compactedOff), 1<<20)
	var err error
	w.stubs, err = flate.NewWriter(&w.packed, flate.DefaultCompression)
	return w, err
}

// keep adds an event that stays at its position.
func (w *compactedWriter) keep(position uint64, frame []byte) error {
	entry := newEntry(frame)
	if last := len(w.runs) - 1; last >= 0 && w.runs[last].position+uint64(w.runs[last].length) == position {
		w.runs[last].length += int64(len(entry))
	} else {
		w.runs = append(w.runs, run{position: position, offset: w.offset, length: int64(len(entry))})
	}
	w.offset += int64(len(entry))
	_, err := w.out.Write(entry)
	return err
}

func newEntry(frame []byte) []byte {
	entry := append(make([]byte, entryHeaderSize, entryHeaderSize+len(frame)), frame...)
	putEntryHeader(entry)
	return entry
}

// remove adds the stub of an event that goes.
func (w *compactedWriter) remove(e stored) error {
	var data []byte
	if _, deleted := deletion(e); deleted && e.revision != tombstoneRevision {
		// That it deleted its stream is what the computed streams know of it.
		data = fmt.Appendf(nil, `{"%s":%d}`, keyTruncate, int64(deletedFrom))
	}
	stub := newProposed(string(e.stream), e.id, string(e.eventType), contentTypeJSON, nil, data)
	return w.stub(stub.appendFrame(nil, time.Unix(0, 0), e.revision, e.position))
}

// stub adds a stub as it is.
func (w *compactedWriter) stub(frame []byte) error {
	_, err := w.stubs.Write(newEntry(frame))
	return err
}

// finish writes the rest and returns when all of it is durable.
func (w *compactedWriter) finish(end uint64) error {
	if err := w.stubs.Close(); err != nil {
		return err
	}
	at := align(w.offset)
	if _, err := w.out.Write(make([]byte, at-w.offset)); err != nil {
		return err
	}
	if err := w.out.Flush(); err != nil {
		return err
	}
	stubs, err := w.record(kindTable, at, w.table())
	if err != nil {
		return err
	}
	if _, err := w.record(kindStubs, stubs, w.packed.Bytes()); err != nil {
		return err
	}
	span := binary.LittleEndian.AppendUint64(nil, end)
	span = binary.LittleEndian.AppendUint64(span, uint64(at))
	span = binary.LittleEndian.AppendUint64(span, uint64(stubs))
	if _, err := w.record(kindSpan, segmentHeaderSize, span); err != nil {
		return err
	}
	if _, err := w.file.WriteAt(versionedHeader(w.base, compactedVersion), 0); err != nil {
		return err
	}
	return w.file.sync()
}

func (w *compactedWriter) table() []byte {
	table := make([]byte, 0, len(w.runs)*runSize)
	for _, r := range w.runs {
		table = binary.LittleEndian.AppendUint64(table, r.position)
		table = binary.LittleEndian.AppendUint64(table, uint64(r.offset))
		table = binary.LittleEndian.AppendUint64(table, uint64(r.length))
	}
	return table
}

// record writes a record and returns the place after it.
func (w *compactedWriter) record(kind uint32, at int64, payload []byte) (int64, error) {
	if len(payload) > maxRecordSize {
		return 0, fmt.Errorf("a record of %d bytes is larger than one can be", len(payload))
	}
	b := putHeader(append(make([]byte, recordHeaderSize), payload...), kind, w.base+uint64(at))
	_, err := w.file.WriteAt(b, at)
	return at + int64(len(b)), err
}
