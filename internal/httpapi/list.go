package httpapi

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/projections/readmodel"
	"github.com/partnerledger/partnerledger/projections/sqldb"
)

// The types that inputs embed are exported because the framework passes over others.

// waitMax bounds how long a query waits for a position.
const waitMax = 30 * time.Second

// Freshness is what every query takes: how fresh the answer must be.
type Freshness struct {
	AtLeast string `query:"atLeast" doc:"A position that a command answered with: the answer reflects it, or comes late, or is a problem"`
}

// Moment is what every question about a time takes.
type Moment struct {
	Freshness
	AsOf      string `query:"asOf" format:"date-time" doc:"The answer as of this effective time; default: now" example:"2023-07-01T00:00:00Z"`
	AsKnownAt string `query:"asKnownAt" format:"date-time" doc:"Only what the ledger knew at this time; default: everything"`
}

func (m Moment) question() (readmodel.Question, error) {
	var q readmodel.Question
	var err error
	if q.AsOf, err = optionalInstant(m.AsOf, "asOf"); err != nil {
		return q, err
	}
	q.AsKnownAt, err = optionalInstant(m.AsKnownAt, "asKnownAt")
	return q, err
}

func optionalInstant(text, name string) (*domain.Instant, error) {
	if text == "" {
		return nil, nil
	}
	t, err := domain.ParseInstant(text)
	if err != nil {
		return nil, huma.Error422UnprocessableEntity("A time is RFC 3339 in UTC with Z and at most milliseconds.",
			&huma.ErrorDetail{Location: "query." + name, Message: "is no such time", Value: text})
	}
	return &t, nil
}

// Paged is what every list takes.
type Paged struct {
	Moment
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"Rows on a page"`
	After  string `query:"after" doc:"The cursor that the page before gave as next"`
	Format string `query:"format" enum:"json,csv" doc:"csv is the same as Accept: text/csv"`
}

func (p *Paged) list() *Paged { return p }

func (p *Paged) page() readmodel.Page { return readmodel.Page{After: p.After, Limit: p.Limit} }

// Rows is a page of a list, and what it reflects.
type Rows[T any] struct {
	Position string          `json:"position" doc:"What the read models reflected: everything up to this position"`
	Reflects *domain.Instant `json:"reflects,omitzero" doc:"When the last of that was recorded"`
	AsOf     *domain.Instant `json:"asOf,omitzero" doc:"The effective time asked about"`
	Items    []T             `json:"items"`
	Next     string          `json:"next,omitzero" doc:"Cursor of the next page; absent on the last"`
}

type listAnswer[T any] struct {
	Position string `header:"Ledger-Position"`
	Next     string `header:"Ledger-Next" doc:"Cursor of the next page, for bodies that have no place for it"`
	Body     Rows[T]
}

// question is a list's query: it sees one snapshot of the rows and the point in time asked about.
type question[I, T any] func(ctx context.Context, r sqldb.Reader, in *I, at readmodel.Point) (readmodel.Slice[T], error)

// list registers a list. All lists wait, page, tell what they reflect and come as JSON or CSV alike.
func list[I any, PI interface {
	*I
	list() *Paged
}, T any](a *API, path, summary, description string, ask question[I, T]) {
	op := huma.Operation{OperationID: operationID(path), Method: http.MethodGet, Path: path, Summary: summary, Description: description, Tags: []string{"queries"}}
	huma.Register(a.huma, op, func(ctx context.Context, in *I) (*listAnswer[T], error) {
		p := PI(in).list()
		q, err := p.question()
		if err != nil {
			return nil, err
		}
		out := &listAnswer[T]{Body: Rows[T]{AsOf: q.AsOf}}
		err = a.snapshot(ctx, p.Freshness, func(r sqldb.Reader, reflects reflected) error {
			found, err := ask(ctx, r, in, q.At(max(a.instant(), reflects.at)))
			out.Body.Items, out.Body.Next = found.Items, found.Next
			if out.Body.Items == nil {
				out.Body.Items = []T{}
			}
			out.Body.Position, out.Position = reflects.position, reflects.position
			out.Body.Reflects, out.Next = reflects.instant(), found.Next
			return err
		})
		return out, a.asProblem(err)
	})
}

// reflected is what a snapshot reflects.
type reflected struct {
	position string
	at       domain.Instant
	any      bool
}

func (r reflected) instant() *domain.Instant {
	if !r.any {
		return nil
	}
	return &r.at
}

// snapshot waits for the position asked for and reads in one transaction.
func (a *API) snapshot(ctx context.Context, f Freshness, read func(sqldb.Reader, reflected) error) error {
	if err := a.await(ctx, f); err != nil {
		return err
	}
	return a.db.Snapshot(ctx, func(r sqldb.Reader) error {
		now, err := a.models.Reflects(ctx, r)
		if err != nil {
			return err
		}
		return read(r, reflected{position: positionText(now.Position), at: now.At, any: now.Position != eventstore.Beginning})
	})
}

func (a *API) await(ctx context.Context, f Freshness) error {
	if f.AtLeast == "" {
		return nil
	}
	position, err := parsePosition(f.AtLeast)
	if err != nil {
		return huma.Error422UnprocessableEntity("A position is handed back as a command gave it.", &huma.ErrorDetail{Location: "query.atLeast", Message: "is no position", Value: f.AtLeast})
	}
	ctx, cancel := context.WithTimeout(ctx, waitMax)
	defer cancel()
	if err := a.models.Wait(ctx, position); errors.Is(err, context.DeadlineExceeded) {
		return huma.Error503ServiceUnavailable("The read models have not reached this position yet; ask again.")
	} else if err != nil {
		return err
	}
	return nil
}
