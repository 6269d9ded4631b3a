package main

import (
	"github.com/spf13/cobra"

	"github.com/partnerledger/partnerledger/internal/table"
)

func (a *app) record() *cobra.Command {
	l := &list{path: "/v1/reseller-of-record", columns: []table.Column{
		{Heading: "SUBSCRIPTION", Field: "subscriptionId"}, {Heading: "MPN ID", Field: "mpnId"}, {Heading: "RESELLER", Field: "resellerTenantId"},
		{Heading: "FROM", Field: "from"}, {Heading: "TO", Field: "to"},
	}}
	corrections := false
	cmd := a.rows(&cobra.Command{
		Use:     "record",
		Aliases: []string{"reseller-of-record"},
		Short:   "Who was reseller of record on which subscription, from when to when",
		Long: `record lists the intervals in which a reseller was on record on a subscription; TO is – while it still is.

A correction edits nothing, it replaces intervals: --as-known-at shows those that the ledger believed in before it, and --corrections
both, with KNOWN FROM and KNOWN UNTIL, when it said so, and the event that SUPERSEDED BY names.
Removing a partnership closes nothing under --policy keep, and everything under --policy close.`,
		Example: "  ledger record --subscription 41e9dd9a-7e41-4715-a925-167cf2905d84\n  ledger record --subscription … --as-known-at 2022-04-01T00:00:00Z\n" +
			"  ledger record --subscription … --corrections",
		PreRun: func(*cobra.Command, []string) {
			if corrections {
				l.preset("corrections", "true")
				l.columns = append(l.columns, table.Column{Heading: "KNOWN FROM", Field: "knownFrom"}, table.Column{Heading: "KNOWN UNTIL", Field: "knownUntil"},
					table.Column{Heading: "SUPERSEDED BY", Field: "supersededBy"})
			}
		},
	}, l)
	l.filter(cmd, "provider", "provider", "only of this provider (`TENANT` id)")
	l.filter(cmd, "customer", "customer", "only of this customer (`TENANT` id)")
	l.filter(cmd, "subscription", "subscription", "only of this subscription (`ID`)")
	l.filter(cmd, "reseller", "reseller", "only of this reseller (`TENANT` id)")
	l.filter(cmd, "mpn", "mpn", "only of this MPN `ID`")
	l.filter(cmd, "policy", "policy", "`POLICY` keep (default) or close: what the removal of a partnership does to credit")
	cmd.Flags().BoolVar(&corrections, "corrections", false, "also what the ledger said before a correction")
	return cmd
}

func (a *app) credit() *cobra.Command {
	l := &list{path: "/v1/credit", columns: []table.Column{
		{Heading: "MONTH", Field: "month"}, {Heading: "MPN ID", Field: "mpnId"}, {Heading: "RESELLER", Field: "name", Width: 34},
		{Heading: "SEAT-DAYS", Field: "seatDays", Right: true},
	}}
	uncredited := false
	cmd := a.rows(&cobra.Command{
		Use:   "credit",
		Short: "Incentive credit in seat-days, by month and reseller",
		Long: `credit adds up seats times days for whoever was reseller of record, to the millisecond (months in UTC).

Removing a partnership leaves credit open under --policy keep and closes it under --policy close.
With --uncredited: seat-days for which nobody was on record.`,
		Example: "  ledger credit --month 2024-06\n  ledger credit --month 2024-06 --policy close --as-known-at 2024-07-01T00:00:00Z",
		PreRun: func(*cobra.Command, []string) {
			if uncredited {
				l.path = "/v1/uncredited"
				l.columns = []table.Column{{Heading: "MONTH", Field: "month"}, {Heading: "PROVIDER", Field: "providerTenantId"}, {Heading: "SEAT-DAYS", Field: "seatDays", Right: true}}
			}
		},
	}, l)
	l.filter(cmd, "month", "month", "only this `MONTH`, yyyy-mm")
	l.filter(cmd, "provider", "provider", "only of this provider (`TENANT` id)")
	l.filter(cmd, "reseller", "reseller", "only of this reseller (`TENANT` id)")
	l.filter(cmd, "customer", "customer", "only of this customer (`TENANT` id)")
	l.filter(cmd, "mpn", "mpn", "only of this MPN `ID`")
	l.filter(cmd, "policy", "policy", "`POLICY` keep (default) or close: what the removal of a partnership does to credit")
	cmd.Flags().BoolVar(&uncredited, "uncredited", false, "the seat-days that nobody earns")
	return cmd
}
