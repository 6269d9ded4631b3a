// Command ledgerd is the daemon of Partner Ledger: it takes commands, keeps events and answers questions.
//
// Every process can run alone or all together. By default one process runs everything, with an embedded
// event store, an embedded NATS server and SQLite under one directory; a URL each swaps in the real thing.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/pflag"
)

const intro = `ledgerd keeps a ledger of partner relationships and answers questions about it.

  ledgerd --demo                   three years of invented business to look around in
  ledgerd --data DIR               everything in one process, kept under DIR
  ledgerd --eventstore esdb://… --nats nats://… --database postgres://… --run api
  ledgerd eventstore --help        its event store alone, for clients in any language
  ledgerd replay --check           make every decision again, and compare
  ledgerd keys create --name …     begin a proof log, which shows auditors that nothing was altered

Every setting is also an environment variable: --allow-history is LEDGERD_ALLOW_HISTORY.

`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(exitCode(run(ctx, os.Args[1:], os.Getenv, os.Stdout), os.Stderr))
}

// exitCode tells a person what went wrong: 2 for wrong settings, 1 for anything else.
func exitCode(err error, stderr io.Writer) int {
	var usage *usageError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &usage):
		fmt.Fprintf(stderr, "ledgerd: %v\n", usage.err)
		return 2
	default:
		fmt.Fprintf(stderr, "ledgerd: %v\n", err)
		return 1
	}
}

// usageError is a fault of the settings.
type usageError struct{ err error }

// Error names the faults.
func (e *usageError) Error() string { return e.err.Error() }

// Unwrap gives them one by one.
func (e *usageError) Unwrap() error { return e.err }

// run is the program: settings, then everything wired together, until ctx ends or a part fails for good.
func run(ctx context.Context, args []string, getenv func(string) string, stdout io.Writer) error {
	if len(args) > 0 && args[0] == "eventstore" {
		return runEventStore(ctx, args[1:], getenv, stdout)
	}
	if len(args) > 0 && (args[0] == "keys" || args[0] == "proofs") {
		return runKeys(ctx, args, getenv, stdout)
	}
	if len(args) > 0 && args[0] == "replay" {
		return runReplay(ctx, args[1:], getenv, stdout)
	}
	c, err := parse(args, getenv)
	if errors.Is(err, pflag.ErrHelp) {
		fmt.Fprint(stdout, intro, c.flags().FlagUsages())
		return nil
	}
	if err != nil {
		return &usageError{err}
	}
	return serve(ctx, c, stdout)
}
