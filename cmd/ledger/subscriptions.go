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
		Use:   "subscriptions",
		Short: "Subscriptions, with seats, status and reseller of record",
		Long: `subscriptions lists subscriptions as they stand or stood, cancelled ones too. RESELLER OF RECORD is the MPN ID for which
credit runs; who supports them is answered by support-contacts, and what happened to one by timeline.`,
		Example: "  ledger subscriptions --customer f8a426eb-ff6d-47d1-92b1-d3118ab19b14\n  ledger subscriptions --status suspended",
	}, l)
	l.filter(cmd, "provider", "provider", "only of this provider (`TENANT` id)")
	l.filter(cmd, "customer", "customer", "only of this customer (`TENANT` id)")
	l.filter(cmd, "reseller", "reseller", "only where this reseller (`TENANT` id) is on record")
	l.filter(cmd, "subscription", "subscription", "only this subscription (`ID`)")
	l.filter(cmd, "status", "status", "only in this `STATUS`: active, suspended or cancelled")
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
		Long:    `support-contacts lists one contact for each subscription: the provider, unless another was named (R34, R66).`,
		Example: "  ledger support-contacts --subscription 41e9dd9a-7e41-4715-a925-167cf2905d84 --as-of 2022-01-01T00:00:00Z",
	}, l)
	l.filter(cmd, "provider", "provider", "only of this provider (`TENANT` id)")
	l.filter(cmd, "customer", "customer", "only of this customer (`TENANT` id)")
	l.filter(cmd, "subscription", "subscription", "only of this subscription (`ID`)")
	l.filter(cmd, "support", "support", "only where this `TENANT` is the contact")
	return cmd
}
