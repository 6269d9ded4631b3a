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
	basis := false
	cmd := a.rows(&cobra.Command{
		Use:   "timeline",
		Short: "What happened: every event, by reseller, customer, subscription, user or operation",
		Long: `timeline lists every event in the order in which it was recorded: when, what, from which to which value, who, and the
reason where one was given. What was refused stands among it as CommandRefused, with the sentence that says why.

An --operation is all that one command did, or all that belongs to an order or a request. --search finds words in what, summary
and reason. --json and --csv have everything, --basis also on what was decided: streams and the revisions seen. CSV begins with the
columns of the vendor's own log (Date-Time, Affected customer, Action, Partner user); texts that a spreadsheet would run are defused.`,
		Example: "  ledger timeline --customer f8a426eb-ff6d-47d1-92b1-d3118ab19b14\n  ledger timeline --user adminagent.2@northwind.example --from 2023-01-01T00:00:00Z\n" +
			"  ledger timeline --operation 4c9f1c4e-0cd3-4f0f-9d4e-6f5d9c1ce1e5 --basis --json\n  ledger timeline --reseller … --search \"agreement ended\" --csv",
		PreRun: func(*cobra.Command, []string) {
			if basis {
				l.preset("basis", "true")
			}
		},
	}, l)
	l.filter(cmd, "provider", "provider", "only of this provider (`TENANT` id)")
	l.filter(cmd, "reseller", "reseller", "only about this reseller (`TENANT` id)")
	l.filter(cmd, "customer", "customer", "only about this customer (`TENANT` id)")
	l.filter(cmd, "subscription", "subscription", "only about this subscription (`ID`)")
	l.filter(cmd, "request", "request", "only about this partnership request (`ID`)")
	l.filter(cmd, "mpn", "mpn", "only about this MPN `ID`")
	l.filter(cmd, "user", "user", "only by this `USER` principal name")
	l.filter(cmd, "operation", "operation", "only of this operation: the `ID` of a command, an order, a request, or of what commands belong to together")
	l.filter(cmd, "type", "type", "only events of this `TYPE`; CommandRefused are the refusals")
	l.filter(cmd, "search", "search", "`WORDS` that all stand in what, summary or reason")
	cmd.Flags().BoolVar(&basis, "basis", false, "also on what each was decided, read from the log")
	l.filter(cmd, "from", "from", "recorded at this `TIME` or later")
	l.filter(cmd, "to", "to", "recorded before this `TIME`")
	return cmd
}
