package esdbnode

import (
	"encoding/binary"
	"errors"
	"strconv"
	"time"

	"github.com/google/uuid"
	"google.golang.org/protobuf/encoding/protowire"
)

// The frame of an event is the message of a read's answer, ready to be sent: ReadResp{event: ReadEvent{event:
// RecordedEvent, commit_position}}. It is stored as it is sent, so a read copies bytes and encodes nothing, which
// doubles its speed. The constants are the field numbers of the protocol; they can never change.
const (
	fieldRespEvent = 1

	fieldReadEvent    = 1
	fieldReadLink     = 2
	fieldReadPosition = 3

	fieldID             = 1
	fieldStream         = 2
	fieldRevision       = 3
	fieldPrepare        = 4
	fieldCommit         = 5
	fieldMetadata       = 6
	fieldCustomMetadata = 7
	fieldData           = 8

	fieldStructured = 1
	fieldMost       = 1
	fieldLeast      = 2
	fieldStreamName = 3
	fieldMapKey     = 1
	fieldMapValue   = 2
)

// Keys of the system metadata that travel with every event.
const (
	keyType        = "type"
	keyContentType = "content-type"
	keyCreated     = "created"

	contentTypeJSON   = "application/json"
	contentTypeBinary = "application/octet-stream"
)

// proposed is an event that wants to be appended. fixed holds every field of the recorded event that does not depend on
// where the event ends up; it is encoded by the caller's goroutine so that the writer has little to do.
type proposed struct {
	id        uuid.UUID
	eventType []byte
	data      []byte
	fixed     []byte
}

func newProposed(stream string, id uuid.UUID, eventType, contentType string, metadata, data []byte) proposed {
	b := make([]byte, 0, 128+len(stream)+len(eventType)+len(metadata)+len(data))
	b = appendID(b, id)
	var name []byte
	name = protowire.AppendTag(name, fieldStreamName, protowire.BytesType)
	name = protowire.AppendString(name, stream)
	b = appendBytes(b, fieldStream, name)
	b = appendMapEntry(b, keyType, eventType)
	b = appendMapEntry(b, keyContentType, contentType)
	b = appendBytes(b, fieldCustomMetadata, metadata)
	b = appendBytes(b, fieldData, data)
	return proposed{id: id, eventType: []byte(eventType), data: data, fixed: b}
}

func appendID(b []byte, id uuid.UUID) []byte {
	var halves, form []byte
	halves = appendVarint(halves, fieldMost, binary.BigEndian.Uint64(id[:8]))
	halves = appendVarint(halves, fieldLeast, binary.BigEndian.Uint64(id[8:]))
	form = appendBytes(form, fieldStructured, halves)
	return appendBytes(b, fieldID, form)
}

func appendMapEntry(b []byte, key, value string) []byte {
	b = protowire.AppendTag(b, fieldMetadata, protowire.BytesType)
	size := protowire.SizeTag(fieldMapKey) + protowire.SizeBytes(len(key)) +
		protowire.SizeTag(fieldMapValue) + protowire.SizeBytes(len(value))
	b = protowire.AppendVarint(b, uint64(size))
	b = protowire.AppendTag(b, fieldMapKey, protowire.BytesType)
	b = protowire.AppendString(b, key)
	b = protowire.AppendTag(b, fieldMapValue, protowire.BytesType)
	return protowire.AppendString(b, value)
}

func appendBytes(b []byte, field protowire.Number, value []byte) []byte {
	b = protowire.AppendTag(b, field, protowire.BytesType)
	return protowire.AppendBytes(b, value)
}

func appendVarint(b []byte, field protowire.Number, value uint64) []byte {
	b = protowire.AppendTag(b, field, protowire.VarintType)
	return protowire.AppendVarint(b, value)
}

// at is what the index has to know of the event once it has its place.
func (p proposed) at(stream []byte, revision, position uint64) stored {
	return stored{id: p.id, stream: stream, eventType: p.eventType, data: p.data, revision: revision, position: position}
}

// appendFrame completes the event with what the writer decides and appends its frame to dst.
func (p proposed) appendFrame(dst []byte, created time.Time, revision, position uint64) []byte {
	var scratch [128]byte
	placed := appendMapEntry(scratch[:0], keyCreated, strconv.FormatInt(ticks(created), 10))
	placed = appendVarint(placed, fieldRevision, revision)
	placed = appendVarint(placed, fieldPrepare, position)
	placed = appendVarint(placed, fieldCommit, position)

	recorded := len(p.fixed) + len(placed)
	inner := protowire.SizeTag(fieldReadEvent) + protowire.SizeBytes(recorded) +
		protowire.SizeTag(fieldReadPosition) + protowire.SizeVarint(position)

	dst = protowire.AppendTag(dst, fieldRespEvent, protowire.BytesType)
	dst = protowire.AppendVarint(dst, uint64(inner))
	dst = protowire.AppendTag(dst, fieldReadEvent, protowire.BytesType)
	dst = protowire.AppendVarint(dst, uint64(recorded))
	dst = append(dst, p.fixed...)
	dst = append(dst, placed...)
	return appendVarint(dst, fieldReadPosition, position)
}

// ticks counts the 100 nanoseconds since the Unix epoch, the unit of EventStoreDB's "created". Clients end their process
// over anything else, so it is always there and always a number.
func ticks(t time.Time) int64 {
	return t.Unix()*ticksPerSecond + int64(t.Nanosecond())/100
}

const ticksPerSecond = 10_000_000

// stored is what the node itself needs to know of an event.
type stored struct {
	id        uuid.UUID
	stream    []byte
	eventType []byte
	created   []byte
	data      []byte
	custom    []byte
	revision  uint64
	position  uint64
}

// ticks is the creation of the event, 0 when it has none.
func (s stored) ticks() int64 {
	n, err := strconv.ParseInt(string(s.created), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

var errFrame = errors.New("an event's frame does not parse")

// parseFrame reads a frame without copying: the slices of the result point into it.
func parseFrame(frame []byte) (stored, error) {
	var s stored
	ok := eachField(frame, func(field protowire.Number, event []byte, _ uint64) bool {
		return field != fieldRespEvent || eachField(event, s.readEventField)
	})
	if !ok || len(s.stream) == 0 {
		return stored{}, errFrame
	}
	return s, nil
}

func (s *stored) readEventField(field protowire.Number, value []byte, number uint64) bool {
	switch field {
	case fieldReadEvent:
		return eachField(value, s.recordedField)
	case fieldReadPosition:
		s.position = number
	}
	return true
}

func (s *stored) recordedField(field protowire.Number, value []byte, number uint64) bool {
	switch field {
	case fieldID:
		return s.parseID(value)
	case fieldStream:
		s.stream = subfield(value, fieldStreamName)
	case fieldRevision:
		s.revision = number
	case fieldMetadata:
		s.parseMetadata(subfield(value, fieldMapKey), subfield(value, fieldMapValue))
	case fieldData:
		s.data = value
	case fieldCustomMetadata:
		s.custom = value
	}
	return true
}

func (s *stored) parseID(form []byte) bool {
	return eachField(subfield(form, fieldStructured), func(field protowire.Number, _ []byte, half uint64) bool {
		switch field {
		case fieldMost:
			binary.BigEndian.PutUint64(s.id[:8], half)
		case fieldLeast:
			binary.BigEndian.PutUint64(s.id[8:], half)
		}
		return true
	})
}

func (s *stored) parseMetadata(key, value []byte) {
	switch string(key) {
	case keyType:
		s.eventType = value
	case keyCreated:
		s.created = value
	}
}

// subfield is the bytes of one field of a small message, nil when it is not there.
func subfield(message []byte, want protowire.Number) (found []byte) {
	eachField(message, func(field protowire.Number, value []byte, _ uint64) bool {
		if field == want {
			found = value
		}
		return true
	})
	return found
}

// eachField calls visit for the fields of a message that are bytes or varints, the only kinds a frame has, and reports
// whether the message parsed and every visit agreed.
func eachField(message []byte, visit func(field protowire.Number, value []byte, number uint64) bool) bool {
	for len(message) > 0 {
		field, kind, n := protowire.ConsumeTag(message)
		if n < 0 {
			return false
		}
		message = message[n:]
		var value []byte
		var number uint64
		switch kind {
		case protowire.BytesType:
			value, n = protowire.ConsumeBytes(message)
		case protowire.VarintType:
			number, n = protowire.ConsumeVarint(message)
		default:
			return false
		}
		if n < 0 || !visit(field, value, number) {
			return false
		}
		message = message[n:]
	}
	return true
}
