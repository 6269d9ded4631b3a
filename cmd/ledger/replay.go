package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/partnerledger/partnerledger/internal/client"
	"github.com/partnerledger/partnerledger/internal/wire"
)

// replaying is one replay as it was asked for.
type replaying struct {
	app           *app
	until, follow string
	check         bool
	reader        list // its filters alone: who reads, and why

	bar    replayBar
	report *wire.ReplayReport
	begun  bool // whether a followed event was printed
}

func (a *app) replay() *cobra.Command {
	r := &replaying{app: a, bar: replayBar{out: a.err}}
	cmd := &cobra.Command{
		Use:   "replay",
		Short: "Fold the log itself up to any point, or make every decision again",
		Long: `replay has the ledger read its event log from the first event on, and asks no read model. It writes nothing.

--until folds the log up to a time (all that was recorded by then) or a position, and prints the state there; with --json it
is the document that "ledger state" prints. --follow prints on the way each event of an entity and the state after it: the id
of a provider, reseller, customer, subscription, request or MPN, a customer's domain, or the name of a stream.

--check makes every recorded decision again, on the facts that it saw, and compares the events that come out with those in
the log, byte for byte: "N decisions replayed, 0 differ". If any differs it names the first such command and how, and exits
with 1. That nobody changed both a command and all that follows from it is for "ledger verify" to show.

A bar shows how far it is, the rate and the time left. Ctrl-C ends the replay on both sides. The ledger runs few at once and
refuses more; a log whose daemon is stopped is replayed by "ledgerd replay". Personal texts are blanked unless you say who
you are and why you want to know, which stays on record as an event.`,
		Example: `  ledger replay --check
  ledger replay --until 2022-03-15T00:00:00Z
  ledger replay --until 2022-03-15T00:00:00Z --follow f8a426eb-ff6d-47d1-92b1-d3118ab19b14
  ledger replay --until 1234567 --json > state.json`,
		Args: nothing,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := r.fault(); err != nil {
				return seeHelp(cmd, err)
			}
			c, err := a.client()
			if err != nil {
				return err
			}
			return r.run(cmd.Context(), c)
		},
	}
	f := cmd.Flags()
	f.StringVar(&r.until, "until", "", "fold the log up to this `POINT`: a time, RFC 3339 in UTC, or a position")
	f.StringVar(&r.follow, "follow", "", "with --until: print each event of this `ENTITY`, with the state after it")
	f.BoolVar(&r.check, "check", false, "make every decision again and compare")
	r.reader.reveals(cmd)
	return cmd
}

func (r *replaying) fault() error {
	switch {
	case r.check == (r.until != ""):
		return errors.New("say what to do: either --check or --until")
	case r.follow != "" && r.check:
		return errors.New("--follow goes with --until")
	}
	return nil
}

func (r *replaying) query() url.Values {
	q := r.reader.query()
	if r.check {
		q.Set("check", "true")
	} else {
		q.Set("until", r.until)
	}
	if r.follow != "" {
		q.Set("follow", r.follow)
	}
	return q
}

func (r *replaying) run(ctx context.Context, c *client.Client) error {
	err := c.Replay(ctx, r.query(), r.take)
	r.bar.done()
	switch {
	case errors.Is(err, context.Canceled):
		return errors.New("broken off; the ledger ends the replay too")
	case err != nil:
		return err
	case r.report == nil || r.report.Differing == 0:
		return nil
	case len(r.report.Differences) == 0:
		return errors.New("what is recorded differs from what the rules give")
	}
	first := r.report.Differences[0]
	return fmt.Errorf("the first that differs is command %s: %s revision %d (%s, position %s): %s", first.CommandID, first.Stream, first.Revision, first.Type, first.Position, first.What)
}

// take takes one line of the answer.
func (r *replaying) take(l wire.ReplayLine[jsontext.Value]) error {
	switch {
	case l.Progress != nil:
		r.bar.show(l.Progress)
		return nil
	case l.Event != nil:
		r.bar.clear()
		return r.printEvent(l.Event)
	case l.Report != nil:
		r.bar.done()
		r.report = l.Report
		return r.printReport()
	case l.State != nil:
		r.bar.done()
		return r.printState(*l.State)
	}
	return nil
}

func (r *replaying) printEvent(e *wire.ReplayEvent) error {
	r.begun = true
	if r.app.json {
		return printLine(r.app.out, e)
	}
	after, err := json.Marshal(e.State, json.Deterministic(true))
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(r.app.out, "%-24s  %-34s  %s@%d  by %s, position %s\n    %s\n", e.At, e.Type, e.Stream, e.Revision, e.By, e.Position, after)
	return err
}

func (r *replaying) printReport() error {
	if r.app.json {
		return printLine(r.app.out, r.report)
	}
	_, err := fmt.Fprintf(r.app.out, "%s%d events in %s, %.0f a second\n", r.report.Summary, r.report.Events,
		time.Duration(r.report.Seconds*float64(time.Second)).Round(time.Millisecond), float64(r.report.Events)/max(r.report.Seconds, 1e-3))
	return err
}

// printState prints the state as it came, or for a person; after followed events machines get it on a line too.
func (r *replaying) printState(document jsontext.Value) error {
	switch {
	case r.app.json && r.begun:
		_, err := fmt.Fprintf(r.app.out, "%s\n", document)
		return err
	case r.app.json:
		if err := document.Indent(jsontext.WithIndent(" ")); err != nil {
			return fmt.Errorf("replay: %w", err)
		}
		_, err := fmt.Fprintf(r.app.out, "%s\n", document)
		return err
	case r.begun:
		fmt.Fprintln(r.app.out)
	}
	return printReplayed(r.app.out, document)
}

func printLine(w io.Writer, v any) error {
	text, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%s\n", text)
	return err
}

// replayBar shows on a terminal how far a replay is: by position, because only that tells how much is left.
type replayBar struct {
	out io.Writer
	bar *progressbar.ProgressBar
}

func (b *replayBar) show(p *wire.ReplayProgress) {
	if b.bar == nil {
		file, ok := b.out.(*os.File)
		if !ok || !term.IsTerminal(int(file.Fd())) {
			return
		}
		b.bar = progressbar.NewOptions64(p.Head, progressbar.OptionSetWriter(b.out), progressbar.OptionSetWidth(30), progressbar.OptionClearOnFinish(),
			progressbar.OptionSetPredictTime(true), progressbar.OptionSetElapsedTime(true))
	}
	text := fmt.Sprintf("%d events, %.0f/s", p.Events, p.EventsPerSecond)
	if p.Differing > 0 {
		text += fmt.Sprintf(", %d differ", p.Differing)
	}
	b.bar.Describe(text)
	_ = b.bar.Set64(min(p.Position, p.Head))
}

// clear makes room for a line that is printed.
func (b *replayBar) clear() {
	if b.bar != nil {
		_ = b.bar.Clear()
	}
}

func (b *replayBar) done() {
	if b.bar != nil {
		_ = b.bar.Finish()
		b.bar = nil
	}
}
