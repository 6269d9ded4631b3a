package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/spf13/cobra"

	"github.com/partnerledger/partnerledger/internal/client"
	"github.com/partnerledger/partnerledger/internal/table"
	"github.com/partnerledger/partnerledger/internal/wire"
)

func (a *app) erase() *cobra.Command {
	l := &list{path: "/v1/erasures", columns: []table.Column{
		{Heading: "ERASURE", Field: "erasureId"}, {Heading: "CUSTOMER", Field: "customerTenantId"}, {Heading: "REQUEST", Field: "requestId"}, {Heading: "REQUESTED", Field: "requestedAt"},
		{Heading: "BY", Field: "requestedBy", Width: 30}, {Heading: "STATE", Field: "state"}, {Heading: "CLOSED BY", Field: "closedBy", Width: 30}, {Heading: "REASON", Field: "reason", Width: 40},
	}}
	cmd := a.rows(&cobra.Command{
		Use:   "erase",
		Short: "Erase the personal data of a customer's contacts or of a partnership request: request, approve, withdraw",
		Long: `erase makes the names, e-mail and postal addresses and phone numbers of a customer's contacts, recorded so far,
unreadable for ever, or the address and the message of a partnership request: it destroys the key with which they are sealed. The events stay as they are, so every proof stays valid;
company name and domain stay readable. Nobody can undo it, so it takes two people and no legal hold:

  1. somebody requests it, for a reason that stays on record     ledger erase request
  2. somebody else approves it, and only then it happens         ledger erase approve
     or anybody withdraws it, and nothing happens                ledger erase withdraw

While a legal hold is on the customer, or on all customers of its provider (which counts for its requests too), both are refused:
see ledger hold.
Backups of the key store still hold keys; let them expire, see the README.

Alone, it lists the requests that are open; with --state all also what became of the others.`,
		Example: `  ledger erase request --provider $P --customer $C --reason "asked for on 3 May" --user kim@northwind.example
  ledger erase
  ledger erase approve 5f4f2f0e-6f0a-4d9e-9a55-a1b2c3d4e5f6 --user lee@northwind.example`,
	}, l)
	l.filter(cmd, "provider", "provider", "only of this provider (`TENANT` id)")
	l.filter(cmd, "customer", "customer", "only of this customer (`TENANT` id)")
	l.filter(cmd, "state", "state", "`STATE`: open (default) or all")
	l.filter(cmd, "request", "request", "only of this partnership request (`ID`)")
	cmd.AddCommand(a.requestErasure(), a.answerErasure("approve", "Approve an erasure that somebody else requested: the data is erased",
		"approve erases what was requested, for ever. It is refused to the user who requested it."),
		a.answerErasure("withdraw", "Withdraw a request; nothing is erased", "withdraw ends a request before it is approved; nothing is erased."))
	return cmd
}

// issuer declares who issues a command.
func issuer(cmd *cobra.Command, i *wire.Issuer) {
	cmd.Flags().StringVar(&i.UserPrincipalName, "user", "", "who does this (user principal `NAME`); it stays on record")
	cmd.Flags().StringVar(&i.Role, "role", "AdminAgent", "the user's role: AdminAgent or GlobalAdmin")
}

func (a *app) requestErasure() *cobra.Command {
	var r wire.ErasureRequest
	cmd := &cobra.Command{
		Use:   "request",
		Short: "Request that the contacts of a customer, or whom a partnership request was sent to, be erased",
		Long: `request asks that the personal data of a customer's contacts be erased, or with --request that of a partnership request (the
address to which it was sent, and its message), and prints the id of the erasure, which somebody else then approves. Nothing is erased yet. Leave names out of the reason: it stays readable.`,
		Example: `  ledger erase request --provider $P --customer $C --reason "asked for on 3 May" --user kim@northwind.example
  ledger erase request --provider $P --request $R --reason "asked for on 3 May" --user kim@northwind.example`,
		Args: nothing,
	}
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := wants(cmd, "provider", "reason", "user"); err != nil {
			return err
		}
		if (r.CustomerTenantID == "") == (r.RequestID == "") {
			return seeHelp(cmd, errors.New("say whose data: either --customer or --request"))
		}
		c, err := a.client()
		if err != nil {
			return err
		}
		r.TenantID = r.ProviderTenantID
		answer, err := c.RequestErasure(cmd.Context(), r)
		if err != nil {
			return err
		}
		return a.done(cmd.Context(), c, answer, "erasure "+answer.CommandID+" is requested; somebody else than "+r.UserPrincipalName+" has to approve it")
	}
	cmd.Flags().StringVar(&r.ProviderTenantID, "provider", "", "the provider (`TENANT` id)")
	cmd.Flags().StringVar(&r.CustomerTenantID, "customer", "", "the customer whose contacts are to be erased (`TENANT` id)")
	cmd.Flags().StringVar(&r.RequestID, "request", "", "or the partnership request whose personal data is (`ID`)")
	cmd.Flags().StringVar(&r.Reason, "reason", "", "why (`TEXT`); it stays on record")
	issuer(cmd, &r.Issuer)
	return cmd
}

// wants refuses a command line without these flags.
func wants(cmd *cobra.Command, flags ...string) error {
	for _, name := range flags {
		if f := cmd.Flags().Lookup(name); f.Value.String() == "" {
			return seeHelp(cmd, fmt.Errorf("--%s is missing: %s", name, f.Usage))
		}
	}
	return nil
}

// done says what was done, once questions see it.
func (a *app) done(ctx context.Context, c *client.Client, answer wire.Answer, sentence string) error {
	if err := settle(ctx, c, answer.Position); err != nil {
		return err
	}
	if a.json {
		text, err := json.Marshal(answer)
		if err != nil {
			return err
		}
		fmt.Fprintln(a.out, string(text))
		return nil
	}
	if answer.Repeated || len(answer.EventIDs) == 0 {
		sentence += " (it was so already)"
	}
	fmt.Fprintln(a.out, sentence)
	return nil
}

func (a *app) answerErasure(verb, short, long string) *cobra.Command {
	var r wire.ErasureAnswer
	cmd := &cobra.Command{Use: verb + " ERASURE", Short: short, Long: long, Example: "  ledger erase " + verb + " 5f4f2f0e-6f0a-4d9e-9a55-a1b2c3d4e5f6 --user lee@northwind.example",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return seeHelp(cmd, errors.New(verb+" takes one erasure; ledger erase lists those that are open"))
			}
			return nil
		}}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := wants(cmd, "user"); err != nil {
			return err
		}
		c, err := a.client()
		if err != nil {
			return err
		}
		if r.ProviderTenantID, r.CustomerTenantID, r.RequestID, err = erasureNamed(cmd.Context(), c, args[0]); err != nil {
			return err
		}
		r.TenantID = r.ProviderTenantID
		answer, err := c.AnswerErasure(cmd.Context(), verb, args[0], r)
		if err != nil {
			return err
		}
		erased := "the contacts of customer " + r.CustomerTenantID + " are erased"
		if r.RequestID != "" {
			erased = "the personal data of request " + r.RequestID + " is erased"
		}
		return a.done(cmd.Context(), c, answer, map[string]string{"approve": erased,
			"withdraw": "erasure " + args[0] + " is withdrawn; nothing is erased"}[verb])
	}
	if verb == "withdraw" {
		cmd.Flags().StringVar(&r.Reason, "reason", "", "why (`TEXT`); it stays on record")
	}
	issuer(cmd, &r.Issuer)
	return cmd
}

// erasureNamed finds whose an erasure is.
func erasureNamed(ctx context.Context, c *client.Client, id string) (provider, customer, request string, err error) {
	for row, err := range c.Rows(ctx, "/v1/erasures", map[string][]string{"state": {"all"}}) {
		if err != nil {
			return "", "", "", err
		}
		var e struct{ ErasureID, ProviderTenantID, CustomerTenantID, RequestID string }
		if err := json.Unmarshal(row, &e, json.MatchCaseInsensitiveNames(true)); err != nil {
			return "", "", "", fmt.Errorf("answer: %w", err)
		}
		if e.ErasureID == id {
			return e.ProviderTenantID, e.CustomerTenantID, e.RequestID, nil
		}
	}
	return "", "", "", fmt.Errorf("there is no erasure %s; ledger erase lists those that are open", id)
}
