package httpapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/partnerledger/partnerledger/internal/replay"
	"github.com/partnerledger/partnerledger/internal/replay/fold"
	"github.com/partnerledger/partnerledger/internal/wire"
	"github.com/partnerledger/partnerledger/projections/state"
)

const (
	// replayTold is how often a replay says how far it is.
	replayTold = 200 * time.Millisecond
	// replayPatience is how long a line may wait for a reader who doesn't read.
	replayPatience = 30 * time.Second
)

type replayLine = wire.ReplayLine[state.Document]

// replayWriter writes the lines of a replay. One goroutine at a time uses it.
type replayWriter struct {
	out     io.Writer
	control *http.ResponseController // nil where there is none
	broken  func()                   // ends the replay once nobody takes its lines
	told    time.Time
}

func newReplayWriter(out io.Writer, broken func()) *replayWriter {
	w := &replayWriter{out: out, broken: broken, told: time.Now()}
	if response, ok := out.(http.ResponseWriter); ok {
		w.control = http.NewResponseController(response)
	}
	return w
}

// write sends a line at once. Whoever doesn't read holds no place for ever.
func (w *replayWriter) write(l replayLine) error {
	err := w.send(l)
	if err != nil {
		w.broken()
	}
	return err
}

func (w *replayWriter) send(l replayLine) error {
	if w.control != nil {
		_ = w.control.SetWriteDeadline(time.Now().Add(replayPatience)) // where it can't be, the connection has its own
		defer func() { _ = w.control.SetWriteDeadline(time.Time{}) }()
	}
	if err := json.MarshalWrite(w.out, l, json.Deterministic(true)); err != nil {
		return fmt.Errorf("replay: %w", err)
	}
	if _, err := io.WriteString(w.out, "\n"); err != nil {
		return fmt.Errorf("replay: %w", err)
	}
	if w.control == nil {
		return nil
	}
	return w.control.Flush()
}

// progress is told now and then.
func (w *replayWriter) progress(p replay.Progress) {
	if time.Since(w.told) < replayTold {
		return
	}
	w.told = time.Now()
	seconds := p.Elapsed.Seconds()
	rate := float64(p.Events) / max(seconds, 1e-3)
	left := 0.0
	if p.Position > 0 {
		left = seconds * float64(max(p.Head-p.Position, 0)) / float64(p.Position)
	}
	_ = w.write(replayLine{Progress: &wire.ReplayProgress{Events: p.Events, Position: int64(p.Position), Head: int64(p.Head), Differing: p.Differing,
		Seconds: seconds, EventsPerSecond: rate, SecondsLeft: left}})
}

func (w *replayWriter) followed(e fold.Followed) error {
	return w.write(replayLine{Event: eventOf(e)})
}

func eventOf(e fold.Followed) *wire.ReplayEvent {
	return &wire.ReplayEvent{Seq: e.Seq, Position: positionText(e.Position), At: e.Meta.At.String(), Type: e.Type, Stream: e.Stream, Revision: int64(e.Revision),
		By: e.Meta.Actor.UserPrincipalName, CommandID: string(e.Meta.CausationID), State: e.State}
}

// end writes why there is no result, if there is none.
func (w *replayWriter) end(err error, a *API) {
	if err == nil {
		return
	}
	p := a.problemIn(err)
	if errors.Is(err, context.Canceled) {
		p.Status, p.Detail = http.StatusServiceUnavailable, "The replay was broken off, because the ledger is stopping or the reader left."
	}
	if err := w.write(replayLine{Problem: p}); err != nil {
		a.log.Debug("the end of a replay was not delivered", "error", err)
	}
}

func reportOf(r replay.Report) *wire.ReplayReport {
	report := &wire.ReplayReport{Summary: r.String(), Events: r.Events, Position: positionText(r.Position), Decisions: r.Decisions, Compared: r.Compared,
		Differing: r.Differing, ErasedTexts: r.ErasedTexts, Seconds: r.Seconds, Differences: []wire.ReplayDifference{}}
	for _, d := range r.Differences {
		report.Differences = append(report.Differences, wire.ReplayDifference{Position: positionText(d.Position), Stream: d.Stream, Revision: int64(d.Revision),
			Type: d.Type, EventID: d.EventID.String(), CommandID: string(d.CommandID), What: d.What})
	}
	return report
}
