package httpapi

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/internal/wire"
	"github.com/partnerledger/partnerledger/projections"
)

type readModelsAnswer struct{ Body wire.ReadModels }

type ordersAnswer struct{ Body wire.ProjectionOrders }

type skippedAnswer struct{ Body wire.Skipped }

type ordersInput struct {
	ID []string `query:"id" doc:"Only these orders, with commas between them"`
}

// projectionsPath names some projections; every one of them exists when the orders are given, or none is given.
type projectionsPath struct {
	Names string `path:"names" doc:"A projection, several with commas between them, or all"`
}

type skipInput struct {
	Name string `path:"name" doc:"The projection"`
	Body wire.Skip
}

// routes are /v1/projections and what is below.
func (u *Upkeep) routes(api huma.API) {
	op := func(id, method, path, summary, description string) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary, Description: description, Tags: []string{"operations"}}
	}
	huma.Register(api, op("get-projections", http.MethodGet, "/v1/projections", "How the read models are",
		"With positions, lag, rate, what stopped one, and the latest order on each."),
		func(ctx context.Context, _ *struct{}) (*readModelsAnswer, error) {
			list, err := u.list(ctx)
			return &readModelsAnswer{wire.ReadModels{Items: list}}, u.asProblem(err)
		})
	huma.Register(api, op("get-projections-orders", http.MethodGet, "/v1/projections/orders", "Orders on read models",
		"What was asked to be done to them, the oldest first, and how far that is."),
		func(ctx context.Context, in *ordersInput) (*ordersAnswer, error) {
			list, err := u.orders(ctx, in.ID)
			return &ordersAnswer{wire.ProjectionOrders{Items: list}}, u.asProblem(err)
		})
	for _, verb := range []struct {
		kind                 projections.Kind
		summary, description string
	}{
		{projections.OrderRetry, "Let stopped read models go on", "They try the event again at which they stopped. One that runs goes on running."},
		{projections.OrderRebuild, "Make read models anew", "From the first event on, beside the live ones, in one pass over the log; then the two are compared row by row, and exchanged if they are the same."},
		{projections.OrderRollback, "Go back to the builds before", "The build that a rebuild replaced is live again and catches up."},
		{projections.OrderDrop, "Drop the builds before", "Their tables are removed; there is nothing to go back to then."},
	} {
		operation := op(string(verb.kind)+"-projections", http.MethodPost, "/v1/projections/{names}/"+string(verb.kind), verb.summary, verb.description)
		operation.DefaultStatus, operation.Errors = http.StatusAccepted, []int{http.StatusNotFound}
		huma.Register(api, operation, func(ctx context.Context, in *projectionsPath) (*ordersAnswer, error) {
			list, err := u.orderNamed(ctx, verb.kind, in.Names)
			return &ordersAnswer{wire.ProjectionOrders{Items: list}}, u.asProblem(err)
		})
	}
	u.sealing(api)
	skip := op("skip-projection-event", http.MethodPost, "/v1/projections/{name}/skip", "Let a read model pass over an event",
		"The event at which it stands still, for a reason that stays on record, as an event of its own. Every rebuild passes over it as well.")
	skip.DefaultStatus, skip.Errors = http.StatusAccepted, []int{http.StatusNotFound, http.StatusConflict}
	huma.Register(api, skip, func(ctx context.Context, in *skipInput) (*skippedAnswer, error) {
		done, err := u.skip(ctx, in.Name, in.Body)
		return &skippedAnswer{done}, u.asProblem(err)
	})
}

func (u *Upkeep) asProblem(err error) error { return problemOf(err, u.Logger) }

// list joins what the models say of themselves with the lag that the status knows.
func (u *Upkeep) list(ctx context.Context) ([]wire.ReadModel, error) {
	condition, err := u.Condition(ctx)
	if err != nil {
		return nil, err
	}
	all, err := u.Projections.Status(ctx, eventstore.Start)
	if err != nil {
		return nil, err
	}
	list := make([]wire.ReadModel, len(all))
	for i, s := range all {
		list[i] = readModel(s)
		for _, part := range condition.Parts {
			if part.Kind == wire.Projection && part.Name == s.Name {
				list[i].Lag, list[i].LagSeconds, list[i].Rate = part.Lag, part.LagSeconds, part.Rate
			}
		}
	}
	return list, nil
}

func readModel(s projections.Status) wire.ReadModel {
	m := wire.ReadModel{Name: s.Name, Version: s.Version, State: string(s.State), Position: positionText(s.Position), Events: s.NextSeq, Prior: s.Prior}
	if s.Poison != nil {
		m.Poison = &wire.Poison{EventID: s.Poison.Event, Position: positionText(s.Poison.Position), Error: s.Poison.Cause}
	}
	for _, r := range s.Ranges {
		m.Ranges = append(m.Ranges, wire.PartitionRange{First: r.First, Last: r.Last, State: string(r.State), Position: positionText(r.Position), Events: r.NextSeq})
	}
	if s.Order != nil {
		o := orderOf(*s.Order)
		m.Order = &o
	}
	return m
}

func orderOf(o projections.Order) wire.ProjectionOrder {
	w := wire.ProjectionOrder{ID: o.ID, Projection: o.Name, Kind: string(o.Kind), AskedAt: o.AskedAt.UTC(), State: o.Status, Phase: o.Phase,
		Events: o.Events, Of: o.Of, Rate: o.Rate, Report: o.Report}
	if o.Rate > 0 && o.Of >= o.Events && !w.Over() {
		left := float64(o.Of-o.Events) / float64(o.Rate)
		w.SecondsLeft = &left
	}
	return w
}

// orders gives the orders with these ids, in their order, or all.
func (u *Upkeep) orders(ctx context.Context, ids []string) ([]wire.ProjectionOrder, error) {
	all, err := u.Projections.Orders(ctx, u.DB)
	if err != nil {
		return nil, err
	}
	list := []wire.ProjectionOrder{}
	for _, o := range all {
		if len(ids) == 0 || slices.Contains(ids, o.ID) {
			list = append(list, orderOf(o))
		}
	}
	if len(ids) > 0 {
		slices.SortStableFunc(list, func(a, b wire.ProjectionOrder) int { return slices.Index(ids, a.ID) - slices.Index(ids, b.ID) })
	}
	return list, nil
}

func (u *Upkeep) orderNamed(ctx context.Context, kind projections.Kind, names string) ([]wire.ProjectionOrder, error) {
	list := strings.Split(names, ",")
	if names == "all" {
		var err error
		if list, err = u.names(ctx); err != nil {
			return nil, err
		}
	}
	slices.Sort(list)
	return u.order(ctx, kind, slices.Compact(list))
}

// order writes the orders down, all or none.
func (u *Upkeep) order(ctx context.Context, kind projections.Kind, names []string) ([]wire.ProjectionOrder, error) {
	ids, err := u.Projections.OrderAll(ctx, kind, names...)
	if errors.Is(err, projections.ErrNoProjection) {
		known, err := u.names(ctx)
		if err != nil {
			return nil, err
		}
		unknown := slices.DeleteFunc(slices.Clone(names), func(name string) bool { return slices.Contains(known, name) })
		return nil, noProjection(unknown[0], known)
	}
	if err != nil {
		return nil, err
	}
	return u.orders(ctx, ids)
}

func (u *Upkeep) names(ctx context.Context) ([]string, error) {
	all, err := u.Projections.Status(ctx, eventstore.Start)
	if err != nil {
		return nil, err
	}
	names := make([]string, len(all))
	for i, s := range all {
		names[i] = s.Name
	}
	return names, nil
}

func (u *Upkeep) statusOf(ctx context.Context, name string) (projections.Status, error) {
	all, err := u.Projections.Status(ctx, eventstore.Start)
	if err != nil {
		return projections.Status{}, err
	}
	var known []string
	for _, s := range all {
		if s.Name == name {
			return s, nil
		}
		known = append(known, s.Name)
	}
	return projections.Status{}, noProjection(name, known)
}

func noProjection(name string, known []string) error {
	return faulty(http.StatusNotFound, "unknown-projection", "There is no projection "+clipped(name)+"; there are "+strings.Join(known, ", ")+".")
}
