package main

import (
	"fmt"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/spf13/cobra"
)

func (a *app) state() *cobra.Command {
	l := &list{}
	cmd := &cobra.Command{
		Use:   "state",
		Short: "The whole state as one JSON document, now or as of and as known at any time",
		Long: `state prints the whole state as one document: reseller list, open requests, customers by reseller, subscriptions,
support contacts, privileges, reseller of record under both policies, seat-days, and what was refused.

--as-of is effective time, --as-known-at is what the ledger knew then: the two differ through corrections.

The addresses of open requests say [personal] unless you say who you are and why you want to know, which stays on record as an
event; they say [erased] once the person was forgotten. Whoever compares a ledger by its state with addresses reads them.`,
		Example: "  ledger state --json --as-of 2022-03-15T00:00:00Z --as-known-at 2022-04-17T00:00:00Z\n" +
			"  ledger state --reveal true --reader ann@auditor.example --reader-tenant $T --reason \"audit of May\"",
		Args: nothing,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.client()
			if err != nil {
				return err
			}
			var document jsontext.Value
			if err := c.Document(cmd.Context(), "/v1/state", l.query(), &document); err != nil {
				return err
			}
			if err := document.Indent(jsontext.WithIndent(" ")); err != nil {
				return fmt.Errorf("state: %w", err)
			}
			_, err = fmt.Fprintf(a.out, "%s\n", document)
			return err
		},
	}
	cmd.Flags().StringVar(&l.page.asOf, "as-of", "", "the state at this `TIME`, RFC 3339 in UTC (default: now)")
	cmd.Flags().StringVar(&l.page.asKnownAt, "as-known-at", "", "only what the ledger knew at this `TIME` (default: everything)")
	cmd.Flags().StringVar(&l.page.atLeast, "at-least", "", "wait until the answer reflects this `POSITION`, which a command answered with")
	l.reveals(cmd)
	return cmd
}
