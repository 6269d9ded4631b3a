package main

import (
	"fmt"
	"net/url"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/spf13/cobra"
)

func (a *app) state() *cobra.Command {
	var asOf, asKnownAt, atLeast string
	cmd := &cobra.Command{
		Use:   "state",
		Short: "The whole state as one JSON document, now or as of and as known at any time",
		Long: `state prints the whole state as one document: reseller list, open requests, customers by reseller, subscriptions,
support contacts, privileges, reseller of record under both policies, seat-days, and what was refused.

--as-of is effective time, --as-known-at is what the ledger knew then: the two differ through corrections.

It is what a ledger is compared by, so it holds the e-mail addresses of open requests: it is for whoever keeps the ledger.`,
		Example: "  ledger state --json --as-of 2022-03-15T00:00:00Z --as-known-at 2022-04-17T00:00:00Z",
		Args:    nothing,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.client()
			if err != nil {
				return err
			}
			q := url.Values{}
			for name, value := range map[string]string{"asOf": asOf, "asKnownAt": asKnownAt, "atLeast": atLeast} {
				if value != "" {
					q.Set(name, value)
				}
			}
			var document jsontext.Value
			if err := c.Document(cmd.Context(), "/v1/state", q, &document); err != nil {
				return err
			}
			if err := document.Indent(jsontext.WithIndent(" ")); err != nil {
				return fmt.Errorf("state: %w", err)
			}
			_, err = fmt.Fprintf(a.out, "%s\n", document)
			return err
		},
	}
	cmd.Flags().StringVar(&asOf, "as-of", "", "the state at this `TIME`, RFC 3339 in UTC (default: now)")
	cmd.Flags().StringVar(&asKnownAt, "as-known-at", "", "only what the ledger knew at this `TIME` (default: everything)")
	cmd.Flags().StringVar(&atLeast, "at-least", "", "wait until the answer reflects this `POSITION`, which a command answered with")
	return cmd
}
