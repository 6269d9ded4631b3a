package main

import (
	"context"
	"errors"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/spf13/cobra"

	"github.com/partnerledger/partnerledger/internal/table"
	"github.com/partnerledger/partnerledger/internal/wire"
)

func (a *app) projections() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "projections",
		Short: "Look after the read models: list, retry, skip, rebuild, rollback, drop, seal",
		Long: `projections lists the read models: the tables that answer questions, made of the ledger's events. The events are the
truth, so a read model can be made anew at any time.

STATE is running or stopped: at an event that the read model can't apply. Nothing after it is applied, the other read
models go on, and NOTE says which event it is and why. Mend the cause and retry; or, if the event is not to be applied ever,
skip it for a reason that stays on record. BEFORE says whether the build that a rebuild replaced is kept.

What is ordered here is carried out by the process that applies events, wherever it runs.`,
		Example: `  ledger projections
  ledger projections retry timeline
  ledger projections skip timeline --reason "written by hand, see ticket 17"
  ledger projections rebuild all`,
		Args: nothing,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.listProjections(cmd.Context()) },
	}
	cmd.AddCommand(a.retryProjections(), a.skipEvent(), a.rebuildProjections(), a.rollbackProjections(), a.dropProjections(), a.sealProjections())
	return cmd
}

func (a *app) listProjections(ctx context.Context) error {
	c, err := a.client()
	if err != nil {
		return err
	}
	list, err := c.Projections(ctx)
	if err != nil {
		return err
	}
	rows := func(yield func(jsontext.Value, error) bool) {
		for _, m := range list.Items {
			var row any = m
			if !a.json {
				row = projectionRowOf(m)
			}
			text, err := json.Marshal(row)
			if !yield(text, err) {
				return
			}
		}
	}
	if a.json {
		return printJSON(a.out, rows)
	}
	_, _, err = table.Print(a.out, []table.Column{{Heading: "NAME", Field: "name"}, {Heading: "STATE", Field: "state"}, {Heading: "POSITION", Field: "position", Right: true},
		{Heading: "LAG", Field: "lag", Right: true}, {Heading: "BEHIND", Field: "behind", Right: true}, {Heading: "RATE", Field: "rate", Right: true},
		{Heading: "BEFORE", Field: "before"}, {Heading: "NOTE", Field: "note"}}, rows, 0)
	return err
}

// projectionRow is a read model as a person reads it.
type projectionRow struct {
	Name     string `json:"name"`
	State    string `json:"state"`
	Position string `json:"position"`
	Lag      string `json:"lag,omitzero"`
	Behind   string `json:"behind,omitzero"`
	Rate     string `json:"rate,omitzero"`
	Before   string `json:"before,omitzero"`
	Note     string `json:"note,omitzero"`
}

func projectionRowOf(m wire.ReadModel) projectionRow {
	row := projectionRow{Name: m.Name, State: m.State, Position: m.Position}
	if m.Lag != nil {
		row.Lag = thousands(*m.Lag)
	}
	if m.LagSeconds != nil {
		row.Behind = seconds(*m.LagSeconds)
	}
	if m.Rate != nil {
		row.Rate = perSecond(*m.Rate)
	}
	if m.Prior {
		row.Before = "kept"
	}
	switch o := m.Order; {
	case m.Poison != nil:
		row.Note = "event " + m.Poison.EventID + ": " + m.Poison.Error
	case o != nil && !o.Over():
		row.Note = o.Kind + " " + progressOf(*o)
	case o != nil && o.State == wire.OrderFailed:
		row.Note = o.Kind + " failed: " + o.Report
	}
	return row
}

// some wants at least one name.
func some(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return seeHelp(cmd, errors.New("name a read model, or all; ledger projections lists them"))
	}
	return nil
}

// ordering makes the command of an order that is given to projections by their names.
func (a *app) ordering(kind string, cmd *cobra.Command) *cobra.Command {
	var noWait bool
	cmd.Use, cmd.Args = kind+" NAME…|all", some
	cmd.RunE = func(cmd *cobra.Command, names []string) error {
		c, err := a.client()
		if err != nil {
			return err
		}
		orders, err := c.OrderProjections(cmd.Context(), kind, names...)
		if err != nil {
			return err
		}
		return a.follow(cmd.Context(), c, orders.Items, noWait)
	}
	cmd.Flags().BoolVar(&noWait, "no-wait", false, "give the order and don't wait until it is carried out")
	return cmd
}

func (a *app) retryProjections() *cobra.Command {
	return a.ordering("retry", &cobra.Command{
		Short: "Let stopped read models try again",
		Long: `retry lets stopped read models go on at the event that stopped them, once its cause is mended: a newer ledgerd that
knows the event, a disk with room again. If the event still can't be applied they stop at it again.`,
		Example: "  ledger projections retry timeline credit\n  ledger projections retry all",
	})
}

func (a *app) rebuildProjections() *cobra.Command {
	return a.ordering("rebuild", &cobra.Command{
		Short: "Make read models anew from the first event on, compare, exchange",
		Long: `rebuild makes new tables beside the live ones, of all events from the first on; several read models go over the events
together. Questions are answered meanwhile as ever. In the end the two are compared row by row:

  they are the same     the new ones take the place of the live ones, which are kept for a rollback until they are dropped
  they differ           the live ones stay, the new ones can be looked at (table_next), and the exit code is 1

A rebuild goes on where it was when its process is started again.`,
		Example: "  ledger projections rebuild all\n  ledger projections rebuild timeline --no-wait",
	})
}

func (a *app) rollbackProjections() *cobra.Command {
	return a.ordering("rollback", &cobra.Command{
		Short:   "Put the build before the last rebuild in place again",
		Long:    `rollback exchanges the live build of a read model with the one that its last rebuild replaced, which then catches up.`,
		Example: "  ledger projections rollback timeline",
	})
}

func (a *app) dropProjections() *cobra.Command {
	return a.ordering("drop", &cobra.Command{
		Short:   "Drop the build that the last rebuild replaced",
		Long:    `drop removes the tables that a rebuild replaced and kept. There is nothing to roll back to then.`,
		Example: "  ledger projections drop all",
	})
}
