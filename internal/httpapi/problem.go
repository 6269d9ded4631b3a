package httpapi

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/partnerledger/partnerledger/projections/readmodel"
)

// asProblem is the one map from errors of queries to HTTP. It keeps inner words from users: what they
// can't mend is logged, and they are told whom to tell.
func (a *API) asProblem(err error) error { return problemOf(err, a.log) }

func problemOf(err error, log *slog.Logger) error {
	var status huma.StatusError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &status):
		return err
	case errors.Is(err, readmodel.ErrCursor):
		return huma.Error422UnprocessableEntity("The page cursor is not one of this list; begin again without it.")
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return huma.Error503ServiceUnavailable("The answer took too long; ask again.")
	}
	log.Error("query failed", "error", err)
	return huma.NewError(http.StatusInternalServerError, "The ledger failed to answer; tell its operators.")
}

// operationID makes a name of a path: /v1/support-contacts is get-support-contacts.
func operationID(path string) string {
	name := strings.NewReplacer("/v1/", "", "/{", "-by-", "}", "", "/", "-").Replace(path)
	return "get-" + name
}
