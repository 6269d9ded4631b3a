package main

import (
	"github.com/spf13/cobra"

	"github.com/partnerledger/partnerledger/internal/table"
)

func (a *app) timeline() *cobra.Command {
	l := &list{path: "/v1/timeline", columns: []table.Column{
		{Heading: "SEQ", Field: "seq", Right: true}, {Heading: "TIME", Field: "at"}, {Heading: "WHAT", Field: "type"}, {Heading: "SUMMARY", Field: "summary", Width: 60},
		{Heading: "BY", Field: "user", Width: 40}, {Heading: "REASON", Field: "reason", Width: 40},
	}}
	cmd := a.rows(&cobra.Command{
		Use:     "timeline",
		Short:   "What happened: every event, by reseller, customer, subscription or user",
		Long:    `timeline lists every event in the order in which it was recorded: when, what, who, and the reason where one was given.`,
		Example: "  ledger timeline --customer f8a426eb-ff6d-47d1-92b1-d3118ab19b14\n  ledger timeline --user adminagent.2@northwind.example --from 2023-01-01T00:00:00Z",
	}, l)
	l.filter(cmd, "provider", "provider", "only of this provider (`TENANT` id)")
	l.filter(cmd, "reseller", "reseller", "only about this reseller (`TENANT` id)")
	l.filter(cmd, "customer", "customer", "only about this customer (`TENANT` id)")
	l.filter(cmd, "subscription", "subscription", "only about this subscription (`ID`)")
	l.filter(cmd, "user", "user", "only by this `USER` principal name")
	l.filter(cmd, "type", "type", "only events of this `TYPE`")
	l.filter(cmd, "from", "from", "recorded at this `TIME` or later")
	l.filter(cmd, "to", "to", "recorded before this `TIME`")
	return cmd
}
