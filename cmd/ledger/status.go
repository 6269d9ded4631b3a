package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/spf13/cobra"

	"github.com/partnerledger/partnerledger/internal/client"
	"github.com/partnerledger/partnerledger/internal/table"
	"github.com/partnerledger/partnerledger/internal/wire"
)

func (a *app) status() *cobra.Command {
	var watch bool
	var interval time.Duration
	cmd := &cobra.Command{
		Use:   "status",
		Short: "How the parts are: log, relay, projections, with positions, lag, rates and errors",
		Long: `status lists the parts with how far they are. EVENTS is what a part has passed on or applied, LAG what it still has to, and
BEHIND for how long the oldest of that has been in the log; – is what isn't known. A part that stands still says at
which event and why.

With --watch it goes on until Ctrl-C: on a terminal the list is drawn again in its place, elsewhere one list follows
the other, and with --json there is one document a line.`,
		Example: "  ledger status\n  ledger status --watch --interval 5s\n  ledger status --watch --json | jq .parts[].lag",
		Args:    nothing,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.client()
			switch {
			case err != nil:
				return err
			case interval < minInterval:
				return seeHelp(cmd, fmt.Errorf("--interval %s is shorter than %s", interval, minInterval))
			case watch:
				return a.watchStatus(cmd.Context(), c, interval)
			}
			text, err := a.askStatus(cmd.Context(), c)
			if err != nil {
				return err
			}
			_, err = io.WriteString(a.out, text)
			return err
		},
	}
	cmd.Flags().BoolVar(&watch, "watch", false, "go on until Ctrl-C")
	cmd.Flags().DurationVar(&interval, "interval", time.Second, "with --watch: how often to look")
	return cmd
}

// minInterval keeps watching from being work for the ledger.
const minInterval = 100 * time.Millisecond

// askStatus is the present status as it is printed: a list, or one line of JSON.
func (a *app) askStatus(ctx context.Context, c *client.Client) (string, error) {
	var raw jsontext.Value
	if err := c.Document(ctx, "/v1/status", nil, &raw); err != nil {
		return "", err
	}
	if a.json {
		if err := raw.Compact(); err != nil {
			return "", fmt.Errorf("status: %w", err)
		}
		return string(raw) + "\n", nil
	}
	var s wire.Condition
	if err := json.Unmarshal(raw, &s); err != nil {
		return "", fmt.Errorf("status: %w", err)
	}
	var text strings.Builder
	if err := printStatus(&text, s); err != nil {
		return "", err
	}
	return text.String(), nil
}

// statusRow is a part as a person reads it.
type statusRow struct {
	Name     string `json:"name"`
	State    string `json:"state"`
	Position string `json:"position,omitzero"`
	Events   uint64 `json:"events"`
	Lag      string `json:"lag,omitzero"`
	Behind   string `json:"behind,omitzero"`
	Rate     string `json:"rate,omitzero"`
	Healed   uint64 `json:"healed"`
	Note     string `json:"note,omitzero"`
}

func rowOf(p wire.Part) statusRow {
	row := statusRow{Name: p.Name, State: p.State, Position: p.Position, Events: p.Events, Healed: p.Healed, Note: p.Error}
	if p.Lag != nil {
		row.Lag = fmt.Sprint(*p.Lag)
	}
	if p.LagSeconds != nil {
		row.Behind = seconds(*p.LagSeconds)
	}
	if p.Rate != nil {
		row.Rate = perSecond(*p.Rate)
	}
	if p.ErrorAt != nil {
		row.Note = p.ErrorAt.UTC().Format(time.DateTime) + " " + p.Error
	}
	return row
}

// rebuildRow shows the new version of a projection below the one that it will replace.
func rebuildRow(name string, r wire.Rebuild) statusRow {
	row := statusRow{Name: fmt.Sprintf("%s v%d", name, r.Version), State: r.State, Events: r.Events, Lag: fmt.Sprint(r.Of - min(r.Events, r.Of)), Rate: perSecond(r.Rate)}
	if r.SecondsLeft != nil {
		row.Note = seconds(*r.SecondsLeft) + " left"
	}
	return row
}

// perSecond is a rate without false precision.
func perSecond(rate float64) string {
	if rate > 0 && rate < 10 {
		return fmt.Sprintf("%.1f/s", rate)
	}
	return fmt.Sprintf("%.0f/s", rate)
}

// seconds is a time as precise as somebody who waits wants it.
func seconds(s float64) string {
	d := time.Duration(s * float64(time.Second))
	if d < 10*time.Second {
		return d.Round(10 * time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}

func printStatus(w io.Writer, s wire.Condition) error {
	rows := func(yield func(jsontext.Value, error) bool) {
		for _, p := range s.Parts {
			if !yield(asJSON(rowOf(p))) || p.Rebuild != nil && !yield(asJSON(rebuildRow(p.Name, *p.Rebuild))) {
				return
			}
		}
	}
	columns := []table.Column{{Heading: "PART", Field: "name"}, {Heading: "STATE", Field: "state"}, {Heading: "POSITION", Field: "position", Right: true},
		{Heading: "EVENTS", Field: "events", Right: true}, {Heading: "LAG", Field: "lag", Right: true}, {Heading: "BEHIND", Field: "behind", Right: true},
		{Heading: "RATE", Field: "rate", Right: true}, {Heading: "HEALED", Field: "healed", Right: true}, {Heading: "NOTE", Field: "note", Width: 80}}
	_, _, err := table.Print(w, columns, rows, 0)
	return err
}

func asJSON(row statusRow) (jsontext.Value, error) {
	text, err := json.Marshal(row)
	if err != nil {
		return nil, fmt.Errorf("status: %w", err)
	}
	return text, nil
}
