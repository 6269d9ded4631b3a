package httpapi_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/internal/httpapi"
	"github.com/partnerledger/partnerledger/internal/wire"
	"github.com/partnerledger/partnerledger/projections"
	"github.com/partnerledger/partnerledger/projections/sqldb"
)

// lagging are read models that are never there yet.
type lagging struct{ err error }

func (l lagging) Wait(context.Context, eventstore.Position) error { return l.err }

func (l lagging) Reflects(context.Context, sqldb.Reader) (projections.Reflected, error) {
	return projections.Reflected{}, l.err
}

func withModels(t *testing.T, m httpapi.Models) *httpapi.API {
	t.Helper()
	return httpapi.New(httpapi.Options{Models: m, Now: time.Now, Logger: slog.New(slog.NewTextHandler(t.Output(), nil)),
		Status: func(context.Context) (httpapi.Status, error) {
			return httpapi.Status{}, errors.New("secret inner words")
		}})
}

func problemOf(t *testing.T, w *httptest.ResponseRecorder) wire.Problem {
	t.Helper()
	require.Equal(t, "application/problem+json", w.Header().Get("Content-Type"))
	var p wire.Problem
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &p), w.Body.String())
	require.Equal(t, w.Code, p.Status)
	return p
}

// Ensure a query that can't be answered from what it must reflect says so, and that trying again helps.
func TestPositionNotReached(t *testing.T) {
	late := &projections.NotReached{Wanted: 9, Reflected: 3, Cause: context.DeadlineExceeded}
	for _, target := range []string{"/v1/resellers?atLeast=9", "/v1/resellers?atLeast=9&format=csv", "/v1/state?atLeast=9"} {
		p := problemOf(t, get(t, withModels(t, lagging{late}), target))
		assert.Equal(t, http.StatusServiceUnavailable, p.Status)
		assert.Equal(t, "The read models have not reached this position yet; ask again.", p.Detail)
	}
}

// Ensure inner words stay inside: a user is told whom to tell.
func TestInnerFaultsStayInside(t *testing.T) {
	api := withModels(t, lagging{errors.New("secret inner words")})
	for _, target := range []string{"/v1/resellers?atLeast=9", "/v1/status"} {
		w := get(t, api, target)
		assert.Equal(t, http.StatusInternalServerError, problemOf(t, w).Status)
		assert.NotContains(t, w.Body.String(), "secret")
	}
}

// Ensure what can't be meant is not answered as if it had not been said.
func TestWrongQuestions(t *testing.T) {
	api := withModels(t, lagging{errors.New("nobody looks at rows")})
	const id = "00000000-0000-4000-8000-000000000010"
	for target, where := range map[string]string{
		"/v1/resellers?provder=" + id:                         "query.provder",
		"/v1/resellers?Provider=" + id:                        "query.Provider",
		"/v1/resellers?provider=17":                           "query.provider",
		"/v1/resellers?limit=0":                               "query.limit",
		"/v1/resellers?limit=1001":                            "query.limit",
		"/v1/resellers?limit=many":                            "query.limit",
		"/v1/resellers?format=xml":                            "query.format",
		"/v1/resellers?format=csv&limit=0":                    "query.limit",
		"/v1/resellers?asOf=yesterday":                        "query.asOf",
		"/v1/resellers?asOf=2021-01-01T00:00:00%2B00:00":      "query.asOf",
		"/v1/resellers?asKnownAt=2021-01-01T00:00:00.000001Z": "query.asKnownAt",
		"/v1/resellers?atLeast=soon":                          "query.atLeast",
		"/v1/requests?state=pending":                          "query.state",
		"/v1/customers?reseller=nobody":                       "query.reseller",
		"/v1/subscriptions?status=gone":                       "query.status",
		"/v1/reseller-of-record?policy=open":                  "query.policy",
		"/v1/reseller-of-record?Policy=close":                 "query.Policy",
		"/v1/credit?month=2022-13":                            "query.month",
		"/v1/credit?by=colour":                                "query.by",
		"/v1/analytics?fromMonth=2022-00":                     "query.fromMonth",
		"/v1/timeline?from=noon":                              "query.from",
		"/v1/activity?status=failed":                          "query.status",
		"/v1/submissions?id=17":                               "query.id",
		"/v1/state?format=csv":                                "query.format",
		"/v1/customers/17/" + id:                              "path.provider",
		"/v1/subscriptions/" + id + "/" + id + "/17":          "path.subscription",
	} {
		t.Run(target, func(t *testing.T) {
			p := problemOf(t, get(t, api, target))
			assert.Equal(t, http.StatusUnprocessableEntity, p.Status)
			require.NotEmpty(t, p.Errors)
			assert.Equal(t, where, p.Errors[0].Location)
			assert.NotEmpty(t, p.Errors[0].Message)
		})
	}
}

// Ensure commands have parameters, types and methods that are known, before anything is read.
func TestWrongSubmissions(t *testing.T) {
	api := withModels(t, lagging{})
	for _, c := range []struct {
		target, media string
		status        int
		code          string
	}{
		{"/v1/commands?sumbission=1", "application/json", http.StatusBadRequest, "invalid-parameter"},
		{"/v1/commands?submission=1", "application/x-ndjson", http.StatusBadRequest, "invalid-parameter"},
		{"/v1/commands?line=0", "application/x-ndjson", http.StatusBadRequest, "invalid-parameter"},
		{"/v1/commands?line=first", "application/x-ndjson", http.StatusBadRequest, "invalid-parameter"},
		{"/v1/commands", "", http.StatusUnsupportedMediaType, "unsupported-media-type"},
		{"/v1/commands", "text/plain", http.StatusUnsupportedMediaType, "unsupported-media-type"},
		{"/v1/commands", "application/x-www-form-urlencoded", http.StatusUnsupportedMediaType, "unsupported-media-type"},
		{"/v1/commands", "application/json; charset", http.StatusUnsupportedMediaType, "unsupported-media-type"},
	} {
		w := httptest.NewRecorder()
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, c.target, strings.NewReader("{}"))
		r.Header.Set("Content-Type", c.media)
		api.ServeHTTP(w, r)
		p := problemOf(t, w)
		assert.Equal(t, c.status, p.Status, "%v", c)
		assert.Equal(t, c.code, p.Code, "%v", c)
		assert.NotEmpty(t, p.Detail)
	}
}
