package httpapi

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/internal/intake"
	"github.com/partnerledger/partnerledger/internal/wire"
)

// Ensure each outcome and error has one status, code and HTTP status, wrapped or not, and that words from
// inside reach nobody.
func TestAnswers(t *testing.T) {
	refused := func(code domain.Code) eventstore.Outcome {
		return eventstore.Outcome{Position: 7, Refusal: domain.Refuse(code)}
	}
	for _, c := range []struct {
		outcome eventstore.Outcome
		err     error
		status  wire.Status
		code    string
		http    int
	}{
		{eventstore.Outcome{Position: 7}, nil, wire.Accepted, "", 200},
		{refused(domain.RoleNotPermitted), nil, wire.Refused, "role-not-permitted", 403},
		{refused(domain.WrongTenant), nil, wire.Refused, "wrong-tenant", 403},
		{refused(domain.CommandIDReused), nil, wire.Refused, "command-id-reused", 409},
		{refused(domain.StaleVersion), nil, wire.Refused, "stale-version", 409},
		{refused("customer-not-found"), nil, wire.Refused, "customer-not-found", 422},
		{err: &intake.Fault{Code: intake.MissingField, Field: "/data"}, status: wire.Refused, code: "missing-field", http: 400},
		{err: &intake.Fault{Code: intake.LineTooLong}, status: wire.Refused, code: "line-too-long", http: 413},
		{err: &eventstore.OutOfOrder{}, status: wire.Refused, code: "out-of-order", http: 409},
		{err: eventstore.ErrTooLarge, status: wire.Refused, code: "too-large", http: 413},
		{err: eventstore.ErrContended, status: wire.Failed, code: "contended", http: 503},
		{err: eventstore.ErrUnavailable, status: wire.Failed, code: "unavailable", http: 503},
		{err: context.DeadlineExceeded, status: wire.Failed, code: "unavailable", http: 503},
		{err: context.Canceled, status: wire.Failed, code: "unavailable", http: 503},
		{err: errors.New("secret"), status: wire.Failed, code: "internal", http: 503},
	} {
		for _, err := range []error{c.err, wrapped(c.err)} {
			a := answerOf("id", c.outcome, err)
			assert.Equal(t, c.status, a.Status, "%v", err)
			assert.Equal(t, c.code, a.Code, "%v", err)
			assert.Equal(t, c.http, httpStatus(a), "%v", err)
			assert.NotContains(t, a.Message, "secret")
			assert.Equal(t, "id", a.CommandID)
		}
	}
}

func wrapped(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("secret place: %w", err)
}
