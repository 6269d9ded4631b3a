package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/partnerledger/partnerledger/internal/telemetry"
	"github.com/partnerledger/partnerledger/internal/workload"
)

// The roles a daemon can play.
const (
	roleAPI       = "api"
	roleRelay     = "relay"
	roleProjector = "projector"
	roleNotary    = "notary"
)

var allRoles = []string{roleAPI, roleRelay, roleProjector, roleNotary}

// config is every setting of the daemon. Each is a flag and an environment variable: --allow-history is
// LEDGERD_ALLOW_HISTORY; a flag wins.
type config struct {
	Data          string
	HTTP          string
	Ops           string
	EventStore    string
	NATS          string
	Database      string
	Keys          string
	MasterKey     string
	Partitions    string
	Analysts      string
	Run           []string
	Witnesses     []string
	SealEvery     time.Duration
	AllowHistory  bool
	SoleWriter    bool
	StrictRoles   bool
	Demo          bool
	DemoSize      string
	Exit          bool
	LogLevel      string
	LogJSON       bool
	EmbeddedStore string

	// spans gets traces in place of a collector, in tests.
	spans telemetry.Exporter

	Trial trial
}

// flags declares the settings with their defaults and what they mean.
func (c *config) flags() *pflag.FlagSet {
	f := pflag.NewFlagSet("ledgerd", pflag.ContinueOnError)
	f.SortFlags = false
	f.StringVar(&c.Data, "data", "data", "directory of everything that is embedded: event log, feed, read models, keys")
	f.StringVar(&c.HTTP, "http", "127.0.0.1:8080", "address to listen on; loopback only until people can sign in")
	f.StringVar(&c.Ops, "ops", "", "address for health, metrics and status, in any role; empty: with the API only")
	f.StringVar(&c.EventStore, "eventstore", "", "EventStoreDB to use, esdb://HOST:PORT?tls=false; empty: embedded")
	f.StringVar(&c.NATS, "nats", "", "NATS with JetStream to use, nats://HOST:PORT; empty: embedded")
	f.StringVar(&c.Database, "database", "", "database of the read models, postgres://… or sqlite:FILE; empty: SQLite under --data")
	f.StringVar(&c.Keys, "keys", "", "database of the keys of personal data, postgres://…, for several processes with the role api; empty: SQLite under --data")
	f.StringVar(&c.MasterKey, "master-key", "", "`FILE` of the master key that seals them, which these processes share; empty: under --data. Back it up apart from the keys")
	f.StringSliceVar(&c.Run, "run", allRoles, "roles of this process: api, relay, projector, notary")
	f.StringArrayVar(&c.Witnesses, "witness", nil, "with the role notary: a witness that is asked to cosign the proof log, VKEY@https://HOST/PREFIX; may be given several times")
	f.StringVar(&c.Partitions, "partitions", "0-15", "with the role projector: partitions of streams for which this process makes the read models that several may share; PostgreSQL is meant. The others are made where partition 0 is")
	f.StringVar(&c.Analysts, "analysts", "", "with a PostgreSQL --database: a role that may read the tables of the read models, and do nothing else; it must exist")
	f.DurationVar(&c.SealEvery, "seal-every", 24*time.Hour, "with the role api: how often it is put on record what the read models hold, as ledger projections seal does; 0: never")
	f.BoolVar(&c.AllowHistory, "allow-history", false, "accept commands with a time in the past, as history being imported")
	f.BoolVar(&c.SoleWriter, "sole-writer", false, "with --eventstore: promise that no other process writes to that log, and save reading before each decision")
	f.BoolVar(&c.StrictRoles, "strict-roles", false, "use the narrower role table that some of the vendor's sources give")
	f.BoolVar(&c.Demo, "demo", false, "submit three years of invented business, print what came of it, and serve")
	f.StringVar(&c.DemoSize, "demo-size", string(workload.Small), "with --demo: how big that business is: tiny (seconds), small, medium or large (hours)")
	f.BoolVar(&c.Exit, "exit", false, "with --demo: end after printing")
	f.StringVar(&c.EmbeddedStore, "eventstore-listen", "127.0.0.1:0", "address of the embedded event store; loopback only")
	f.StringVar(&c.LogLevel, "log-level", "info", "debug, info, warn or error")
	f.BoolVar(&c.LogJSON, "log-json", false, "write the log as JSON lines")
	return f
}

// parse reads flags and environment and names every fault at once.
func parse(args []string, getenv func(string) string) (config, error) {
	var c config
	f := c.flags()
	f.Usage = func() {}
	if err := f.Parse(args); err != nil {
		return c, err
	}
	var faults []error
	if f.NArg() > 0 {
		faults = append(faults, fmt.Errorf("unexpected argument %q", f.Arg(0)))
	}
	f.VisitAll(func(flag *pflag.Flag) {
		value := getenv(envName(flag.Name))
		if value == "" || flag.Changed {
			return
		}
		if err := flag.Value.Set(value); err != nil {
			faults = append(faults, fmt.Errorf("%s: %w", envName(flag.Name), err))
		}
	})
	faults = append(faults, c.Trial.read(getenv)...)
	return c, errors.Join(append(faults, c.validate()...)...)
}

func envName(flag string) string {
	return "LEDGERD_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

func (c *config) validate() (faults []error) {
	for _, role := range c.Run {
		if !slices.Contains(allRoles, role) {
			faults = append(faults, fmt.Errorf("--run: there is no role %q; the roles are %s", role, strings.Join(allRoles, ", ")))
		}
	}
	if err := loopbackOnly(c.HTTP); err != nil {
		faults = append(faults, fmt.Errorf("--http: %w", err))
	}
	if c.Ops != "" {
		if err := loopbackOnly(c.Ops); err != nil {
			faults = append(faults, fmt.Errorf("--ops: %w", err))
		}
	}
	if c.Exit && !c.Demo {
		faults = append(faults, errors.New("--exit goes with --demo"))
	}
	if _, err := workload.ParseSize(c.DemoSize); err != nil {
		faults = append(faults, fmt.Errorf("--demo-size: %w", err))
	}
	if c.Demo {
		c.AllowHistory = true
		if !c.whole() {
			faults = append(faults, errors.New("--demo runs all roles; leave out --run"))
		}
	}
	if c.Keys != "" && !strings.HasPrefix(c.Keys, "postgres://") && !strings.HasPrefix(c.Keys, "postgresql://") {
		faults = append(faults, errors.New("--keys: give postgres://…, or leave it out to keep the keys under --data"))
	}
	if c.SealEvery < 0 {
		faults = append(faults, errors.New("--seal-every: give a time, or 0 for never"))
	}
	if len(c.Run) == 0 {
		faults = append(faults, errors.New("--run: name at least one role"))
	}
	if !c.whole() && (c.EventStore == "" || c.NATS == "" || c.Database == "") {
		faults = append(faults, errors.New("--run splits the ledger: give the parts they share, --eventstore, --nats and --database"))
	}
	if _, err := parsePartitions(c.Partitions); err != nil {
		faults = append(faults, fmt.Errorf("--partitions: %w", err))
	}
	if c.Analysts != "" && !strings.HasPrefix(c.Database, "postgres") {
		faults = append(faults, errors.New("--analysts goes with a PostgreSQL --database, which has roles"))
	}
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.LogLevel)); err != nil {
		faults = append(faults, fmt.Errorf("--log-level: %q is none of debug, info, warn, error", c.LogLevel))
	}
	return faults
}

// loopbackOnly refuses addresses that others can reach: nobody signs in yet, so whoever reaches the
// ledger may say anything in anyone's name.
func loopbackOnly(address string) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("%q is not HOST:PORT: %w", address, err)
	}
	if ip := net.ParseIP(host); host == "localhost" || ip != nil && ip.IsLoopback() {
		return nil
	}
	return fmt.Errorf("%s can be reached from elsewhere, and the ledger can't tell yet who is speaking; use 127.0.0.1", address)
}

// whole tells whether this process plays all roles that others build on, so that nobody else needs its parts.
func (c *config) whole() bool {
	return !slices.ContainsFunc([]string{roleAPI, roleRelay, roleProjector}, func(role string) bool { return !c.plays(role) })
}

func (c *config) plays(role string) bool { return slices.Contains(c.Run, role) }

func (c *config) path(name string) string { return filepath.Join(c.Data, name) }

func (c *config) databaseURL() string {
	if c.Database != "" {
		return c.Database
	}
	return "sqlite:" + c.path("readmodels.db")
}

func (c *config) logger() *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(c.LogLevel)) // validated
	options := &slog.HandlerOptions{Level: level}
	if c.LogJSON {
		return slog.New(slog.NewJSONHandler(os.Stderr, options))
	}
	return slog.New(slog.NewTextHandler(os.Stderr, options))
}
