package main

import (
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/spf13/cobra"

	"github.com/partnerledger/partnerledger/internal/wire"
)

// sealProjections is the command that puts on record what projections hold.
func (a *app) sealProjections() *cobra.Command {
	var by wire.Sealing
	cmd := &cobra.Command{
		Use:   "seal NAME…|all",
		Short: "Put on record what read models hold, so that an auditor can make them again and compare",
		Long: `seal digests the rows of read models as they are now, in one snapshot, and records each digest as an event, with the number
of events of which the rows were made. Like every event it comes under the proof log, so it can't be denied later on:

  ledger evidence --stream projection-NAME -o BUNDLE.zip    takes the seals away with their proofs
  ledgerd replay --seals --data DIR                         makes the read models again of the events, and compares

Nothing is locked meanwhile: commands are taken and questions answered as ever.`,
		Example: "  ledger projections seal all\n  ledger projections seal timeline credit --user kim@operators.example",
		Args:    some,
		RunE: func(cmd *cobra.Command, names []string) error {
			c, err := a.client()
			if err != nil {
				return err
			}
			sealed, err := c.Seal(cmd.Context(), by, names...)
			if err != nil {
				return err
			}
			if a.json {
				text, err := json.Marshal(sealed)
				if err != nil {
					return err
				}
				_, err = fmt.Fprintf(a.out, "%s\n", text)
				return err
			}
			for _, s := range sealed.Items {
				if _, err := fmt.Fprintf(a.out, "%s: %s rows of %s events, version %d, digest %s\n", s.Projection, thousands(uint64(s.Rows)), thousands(uint64(s.Events)), s.Version, s.Digest); err != nil {
					return err
				}
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&by.UserPrincipalName, "user", a.userName(), "`WHO` asks for this; it stays on record")
	return cmd
}
