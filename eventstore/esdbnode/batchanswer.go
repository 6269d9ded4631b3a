package esdbnode

import (
	"context"
	"errors"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/emptypb"
)

func batchExpectation(o *streams.BatchAppendReq_Options) (expectation, bool) {
	switch value := o.GetExpectedStreamPosition().(type) {
	case *streams.BatchAppendReq_Options_Any:
		return expectation{kind: expectAny}, true
	case *streams.BatchAppendReq_Options_StreamExists:
		return expectation{kind: expectExists}, true
	case *streams.BatchAppendReq_Options_NoStream:
		return expectation{kind: expectNone}, true
	case *streams.BatchAppendReq_Options_StreamPosition:
		return expectation{kind: expectExact, revision: value.StreamPosition}, true
	}
	return expectation{}, false
}

// response answers one append of a batch. It always names the stream: the Node client looks it up in every error.
func (p *batchPart) response(done outcome, err error) *streams.BatchAppendResp {
	resp := &streams.BatchAppendResp{
		CorrelationId:    p.id,
		StreamIdentifier: identifier(p.stream),
	}
	p.echoExpectation(resp)
	switch {
	case err != nil:
		resp.Result = &streams.BatchAppendResp_Error{Error: batchError(p.stream, err)}
	case done.result == resultConflict:
		resp.Result = &streams.BatchAppendResp_Error{
			Error: batchStatus(codes.AlreadyExists, "WrongExpectedVersion", batchWrongVersion(done, p.expected)),
		}
	default:
		resp.Result = &streams.BatchAppendResp_Success_{Success: batchSuccess(done)}
	}
	return resp
}

// echoExpectation repeats what the client expected.
func (p *batchPart) echoExpectation(resp *streams.BatchAppendResp) {
	switch p.expected.kind {
	case expectAny:
		resp.ExpectedStreamPosition = &streams.BatchAppendResp_Any{Any: &emptypb.Empty{}}
	case expectExists:
		resp.ExpectedStreamPosition = &streams.BatchAppendResp_StreamExists{StreamExists: &emptypb.Empty{}}
	case expectNone:
		resp.ExpectedStreamPosition = &streams.BatchAppendResp_NoStream{NoStream: &emptypb.Empty{}}
	case expectExact:
		resp.ExpectedStreamPosition = &streams.BatchAppendResp_StreamPosition{StreamPosition: p.expected.revision}
	}
}

func batchSuccess(done outcome) *streams.BatchAppendResp_Success {
	success := &streams.BatchAppendResp_Success{
		CurrentRevisionOption: &streams.BatchAppendResp_Success_NoStream{NoStream: &emptypb.Empty{}},
		PositionOption:        &streams.BatchAppendResp_Success_NoPosition{NoPosition: &emptypb.Empty{}},
	}
	if !done.empty {
		success.CurrentRevisionOption = &streams.BatchAppendResp_Success_CurrentRevision{CurrentRevision: done.revision}
	}
	if done.position != 0 {
		success.PositionOption = &streams.BatchAppendResp_Success_Position{Position: &shared.AllStreamPosition{
			CommitPosition: done.position, PreparePosition: done.position,
		}}
	}
	return success
}

func batchWrongVersion(done outcome, expected expectation) *shared.WrongExpectedVersion {
	w := &shared.WrongExpectedVersion{
		CurrentStreamRevisionOption: &shared.WrongExpectedVersion_CurrentNoStream{CurrentNoStream: &emptypb.Empty{}},
	}
	if !done.empty {
		w.CurrentStreamRevisionOption = &shared.WrongExpectedVersion_CurrentStreamRevision{CurrentStreamRevision: done.revision}
	}
	switch expected.kind {
	case expectAny:
		w.ExpectedStreamPositionOption = &shared.WrongExpectedVersion_ExpectedAny{ExpectedAny: &emptypb.Empty{}}
	case expectExists:
		w.ExpectedStreamPositionOption = &shared.WrongExpectedVersion_ExpectedStreamExists{ExpectedStreamExists: &emptypb.Empty{}}
	case expectNone:
		w.ExpectedStreamPositionOption = &shared.WrongExpectedVersion_ExpectedNoStream{ExpectedNoStream: &emptypb.Empty{}}
	case expectExact:
		w.ExpectedStreamPositionOption = &shared.WrongExpectedVersion_ExpectedStreamPosition{ExpectedStreamPosition: expected.revision}
	}
	return w
}

// batchError puts an error into the answer. Clients choose the class of their error by the type of the detail.
func batchError(stream string, err error) *status.Status {
	var r *refusal
	if !errors.As(err, &r) {
		r = &refusal{code: codeOf(err), message: err.Error()}
	}
	var detail proto.Message
	switch {
	case r.exception() == exceptionTooLarge:
		detail = &shared.MaximumAppendSizeExceeded{MaxAppendSize: maxAppendSize}
	case r.exception() == exceptionDeleted:
		return batchStatus(codes.NotFound, r.message, &shared.StreamDeleted{StreamIdentifier: identifier(stream)})
	case r.code == codes.PermissionDenied:
		detail = &shared.AccessDenied{}
	case r.code == codes.DeadlineExceeded, errors.Is(err, context.Canceled):
		return batchStatus(codes.DeadlineExceeded, r.message, &shared.Timeout{})
	case r.code == codes.InvalidArgument:
		detail = &shared.BadRequest{Message: r.message}
	case r.code == codes.ResourceExhausted:
		detail = &shared.Unknown{}
	default:
		return batchStatus(codes.Unknown, r.message, &shared.Unknown{})
	}
	return batchStatus(r.code, r.message, detail)
}

// batchStatus makes a status with one detail. The generated field's type is the client's own; see its go_package.
func batchStatus(code codes.Code, message string, detail proto.Message) *status.Status {
	packed, err := anypb.New(detail)
	if err != nil {
		return &status.Status{Code: int32(code), Message: message}
	}
	return &status.Status{Code: int32(code), Message: message, Details: []*anypb.Any{packed}}
}
