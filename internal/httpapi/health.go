package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/go-json-experiment/json"
)

// CheckState says how one thing is that a process needs.
type CheckState string

// The closed set of states.
const (
	OK       CheckState = "ok"
	Degraded CheckState = "degraded" // somebody should look, but the process does its work
	Failing  CheckState = "failing"  // the process can't do its work
	Unknown  CheckState = "unknown"  // it can't be told while something else fails
)

// Check is one thing that a process needs, with a sentence for a person.
type Check struct {
	Name   string     `json:"name"`
	State  CheckState `json:"state"`
	Detail string     `json:"detail"`
}

// Readiness is whether a process can do its work now, and why not.
type Readiness struct {
	Ready  bool    `json:"ready"`
	Checks []Check `json:"checks"`
}

// Operations are what operators and their tools ask of any process of a ledger, whatever its role, from its
// first moment to its last. The details MUST NOT hold anything that only insiders may know: nobody signs in here.
type Operations struct {
	// Checks looks at what the process needs. Its context ends when nobody waits for the answer any more.
	Checks func(ctx context.Context) []Check
	// Status describes the parts; an error says that it can't be done now.
	Status  func(ctx context.Context) (Status, error)
	Metrics http.Handler
}

// readyWithin bounds the looking. Those who ask give up after a few seconds themselves.
const readyWithin = 3 * time.Second

// Routes adds the routes to a mux.
func (o Operations) Routes(mux *http.ServeMux) {
	mux.HandleFunc("GET /health/live", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, map[string]bool{"live": true})
	})
	mux.HandleFunc("GET /health/ready", func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), readyWithin)
		defer cancel()
		answer := Readiness{Ready: true, Checks: o.Checks(ctx)}
		for _, c := range answer.Checks {
			answer.Ready = answer.Ready && (c.State == OK || c.State == Degraded)
		}
		writeJSON(w, map[bool]int{true: http.StatusOK, false: http.StatusServiceUnavailable}[answer.Ready], answer)
	})
	mux.Handle("GET /metrics", o.Metrics)
}

// StatusRoute adds the status of the parts, for processes that have no API.
func (o Operations) StatusRoute(mux *http.ServeMux) {
	mux.HandleFunc("GET /v1/status", func(w http.ResponseWriter, r *http.Request) {
		s, err := o.Status(r.Context())
		if err != nil {
			writeUnavailable(w, "The status can't be told now; /health/ready says what is missing.")
			return
		}
		writeJSON(w, http.StatusOK, s)
	})
}

// Starting answers whatever is asked of an API before it can be.
func Starting(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Retry-After", "1")
	writeUnavailable(w, "The ledger is starting and waits for its read models; ask again. /health/ready says how far it is.")
}

func writeUnavailable(w http.ResponseWriter, detail string) {
	w.Header().Set("Content-Type", mediaProblem)
	w.WriteHeader(http.StatusServiceUnavailable)
	_ = json.MarshalWrite(w, map[string]any{"title": "Service Unavailable", "status": http.StatusServiceUnavailable, "detail": detail, "code": "unavailable"}, json.Deterministic(true))
}

// writeJSON answers with a document that no cache keeps; a reader who left is no fault.
func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", mediaJSON)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.MarshalWrite(w, v)
}
