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

TO says [personal] unless you say who you are and why you want to know, which stays on record as an event; it says [erased]
once the person was forgotten.`,
		Example: `  ledger requests
  ledger requests --state all --as-of 2023-07-01T00:00:00Z
  ledger requests --reveal true --reader ann@auditor.example --reader-tenant $T --reason "audit of May"`,
	}, l)
	l.filter(cmd, "provider", "provider", "only of this provider (`TENANT` id)")
	l.filter(cmd, "state", "state", "in this `STATE`: open (default), accepted, declined, withdrawn, expired or all")
	l.reveals(cmd)
	return cmd
}

// reveals declares who wants to see personal texts, and why.
func (l *list) reveals(cmd *cobra.Command) {
	l.filter(cmd, "reveal", "reveal", "`true`: show personal texts to the reader; that they were shown stays on record")
	l.filter(cmd, "reader", "reader", "with --reveal: who reads (user principal `NAME`)")
	l.filter(cmd, "reader-tenant", "readerTenant", "with --reveal: the reader's organization (`TENANT` id)")
	l.filter(cmd, "reader-role", "readerRole", "with --reveal: the reader's `ROLE` (default: Auditor)")
	l.filter(cmd, "reason", "reason", "with --reveal: why (`TEXT`)")
}
