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
		Use:   "activity",
		Short: "What was tried, by whom, and what became of it: refusals too",
		Long: `activity lists every command and what became of it. A refusal has a stable CODE and a sentence; saying the
command again changes neither. Lines that could not be read were never commands and don't stand here.`,
		Example: "  ledger activity --status refused\n  ledger activity --user adminagent.2@northwind.example --csv",
	}, l)
	l.filter(cmd, "provider", "provider", "only of this provider (`TENANT` id)")
	l.filter(cmd, "reseller", "reseller", "only about this reseller (`TENANT` id)")
	l.filter(cmd, "customer", "customer", "only about this customer (`TENANT` id)")
	l.filter(cmd, "user", "user", "only by this `USER` principal name")
	l.filter(cmd, "command", "command", "only commands of this `TYPE`")
	l.filter(cmd, "status", "status", "only with this `STATUS`: accepted or refused")
	l.filter(cmd, "code", "code", "only refused with this `CODE`")
	l.filter(cmd, "from", "from", "issued at this `TIME` or later")
	l.filter(cmd, "to", "to", "issued before this `TIME`")
	return cmd
}

func (a *app) submissions() *cobra.Command {
	l := &list{path: "/v1/submissions", columns: []table.Column{
		{Heading: "SUBMISSION", Field: "id"}, {Heading: "NAME", Field: "name", Width: 40}, {Heading: "STARTED", Field: "startedAt"},
		{Heading: "LINES", Field: "lines", Right: true}, {Heading: "LAST LINE", Field: "lastLine", Right: true},
		{Heading: "ACCEPTED", Field: "accepted", Right: true}, {Heading: "REFUSED", Field: "refused", Right: true}, {Heading: "FAILED", Field: "failed", Right: true},
	}}
	return a.rows(&cobra.Command{
		Use:   "submissions",
		Short: "Files and streams of commands that were submitted, and how far they got",
		Long: `submissions lists what was submitted, the newest first. LAST LINE is how far a file got that broke off; submitting
it again goes through it from the start, and nothing happens twice.`,
		Example: "  ledger submissions",
	}, l)
}
