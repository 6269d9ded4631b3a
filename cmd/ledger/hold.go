package main

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/partnerledger/partnerledger/internal/table"
	"github.com/partnerledger/partnerledger/internal/wire"
)

func (a *app) hold() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "hold",
		Short: "Keep personal data from being erased: place, lift, list legal holds",
		Long: `hold keeps personal data from being erased while a court or an authority may want it. A hold is on one customer, or on
all customers of a provider; erasing is refused until every hold is lifted. Who placed and lifted it, and why, stays on record.`,
		Example: `  ledger hold place court-17 --provider $P --customer $C --reason "claim 17" --user kim@northwind.example
  ledger hold list
  ledger hold lift court-17 --provider $P --customer $C --reason "settled" --user kim@northwind.example`,
		Args: func(cmd *cobra.Command, _ []string) error {
			return seeHelp(cmd, errors.New("say what to do: place, lift or list"))
		},
		RunE: func(*cobra.Command, []string) error { return nil },
	}
	cmd.AddCommand(a.orderHold("place", "Place a legal hold", "place keeps the personal data of a customer's contacts, or without --customer of all customers of the provider, from being\nerased. HOLD is a name of your own by which the hold is lifted."),
		a.orderHold("lift", "Lift a legal hold", "lift ends a hold, which is named as it was placed: with --customer or without. Other holds on the same data stay."), a.listHolds())
	return cmd
}

func (a *app) orderHold(verb, short, long string) *cobra.Command {
	var o wire.HoldOrder
	cmd := &cobra.Command{Use: verb + " HOLD", Short: short, Long: long,
		Example: "  ledger hold " + verb + ` court-17 --provider $P --reason "claim 17" --user kim@northwind.example`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return seeHelp(cmd, errors.New(verb+" takes the name of one hold"))
			}
			return nil
		}}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := wants(cmd, "provider", "reason", "user"); err != nil {
			return err
		}
		c, err := a.client()
		if err != nil {
			return err
		}
		o.TenantID = o.ProviderTenantID
		answer, err := c.OrderHold(cmd.Context(), verb, args[0], o)
		if err != nil {
			return err
		}
		return a.done(cmd.Context(), c, answer, "legal hold "+args[0]+" is "+map[string]string{"place": "placed", "lift": "lifted"}[verb])
	}
	cmd.Flags().StringVar(&o.ProviderTenantID, "provider", "", "the provider (`TENANT` id)")
	cmd.Flags().StringVar(&o.CustomerTenantID, "customer", "", "the customer (`TENANT` id); default: all customers of the provider")
	cmd.Flags().StringVar(&o.Reason, "reason", "", "why (`TEXT`); it stays on record")
	issuer(cmd, &o.Issuer)
	return cmd
}

func (a *app) listHolds() *cobra.Command {
	l := &list{path: "/v1/legal-holds", columns: []table.Column{
		{Heading: "HOLD", Field: "holdId"}, {Heading: "PROVIDER", Field: "providerTenantId"}, {Heading: "CUSTOMER", Field: "customerTenantId"},
		{Heading: "PLACED", Field: "placedAt"}, {Heading: "BY", Field: "placedBy", Width: 30}, {Heading: "LIFTED", Field: "liftedAt"}, {Heading: "REASON", Field: "reason", Width: 40},
	}}
	cmd := a.rows(&cobra.Command{Use: "list", Short: "List legal holds", Long: "list shows the legal holds that are open; without CUSTOMER a hold is on all customers of the provider.",
		Example: "  ledger hold list\n  ledger hold list --state all"}, l)
	l.filter(cmd, "provider", "provider", "only of this provider (`TENANT` id)")
	l.filter(cmd, "customer", "customer", "only those that hold this customer (`TENANT` id)")
	l.filter(cmd, "state", "state", "`STATE`: open (default) or all")
	return cmd
}
