package httpapi

import (
	"context"
	"net/http"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"github.com/partnerledger/partnerledger/projections/readmodel"
	"github.com/partnerledger/partnerledger/projections/sqldb"
)

func (m *Moment) when() *Moment { return m }

type singleAnswer[T any] struct {
	Position string `header:"Ledger-Position" doc:"What the read models reflected: everything up to this position"`
	Body     T
}

// one registers a question with one answer.
func one[I any, PI interface {
	*I
	when() *Moment
}, T any](a *API, path, summary string, ask func(ctx context.Context, r sqldb.Reader, in *I, at readmodel.Point) (T, error)) {
	op := huma.Operation{OperationID: operationID(path), Method: http.MethodGet, Path: path, Summary: summary, Tags: []string{"queries"}}
	huma.Register(a.huma, op, func(ctx context.Context, in *I) (*singleAnswer[T], error) {
		m := PI(in).when()
		q, err := m.question()
		if err != nil {
			return nil, err
		}
		out := &singleAnswer[T]{}
		err = a.snapshot(ctx, m.Freshness, func(r sqldb.Reader, reflects reflected) error {
			out.Position = reflects.position
			out.Body, err = ask(ctx, r, in, q.At(max(a.instant(), reflects.at)))
			return err
		})
		return out, a.asProblem(err)
	})
}

// notFoundUnless is a 404 unless something else went wrong.
func notFoundUnless(err error, sentence string) error {
	if err != nil {
		return err
	}
	return huma.Error404NotFound(sentence)
}

// pageOf cuts a page out of rows that were computed as a whole; the cursor is the number of rows passed.
func pageOf[T any](rows []T, p Paged) (readmodel.Slice[T], error) {
	from := 0
	if p.After != "" {
		n, err := strconv.Atoi(p.After)
		if err != nil || n < 0 {
			return readmodel.Slice[T]{}, readmodel.ErrCursor
		}
		from = min(n, len(rows))
	}
	to := min(from+p.Limit, len(rows))
	s := readmodel.Slice[T]{Items: rows[from:to]}
	if to < len(rows) {
		s.Next = strconv.Itoa(to)
	}
	return s, nil
}
