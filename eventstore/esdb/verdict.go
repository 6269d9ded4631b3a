package esdb

import (
	"errors"
	"fmt"
	"io"
	"strings"

	client "github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// verdict is what an error of the client means for whoever called.
type verdict int

const (
	// verdictAgain: nothing was done, or nobody knows; the same call may succeed now.
	verdictAgain verdict = iota
	// verdictLost is as verdictAgain, but not with this client: its connection is gone or silent.
	verdictLost
	// verdictDead is as verdictLost; the client will never answer again, not even to those inside of it.
	verdictDead
	// verdictConflict: the stream is at another revision.
	verdictConflict
	// verdictMissing: the stream doesn't exist.
	verdictMissing
	// verdictTooLarge: the server doesn't take as much at once.
	verdictTooLarge
	// verdictFinal: trying again can't mend it.
	verdictFinal
)

var (
	// errSilent is the end of a wait for a server that keeps the connection but says nothing.
	errSilent = errors.New("the event store said nothing")
	// errIncomplete is the end of a read that the server called complete, but wasn't.
	errIncomplete = errors.New("the event store ended the read too early")
)

// unexpected is an answer that this program doesn't understand: a newer server, or a broken one.
type unexpected struct{ text string }

func (e *unexpected) Error() string { return "the event store answered what nobody asked: " + e.text }

// verdictOn judges an error. The client's own FromError is of no use: it doesn't see through wrapped
// errors, and says true for no error.
func verdictOn(err error) verdict {
	var odd *unexpected
	if errors.Is(err, errWoken) {
		return verdictDead
	}
	if errors.As(err, &odd) || errors.Is(err, ErrClosed) {
		return verdictFinal
	}
	if errors.Is(err, errSilent) {
		return verdictLost
	}
	if strings.Contains(err.Error(), "maximum discovery attempt") {
		return verdictDead
	}
	var coded *client.Error
	if errors.As(err, &coded) {
		if v, ok := verdictOnCode(coded); ok {
			return v
		}
	}
	if answer, ok := status.FromError(err); ok {
		return verdictOnStatus(answer)
	}
	// End of file while sending, and other errors of the transport.
	return verdictAgain
}

// verdictOnCode judges by the client's codes where they say more than the status under them.
func verdictOnCode(err *client.Error) (verdict, bool) {
	switch err.Code() {
	case client.ErrorCodeWrongExpectedVersion:
		return verdictConflict, true
	case client.ErrorCodeNotLeader:
		// The client connects to the leader by itself.
		return verdictAgain, true
	case client.ErrorCodeConnectionClosed:
		return verdictDead, true
	case client.ErrorCodeStreamDeleted, client.ErrorCodeParsing, client.ErrorCodeUnsupportedFeature:
		return verdictFinal, true
	case client.ErrorCodeResourceNotFound:
		// A missing stream is said in a message. The same code with a status under it is a server that
		// doesn't find something else, and taking that for an empty stream would make a wrong decision.
		if _, ok := status.FromError(err.Err()); !ok {
			return verdictMissing, true
		}
	}
	return 0, false
}

func verdictOnStatus(answer *status.Status) verdict {
	switch answer.Code() {
	case codes.Unavailable, codes.DeadlineExceeded:
		return verdictLost
	case codes.InvalidArgument:
		if strings.Contains(answer.Message(), "Maximum Append Size") {
			return verdictTooLarge
		}
		return verdictFinal
	case codes.ResourceExhausted:
		if strings.Contains(answer.Message(), "larger than max") {
			return verdictTooLarge
		}
		return verdictAgain
	case codes.Unauthenticated, codes.PermissionDenied, codes.Unimplemented, codes.FailedPrecondition,
		codes.OutOfRange, codes.DataLoss, codes.AlreadyExists:
		return verdictFinal
	}
	// Canceled, when it wasn't us, is a connection that the client has closed under its calls.
	return verdictAgain
}

// errWoken is the panic of a call that hung in a dead client until that was closed.
var errWoken = errors.New("the client was closed under a call")

// guarded makes a panic of the client an error.
func guarded[T any](call func() (T, error)) (value T, err error) {
	defer func() {
		switch r := recover(); {
		case r == nil:
		case strings.Contains(fmt.Sprint(r), "send on closed channel"):
			err = errWoken
		default:
			err = &unexpected{fmt.Sprint(r)}
		}
	}()
	return call()
}

// complete tells the end of a read from its breaking: a wrapped end of file is a broken connection.
func complete(err error) bool { return err == io.EOF }
