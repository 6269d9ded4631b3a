package main

import (
	"github.com/spf13/cobra"

	"github.com/partnerledger/partnerledger/internal/table"
)

func (a *app) requests() *cobra.Command {
	l := &list{path: "/v1/requests", columns: []table.Column{
		{Heading: "REQUEST", Field: "requestId"}, {Heading: "TO", Field: "resellerEmail", Width: 40}, {Heading: "REQUESTED", Field: "requestedAt"},
		{Heading: "EXPIRES", Field: "expiresAt"}, {Heading: "STATE", Field: "state"}, {Heading: "CLOSED", Field: "closedAt"}, {Heading: "BY", Field: "closedBy"},
	}}
	cmd := a.rows(&cobra.Command{
		Use:   "requests",
		Short: "Partnership requests: open ones, or by state",
		Long: `requests lists the open partnership requests: those sent, not answered, and not older than 30 days.

TO says [erased] once the person was forgotten.`,
		Example: "  ledger requests\n  ledger requests --state all --as-of 2023-07-01T00:00:00Z",
	}, l)
	l.filter(cmd, "provider", "provider", "only of this provider (`TENANT` id)")
	l.filter(cmd, "state", "state", "in this `STATE`: open (default), accepted, declined, withdrawn, expired or all")
	return cmd
}
