package httpapi

import (
	"context"
	"errors"
	"strconv"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/internal/intake"
	"github.com/partnerledger/partnerledger/internal/wire"
)

// answerOf puts an outcome or an error into an answer. It is the one map from errors to codes.
func answerOf(id string, o eventstore.Outcome, err error) wire.Answer {
	if err == nil {
		return outcomeAnswer(id, o)
	}
	if fault, ok := errors.AsType[*intake.Fault](err); ok {
		return wire.Answer{CommandID: id, Status: wire.Refused, Code: fault.Code, Message: fault.Message, Field: fault.Field}
	}
	if order, ok := errors.AsType[*eventstore.OutOfOrder](err); ok {
		return wire.Answer{CommandID: id, Status: wire.Refused, Code: "out-of-order", Message: order.Error(), Field: "/at"}
	}
	switch {
	case errors.Is(err, eventstore.ErrTooLarge):
		return wire.Answer{CommandID: id, Status: wire.Refused, Code: "too-large", Message: "The command is larger than the ledger accepts."}
	case errors.Is(err, eventstore.ErrContended):
		return wire.Answer{CommandID: id, Status: wire.Failed, Code: "contended", Message: "Others changed the same thing too often; try again."}
	case errors.Is(err, eventstore.ErrUnavailable), errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return wire.Answer{CommandID: id, Status: wire.Failed, Code: "unavailable", Message: "The ledger did not answer in time; send the same command again."}
	}
	return wire.Answer{CommandID: id, Status: wire.Failed, Code: "internal", Message: "The ledger failed; send the same command again, and tell its operators."}
}

func outcomeAnswer(id string, o eventstore.Outcome) wire.Answer {
	a := wire.Answer{CommandID: id, Status: wire.Accepted, Position: positionText(o.Position), Repeated: o.Repeated}
	for _, e := range o.EventIDs {
		a.EventIDs = append(a.EventIDs, e.String())
	}
	if o.Refusal != nil {
		a.Status, a.Code, a.Message, a.VendorCodes = wire.Refused, string(o.Refusal.Code), o.Refusal.Sentence, o.Refusal.VendorCodes
	}
	return a
}

// httpStatus is the status of an answer to a single command.
func httpStatus(a wire.Answer) int {
	switch {
	case a.Status == wire.Accepted:
		return 200
	case a.Status == wire.Failed:
		return 503
	}
	switch domain.Code(a.Code) {
	case domain.RoleNotPermitted, domain.WrongTenant:
		return 403
	case domain.CommandIDReused, domain.StaleVersion, "out-of-order":
		return 409
	case "too-large", intake.LineTooLong:
		return 413
	}
	if a.Position == "" {
		return 400 // it could not be read, and nothing was recorded
	}
	return 422
}

// Positions are opaque to clients: decimal text, to be handed back unchanged.
func positionText(p eventstore.Position) string { return strconv.FormatInt(int64(p), 10) }

func parsePosition(text string) (eventstore.Position, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	return eventstore.Position(n), err
}
