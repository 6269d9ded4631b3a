package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"

	"github.com/spf13/pflag"

	"github.com/partnerledger/partnerledger/eventstore/esdbnode"
)

const eventStoreIntro = `ledgerd eventstore is the ledger's event store alone: a server that speaks EventStoreDB's protocol, on one machine,
for clients in any language. Clients cannot tell it from EventStoreDB 24.10, except that it runs no projections of
your own; $ce-, $et- and the like are there without any.

  ledgerd eventstore --memory                                 for tests: gone when it ends
  ledgerd eventstore --data DIR                               kept under DIR
  ledgerd eventstore --data DIR --listen 0.0.0.0:2113 --tls-cert node.crt --tls-key node.key \
      --admin-password-file admin.txt --ops-password-file ops.txt
  ledgerd eventstore verify --data DIR                        prove that every byte is what was written
  ledgerd eventstore compact --data DIR                       remove what metadata and deletion hide

Point a client at it with a connection string:

  esdb://127.0.0.1:2113?tls=false                             without --tls-cert
  esdb://admin:PASSWORD@HOST:2113?tls=true&tlsCaFile=ca.crt   with it

  Go       esdb.ParseConnectionString("esdb://127.0.0.1:2113?tls=false"), then esdb.NewClient
  Node.js  EventStoreDBClient.connectionString("esdb://127.0.0.1:2113?tls=false")
  .NET     new EventStoreClient(EventStoreClientSettings.Create("esdb://127.0.0.1:2113?tls=false"))
  Java     EventStoreDBClient.create(EventStoreDBConnectionString.parseOrThrow("esdb://127.0.0.1:2113?tls=false"))
  Python   EventStoreDBClient(uri="esdb://127.0.0.1:2113?Tls=false")
  Rust     Client::new("esdb://127.0.0.1:2113?tls=false".parse()?)

Without a certificate nobody is asked for a password, so it listens on loopback only. With one, users "admin" and
"ops" are there; their password is "changeit" until it is set, and the server does not leave loopback before it is.
Health checks ask /health/live on the same port.

Every setting is also an environment variable: --tls-cert is LEDGERD_EVENTSTORE_TLS_CERT. Passwords may be given as
LEDGERD_EVENTSTORE_ADMIN_PASSWORD and LEDGERD_EVENTSTORE_OPS_PASSWORD.

`

// eventStoreConfig is every setting of the event store alone.
type eventStoreConfig struct {
	data, listen, advertise    string
	memory, logJSON            bool
	tlsCert, tlsKey, tlsCA     string
	adminPassword, opsPassword esdbnode.Password
	adminFile, opsFile         string
}

func (c *eventStoreConfig) flags(command string) *pflag.FlagSet {
	f := pflag.NewFlagSet("ledgerd eventstore", pflag.ContinueOnError)
	f.SortFlags = false
	f.Usage = func() {}
	f.StringVar(&c.data, "data", "", "directory of the log")
	f.BoolVar(&c.logJSON, "log-json", false, "write the log as JSON lines")
	if command != "" {
		return f
	}
	f.BoolVar(&c.memory, "memory", false, "keep the log in memory")
	f.StringVar(&c.listen, "listen", "127.0.0.1:2113", "address to listen on; loopback only unless --tls-cert is given")
	f.StringVar(&c.advertise, "advertise", "", "host under which clients with several addresses are told to come; empty: where they came to")
	f.StringVar(&c.tlsCert, "tls-cert", "", "certificate as a PEM file; makes the server ask who is calling")
	f.StringVar(&c.tlsKey, "tls-key", "", "the certificate's key as a PEM file")
	f.StringVar(&c.tlsCA, "tls-ca", "", "authorities of client certificates, whose common name is the user; empty: passwords only")
	f.StringVar(&c.adminFile, "admin-password-file", "", "file with the password of user admin, unless it was changed before")
	f.StringVar(&c.opsFile, "ops-password-file", "", "file with the password of user ops, unless it was changed before")
	return f
}

// runEventStore is the program when its first argument is "eventstore".
func runEventStore(ctx context.Context, args []string, getenv func(string) string, stdout io.Writer) error {
	command := ""
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		command, args = args[0], args[1:]
	}
	does := map[string]func(eventStoreConfig, context.Context, io.Writer) error{
		"": eventStoreConfig.serve, "verify": eventStoreConfig.verify, "compact": eventStoreConfig.compact,
	}[command]
	if does == nil {
		return &usageError{fmt.Errorf("eventstore: there is no command %q; there are verify and compact", command)}
	}
	var c eventStoreConfig
	f := c.flags(command)
	err := c.parse(f, command, args, getenv)
	if errors.Is(err, pflag.ErrHelp) {
		fmt.Fprint(stdout, eventStoreIntro, f.FlagUsages())
		return nil
	}
	if err != nil {
		return &usageError{fmt.Errorf("eventstore: %w", err)}
	}
	return does(c, ctx, stdout)
}

// parse reads flags, environment and the files of passwords, and names every fault at once.
func (c *eventStoreConfig) parse(f *pflag.FlagSet, command string, args []string, getenv func(string) string) error {
	if err := f.Parse(args); err != nil {
		return err
	}
	var faults []error
	if f.NArg() > 0 {
		faults = append(faults, fmt.Errorf("unexpected argument %q", f.Arg(0)))
	}
	f.VisitAll(func(flag *pflag.Flag) {
		name := eventStoreEnv(flag.Name)
		if value := getenv(name); value != "" && !flag.Changed {
			if err := flag.Value.Set(value); err != nil {
				faults = append(faults, fmt.Errorf("%s: %w", name, err))
			}
		}
	})
	if command != "" {
		if c.data == "" {
			faults = append(faults, errors.New("--data says which log"))
		}
		return errors.Join(faults...)
	}
	if (c.data == "") == !c.memory {
		faults = append(faults, errors.New("give either --data or --memory"))
	}
	if (c.tlsCert == "") != (c.tlsKey == "") || c.tlsCA != "" && c.tlsCert == "" {
		faults = append(faults, errors.New("--tls-cert and --tls-key go together, and --tls-ca with them"))
	}
	return errors.Join(append(faults, c.readPasswords(getenv)...)...)
}

func eventStoreEnv(flag string) string { return envName("eventstore-" + flag) }

// readPasswords takes the passwords from their files, else from the environment. What is wrong with a file is said
// without a word of what is in it.
func (c *eventStoreConfig) readPasswords(getenv func(string) string) (faults []error) {
	for _, p := range []struct {
		flag, file string
		into       *esdbnode.Password
	}{{"admin-password", c.adminFile, &c.adminPassword}, {"ops-password", c.opsFile, &c.opsPassword}} {
		*p.into = esdbnode.Password(getenv(eventStoreEnv(p.flag)))
		if p.file == "" {
			continue
		}
		text, err := os.ReadFile(p.file)
		if err != nil {
			faults = append(faults, fmt.Errorf("--%s-file: %w", p.flag, err))
			continue
		}
		first, _, _ := strings.Cut(string(text), "\n")
		*p.into = esdbnode.Password(strings.TrimSuffix(first, "\r"))
		if *p.into == "" {
			faults = append(faults, fmt.Errorf("--%s-file: the first line of %s is empty", p.flag, p.file))
		}
	}
	return faults
}

func (c eventStoreConfig) logger() *slog.Logger {
	if c.logJSON {
		return slog.New(slog.NewJSONHandler(os.Stderr, nil))
	}
	return slog.New(slog.NewTextHandler(os.Stderr, nil))
}

// serve runs the server until ctx ends or a client shuts it down.
func (c eventStoreConfig) serve(ctx context.Context, stdout io.Writer) error {
	opts := esdbnode.Options{
		Dir: c.data, Memory: c.memory, Listen: c.listen, Advertise: c.advertise, Logger: c.logger(),
		AdminPassword: c.adminPassword, OpsPassword: c.opsPassword,
	}
	if c.tlsCert != "" {
		security, err := esdbnode.LoadTLS(c.tlsCert, c.tlsKey, c.tlsCA)
		if err != nil {
			return err
		}
		opts.TLS = security
	}
	node, err := esdbnode.Start(ctx, opts)
	if err != nil {
		return advise(err)
	}
	fmt.Fprintf(stdout, "ledgerd eventstore answers at %s\n", node.ConnectionString())
	select {
	case <-ctx.Done():
	case <-node.Done():
	}
	return node.Close()
}

// advise says what to do about an error that a setting can cure.
func advise(err error) error {
	switch {
	case errors.Is(err, esdbnode.ErrNotLoopback):
		return fmt.Errorf("%w; give --tls-cert and --tls-key to let others in", err)
	case errors.Is(err, esdbnode.ErrDefaultPassword):
		return fmt.Errorf("%w; give --admin-password-file and --ops-password-file", err)
	}
	return err
}

func (c eventStoreConfig) verify(ctx context.Context, stdout io.Writer) error {
	found, err := esdbnode.Verify(ctx, c.data)
	if errors.Is(err, esdbnode.ErrLocked) {
		return fmt.Errorf("%w; stop the server first", err)
	}
	var damaged *esdbnode.CorruptError
	if err != nil && !errors.As(err, &damaged) {
		return err
	}
	fmt.Fprintf(stdout, "segments    %d, of them compacted %d\nrecords     %d\nevents      %d, removed by compaction %d\nstreams     %d, of them tombstoned %d\nend of log  %d\n",
		found.Segments, found.Compacted, found.Records, found.Events, found.Removed, found.Streams, found.Tombstones, found.End)
	if err != nil {
		return err
	}
	if found.Torn > 0 {
		fmt.Fprintf(stdout, "%d bytes at the end are of a write that was cut off and never acknowledged; the next start removes them\n", found.Torn)
	}
	if found.Unindexed > 0 {
		fmt.Fprintf(stdout, "%d index files are missing or broken; the next start makes them again\n", found.Unindexed)
	}
	fmt.Fprintln(stdout, "sound")
	return nil
}

func (c eventStoreConfig) compact(ctx context.Context, stdout io.Writer) error {
	done, err := esdbnode.Compact(ctx, esdbnode.Options{Dir: c.data, Logger: c.logger()})
	if errors.Is(err, esdbnode.ErrLocked) {
		return fmt.Errorf("%w; stop the server first, or ask it to scavenge", err)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "events removed  %d, left %d\nsegments        %d, rewritten %d\nbytes           %d before, %d after\n",
		done.Removed, done.Kept, done.Segments, done.Rewritten, done.Before, done.After)
	return nil
}
