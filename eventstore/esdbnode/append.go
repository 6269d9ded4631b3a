package esdbnode

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"
)

const (
	// maxAppendSize is EventStoreDB's limit for the data of one append; like the real server the node counts the data
	// alone.
	maxAppendSize = 1 << 20
	// appendLimit bounds everything of one append together, metadata and names too, which the real limit leaves open.
	appendLimit = 16 << 20
)

// streamsService serves reads and appends.
type streamsService struct {
	streams.UnimplementedStreamsServer
	node *Node
}

// intake gathers the events of one append while its messages come in. After the first error it takes no more, but the
// messages still have to be received: a client that is answered before it has sent everything may see a bare end of
// file instead of the answer.
type intake struct {
	stream   string
	expected expectation
	events   []proposed
	data     int
	total    int
	err      error
}

func (in *intake) refuse(err error) {
	if in.err == nil {
		in.err = err
		in.events = nil
	}
}

// open takes the options, which come before any event.
func (in *intake) open(name []byte, expected expectation, given bool) {
	in.stream = string(name)
	in.expected = expected
	switch {
	case len(name) == 0:
		in.refuse(invalid("the stream name is missing"))
	case len(name) > nameLimit:
		in.refuse(invalid(fmt.Sprintf("the stream name is longer than %d bytes", nameLimit)))
	case in.stream == allName:
		in.refuse(accessDenied(allName))
	case !given:
		in.refuse(invalid("the expected revision is missing"))
	}
}

// check refuses an append that its caller may not make.
func (in *intake) check(ctx context.Context, n *Node) {
	if _, ok := n.index.computed(in.stream); ok {
		in.refuse(accessDenied(in.stream))
	}
	if in.err == nil {
		if err := n.allow(ctx, actionWrite, in.stream); err != nil {
			in.refuse(err)
		}
	}
}

// message is what both kinds of append call an event.
type message interface {
	GetId() *shared.UUID
	GetMetadata() map[string]string
	GetCustomMetadata() []byte
	GetData() []byte
}

func (in *intake) add(m message) {
	if in.err != nil {
		return
	}
	e, err := in.event(m)
	if err != nil {
		in.refuse(err)
		return
	}
	in.data += len(m.GetData())
	in.total += len(e.fixed)
	if in.data > maxAppendSize || in.total > appendLimit {
		in.refuse(tooLarge(maxAppendSize))
		return
	}
	in.events = append(in.events, e)
}

func (in *intake) event(m message) (proposed, error) {
	id, err := parseUUID(m.GetId())
	if err != nil {
		return proposed{}, invalid(err.Error())
	}
	if id == (uuid.UUID{}) {
		return proposed{}, invalid("the event id is empty")
	}
	eventType, ok := m.GetMetadata()[keyType]
	if !ok {
		return proposed{}, missingMetadata(keyType)
	}
	contentType, ok := m.GetMetadata()[keyContentType]
	if !ok {
		return proposed{}, missingMetadata(keyContentType)
	}
	if contentType != contentTypeJSON {
		contentType = contentTypeBinary
	}
	return newProposed(in.stream, id, eventType, contentType, m.GetCustomMetadata(), m.GetData()), nil
}

// Append writes the events of one call, all or none.
func (s *streamsService) Append(call streams.Streams_AppendServer) error {
	in, err := receive(call)
	if err != nil {
		return fail(call, err)
	}
	if err := s.node.faults.before(call.Context()); err != nil {
		return fail(call, err)
	}
	in.check(call.Context(), s.node)
	if in.err != nil {
		return fail(call, in.err)
	}
	done, err := s.node.writer.append(call.Context(), in.stream, in.expected, in.events)
	if err == nil {
		err = s.node.faults.afterCommit()
	}
	if err != nil {
		return fail(call, err)
	}
	return call.SendAndClose(appendAnswer(done, in.expected))
}

// receive drains the call. Its error is that of a broken call; what is wrong with the append itself is in the intake.
func receive(call streams.Streams_AppendServer) (*intake, error) {
	in := &intake{}
	opened := false
	for {
		m, err := call.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		switch content := m.GetContent().(type) {
		case *streams.AppendReq_Options_:
			expected, given := appendExpectation(content.Options)
			in.open(content.Options.GetStreamIdentifier().GetStreamName(), expected, given)
			opened = true
		case *streams.AppendReq_ProposedMessage_:
			if !opened {
				in.refuse(invalid("the options have to come before the first event"))
			}
			in.add(content.ProposedMessage)
		}
	}
	if !opened {
		in.refuse(invalid("the options are missing"))
	}
	return in, nil
}

func appendExpectation(o *streams.AppendReq_Options) (expectation, bool) {
	switch value := o.GetExpectedStreamRevision().(type) {
	case *streams.AppendReq_Options_Any:
		return expectation{kind: expectAny}, true
	case *streams.AppendReq_Options_StreamExists:
		return expectation{kind: expectExists}, true
	case *streams.AppendReq_Options_NoStream:
		return expectation{kind: expectNone}, true
	case *streams.AppendReq_Options_Revision:
		return expectation{kind: expectExact, revision: value.Revision}, true
	}
	return expectation{}, false
}

func appendAnswer(done outcome, expected expectation) *streams.AppendResp {
	if done.result == resultConflict {
		return &streams.AppendResp{Result: &streams.AppendResp_WrongExpectedVersion_{
			WrongExpectedVersion: wrongVersion(done, expected),
		}}
	}
	success := &streams.AppendResp_Success{
		CurrentRevisionOption: &streams.AppendResp_Success_NoStream{NoStream: &shared.Empty{}},
		PositionOption:        &streams.AppendResp_Success_NoPosition{NoPosition: &shared.Empty{}},
	}
	if !done.empty {
		success.CurrentRevisionOption = &streams.AppendResp_Success_CurrentRevision{CurrentRevision: done.revision}
	}
	if done.position != 0 {
		success.PositionOption = &streams.AppendResp_Success_Position{Position: &streams.AppendResp_Position{
			CommitPosition: done.position, PreparePosition: done.position,
		}}
	}
	return &streams.AppendResp{Result: &streams.AppendResp_Success_{Success: success}}
}

// oldNoRevision is how servers before 20.10 said "no stream" where a revision was expected.
const oldNoRevision = ^uint64(0)

// wrongVersion answers a conflict, which is a normal answer and no error, in the present form and in the one of 20.6.
func wrongVersion(done outcome, expected expectation) *streams.AppendResp_WrongExpectedVersion {
	type answer = streams.AppendResp_WrongExpectedVersion
	w := &answer{
		CurrentRevisionOption:        &streams.AppendResp_WrongExpectedVersion_CurrentNoStream{CurrentNoStream: &shared.Empty{}},
		CurrentRevisionOption_20_6_0: &streams.AppendResp_WrongExpectedVersion_NoStream_20_6_0{NoStream_20_6_0: &shared.Empty{}},
	}
	if !done.empty {
		w.CurrentRevisionOption = &streams.AppendResp_WrongExpectedVersion_CurrentRevision{CurrentRevision: done.revision}
		w.CurrentRevisionOption_20_6_0 = &streams.AppendResp_WrongExpectedVersion_CurrentRevision_20_6_0{CurrentRevision_20_6_0: done.revision}
	}
	switch expected.kind {
	case expectAny:
		w.ExpectedRevisionOption = &streams.AppendResp_WrongExpectedVersion_ExpectedAny{ExpectedAny: &shared.Empty{}}
		w.ExpectedRevisionOption_20_6_0 = &streams.AppendResp_WrongExpectedVersion_Any_20_6_0{Any_20_6_0: &shared.Empty{}}
	case expectExists:
		w.ExpectedRevisionOption = &streams.AppendResp_WrongExpectedVersion_ExpectedStreamExists{ExpectedStreamExists: &shared.Empty{}}
		w.ExpectedRevisionOption_20_6_0 = &streams.AppendResp_WrongExpectedVersion_StreamExists_20_6_0{StreamExists_20_6_0: &shared.Empty{}}
	case expectNone:
		w.ExpectedRevisionOption = &streams.AppendResp_WrongExpectedVersion_ExpectedNoStream{ExpectedNoStream: &shared.Empty{}}
		w.ExpectedRevisionOption_20_6_0 = &streams.AppendResp_WrongExpectedVersion_ExpectedRevision_20_6_0{ExpectedRevision_20_6_0: oldNoRevision}
	case expectExact:
		w.ExpectedRevisionOption = &streams.AppendResp_WrongExpectedVersion_ExpectedRevision{ExpectedRevision: expected.revision}
		w.ExpectedRevisionOption_20_6_0 = &streams.AppendResp_WrongExpectedVersion_ExpectedRevision_20_6_0{ExpectedRevision_20_6_0: expected.revision}
	}
	return w
}
