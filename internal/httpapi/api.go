// Package httpapi is the ledger over HTTP: commands in, answers out. It decides nothing itself.
//
// routes.go shows the whole of it on one screen; OpenAPI 3.1 is made from the Go types and served at
// /openapi.json, problems are RFC 9457, and every list comes as JSON or CSV.
package httpapi

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/internal/intake"
	"github.com/partnerledger/partnerledger/internal/journal"
	"github.com/partnerledger/partnerledger/projections"
	"github.com/partnerledger/partnerledger/projections/sqldb"
)

// Handler decides commands; eventstore.Handler is one.
type Handler interface {
	Handle(ctx context.Context, r eventstore.Request) (eventstore.Outcome, error)
}

// Models are the read models as the API needs them; projections.Models is one.
type Models interface {
	// Wait returns once the read models reflect the position, or with ctx's error.
	Wait(ctx context.Context, p eventstore.Position) error
	// Reflects tells what the rows that r sees reflect.
	Reflects(ctx context.Context, r sqldb.Reader) (projections.Reflected, error)
}

// Options are the parts behind the API.
type Options struct {
	Handler Handler
	Reader  *intake.Reader
	Journal *journal.Journal
	DB      *sqldb.DB
	Models  Models
	// Events is the log, for what only the events themselves say.
	Events Log
	// Log is the same as a whole, for replays.
	Log eventstore.Store
	// Digest is a keyed fingerprint; see seal.
	Digest func([]byte) string
	// Sealer opens personal texts for those who may see them; what was forgotten stays closed.
	Sealer eventstore.Sealer
	// Status describes the running parts.
	Status func(ctx context.Context) (Status, error)
	// Upkeep lets people look after the read models.
	Upkeep *Upkeep
	// Proofs, where given, serves the proof log below /v1/proofs/.
	Proofs http.Handler
	// Decided, where given, is told of each command that was answered; its type is empty where it could not be read.
	Decided func(ctx context.Context, commandType, status, code string, took time.Duration)
	Now     func() time.Time
	Logger  *slog.Logger
}

// API is the HTTP side of a ledger.
type API struct {
	handler Handler
	reader  *intake.Reader
	journal *journal.Journal
	db      *sqldb.DB
	models  Models
	events  Log
	sealer  eventstore.Sealer
	digest  func([]byte) string
	status  func(ctx context.Context) (Status, error)
	decided func(ctx context.Context, commandType, status, code string, took time.Duration)
	now     func() time.Time
	log     *slog.Logger
	mux     *http.ServeMux
	huma    huma.API

	upkeep *Upkeep

	wholeLog        eventstore.Store
	replaysUnderWay chan struct{} // holds one for each

	stopping chan struct{} // closed by Stop
	stopOnce sync.Once
}

// Stop ends submissions under way at their next line, with every line so far answered. Their clients
// submit the rest again. Call it before the server is shut down, which waits for requests to end.
func (a *API) Stop() { a.stopOnce.Do(func() { close(a.stopping) }) }

// New wires the routes.
func New(o Options) *API {
	a := &API{handler: o.Handler, reader: o.Reader, journal: o.Journal, db: o.DB, models: o.Models, events: o.Events, sealer: o.Sealer, digest: o.Digest,
		status: o.Status, decided: o.Decided, now: o.Now, log: o.Logger, mux: http.NewServeMux(), stopping: make(chan struct{}), upkeep: o.Upkeep,
		wholeLog: o.Log, replaysUnderWay: make(chan struct{}, replaysMax)}
	if a.upkeep == nil {
		a.upkeep = &Upkeep{Logger: o.Logger} // enough to be described
	}
	if o.Proofs != nil {
		a.mux.Handle("GET /v1/proofs/", o.Proofs)
	}
	a.huma = humago.New(a.mux, humaConfig())
	a.routes()
	a.docs()
	return a
}

func humaConfig() huma.Config {
	config := huma.DefaultConfig("Partner Ledger", "1")
	config.Info.Description = "An event-sourced ledger of partner relationships: commands produce immutable facts, read models answer questions about them, now and at any time past."
	config.Components.Schemas = huma.NewMapRegistry("#/components/schemas/", schemaName)
	config.CreateHooks = nil // answers carry no link to their own schema
	config.DocsPath = ""     // docs.go serves a page that needs nothing from elsewhere
	config.Formats["text/csv"] = huma.Format{Marshal: writeCSV}
	config.Transformers = []huma.Transformer{sayJSON}
	config.RejectUnknownQueryParameters = true // a misspelt filter must not look like an answer
	return config
}

// ServeHTTP answers a request.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Query().Get("format") == "csv" {
		r.Header.Set("Accept", "text/csv")
	}
	a.mux.ServeHTTP(w, r)
}

// OpenAPI is the description of the API, as JSON.
func (a *API) OpenAPI() ([]byte, error) {
	doc, err := a.huma.OpenAPI().MarshalJSON()
	if err != nil {
		return nil, fmt.Errorf("openapi: %w", err)
	}
	return doc, nil
}

// instant is the ledger's present.
func (a *API) instant() domain.Instant { return domain.InstantOf(a.now()) }
