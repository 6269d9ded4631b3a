package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/partnerledger/partnerledger/internal/audit"
)

const keysIntro = `ledgerd keys looks after the keys with which the notary signs the proof log. None is ever made by accident.

  ledgerd keys create --name ORIGIN --data DIR    make the first key, of a log called ORIGIN: ledger.example.org/partners
  ledgerd keys show --data DIR                    print the verifier keys, which auditors need; the newest last
  ledgerd keys rotate --data DIR                  add a key: from the next start on the notary signs with all of them
  ledgerd proofs rebuild --data DIR               make the files of the proof log anew from the events

The keys are in notary.keys under --data. Keep a copy in a safe place: without them the log can't be carried on. Give the
verifier key to auditors yourself; who gets it from the ledger that is to be checked has checked nothing.

`

// keysConfig is every setting of these commands.
type keysConfig struct {
	config
	name string
}

func (c *keysConfig) flags(program string) *pflag.FlagSet {
	f := pflag.NewFlagSet(program, pflag.ContinueOnError)
	f.SortFlags = false
	f.Usage = func() {}
	f.StringVar(&c.Data, "data", "data", "directory of the daemon")
	f.StringVar(&c.name, "name", "", "create: the origin of the log, an address without its scheme; it stays for ever")
	f.StringVar(&c.EventStore, "eventstore", "", "rebuild: EventStoreDB to read, esdb://HOST:PORT?tls=false; empty: the log under --data")
	return f
}

// runKeys is the program when its first argument is "keys" or "proofs".
func runKeys(ctx context.Context, args []string, getenv func(string) string, stdout io.Writer) error {
	program, command := "ledgerd "+args[0], ""
	if args = args[1:]; len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		command, args = args[0], args[1:]
	}
	c := keysConfig{config: config{LogLevel: "warn", EmbeddedStore: "127.0.0.1:0"}}
	f := c.flags(program)
	err := f.Parse(args)
	if errors.Is(err, pflag.ErrHelp) {
		fmt.Fprint(stdout, keysIntro, f.FlagUsages())
		return nil
	}
	if err == nil && f.NArg() > 0 {
		err = fmt.Errorf("unexpected argument %q", f.Arg(0))
	}
	for _, name := range []string{"data", "eventstore"} {
		if value := getenv(envName(name)); err == nil && value != "" && !f.Changed(name) {
			err = f.Set(name, value)
		}
	}
	does := map[string]func(context.Context, io.Writer) error{
		"ledgerd keys create": c.create, "ledgerd keys show": c.show, "ledgerd keys rotate": c.rotate, "ledgerd proofs rebuild": c.rebuild,
	}[program+" "+command]
	if err == nil && does == nil {
		err = fmt.Errorf("there is no command %q; see %s --help", command, program)
	}
	if err != nil {
		return &usageError{fmt.Errorf("%s: %w", strings.TrimPrefix(program, "ledgerd "), err)}
	}
	return does(ctx, stdout)
}

func (c *keysConfig) create(_ context.Context, stdout io.Writer) error {
	if c.name == "" {
		return &usageError{errors.New("keys create: --name says what the log is called, for example --name ledger.example.org/partners")}
	}
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return fmt.Errorf("data directory: %w", err)
	}
	keys, err := audit.CreateKeys(c.notaryKeys(), c.name)
	if err != nil {
		return err
	}
	return c.declare(keys, stdout)
}

func (c *keysConfig) rotate(_ context.Context, stdout io.Writer) error {
	keys, err := audit.OpenKeys(c.notaryKeys())
	if err != nil {
		return err
	}
	if keys, err = keys.Rotate(); err != nil {
		return err
	}
	return c.declare(keys, stdout)
}

// declare records the keys where auditors find them, and prints them.
func (c *keysConfig) declare(keys *audit.KeyRing, stdout io.Writer) error {
	if err := keys.Declare(c.proofs(), time.Now()); err != nil {
		return err
	}
	return c.show(context.Background(), stdout)
}

func (c *keysConfig) show(_ context.Context, stdout io.Writer) error {
	keys, err := audit.OpenKeys(c.notaryKeys())
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(stdout, strings.Join(keys.VerifierKeys(), "\n"))
	return err
}

func (c *keysConfig) rebuild(ctx context.Context, stdout io.Writer) (err error) {
	keys, err := audit.OpenKeys(c.notaryKeys())
	if err != nil {
		return err
	}
	l := &ledger{config: c.config, log: c.logger()}
	defer func() { err = errors.Join(err, l.close()) }()
	if err := l.connectStore(ctx); err != nil {
		return err
	}
	size, err := audit.Rebuild(ctx, c.proofs(), keys, counted{l.store}, time.Now)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(stdout, "the proof log was made anew from %d events; every root is the one that was signed\n", size)
	return err
}
