package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/internal/replay"
	"github.com/partnerledger/partnerledger/internal/replay/fold"
)

// fold prints the state at a point, and on the way what became of whom is followed.
func (c *replayConfig) fold(ctx context.Context, log eventstore.Store, stdout io.Writer) error {
	bar, began, events := replayBar{out: os.Stderr}, time.Now(), 0
	document, err := fold.State(ctx, log, fold.Options{Until: c.point, Follow: c.follow,
		Told: func(e fold.Followed) error { return c.tell(e, stdout) },
		Seen: func(e fold.Event, head eventstore.Position) {
			if events++; events%barStep == 0 {
				bar.show(replay.Progress{Events: events, Position: e.Position, Head: head, Elapsed: time.Since(began)})
			}
		}})
	bar.done()
	if err != nil {
		return fmt.Errorf("replay: %w", err)
	}
	if err := json.MarshalWrite(stdout, document, jsontext.WithIndent(" ")); err != nil {
		return fmt.Errorf("print the state: %w", err)
	}
	_, err = fmt.Fprintln(stdout)
	return err
}

// barStep is after how many events the bar is told.
const barStep = 256

// followed is one event of whom is followed, as a machine reads it.
type followed struct {
	Seq       uint64              `json:"seq"`
	Position  eventstore.Position `json:"position"`
	At        string              `json:"at"`
	Type      string              `json:"type"`
	Stream    string              `json:"stream"`
	Revision  eventstore.Revision `json:"revision"`
	By        string              `json:"by"`
	CommandID string              `json:"commandId"`
	State     map[string]any      `json:"state"` // after it
}

func (c *replayConfig) tell(e fold.Followed, stdout io.Writer) error {
	f := followed{Seq: e.Seq, Position: e.Position, At: e.Meta.At.String(), Type: e.Type, Stream: e.Stream, Revision: e.Revision,
		By: e.Meta.Actor.UserPrincipalName, CommandID: string(e.Meta.CausationID), State: e.State}
	if c.json {
		if err := json.MarshalWrite(stdout, f, json.Deterministic(true)); err != nil {
			return err
		}
		_, err := fmt.Fprintln(stdout)
		return err
	}
	after, err := json.Marshal(e.State, json.Deterministic(true))
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(stdout, "%-24s  %-34s  %s@%d  by %s, position %d\n    %s\n", f.At, f.Type, f.Stream, f.Revision, f.By, f.Position, after)
	return err
}
