package esdbnode

import (
	"context"
	"strconv"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
)

// unaryTrailer lets the calls that have no stream of their own set trailers.
type unaryTrailer struct{ ctx context.Context }

// SetTrailer adds trailers to the call's answer.
func (t unaryTrailer) SetTrailer(md metadata.MD) {
	// It fails only when the call is over, and then there is nobody to tell.
	_ = grpc.SetTrailer(t.ctx, md)
}

// Delete hides a stream from readers; it can be written to again, and $all keeps showing its events.
func (s *streamsService) Delete(ctx context.Context, req *streams.DeleteReq) (*streams.DeleteResp, error) {
	o := req.GetOptions()
	expected, given := deleteExpectation(o)
	done, err := s.end(ctx, kindSoftDelete, o.GetStreamIdentifier().GetStreamName(), expected, given)
	if err != nil {
		return nil, fail(unaryTrailer{ctx}, err)
	}
	return &streams.DeleteResp{PositionOption: &streams.DeleteResp_Position_{Position: &streams.DeleteResp_Position{
		CommitPosition: done.position, PreparePosition: done.position,
	}}}, nil
}

// Tombstone ends a stream for ever; its name can never be used again.
func (s *streamsService) Tombstone(ctx context.Context, req *streams.TombstoneReq) (*streams.TombstoneResp, error) {
	o := req.GetOptions()
	expected, given := tombstoneExpectation(o)
	done, err := s.end(ctx, kindTombstone, o.GetStreamIdentifier().GetStreamName(), expected, given)
	if err != nil {
		return nil, fail(unaryTrailer{ctx}, err)
	}
	return &streams.TombstoneResp{PositionOption: &streams.TombstoneResp_Position_{Position: &streams.TombstoneResp_Position{
		CommitPosition: done.position, PreparePosition: done.position,
	}}}, nil
}

// end deletes in either way. Here a conflict is an error, other than with appends.
func (s *streamsService) end(ctx context.Context, kind callKind, name []byte, expected expectation, given bool) (outcome, error) {
	in := &intake{}
	in.open(name, expected, given)
	if isMetadata(in.stream) {
		in.refuse(invalid("a metadata stream cannot be deleted"))
	}
	if in.err != nil {
		return outcome{}, in.err
	}
	if err := s.node.allow(ctx, actionDelete, in.stream); err != nil {
		return outcome{}, err
	}
	if err := s.node.faults.before(ctx); err != nil {
		return outcome{}, err
	}
	call := newCall(ctx, kind, in.stream, expected, nil)
	if err := s.node.writer.submit(call); err != nil {
		return outcome{}, err
	}
	done, err := s.node.writer.await(call)
	if err == nil {
		err = s.node.faults.afterCommit()
	}
	if err == nil && done.result == resultConflict {
		err = wrongVersionError(in.stream, expected, done)
	}
	return done, err
}

// wrongVersionError says a conflict in trailers; the numbers below zero are the protocol's.
func wrongVersionError(stream string, expected expectation, found outcome) *refusal {
	wanted := map[expectKind]int64{expectAny: -2, expectNone: -1, expectExists: -4, expectExact: int64(expected.revision)}[expected.kind]
	actual := int64(-1)
	if !found.empty {
		actual = int64(found.revision)
	}
	return &refusal{
		code:    codes.FailedPrecondition,
		message: "Append failed due to WrongExpectedVersion. Stream: " + stream,
		trailers: []string{
			"exception", "wrong-expected-version",
			"stream-name", trailerName(stream),
			"expected-version", strconv.FormatInt(wanted, 10),
			"actual-version", strconv.FormatInt(actual, 10),
		},
	}
}

func deleteExpectation(o *streams.DeleteReq_Options) (expectation, bool) {
	switch value := o.GetExpectedStreamRevision().(type) {
	case *streams.DeleteReq_Options_Any:
		return expectation{kind: expectAny}, true
	case *streams.DeleteReq_Options_StreamExists:
		return expectation{kind: expectExists}, true
	case *streams.DeleteReq_Options_NoStream:
		return expectation{kind: expectNone}, true
	case *streams.DeleteReq_Options_Revision:
		return expectation{kind: expectExact, revision: value.Revision}, true
	}
	return expectation{}, false
}

func tombstoneExpectation(o *streams.TombstoneReq_Options) (expectation, bool) {
	switch value := o.GetExpectedStreamRevision().(type) {
	case *streams.TombstoneReq_Options_Any:
		return expectation{kind: expectAny}, true
	case *streams.TombstoneReq_Options_StreamExists:
		return expectation{kind: expectExists}, true
	case *streams.TombstoneReq_Options_NoStream:
		return expectation{kind: expectNone}, true
	case *streams.TombstoneReq_Options_Revision:
		return expectation{kind: expectExact, revision: value.Revision}, true
	}
	return expectation{}, false
}
