package main

import (
	"github.com/spf13/cobra"

	"github.com/partnerledger/partnerledger/internal/table"
)

func (a *app) customers() *cobra.Command {
	l := &list{path: "/v1/customers", columns: []table.Column{
		{Heading: "CUSTOMER", Field: "customerTenantId"}, {Heading: "COMPANY", Field: "company", Width: 34}, {Heading: "DOMAIN", Field: "domain", Width: 40},
		{Heading: "RESELLER", Field: "resellerTenantId"}, {Heading: "PARTNERSHIP", Field: "partnershipActive"}, {Heading: "ADDED", Field: "addedAt"},
		{Heading: "PROVIDER", Field: "providerTenantId", Width: shortID},
	}}
	cmd := a.rows(&cobra.Command{
		Use:   "customers",
		Short: "Customers, filtered by reseller, name or domain",
		Long: `customers lists customers with the reseller that manages their account (R60).

Customers of a removed partner stay (R37): PARTNERSHIP says whether the partnership is active.`,
		Example: "  ledger customers --reseller 6628166e-221e-46b4-b97d-94d327067ed7\n  ledger customers --search press",
	}, l)
	l.filter(cmd, "provider", "provider", "only of this provider (`TENANT` id)")
	l.filter(cmd, "reseller", "reseller", "only those associated with this reseller (`TENANT` id), or none for direct customers")
	l.filter(cmd, "customer", "customer", "only this customer (`TENANT` id)")
	l.filter(cmd, "search", "search", "`WORDS` in the company's name")
	l.filter(cmd, "domain", "domain", "the customer's `DOMAIN`")
	return cmd
}
