package main

import (
	"github.com/spf13/cobra"

	"github.com/partnerledger/partnerledger/internal/table"
)

func (a *app) analytics() *cobra.Command {
	l := &list{path: "/v1/analytics", columns: []table.Column{
		{Heading: "MONTH", Field: "month"}, {Heading: "PROVIDER", Field: "providerTenantId"}, {Heading: "RESELLERS", Field: "totalResellers", Right: true},
		{Heading: "NEW", Field: "newResellers", Right: true}, {Heading: "REMOVED", Field: "removedResellers", Right: true},
		{Heading: "SELLING", Field: "transactingResellers", Right: true}, {Heading: "CHURNED", Field: "churnedResellers", Right: true},
		{Heading: "CUSTOMERS+", Field: "newCustomers", Right: true}, {Heading: "SUBSCRIPTIONS", Field: "activeSubscriptions", Right: true}, {Heading: "SEATS", Field: "seats", Right: true},
	}}
	cmd := a.rows(&cobra.Command{
		Use:   "analytics",
		Short: "Monthly numbers: resellers, customers, subscriptions, seats",
		Long: `analytics counts month by month, by the vendor's definitions: SELLING resellers sold a subscription in the month,
CHURNED ones have sold before but none in the six months before this one.`,
		Example: "  ledger analytics --from-month 2024-01\n  ledger analytics --csv > months.csv",
	}, l)
	l.filter(cmd, "provider", "provider", "only of this provider (`TENANT` id)")
	l.filter(cmd, "from-month", "fromMonth", "from this `MONTH` on, yyyy-mm")
	l.filter(cmd, "to-month", "toMonth", "up to and with this `MONTH`")
	return cmd
}
