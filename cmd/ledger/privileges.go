package main

import (
	"github.com/spf13/cobra"

	"github.com/partnerledger/partnerledger/internal/table"
)

func (a *app) privileges() *cobra.Command {
	l := &list{path: "/v1/privileges", columns: []table.Column{
		{Heading: "CUSTOMER", Field: "customerTenantId"}, {Heading: "GRANTEE", Field: "granteeTenantId"}, {Heading: "KIND", Field: "kind"},
		{Heading: "ROLES", Field: "roles", Width: 40}, {Heading: "SINCE", Field: "since"}, {Heading: "EXPIRES", Field: "expiresAt"},
		{Heading: "PARTNERSHIP", Field: "partnershipActive"},
	}}
	orphaned := false
	cmd := a.rows(&cobra.Command{
		Use:   "privileges",
		Short: "Who has admin access to which customer",
		Long: `privileges lists the delegated admin privileges that are open.

Removing a partnership leaves them unchanged (R38): --orphaned shows those held by resellers without an active partnership.`,
		Example: "  ledger privileges --customer f8a426eb-ff6d-47d1-92b1-d3118ab19b14 --as-of 2022-03-15T00:00:00Z\n  ledger privileges --orphaned --csv",
		PreRun: func(*cobra.Command, []string) {
			if orphaned {
				l.preset("orphaned", "true")
			}
		},
	}, l)
	l.filter(cmd, "provider", "provider", "only of this provider (`TENANT` id)")
	l.filter(cmd, "customer", "customer", "only over this customer (`TENANT` id)")
	l.filter(cmd, "grantee", "grantee", "only held by this `TENANT`")
	cmd.Flags().BoolVar(&orphaned, "orphaned", false, "only those held by resellers without an active partnership")
	return cmd
}
