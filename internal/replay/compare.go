package replay

import (
	"bytes"
	"fmt"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/partnerledger/partnerledger/eventstore"
)

// compare says in what the stored event differs from the one that the rules give now, or nothing. It
// names places and quotes nothing.
func compare(stored eventstore.Recorded, now eventstore.Proposed) string {
	switch {
	case stored.Type != now.Type:
		return fmt.Sprintf("the rules give %s", now.Type)
	case stored.ID != now.ID:
		return fmt.Sprintf("its id follows from its command as %s", now.ID)
	case !bytes.Equal(stored.Data, now.Data):
		return "its data differs " + firstDifference(stored.Data, now.Data)
	case !bytes.Equal(stored.Metadata, now.Metadata):
		return "its metadata differs " + firstDifference(stored.Metadata, now.Metadata)
	default:
		return ""
	}
}

// firstDifference names the first byte in which the two differ, and the field of the stored JSON there.
func firstDifference(stored, now []byte) string {
	at := 0
	for at < len(stored) && at < len(now) && stored[at] == now[at] {
		at++
	}
	field := fieldAt(stored, at)
	if field == "" {
		return fmt.Sprintf("from byte %d on", at)
	}
	return fmt.Sprintf("from byte %d on, at %s", at, field)
}

// fieldAt is the JSON pointer of what stands at a byte, as far as the text can be read.
func fieldAt(text []byte, at int) string {
	decoder := jsontext.NewDecoder(bytes.NewReader(text))
	for {
		if _, err := decoder.ReadToken(); err != nil || decoder.InputOffset() > int64(at) {
			return string(decoder.StackPointer())
		}
	}
}
