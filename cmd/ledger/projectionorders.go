package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/partnerledger/partnerledger/internal/client"
	"github.com/partnerledger/partnerledger/internal/wire"
)

// skipEvent is the command that lets a projection pass over an event.
func (a *app) skipEvent() *cobra.Command {
	var s wire.Skip
	var noWait bool
	cmd := &cobra.Command{
		Use:   "skip NAME",
		Short: "Let a stopped read model pass over its event, for a reason that stays on record",
		Long: `skip lets a read model pass over the event at which it stands still, for good: in every rebuild it is passed over as
well. The event itself stays in the ledger; that it was skipped, by whom and why becomes an event of its own, which the
timeline shows. Each read model decides for itself, so where several stand still skip is said for each.

With --event nothing happens if the read model stands still at another one.`,
		Example: `  ledger projections skip timeline --reason "written by hand, see ticket 17"
  ledger projections skip credit --event 0b7c9a2e-5d1f-5c5e-9d4e-7f6a1c2b3d4e --reason "of another ledger" --user kim@operators.example`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return seeHelp(cmd, fmt.Errorf("skip takes one read model"))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if strings.TrimSpace(s.Reason) == "" {
				return seeHelp(cmd, fmt.Errorf("say why with --reason; it stays on record"))
			}
			c, err := a.client()
			if err != nil {
				return err
			}
			s.CommandID = client.RandomSubmission()
			done, err := c.Skip(cmd.Context(), args[0], s)
			if err != nil {
				return err
			}
			if done.Repeated {
				fmt.Fprintf(a.err, "event %s was skipped already\n", done.EventID)
			}
			return a.follow(cmd.Context(), c, []wire.ProjectionOrder{done.Order}, noWait)
		},
	}
	f := cmd.Flags()
	f.StringVar(&s.Reason, "reason", "", "`WHY` the event is passed over; it stays on record")
	f.StringVar(&s.EventID, "event", "", "only this event, by its `ID` (default: the one at which the read model stands still)")
	f.StringVar(&s.UserPrincipalName, "user", a.userName(), "`WHO` decides this; it stays on record")
	f.BoolVar(&noWait, "no-wait", false, "don't wait until the read model goes on")
	return cmd
}

// userName is who is logged in, as well as that can be told.
func (a *app) userName() string {
	if name := a.getenv("LEDGER_USER"); name != "" {
		return name
	}
	return a.getenv("USER")
}

// ordersAsked is how often the progress of orders is asked for.
const ordersAsked = 200 * time.Millisecond

// follow shows how far orders are until all of them are over, and says what came of them. An order that failed is an error.
func (a *app) follow(ctx context.Context, c *client.Client, orders []wire.ProjectionOrder, noWait bool) error {
	progress := newProgress(a.err)
	defer progress.end()
	ids := make([]string, len(orders))
	for i, o := range orders {
		ids[i] = o.ID
	}
	for patience := time.After(untakenAfter); !noWait && !allOver(orders); {
		progress.show(orders)
		select {
		case <-time.After(ordersAsked):
		case <-patience:
			if noneTaken(orders) {
				fmt.Fprintln(a.err, "no projector has taken the order yet: is one running (ledgerd, or ledgerd --run projector)? The order stands until then")
			}
		case <-ctx.Done():
			return fmt.Errorf("the order stands, and ledger projections shows how far it is: %w", ctx.Err())
		}
		now, err := c.ProjectionOrders(ctx, ids...)
		if err != nil {
			return err
		}
		orders = now.Items
	}
	progress.end()
	if err := a.printOrders(orders); err != nil {
		return err
	}
	return failedOrders(orders)
}

// untakenAfter is how long a projector may take to find an order before somebody should look for it.
const untakenAfter = 5 * time.Second

// noneTaken tells whether nobody has begun with any of the orders.
func noneTaken(orders []wire.ProjectionOrder) bool {
	for _, o := range orders {
		if o.State != wire.OrderWaiting {
			return false
		}
	}
	return true
}

func allOver(orders []wire.ProjectionOrder) bool {
	for _, o := range orders {
		if !o.Over() {
			return false
		}
	}
	return true
}

func (a *app) printOrders(orders []wire.ProjectionOrder) error {
	if a.json {
		text, err := json.Marshal(wire.ProjectionOrders{Items: orders})
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(a.out, "%s\n", text)
		return err
	}
	for _, o := range orders {
		text := o.Report
		switch {
		case !o.Over():
			text = o.Kind + " is ordered"
		case o.State == wire.OrderFailed:
			continue // the error says it
		}
		if _, err := fmt.Fprintf(a.out, "%s: %s\n", o.Projection, grouped(text)); err != nil {
			return err
		}
	}
	return nil
}

func failedOrders(orders []wire.ProjectionOrder) error {
	var failed []string
	for _, o := range orders {
		if o.State == wire.OrderFailed {
			failed = append(failed, fmt.Sprintf("%s of %s failed: %s", o.Kind, o.Projection, o.Report))
		}
	}
	if len(failed) == 0 {
		return nil
	}
	return fmt.Errorf("%s", strings.Join(failed, "\n"))
}

// progress draws how far orders are, on a terminal; elsewhere it is silent.
type progress struct{ bar *progressbar.ProgressBar }

func newProgress(w io.Writer) *progress {
	file, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return &progress{}
	}
	return &progress{progressbar.NewOptions64(1, progressbar.OptionSetWriter(w), progressbar.OptionSetWidth(30),
		progressbar.OptionClearOnFinish(), progressbar.OptionSetPredictTime(false), progressbar.OptionSetElapsedTime(true))}
}

func (p *progress) show(orders []wire.ProjectionOrder) {
	if p.bar == nil {
		return
	}
	// Rebuilds that were ordered together go over the events together: the one that is farthest behind tells.
	behind := orders[0]
	for _, o := range orders {
		if !o.Over() && (behind.Over() || o.Events < behind.Events) {
			behind = o
		}
	}
	p.bar.ChangeMax64(int64(max(behind.Of, 1)))
	p.bar.Describe(behind.Projection + ": " + progressOf(behind))
	_ = p.bar.Set64(int64(min(behind.Events, max(behind.Of, 1))))
}

func (p *progress) end() {
	if p.bar != nil {
		_ = p.bar.Finish()
	}
	p.bar = nil
}

// progressOf says how far an order is: "applying 1,234 of 5,678 events, 900/s, 5s left".
func progressOf(o wire.ProjectionOrder) string {
	if o.Of == 0 {
		return o.State
	}
	text := fmt.Sprintf("%s %s of %s events", o.Phase, thousands(o.Events), thousands(o.Of))
	if o.Rate > 0 {
		text += ", " + thousands(o.Rate) + "/s"
	}
	if o.SecondsLeft != nil && o.Phase == "applying" {
		text += ", " + seconds(*o.SecondsLeft) + " left"
	}
	return text
}

// thousands groups digits: 1,234,567.
func thousands(n uint64) string {
	digits := strconv.FormatUint(n, 10)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// grouped groups the digits of the numbers that stand alone in a sentence.
func grouped(sentence string) string {
	words := strings.Split(sentence, " ")
	for i, w := range words {
		if n, err := strconv.ParseUint(w, 10, 64); err == nil {
			words[i] = thousands(n)
		}
	}
	return strings.Join(words, " ")
}
