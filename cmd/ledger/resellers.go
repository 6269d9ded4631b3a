package main

import (
	"github.com/spf13/cobra"

	"github.com/partnerledger/partnerledger/internal/table"
)

func (a *app) resellers() *cobra.Command {
	l := &list{path: "/v1/resellers", columns: []table.Column{
		{Heading: "RESELLER", Field: "name", Width: 34}, {Heading: "MPN ID", Field: "mpnId"}, {Heading: "IN", Field: "location"},
		{Heading: "SINCE", Field: "since"}, {Heading: "ACCOUNT", Field: "accountState"}, {Heading: "MPA", Field: "mpaSigned"},
		{Heading: "CUSTOMERS", Field: "customers", Right: true}, {Heading: "SUBSCRIPTIONS", Field: "activeSubscriptions", Right: true},
		{Heading: "SEATS", Field: "seats", Right: true}, {Heading: "TENANT", Field: "resellerTenantId"}, {Heading: "PROVIDER", Field: "providerTenantId", Width: shortID},
	}}
	former := false
	cmd := a.rows(&cobra.Command{
		Use:   "resellers",
		Short: "Resellers with an active partnership, with customers and seats",
		Long: `resellers lists the resellers with an active partnership (R21, R42).

TENANT is what other questions take as --reseller. SUBSCRIPTIONS and SEATS are the active ones with one of the reseller's ids on record; --json also has those of its customers.
With --former: those whose partnership was removed and not begun again.`,
		Example: "  ledger resellers --search networks\n  ledger resellers --as-of 2023-07-01T00:00:00Z --csv\n  ledger resellers --former",
		PreRun: func(*cobra.Command, []string) {
			if former {
				l.path, l.columns = "/v1/former-resellers", formerColumns()
			}
		},
	}, l)
	l.filter(cmd, "provider", "provider", "only of this provider (`TENANT` id)")
	l.filter(cmd, "reseller", "reseller", "only this reseller (`TENANT` id)")
	l.filter(cmd, "search", "search", "`WORDS` in the name")
	cmd.Flags().BoolVar(&former, "former", false, "those who have left the list")
	return cmd
}

func formerColumns() []table.Column {
	return []table.Column{
		{Heading: "RESELLER", Field: "name", Width: 34}, {Heading: "MPN ID", Field: "mpnId"}, {Heading: "IN", Field: "location"},
		{Heading: "SINCE", Field: "since"}, {Heading: "UNTIL", Field: "until"}, {Heading: "REMOVED BY", Field: "removedBy"},
		{Heading: "CUSTOMERS LEFT", Field: "customers", Right: true}, {Heading: "REASON", Field: "reason", Width: 40},
		{Heading: "TENANT", Field: "resellerTenantId"}, {Heading: "PROVIDER", Field: "providerTenantId", Width: shortID},
	}
}
