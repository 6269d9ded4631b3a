package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/schollz/progressbar/v3"
	"github.com/spf13/pflag"
	"golang.org/x/term"

	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/internal/audit/readmodels"
	"github.com/partnerledger/partnerledger/internal/replay"
	"github.com/partnerledger/partnerledger/internal/replay/fold"
	"github.com/partnerledger/partnerledger/internal/seal"
)

const replayIntro = `ledgerd replay goes through the log itself, event by event, and asks no read model. It writes nothing.

  ledgerd replay --until 2022-03-15T00:00:00Z --data DIR                the state at a time, as it was known then
  ledgerd replay --until POSITION --follow ENTITY --data DIR            at a position; what became of ENTITY on the way

prints the whole state as one JSON document, and before it, with --follow, each event of ENTITY with the state after it:
the id of a provider, reseller, customer, subscription, request or MPN, a customer's domain, or the name of a stream.
Personal texts are blanked. "ledger replay" asks the same of a daemon that runs.

--check makes every recorded decision again, on exactly the facts on which it was made, and compares the
events that come out with those in the log, byte for byte.

  ledgerd replay --check --data DIR                                     the log of a daemon that is stopped
  ledgerd replay --check --eventstore esdb://… --data DIR               an event store, with the keys under DIR
  ledgerd replay --check --eventstore esdb://… --without-keys           without its keys, also beside a daemon

--seals makes the read models again, in a database of its own, and compares them with the digests that are on record
(ledger projections seal); --seals=all compares with every one of these, and not just with the last.

  ledgerd replay --seals --data DIR                                     or --eventstore esdb://…; no keys are needed
  ledgerd replay --seals --log EXPORTED-LOG                             the log as an auditor took it away and verified it

Texts about people who were forgotten can't be compared; they are counted, and the rest of their events is compared.
So are those of everybody where the keys aren't at hand.

It proves that everything recorded follows, by this program's rules, from what it is said to follow from. That nobody
has changed both is for the proof log to show.

Exit codes: 0 nothing differs; 1 something does, or the log can't be read; 2 wrong command line.

`

// replayConfig is every setting of a replay.
type replayConfig struct {
	config
	check, withoutKeys, json bool
	until, follow            string
	seals, folder            string
	point                    fold.Until
}

func (c *replayConfig) flags() *pflag.FlagSet {
	f := pflag.NewFlagSet("ledgerd replay", pflag.ContinueOnError)
	f.SortFlags = false
	f.Usage = func() {}
	f.BoolVar(&c.check, "check", false, "make every decision again and compare")
	f.StringVar(&c.seals, "seals", "", "make the read models again and compare with what was sealed: `newest` or all")
	f.Lookup("seals").NoOptDefVal = newestSeals
	f.StringVar(&c.until, "until", "", "fold the log up to this time or position, and print the state")
	f.StringVar(&c.follow, "follow", "", "with --until: print each event of this entity, with the state after it")
	f.StringVar(&c.Data, "data", "data", "directory of a daemon: its event log, unless another is named, and its keys")
	f.StringVar(&c.EventStore, "eventstore", "", "EventStoreDB to read, esdb://HOST:PORT?tls=false; empty: the log under --data")
	f.StringVar(&c.folder, "log", "", "with --seals: an exported log to read, a `DIRECTORY`; see ledger evidence --whole, and ledger verify it first")
	f.BoolVar(&c.withoutKeys, "without-keys", false, "compare no personal texts, and leave the keys alone")
	f.BoolVar(&c.json, "json", false, "print the report, and what is followed, as JSON")
	return f
}

// errDiffers says that a replay found differences; the report names them.
var errDiffers = errors.New("what is recorded differs from what the rules give")

// runReplay is the program when its first argument is "replay".
func runReplay(ctx context.Context, args []string, getenv func(string) string, stdout io.Writer) error {
	c := replayConfig{config: config{LogLevel: "warn", EmbeddedStore: "127.0.0.1:0"}}
	f := c.flags()
	err := c.parse(f, args, getenv)
	if errors.Is(err, pflag.ErrHelp) {
		fmt.Fprint(stdout, replayIntro, f.FlagUsages())
		return nil
	}
	if err != nil {
		return &usageError{fmt.Errorf("replay: %w", err)}
	}
	return c.run(ctx, stdout)
}

func (c *replayConfig) parse(f *pflag.FlagSet, args []string, getenv func(string) string) error {
	if err := f.Parse(args); err != nil {
		return err
	}
	var faults []error
	if f.NArg() > 0 {
		faults = append(faults, fmt.Errorf("unexpected argument %q", f.Arg(0)))
	}
	for _, name := range []string{"data", "eventstore"} {
		if value := getenv(envName(name)); value != "" && !f.Changed(name) {
			faults = append(faults, f.Set(name, value))
		}
	}
	return errors.Join(append(faults, c.validate()...)...)
}

func (c *replayConfig) validate() (faults []error) {
	if asked := []bool{c.check, c.until != "", c.seals != ""}; len(slices.DeleteFunc(asked, func(is bool) bool { return !is })) != 1 {
		faults = append(faults, errors.New("say what to do: either --check, --until or --seals"))
	}
	if c.seals != "" && c.seals != newestSeals && c.seals != allSeals {
		faults = append(faults, fmt.Errorf("--seals: %q is neither newest nor all", c.seals))
	}
	if c.folder != "" && c.seals == "" {
		faults = append(faults, errors.New("--log goes with --seals"))
	}
	if c.follow != "" && c.until == "" {
		faults = append(faults, errors.New("--follow goes with --until"))
	}
	if c.until != "" {
		var err error
		if c.point, err = fold.ParseUntil(c.until); err != nil {
			faults = append(faults, fmt.Errorf("--until: %w", err))
		}
	}
	return faults
}

func (c *replayConfig) run(ctx context.Context, stdout io.Writer) (err error) {
	if c.folder != "" {
		return c.againstSeals(ctx, readmodels.Folder{Files: os.DirFS(c.folder)}, stdout)
	}
	l := &ledger{config: c.config, log: c.logger()}
	defer func() { err = errors.Join(err, l.close()) }()
	if err := c.wants("eventstore", c.EventStore == ""); err != nil {
		return err
	}
	if err := l.connectStore(ctx); err != nil {
		return err
	}
	switch {
	case c.until != "":
		return c.fold(ctx, l.store, stdout)
	case c.seals != "":
		return c.againstSeals(ctx, l.store, stdout)
	}
	o := replay.Options{}
	if !c.withoutKeys {
		if err := c.wants("keys", true); err != nil {
			return fmt.Errorf("%w; without them, say --without-keys", err)
		}
		if l.keys, err = seal.Open(c.path("keys")); err != nil {
			return fmt.Errorf("%w; beside a running daemon, say --without-keys", err)
		}
		l.onClose(l.keys.Close)
		o.Keys = l.keys
	}
	return c.compare(ctx, l.store, o, stdout)
}

// wants makes sure that a part of the data is there: opening it would make an empty one.
func (c *replayConfig) wants(name string, wanted bool) error {
	if _, err := os.Stat(c.path(name)); !wanted || !errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return fmt.Errorf("there is no %s under %s", name, filepath.Clean(c.Data))
}

// collectLess is the garbage collector's setting for a check: nearly all that it makes is gone at once,
// and collecting it less often saves a fifth of the time.
const collectLess = 300

func (c *replayConfig) compare(ctx context.Context, log eventstore.Store, o replay.Options, stdout io.Writer) error {
	if os.Getenv("GOGC") == "" {
		defer debug.SetGCPercent(debug.SetGCPercent(collectLess))
	}
	bar := replayBar{out: os.Stderr}
	o.Progress = bar.show
	report, err := replay.Check(ctx, log, o)
	bar.done()
	if err != nil {
		return fmt.Errorf("replay: %w", err)
	}
	if err := c.print(report, stdout); err != nil {
		return err
	}
	if !report.Same() {
		return errDiffers
	}
	return nil
}

func (c *replayConfig) print(report replay.Report, stdout io.Writer) error {
	if c.json {
		if err := json.MarshalWrite(stdout, report, jsontext.WithIndent(" ")); err != nil {
			return fmt.Errorf("print the report: %w", err)
		}
		_, err := fmt.Fprintln(stdout)
		return err
	}
	_, err := fmt.Fprintf(stdout, "%s%d events in %s, %.0f a second\n", report, report.Events, report.Elapsed.Round(time.Millisecond), float64(report.Events)/report.Seconds)
	return err
}

// replayBar shows on a terminal how far a replay is: by position, because only that tells how much is left.
type replayBar struct {
	out *os.File
	bar *progressbar.ProgressBar
}

func (b *replayBar) show(p replay.Progress) {
	if b.bar == nil {
		if !term.IsTerminal(int(b.out.Fd())) {
			return
		}
		b.bar = progressbar.NewOptions64(int64(p.Head), progressbar.OptionSetWriter(b.out), progressbar.OptionSetWidth(30), progressbar.OptionThrottle(100*time.Millisecond),
			progressbar.OptionClearOnFinish(), progressbar.OptionSetPredictTime(true), progressbar.OptionSetElapsedTime(true))
	}
	text := fmt.Sprintf("%d events, %.0f/s", p.Events, float64(p.Events)/p.Elapsed.Seconds())
	if p.Differing > 0 {
		text += fmt.Sprintf(", %d differ", p.Differing)
	}
	b.bar.Describe(text)
	_ = b.bar.Set64(int64(min(p.Position, p.Head)))
}

func (b *replayBar) done() {
	if b.bar != nil {
		_ = b.bar.Finish()
	}
}
