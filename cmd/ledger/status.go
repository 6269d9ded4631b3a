package main

import (
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/spf13/cobra"

	"github.com/partnerledger/partnerledger/internal/table"
	"github.com/partnerledger/partnerledger/internal/wire"
)

func (a *app) status() *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "How the parts are: log, relay, projections, with positions, lag and errors",
		Long: `status lists the parts with how far they are. EVENTS is what a part has passed on or applied and LAG what it still has
to; a part that stands still says at which event and why.`,
		Example: "  ledger status",
		Args:    nothing,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.client()
			if err != nil {
				return err
			}
			var raw jsontext.Value
			if err := c.Document(cmd.Context(), "/v1/status", nil, &raw); err != nil {
				return err
			}
			if a.json {
				_, err := fmt.Fprintf(a.out, "%s\n", raw)
				return err
			}
			return a.printStatus(raw)
		},
	}
}

func (a *app) printStatus(raw jsontext.Value) error {
	var s wire.Condition
	if err := json.Unmarshal(raw, &s); err != nil {
		return fmt.Errorf("status: %w", err)
	}
	rows := func(yield func(jsontext.Value, error) bool) {
		for _, p := range s.Parts {
			if !yield(p, nil) {
				return
			}
		}
	}
	columns := []table.Column{{Heading: "PART", Field: "name"}, {Heading: "STATE", Field: "state"}, {Heading: "POSITION", Field: "position", Right: true},
		{Heading: "EVENTS", Field: "events", Right: true}, {Heading: "LAG", Field: "lag", Right: true}, {Heading: "ERROR", Field: "error", Width: 80}}
	_, _, err := table.Print(a.out, columns, rows, 0)
	return err
}
