package httpapi

import (
	"context"
	"errors"
	"net/http"
	"reflect"
	"runtime"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/internal/replay"
	"github.com/partnerledger/partnerledger/internal/replay/fold"
	"github.com/partnerledger/partnerledger/internal/wire"
	"github.com/partnerledger/partnerledger/projections/state"
)

// A replay reads the log itself: no read model is asked, and nothing is written but who was shown personal texts. It
// MUST NOT starve those who give commands, so that few run at once, each with half of the processors at most. What one
// holds in memory is bounded: read models of its own on disk, the states of so many streams, a few bytes a command.
const (
	// replaysMax is how many replays run at once.
	replaysMax = 2
	// replayStreams is how many streams' states a check keeps in memory; others are read again.
	replayStreams = 100_000
	// replayAgain is after how many seconds whoever was refused a place may ask again.
	replayAgain = "10"
)

// replayInput asks for a replay.
type replayInput struct {
	Until  string `query:"until" maxLength:"40" doc:"Fold the log up to this time (RFC 3339 in UTC: all recorded by then) or this position, and give the state there" example:"2022-03-15T00:00:00Z"`
	Follow string `query:"follow" maxLength:"300" doc:"With until: also each event of this entity with the state after it. The id of a provider, reseller, customer, subscription, request or MPN, a customer's domain, or the name of a stream"`
	Check  bool   `query:"check" doc:"Make every decision again instead, on the facts that it saw, and compare the events with those in the log, byte for byte"`
	Reveal

	point fold.Until
}

// Resolve refuses what contradicts itself before anything begins.
func (in *replayInput) Resolve(huma.Context) (faults []error) {
	fault := func(parameter, message string) {
		faults = append(faults, &huma.ErrorDetail{Location: "query." + parameter, Message: message})
	}
	switch {
	case in.Check == (in.Until != ""):
		fault("until", "say what to do: either until or check")
	case in.Check && (in.Follow != "" || in.named()):
		fault("check", "a check follows nobody and shows no personal texts")
	case in.Until != "":
		var err error
		if in.point, err = fold.ParseUntil(in.Until); err != nil {
			fault("until", err.Error())
		}
	}
	if strings.ContainsAny(in.Follow, "\"\\") {
		fault("follow", "is no id")
	}
	return faults
}

// replays registers GET /v1/replay. Its answer is a stream of lines; who closes the connection ends the replay.
func (a *API) replays() {
	line := a.huma.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[wire.ReplayLine[state.Document]](), true, "ReplayLine")
	op := huma.Operation{OperationID: "replay", Method: http.MethodGet, Path: "/v1/replay", Tags: []string{"audit"},
		Summary: "Replay the log: the state at any point, or every decision again",
		Description: "Folds the event log itself and asks no read model. The answer is NDJSON as it goes on: progress, the events of whom is followed, and at the end the state, the report of a check, or a problem. " +
			"Closing the connection ends the replay. Few run at once; others are refused with replay-busy. Personal texts are blanked unless the request says who reads, which is then on record.",
		Responses: map[string]*huma.Response{"200": {Description: "The replay, line by line", Content: map[string]*huma.MediaType{mediaNDJSON: {Schema: line}}}},
		Errors:    []int{http.StatusUnprocessableEntity, http.StatusServiceUnavailable}}
	huma.Register(a.huma, op, a.replay)
}

// replay takes a place and gives the replay that runs in it, or says why there is none.
func (a *API) replay(_ context.Context, in *replayInput) (*huma.StreamResponse, error) {
	if err := in.faults(); err != nil {
		return nil, err
	}
	select {
	case a.replaysUnderWay <- struct{}{}:
	default:
		return nil, huma.ErrorWithHeaders(faulty(http.StatusServiceUnavailable, "replay-busy", "As many replays are under way as the ledger runs at once; ask again when one has ended."),
			http.Header{"Retry-After": {replayAgain}})
	}
	return &huma.StreamResponse{Body: func(to huma.Context) {
		defer func() { <-a.replaysUnderWay }()
		ctx, stop := context.WithCancel(to.Context())
		defer stop()
		go func() { // a daemon that ends waits for no replay
			select {
			case <-a.stopping:
				stop()
			case <-ctx.Done():
			}
		}()
		to.SetHeader("Content-Type", mediaNDJSON)
		to.SetHeader("Cache-Control", "no-store")
		out := newReplayWriter(to.BodyWriter(), stop)
		out.end(a.replayTo(ctx, in, out), a)
	}}, nil
}

// replayTo replays, and writes the line that ends the answer.
func (a *API) replayTo(ctx context.Context, in *replayInput, out *replayWriter) error {
	if in.Check {
		report, err := replay.Check(ctx, a.wholeLog, replay.Options{Keys: a.sealer, Streams: replayStreams, Workers: max(1, runtime.GOMAXPROCS(0)/2), Progress: out.progress})
		if err != nil {
			return err
		}
		return out.write(replayLine{Report: reportOf(report)})
	}
	var document *state.Document
	err := a.show(ctx, in.Reveal, "the state replayed up to "+in.Until+", with "+addressesOfRequests, func(reveal func(string) (string, error)) (err error) {
		began, events := time.Now(), 0
		document, err = fold.State(ctx, a.wholeLog, fold.Options{Until: in.point, Reveal: reveal, Follow: in.Follow, Told: out.followed,
			Seen: func(e fold.Event, head eventstore.Position) {
				events++
				out.progress(replay.Progress{Events: events, Position: e.Position, Head: head, Elapsed: time.Since(began)})
			}})
		return err
	})
	if err != nil {
		return err
	}
	return out.write(replayLine{State: document})
}

// problemIn is a failure as the last line says it.
func (a *API) problemIn(err error) *wire.Problem {
	p := &wire.Problem{Status: http.StatusInternalServerError}
	problem := a.asProblem(err)
	if f, ok := errors.AsType[*fault](problem); ok {
		p.Status, p.Code, p.Title, p.Detail = f.Status, f.Code, f.Title, f.Detail
	} else if e, ok := errors.AsType[*huma.ErrorModel](problem); ok {
		p.Status, p.Title, p.Detail = e.Status, e.Title, e.Detail
	}
	return p
}
