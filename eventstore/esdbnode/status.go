package esdbnode

import (
	"context"
	"errors"
	"net/url"
	"strconv"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// refusal is an error answer: a status and the trailers by which clients tell one from another. Trailer values MUST be
// ASCII; a raw UTF-8 stream name makes the Node client throw outside of any call.
type refusal struct {
	code     codes.Code
	message  string
	trailers []string
}

// Names of exceptions that the node itself tells apart.
const (
	exceptionTooLarge = "maximum-append-size-exceeded"
	exceptionDeleted  = "stream-deleted"

	exceptionUserMissing  = "user-not-found"
	exceptionUserConflict = "user-conflict"
)

// exception is the name by which clients know the refusal, empty when the code alone says it.
func (r *refusal) exception() string {
	if len(r.trailers) < 2 {
		return ""
	}
	return r.trailers[1]
}

// Error makes a refusal an error that can travel through the node's own functions.
func (r *refusal) Error() string { return r.message }

// GRPCStatus lets grpc find the status.
func (r *refusal) GRPCStatus() *status.Status { return status.New(r.code, r.message) }

func invalid(message string) *refusal {
	return &refusal{code: codes.InvalidArgument, message: message}
}

func missingMetadata(key string) *refusal {
	return &refusal{
		code:    codes.InvalidArgument,
		message: "Required Metadata Property '" + key + "' is missing",
		trailers: []string{
			"exception", "missing-required-metadata-property",
			"required-metadata-properties", keyType + "," + keyContentType,
		},
	}
}

func tooLarge(limit int) *refusal {
	return &refusal{
		code:    codes.InvalidArgument,
		message: "Maximum Append Size of " + strconv.Itoa(limit) + " Exceeded.",
		trailers: []string{
			"exception", exceptionTooLarge,
			"maximum-append-size", strconv.Itoa(limit),
		},
	}
}

func accessDenied(stream string) *refusal {
	return &refusal{
		code:     codes.PermissionDenied,
		message:  "Access to stream '" + stream + "' is denied.",
		trailers: []string{"exception", "access-denied"},
	}
}

// operationDenied refuses what concerns no stream.
func operationDenied() *refusal {
	return &refusal{code: codes.PermissionDenied, message: "Access Denied", trailers: []string{"exception", "access-denied"}}
}

func streamDeleted(stream string) *refusal {
	return &refusal{
		code:     codes.FailedPrecondition,
		message:  "Event stream '" + stream + "' is deleted.",
		trailers: []string{"exception", exceptionDeleted, "stream-name", trailerName(stream)},
	}
}

func notLeader(host string, port int) *refusal {
	return &refusal{
		code:    codes.NotFound,
		message: "Leader info available",
		trailers: []string{
			"exception", "not-leader",
			"leader-endpoint-host", host,
			"leader-endpoint-port", strconv.Itoa(port),
		},
	}
}

// trailer is where a call takes its trailers.
type trailer interface{ SetTrailer(metadata.MD) }

// fail turns an error into the call's answer, trailers included.
func fail(call trailer, err error) error {
	var r *refusal
	if errors.As(err, &r) {
		if len(r.trailers) > 0 {
			call.SetTrailer(metadata.Pairs(r.trailers...))
		}
		return r.GRPCStatus().Err()
	}
	return status.Error(codeOf(err), err.Error())
}

// codeOf chooses the status of an error that is not a refusal.
func codeOf(err error) codes.Code {
	var damaged *CorruptError
	switch {
	case errors.Is(err, ErrClosed), errors.Is(err, ErrFailed):
		return codes.Unavailable
	case errors.Is(err, ErrFull):
		return codes.ResourceExhausted
	case errors.Is(err, context.Canceled):
		return codes.Canceled
	case errors.Is(err, context.DeadlineExceeded):
		return codes.DeadlineExceeded
	case errors.As(err, &damaged):
		return codes.DataLoss
	case status.Code(err) != codes.Unknown:
		return status.Code(err)
	}
	return codes.Internal
}

// trailerName makes a stream's name, or any other text, fit for a trailer: what is printable ASCII stays as it is, like
// with EventStoreDB, everything else is percent-encoded.
func trailerName(text string) string {
	for _, c := range []byte(text) {
		if c < ' ' || c > '~' {
			return url.PathEscape(text)
		}
	}
	return text
}
