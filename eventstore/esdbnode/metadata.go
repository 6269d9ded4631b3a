package esdbnode

import (
	"encoding/json"
	"math"
	"strings"
	"time"
)

// The metadata of a stream s is the last event of the stream $$s: JSON with settings that hide events of s from those
// who read s. Nothing is ever removed from the log; $all shows everything.
const (
	metadataPrefix = "$$"
	metadataType   = "$metadata"
	keyTruncate    = "$tb"

	// deletedFrom is the truncation that means a soft-deleted stream, and tombstoneRevision the revision of the event
	// that ends a stream for ever; EventStoreDB uses the same number for both.
	deletedFrom       = math.MaxInt64
	tombstoneRevision = math.MaxInt64
	tombstoneType     = "$streamDeleted"
)

// metadataOf names the stream that holds the metadata; a metadata stream has none.
func metadataOf(stream string) (string, bool) {
	return metadataPrefix + stream, !isMetadata(stream)
}

func isMetadata(stream string) bool { return strings.HasPrefix(stream, metadataPrefix) }

// limits are the settings that hide events.
type limits struct {
	// Truncate hides the events before that revision.
	Truncate uint64
	// MaxCount shows only so many events at the end, all when 0.
	MaxCount uint64
	// MaxAge hides events older than so many seconds, none when 0.
	MaxAge int64
}

// parseLimits reads metadata. Like EventStoreDB it takes what it cannot read for no metadata at all: anybody may write
// anything into a metadata stream, and that must not make the stream itself unreadable.
//
// The names are compared as they are, which decoding into a struct would not do: it takes $TB for $tb.
func parseLimits(data []byte) limits {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(data, &fields); err != nil {
		return limits{}
	}
	var l limits
	for name, into := range map[string]any{keyTruncate: &l.Truncate, "$maxCount": &l.MaxCount, "$maxAge": &l.MaxAge} {
		if value, ok := fields[name]; ok && json.Unmarshal(value, into) != nil {
			return limits{}
		}
	}
	return l
}

// metadataLimits is what hides events of a metadata stream: only the newest counts. The Go client relies on it.
var metadataLimits = limits{MaxCount: 1}

func (l limits) deleted() bool { return l.Truncate == deletedFrom }

// first is the lowest revision of a stream of count events that may be shown; age is not looked at.
func (l limits) first(count int) uint64 {
	first := min(l.Truncate, uint64(count))
	if l.MaxCount > 0 && uint64(count) > l.MaxCount {
		first = max(first, uint64(count)-l.MaxCount)
	}
	return first
}

// oldest is the creation in ticks before which events are hidden, 0 when age hides nothing.
func (l limits) oldest(now time.Time) int64 {
	if l.MaxAge <= 0 {
		return 0
	}
	return ticks(now) - l.MaxAge*ticksPerSecond
}

// withTruncate returns metadata with another truncation and everything else as it was, and whether it was metadata.
func withTruncate(data []byte, revision uint64) ([]byte, bool) {
	fields := map[string]any{}
	decoder := json.NewDecoder(strings.NewReader(string(data)))
	decoder.UseNumber()
	if err := decoder.Decode(&fields); err != nil {
		return nil, false
	}
	fields[keyTruncate] = revision
	changed, err := json.Marshal(fields)
	return changed, err == nil
}
