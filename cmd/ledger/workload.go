package main

import (
	"github.com/spf13/cobra"

	"github.com/partnerledger/partnerledger/internal/workload"
)

func (a *app) workload() *cobra.Command {
	var size string
	var seed uint64
	var edges bool
	cmd := &cobra.Command{
		Use:   "workload",
		Short: "Write a workload of invented commands to standard output",
		Long: `workload writes three fiscal years of invented business as commands, one a line, in order of time.

The same seed, size and flags give the same bytes. Lines that must be refused say so in "expect".`,
		Example: "  ledger workload --size tiny | ledger submit --expect -\n  ledger workload --size large --seed 7 | gzip > large.jsonl.gz",
		Args:    nothing,
		RunE: func(cmd *cobra.Command, _ []string) error {
			parsed, err := workload.ParseSize(size)
			if err != nil {
				return &usageError{err}
			}
			_, err = workload.Generate(cmd.Context(), workload.Options{Seed: seed, Size: parsed, EdgeCases: edges}, a.out)
			return err
		},
	}
	cmd.Flags().StringVar(&size, "size", "tiny", "`SIZE`: tiny (10 resellers), small (60), medium (1,500) or large (8,500)")
	cmd.Flags().Uint64Var(&seed, "seed", 1, "the seed of chance: the same `N` gives the same bytes")
	cmd.Flags().BoolVar(&edges, "edge-cases", false, "with the scenes that are easy to get wrong")
	return cmd
}
