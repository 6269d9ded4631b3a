// Command ledger asks a ledger questions and gives it commands, over HTTP only.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/partnerledger/partnerledger/internal/client"
)

// Exit codes, the same for every subcommand.
const (
	exitFailed  = 1 // the ledger refused, failed, or the answer differs from what was expected
	exitUsage   = 2 // the command line is wrong
	exitNowhere = 3 // no ledger answers
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	a := &app{in: os.Stdin, out: os.Stdout, err: os.Stderr, getenv: os.Getenv}
	os.Exit(a.run(ctx, os.Args[1:]))
}

// app is one run of the program: what it reads and writes, and the settings that all nouns share.
type app struct {
	in       io.Reader
	out, err io.Writer
	getenv   func(string) string

	server string
	json   bool
	csv    bool

	// began says that a command line was understood; what fails before is its own fault.
	began bool
}

const defaultServer = "http://127.0.0.1:8080"

// run carries out the command line and gives the exit code.
func (a *app) run(ctx context.Context, args []string) int {
	root := a.root()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	fmt.Fprintf(a.err, "ledger: %v\n", err)
	var nowhere *client.Unreachable
	var usage *usageError
	switch {
	case errors.As(err, &usage), !a.began:
		return exitUsage
	case errors.As(err, &nowhere):
		return exitNowhere
	default:
		return exitFailed
	}
}

// usageError is a wrong command line.
type usageError struct{ error }

// Unwrap gives what is wrong.
func (e *usageError) Unwrap() error { return e.error }

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "ledger",
		Short: "Ask a ledger of partner relationships, and give it commands",
		Long: `ledger talks to a running ledgerd: it gives it commands and asks it questions.

Questions come as tables for people, as --json for machines and as --csv for spreadsheets. Two times can be asked about:
--as-of is when things were so, --as-known-at is when the ledger knew it; they differ through corrections.

Answers go to standard output, and nothing else does. Exit codes: 0 done; 1 refused, failed or different from what was
expected; 2 wrong command line; 3 no ledger answers.`,
		Example: `  ledger submit commands.jsonl.gz        give it commands, with a progress bar
  ledger resellers                       who is in the list now
  ledger resellers --as-of 2023-07-01T00:00:00Z
                                         and who was then
  ledger credit --month 2024-06          incentive credit by reseller
  ledger activity --status refused       what was tried and refused, and why`,
		SilenceErrors: true, SilenceUsage: true,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
	}
	server := a.getenv("LEDGER_SERVER")
	if server == "" {
		server = defaultServer
	}
	f := root.PersistentFlags()
	f.StringVar(&a.server, "server", server, "`URL` where the ledger answers; also the environment variable LEDGER_SERVER")
	f.BoolVar(&a.json, "json", false, "print JSON")
	root.SetOut(a.out)
	root.SetErr(a.err)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return seeHelp(cmd, err) })
	root.PersistentPreRun = func(*cobra.Command, []string) { a.began = true }
	group(root, "Give it commands:", a.submit(), a.workload())
	group(root, "Ask what is so, or was:", a.resellers(), a.requests(), a.customers(), a.subscriptions(), a.supportContacts(), a.privileges(), a.state())
	group(root, "Ask who earns:", a.record(), a.credit(), a.analytics())
	group(root, "Ask what happened:", a.timeline(), a.diff(), a.activity(), a.submissions(), a.status())
	group(root, "Prove it:", a.evidence(), a.verify(), a.replay())
	group(root, "Look after it:", a.projections(), a.erase(), a.hold())
	return root
}

// group adds commands that belong together, in the order in which a newcomer wants to read of them.
func group(root *cobra.Command, title string, commands ...*cobra.Command) {
	root.AddGroup(&cobra.Group{ID: title, Title: title})
	for _, c := range commands {
		c.GroupID = title
	}
	root.AddCommand(commands...)
}

func (a *app) client() (*client.Client, error) {
	c, err := client.New(a.server)
	if err != nil {
		return nil, &usageError{err}
	}
	return c, nil
}

// seeHelp is a wrong command line, and where the right ones are described.
func seeHelp(cmd *cobra.Command, err error) error {
	return &usageError{fmt.Errorf("%w; see %s --help", err, cmd.CommandPath())}
}

// nothing refuses arguments of commands that take none.
func nothing(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return seeHelp(cmd, fmt.Errorf("unexpected argument %q", args[0]))
	}
	return nil
}
