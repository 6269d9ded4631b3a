package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/mod/sumdb/note"

	"github.com/partnerledger/partnerledger/internal/audit/evidence"
	"github.com/partnerledger/partnerledger/internal/audit/proof"
)

func (a *app) verify() *cobra.Command {
	var keys, witnesses []string
	var since string
	cmd := &cobra.Command{
		Use:   "verify BUNDLE.zip|DIRECTORY --key VERIFIER-KEY",
		Short: "Check evidence, offline: that every event is in the log that was signed, unaltered",
		Long: `verify checks a bundle, or a whole exported log, with nothing but what is in it and the verifier key. It asks no ledger.

The verifier key must not come from where the evidence comes from; "ledgerd keys show" prints it. With --since it also
proves that the log begins as it did when you were there the last time: give the file checkpoint that you kept.

It ends with 1 and the first thing that is wrong: a code that stays the same, the place, and what is the matter.`,
		Example: `  ledger verify bundle.zip --key ledger.example.org/partners+1b2f…+AZ…
  ledger verify bundle.zip --key … --since checkpoint-of-last-year --witness-key …
  ledger verify exported-log --key …`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return seeHelp(cmd, errors.New("name one bundle or one directory"))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			checks, err := checksOf(keys, witnesses, since)
			if err != nil {
				return seeHelp(cmd, err)
			}
			return a.verifyFile(args[0], checks)
		},
	}
	f := cmd.Flags()
	f.StringArrayVar(&keys, "key", nil, "a verifier `KEY` of the log; any of several is enough")
	f.StringArrayVar(&witnesses, "witness-key", nil, "the verifier `KEY` of a witness, which must have cosigned; every one of several")
	f.StringVar(&since, "since", "", "the checkpoint `FILE` that you kept at an earlier visit")
	return cmd
}

// checksOf reads what the checking goes by.
func checksOf(keys, witnesses []string, since string) (c evidence.Checks, err error) {
	if len(keys) == 0 {
		return c, errors.New("--key gives the log's verifier key, without which nothing can be checked")
	}
	if c.Trust.Log, err = verifiers(keys, proof.LogKey); err != nil {
		return c, fmt.Errorf("--key: %w", err)
	}
	if c.Trust.Witnesses, err = verifiers(witnesses, proof.WitnessKey); err != nil {
		return c, fmt.Errorf("--witness-key: %w", err)
	}
	if since != "" {
		if c.Since, err = os.ReadFile(since); err != nil {
			return c, fmt.Errorf("--since: %w", err)
		}
	}
	return c, nil
}

// verifiers reads keys; one that is given twice counts once.
func verifiers(texts []string, read func(string) (note.Verifier, error)) (all []note.Verifier, err error) {
	seen := map[string]bool{}
	for _, text := range texts {
		if seen[text] {
			continue
		}
		seen[text] = true
		v, err := read(text)
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, nil
}

func (a *app) verifyFile(name string, checks evidence.Checks) error {
	info, err := os.Stat(name)
	if err != nil {
		return err
	}
	var verdict evidence.Verdict
	if info.IsDir() {
		verdict, err = evidence.VerifyLog(os.DirFS(name), checks)
	} else {
		var text []byte
		if text, err = os.ReadFile(name); err == nil {
			verdict, err = evidence.VerifyBundle(text, checks)
		}
	}
	if err != nil {
		return err
	}
	return verdict.Print(a.out)
}
