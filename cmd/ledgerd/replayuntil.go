package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
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
	var unsaid error
	document, err := fold.State(ctx, log, fold.Options{Until: c.point, Seen: func(e fold.Event, head eventstore.Position) {
		if events++; events%barStep == 0 {
			bar.show(replay.Progress{Events: events, Position: e.Position, Head: head, Elapsed: time.Since(began)})
		}
		if c.follow != "" && strings.Contains(e.Stream, c.follow) && unsaid == nil {
			unsaid = c.tell(e, stdout)
		}
	}})
	bar.done()
	if err != nil {
		return fmt.Errorf("replay: %w", err)
	}
	if unsaid != nil {
		return fmt.Errorf("print the events: %w", unsaid)
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
}

func (c *replayConfig) tell(e fold.Event, stdout io.Writer) error {
	f := followed{Seq: e.Seq, Position: e.Position, At: e.Meta.At.String(), Type: e.Type, Stream: e.Stream, Revision: e.Revision,
		By: e.Meta.Actor.UserPrincipalName, CommandID: string(e.Meta.CausationID)}
	if c.json {
		if err := json.MarshalWrite(stdout, f); err != nil {
			return err
		}
		_, err := fmt.Fprintln(stdout)
		return err
	}
	_, err := fmt.Fprintf(stdout, "%-24s  %-34s  %s@%d  by %s, position %d\n", f.At, f.Type, f.Stream, f.Revision, f.By, f.Position)
	return err
}
