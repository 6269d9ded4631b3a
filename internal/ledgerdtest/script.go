package ledgerdtest

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"

	"github.com/rogpeppe/go-internal/testscript"
)

// Commands are what scripts say beside testscript's own:
//
//	daemon [settings]         starts the ledgerd of the PATH on the directory data; LEDGER_SERVER names it
//	[!] end INT|TERM          ends it with this signal and exit code 0; ledgerd.stdout and ledgerd.stderr are what it printed
//	exits CODE program …      runs the program, which must end with this exit code
//
// What a script leaves running is ended with it.
func Commands() map[string]func(ts *testscript.TestScript, neg bool, args []string) {
	return map[string]func(ts *testscript.TestScript, neg bool, args []string){"daemon": daemon, "end": end, "exits": exits}
}

// running is where a script keeps its daemon.
type running struct{}

// Prepare makes room for a script's daemon; it belongs into Params.Setup.
func Prepare(env *testscript.Env) { env.Values[running{}] = new(*Daemon) }

func daemon(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("a daemon that must not start is run with exec")
	}
	program := find(ts, "ledgerd")
	env := append(os.Environ(), "LEDGER_TEST_DAEMON="+ts.Getenv("LEDGER_TEST_DAEMON"))
	d, err := Start(program, env, append([]string{"--data", ts.MkAbs("data")}, args...)...)
	ts.Check(err)
	ts.Defer(func() { _ = d.Stop(syscall.SIGTERM) }) // one that has ended stays ended
	*ts.Value(running{}).(**Daemon) = d
	ts.Setenv("LEDGER_SERVER", d.Address)
}

// find looks a program up where the script would.
func find(ts *testscript.TestScript, name string) string {
	for _, dir := range filepath.SplitList(ts.Getenv("PATH")) {
		if path, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
			return path
		}
	}
	ts.Fatalf("%s is not in the PATH", name)
	return ""
}

func end(ts *testscript.TestScript, neg bool, args []string) {
	signals := map[string]os.Signal{"INT": os.Interrupt, "TERM": syscall.SIGTERM}
	d := *ts.Value(running{}).(**Daemon)
	if len(args) != 1 || signals[args[0]] == nil || d == nil {
		ts.Fatalf("usage: [!] end INT|TERM, after daemon")
	}
	err := d.Stop(signals[args[0]])
	if (err != nil) != neg {
		ts.Fatalf("the daemon ended with %v", err)
	}
	ts.Check(os.WriteFile(ts.MkAbs("ledgerd.stdout"), d.Stdout.Bytes(), 0o600))
	ts.Check(os.WriteFile(ts.MkAbs("ledgerd.stderr"), d.Stderr.Bytes(), 0o600))
}

func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE program …")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		got = exit.ExitCode()
	} else if err != nil {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("%v: exit code %d, expected %d", args[1:], got, want)
	}
}
