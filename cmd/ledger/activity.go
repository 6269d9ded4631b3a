package main

import (
	"github.com/spf13/cobra"

	"github.com/partnerledger/partnerledger/internal/table"
)

func (a *app) activity() *cobra.Command {
	l := &list{path: "/v1/activity", columns: []table.Column{
		{Heading: "TIME", Field: "at"}, {Heading: "COMMAND", Field: "commandType"}, {Heading: "STATUS", Field: "status"}, {Heading: "CODE", Field: "code"},
		{Heading: "MESSAGE", Field: "message", Width: 60}, {Heading: "BY", Field: "user", Width: 40},
	}}
	cmd := a.rows(&cobra.Command{
		Use:     "activity",
		Short:   "What was tried, by whom, and what became of it: refusals too",
		Example: "  ledger activity --status refused\n  ledger activity --user adminagent.2@northwind.example --csv",
	}, l)
	l.filter(cmd, "provider", "provider", "only of this provider (tenant id)")
	l.filter(cmd, "reseller", "reseller", "only about this reseller (tenant id)")
	l.filter(cmd, "customer", "customer", "only about this customer (tenant id)")
	l.filter(cmd, "user", "user", "only by this user principal name")
	l.filter(cmd, "command", "command", "only commands of this type")
	l.filter(cmd, "status", "status", "accepted or refused")
	l.filter(cmd, "code", "code", "only refused with this code")
	l.filter(cmd, "from", "from", "issued at this time or later")
	l.filter(cmd, "to", "to", "issued before this time")
	return cmd
}

func (a *app) submissions() *cobra.Command {
	l := &list{path: "/v1/submissions", columns: []table.Column{
		{Heading: "SUBMISSION", Field: "id"}, {Heading: "NAME", Field: "name", Width: 40}, {Heading: "STARTED", Field: "startedAt"},
		{Heading: "LINES", Field: "lines", Right: true}, {Heading: "LAST LINE", Field: "lastLine", Right: true},
		{Heading: "ACCEPTED", Field: "accepted", Right: true}, {Heading: "REFUSED", Field: "refused", Right: true}, {Heading: "FAILED", Field: "failed", Right: true},
	}}
	return a.rows(&cobra.Command{
		Use:     "submissions",
		Short:   "Files and streams of commands that were submitted, and how far they got",
		Example: "  ledger submissions",
	}, l)
}
