package esdbnode

import (
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/mem"

	// The codec that this one passes everything else on to is registered by this package.
	grpcproto "google.golang.org/grpc/encoding/proto"
)

// rawFrame is a message that is encoded already.
type rawFrame []byte

// rawCodec sends stored frames as they are and leaves every other message to the usual codec.
type rawCodec struct{ encoding.CodecV2 }

func newRawCodec() rawCodec {
	return rawCodec{encoding.GetCodecV2(grpcproto.Name)}
}

// Marshal encodes what is not encoded already.
func (c rawCodec) Marshal(message any) (mem.BufferSlice, error) {
	if frame, ok := message.(rawFrame); ok {
		return mem.BufferSlice{mem.SliceBuffer(frame)}, nil
	}
	return c.CodecV2.Marshal(message)
}

// Unmarshal copies what a service wants to decode itself, and decodes the rest.
func (c rawCodec) Unmarshal(data mem.BufferSlice, message any) error {
	if frame, ok := message.(*rawFrame); ok {
		*frame = data.Materialize()
		return nil
	}
	return c.CodecV2.Unmarshal(data, message)
}
