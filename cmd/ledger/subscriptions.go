package main

import (
	"github.com/spf13/cobra"

	"github.com/partnerledger/partnerledger/internal/table"
)

func (a *app) subscriptions() *cobra.Command {
	l := &list{path: "/v1/subscriptions", columns: []table.Column{
		{Heading: "SUBSCRIPTION", Field: "subscriptionId"}, {Heading: "CUSTOMER", Field: "customerTenantId"}, {Heading: "OFFER", Field: "offerName", Width: 34},
		{Heading: "SEATS", Field: "quantity", Right: true}, {Heading: "STATUS", Field: "status"}, {Heading: "RESELLER OF RECORD", Field: "mpnId"},
		{Heading: "PURCHASED", Field: "purchasedAt"}, {Heading: "ENDED", Field: "endedAt"},
	}}
	cmd := a.rows(&cobra.Command{
		Use:     "subscriptions",
		Short:   "Subscriptions, with seats, status and reseller of record",
		Example: "  ledger subscriptions --customer f8a426eb-ff6d-47d1-92b1-d3118ab19b14\n  ledger subscriptions --status suspended",
	}, l)
	l.filter(cmd, "provider", "provider", "only of this provider (tenant id)")
	l.filter(cmd, "customer", "customer", "only of this customer (tenant id)")
	l.filter(cmd, "reseller", "reseller", "only where this reseller (tenant id) is on record")
	l.filter(cmd, "subscription", "subscription", "only this subscription")
	l.filter(cmd, "status", "status", "active, suspended or cancelled")
	return cmd
}

func (a *app) supportContacts() *cobra.Command {
	l := &list{path: "/v1/support-contacts", columns: []table.Column{
		{Heading: "SUBSCRIPTION", Field: "subscriptionId"}, {Heading: "SUPPORT CONTACT", Field: "name", Width: 34},
		{Heading: "MPN ID", Field: "supportMpnId"}, {Heading: "TENANT", Field: "supportTenantId"}, {Heading: "SINCE", Field: "since"},
	}}
	cmd := a.rows(&cobra.Command{
		Use:     "support-contacts",
		Aliases: []string{"support"},
		Short:   "Who supports which subscription",
		Example: "  ledger support-contacts --subscription 41e9dd9a-7e41-4715-a925-167cf2905d84 --as-of 2022-01-01T00:00:00Z",
	}, l)
	l.filter(cmd, "provider", "provider", "only of this provider (tenant id)")
	l.filter(cmd, "customer", "customer", "only of this customer (tenant id)")
	l.filter(cmd, "subscription", "subscription", "only of this subscription")
	l.filter(cmd, "support", "support", "only where this tenant is the contact")
	return cmd
}
