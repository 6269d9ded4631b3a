package esdbnode

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/google/uuid"
)

// nameLimit bounds the length of a stream's name in bytes.
const nameLimit = 4 << 10

var errNoID = errors.New("an event id is missing")

// parseUUID takes both forms of the protocol: Go clients send halves, Node clients a string.
func parseUUID(id *shared.UUID) (uuid.UUID, error) {
	switch value := id.GetValue().(type) {
	case *shared.UUID_Structured_:
		var u uuid.UUID
		binary.BigEndian.PutUint64(u[:8], uint64(value.Structured.GetMostSignificantBits()))
		binary.BigEndian.PutUint64(u[8:], uint64(value.Structured.GetLeastSignificantBits()))
		return u, nil
	case *shared.UUID_String_:
		u, err := uuid.Parse(value.String_)
		if err != nil {
			return uuid.UUID{}, fmt.Errorf("event id %q: %w", value.String_, err)
		}
		return u, nil
	}
	return uuid.UUID{}, errNoID
}

func structuredUUID(id uuid.UUID) *shared.UUID {
	return &shared.UUID{Value: &shared.UUID_Structured_{Structured: &shared.UUID_Structured{
		MostSignificantBits:  int64(binary.BigEndian.Uint64(id[:8])),
		LeastSignificantBits: int64(binary.BigEndian.Uint64(id[8:])),
	}}}
}

func stringUUID(id uuid.UUID) *shared.UUID {
	return &shared.UUID{Value: &shared.UUID_String_{String_: id.String()}}
}

func identifier(stream string) *shared.StreamIdentifier {
	return &shared.StreamIdentifier{StreamName: []byte(stream)}
}
