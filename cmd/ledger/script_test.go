package main

import (
	"compress/gzip"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/internal/ledgerdtest"
	"github.com/partnerledger/partnerledger/internal/workload/expected"
)

const workloads = "../../internal/workload/testdata"

func TestMain(m *testing.M) { testscript.Main(m, map[string]func(){"ledger": main}) }

// TestScripts is the specification of the command line. Scripts ask one ledger that knows tiny.jsonl and
// that none of them changes; those that submit say daemon and get one of their own. UPDATE=1 rewrites what
// the scripts compare with.
func TestScripts(t *testing.T) {
	bin := t.TempDir()
	out, err := exec.CommandContext(t.Context(), "go", "build", "-o", bin, "../ledgerd").CombinedOutput()
	require.NoError(t, err, string(out))
	shared, err := ledgerdtest.Start(filepath.Join(bin, "ledgerd"), os.Environ(), "--data", t.TempDir(), "--allow-history")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, shared.Stop(syscall.SIGTERM)) })
	submit := exec.CommandContext(t.Context(), "ledger", "submit", "--server", shared.Address, "--expect", filepath.Join(workloads, "tiny.jsonl"))
	out, err = submit.CombinedOutput()
	require.NoError(t, err, string(out))

	commands := ledgerdtest.Commands()
	commands["asexpected"], commands["change"] = asExpected, change
	commands["approve"], commands["withdraw"] = answerErasure("approve"), answerErasure("withdraw")
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script", Cmds: commands, UpdateScripts: os.Getenv("UPDATE") != "", RequireExplicitExec: true, RequireUniqueNames: true,
		Setup: func(env *testscript.Env) error {
			ledgerdtest.Prepare(env)
			absolute, err := filepath.Abs(workloads)
			env.Setenv("PATH", bin+string(filepath.ListSeparator)+env.Getenv("PATH"))
			env.Setenv("LEDGER_SERVER", shared.Address)
			env.Setenv("WORKLOADS", absolute)
			return err
		},
	})
}

// asExpected is a command of scripts: asexpected FOLDER COMMANDS compares the state with every result that the
// folder's queries.json has for these commands.
func asExpected(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: asexpected FOLDER COMMANDS")
	}
	var queries []struct {
		Commands, File  string
		AsOf, AsKnownAt *string
	}
	read(ts, filepath.Join(workloads, args[0], "queries.json"), &queries)
	asked := 0
	for _, q := range queries {
		if q.Commands != args[1] {
			continue
		}
		asked++
		// Addresses are compared too, so that somebody has to say who reads them.
		question := []string{"state", "--json", "--reveal", "true", "--reader", "ann@auditor.example", "--reader-tenant", "00000000-0000-4000-8000-0000000000aa", "--reason", "comparison"}
		if q.AsOf != nil {
			question = append(question, "--as-of", *q.AsOf)
		}
		if q.AsKnownAt != nil {
			question = append(question, "--as-known-at", *q.AsKnownAt)
		}
		var want, got any
		read(ts, filepath.Join(workloads, args[0], q.File), &want)
		ask := exec.Command("ledger", question...) // without ts, which would put the whole state into the log
		ask.Env = append(os.Environ(), "LEDGER_SERVER="+ts.Getenv("LEDGER_SERVER"))
		answer, err := ask.Output()
		ts.Check(err)
		ts.Check(json.Unmarshal(answer, &got))
		if different := expected.Differences(want, got); len(different) > 0 {
			ts.Fatalf("%s: %d differences:\n%s", q.File, len(different), strings.Join(different, "\n"))
		}
	}
	if asked == 0 {
		ts.Fatalf("%s has no query about %s", args[0], args[1])
	}
}

// read decodes a JSON file, perhaps a gzipped one.
func read(ts *testscript.TestScript, name string, into any) {
	file, err := os.Open(name)
	ts.Check(err)
	defer file.Close()
	var plain io.Reader = file
	if strings.HasSuffix(name, ".gz") {
		plain, err = gzip.NewReader(file)
		ts.Check(err)
	}
	ts.Check(json.UnmarshalRead(plain, into, json.MatchCaseInsensitiveNames(true)))
}

// answerErasure is a command of scripts about the one erasure that is open: approve CODE [USER] expects an exit code.
func answerErasure(verb string) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, _ bool, args []string) {
		code, user := "0", "lee@provider.example"
		if len(args) > 0 {
			code = args[0]
		}
		if len(args) > 1 {
			user = args[1]
		}
		ts.Check(ts.Exec("ledger", "erase", "--json"))
		var open []struct{ ErasureID string }
		ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &open, json.MatchCaseInsensitiveNames(true)))
		if len(open) != 1 {
			ts.Fatalf("%d erasures are open", len(open))
		}
		if err := ts.Exec("ledger", "erase", verb, open[0].ErasureID, "--user", user); (err == nil) != (code == "0") {
			ts.Fatalf("%s: %v", verb, err)
		}
	}
}
