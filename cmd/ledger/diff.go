package main

import (
	"github.com/spf13/cobra"

	"github.com/partnerledger/partnerledger/internal/table"
)

func (a *app) diff() *cobra.Command {
	l := &list{path: "/v1/diff", columns: []table.Column{
		{Heading: "ENTITY", Field: "entity"}, {Heading: "OF", Field: "name", Width: 30}, {Heading: "FIELD", Field: "field"},
		{Heading: "BEFORE", Field: "before", Width: 36}, {Heading: "AFTER", Field: "after", Width: 36}, {Heading: "EVENT", Field: "type"}, {Heading: "SEQ", Field: "seq", Right: true},
		{Heading: "WHEN", Field: "at"}, {Heading: "BY", Field: "user", Width: 40}, {Heading: "REASON", Field: "reason", Width: 40},
	}}
	cmd := a.paged(&cobra.Command{
		Use:   "diff",
		Short: "What changed between two instants or two states of knowledge, line by line with the event that did it",
		Long: `diff compares what was so at --from with what was so at --to, and prints a line for each field that isn't the same, with the
event that made it so: who, when and why. BEFORE is – where the thing wasn't there yet, AFTER where it isn't any more.

With --known-from and --known-to it compares what the ledger knew: the same instant, before and after a correction was recorded.
creditInterval lines are about past credit too, where a correction may change nothing of the present.
--json and --csv have all ids.`,
		Example: "  ledger diff --from 2023-01-01T00:00:00Z --to 2023-02-01T00:00:00Z --reseller 6628166e-221e-46b4-b97d-94d327067ed7\n" +
			"  ledger diff --to 2022-03-15T00:00:00Z --known-from 2022-03-15T00:00:00Z --known-to 2022-04-17T00:00:00Z\n" +
			"  ledger diff --from 2023-01-01T00:00:00Z --entity partnership --csv",
	}, l)
	l.filter(cmd, "from", "from", "the first `TIME`, RFC 3339 in UTC (default: the same as --to)")
	l.filter(cmd, "to", "to", "the second `TIME` (default: now)")
	l.filter(cmd, "known-from", "knownFrom", "as the ledger knew it at this `TIME` (default: the same as --known-to)")
	l.filter(cmd, "known-to", "knownTo", "compared with how it knew it at this `TIME` (default: everything)")
	l.filter(cmd, "entity", "entity", "only lines of this `KIND`: partnership, reseller, agreement, location, request, customer, association, contact, privilege, "+
		"subscription, supportContact, resellerOfRecord or creditInterval")
	l.filter(cmd, "provider", "provider", "only of this provider (`TENANT` id)")
	l.filter(cmd, "reseller", "reseller", "only what this reseller (`TENANT` id) had to do with at either time")
	l.filter(cmd, "customer", "customer", "only of this customer (`TENANT` id)")
	l.filter(cmd, "subscription", "subscription", "only of this subscription (`ID`)")
	l.filter(cmd, "policy", "policy", "`POLICY` keep (default) or close: what the removal of a partnership does to credit")
	return cmd
}
