package clientsuites

import (
	"bufio"
	"bytes"
	_ "embed"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/eventstore/esdbnode"
)

// variable names the suites to run.
const variable = "LEDGER_CLIENT_SUITES"

// wanted tells whether a suite is asked for.
func wanted(suite string) bool {
	return slices.Contains(strings.Split(os.Getenv(variable), ","), suite)
}

const clientModule = "github.com/EventStore/EventStore-Client-Go/v4"

//go:embed testdata/containers_test.go.txt
var nodesInsteadOfContainers []byte

// leftOut is a test of the suite that a single node of ours does not run, and why.
type leftOut struct{ test, why string }

const (
	needsDataSet     = "needs the vendor's data set: times and positions of events that nobody can append, in a container image only"
	needsProjections = "needs projections in JavaScript, which the node does not run"
	needsTLS         = "needs TLS; run in the secure half"
	needsCluster     = "needs a cluster of three nodes; the suite begins it only when told that there is one"
)

// leftOutAlways are left out with and without TLS.
func leftOutAlways() []leftOut {
	return []leftOut{
		{"TestProjections", needsProjections},
		{"TestStreams/ClusterTests/notLeaderExceptionButWorkAfterRetry", needsCluster},
		{"TestExpectations/ReadAllTests", needsDataSet},
		{"TestStreams/ReadStreamTests/readStreamEventsForwardsFromZeroPosition", needsDataSet},
		{"TestStreams/ReadStreamTests/readStreamEventsBackwardsFromEndPosition", needsDataSet},
		{"TestStreams/SubscriptionTests/allSubscriptionWithFilterDeliversCorrectEvents", needsDataSet},
	}
}

// leftOutInsecure are left out besides in the half without TLS; the suite itself leaves out further ones there.
func leftOutInsecure() []leftOut {
	return []leftOut{{"TestPlugins", needsTLS}}
}

// Ensure that what is left out of the suite is named as the suite names it: a name that fits nothing would hide that a
// test which could run is not looked at.
func TestGoClient_LeftOut(t *testing.T) {
	text := &bytes.Buffer{}
	files, err := filepath.Glob(filepath.Join(moduleDir(t), "esdb", "*_test.go"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		content, err := os.ReadFile(file)
		require.NoError(t, err)
		text.Write(content)
	}
	for _, out := range append(leftOutAlways(), leftOutInsecure()...) {
		top, rest, _ := strings.Cut(out.test, "/")
		require.Contains(t, text.String(), "func "+top+"(t *testing.T)")
		for name := range strings.SplitSeq(rest, "/") {
			require.True(t, name == "" || strings.Contains(text.String(), `t.Run("`+name+`"`), "%s is nowhere", out.test)
		}
	}
}

// Ensure that the official Go client's own suite passes against the node, with and without TLS.
func TestGoClient(t *testing.T) {
	if !wanted("go") {
		t.Logf("set %s=go to run the Go client's own suite", variable)
		return
	}
	suite := buildSuite(t)
	t.Run("insecure", func(t *testing.T) {
		suite.run(t, append(leftOutAlways(), leftOutInsecure()...), nil)
	})
	t.Run("secure", func(t *testing.T) {
		suite.run(t, leftOutAlways(), writeCertificates(t, filepath.Join(suite.dir, "certs")))
	})
}

// goSuite is the client's suite, compiled.
type goSuite struct{ dir, binary string }

// moduleDir is where the client's module is kept.
func moduleDir(t *testing.T) string {
	t.Helper()
	return strings.TrimSpace(output(t, exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", clientModule)))
}

func output(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	require.NoError(t, err, "%s\n%s%s", cmd, out, said.String())
	return string(out)
}

// buildSuite copies the tests into a module of their own, with the versions of ours, and compiles them.
func buildSuite(t *testing.T) goSuite {
	t.Helper()
	dir := t.TempDir()
	source := moduleDir(t)
	files, err := filepath.Glob(filepath.Join(source, "esdb", "*_test.go"))
	require.NoError(t, err)
	for _, file := range files {
		copyFile(t, file, filepath.Join(dir, "esdb", filepath.Base(file)))
	}
	writeFile(t, filepath.Join(dir, "esdb", "containers_test.go"), nodesInsteadOfContainers)
	require.NoError(t, os.CopyFS(filepath.Join(dir, "resources"), os.DirFS(filepath.Join(source, "resources"))))

	ours := filepath.Dir(strings.TrimSpace(output(t, exec.CommandContext(t.Context(), "go", "env", "GOMOD"))))
	copyFile(t, filepath.Join(ours, "go.sum"), filepath.Join(dir, "go.sum"))
	requirements, err := os.ReadFile(filepath.Join(ours, "go.mod"))
	require.NoError(t, err)
	writeFile(t, filepath.Join(dir, "go.mod"), regexp.MustCompile(`(?m)^module .*`).ReplaceAll(requirements, []byte("module suite")))

	suite := goSuite{dir: dir, binary: filepath.Join(dir, "suite.test")}
	build := exec.CommandContext(t.Context(), "go", "test", "-c", "-o", suite.binary, "./esdb")
	build.Dir = dir
	build.Env = append(os.Environ(), "GOPROXY=off", "GOFLAGS=-mod=readonly", "GOWORK=off")
	output(t, build)
	return suite
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	content, err := os.ReadFile(from)
	require.NoError(t, err)
	writeFile(t, to, content)
}

func writeFile(t *testing.T, name string, content []byte) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o755))
	require.NoError(t, os.WriteFile(name, content, 0o644))
}

// run runs every test of the suite, each of the outermost against nodes of its own, and says what became of them.
func (s goSuite) run(t *testing.T, without []leftOut, secure *esdbnode.TLS) {
	results := map[string][]string{}
	for top := range strings.Lines(output(t, exec.CommandContext(t.Context(), s.binary, "-test.list", "."))) {
		s.runOne(t, strings.TrimSpace(top), without, secure, results)
	}
	for _, name := range results["fail"] {
		t.Errorf("failed: %s", name)
	}
	for _, out := range without {
		t.Logf("left out: %s: %s", out.test, out.why)
	}
	for _, name := range results["skip"] {
		t.Logf("left out by the suite itself: %s: %s", name, needsTLS)
	}
	t.Logf("%d passed, %d failed, %d left out by us, %d by the suite itself",
		len(results["pass"]), len(results["fail"]), len(without), len(results["skip"]))
	require.Greater(t, len(results["pass"]), 50, "most of the suite did not even run")
}

// result is a line of what go test says of itself.
type result struct{ Action, Test, Output string }

func (s goSuite) runOne(t *testing.T, top string, without []leftOut, secure *esdbnode.TLS, results map[string][]string) {
	t.Helper()
	var skip []string
	for _, out := range without {
		skip = append(skip, "^"+strings.ReplaceAll(regexp.QuoteMeta(out.test), "/", "$/^")+"$")
	}
	cmd := exec.CommandContext(t.Context(), "go", "tool", "test2json", s.binary, "-test.v=test2json", "-test.timeout=5m",
		"-test.run=^"+top+"$", "-test.skip="+strings.Join(skip, "|"))
	cmd.Dir = filepath.Join(s.dir, "esdb")
	cmd.Env = append(os.Environ(), "CLIENTSUITE_EMPTY="+startNode(t, secure), "CLIENTSUITE_POPULATED="+populate(t, startNode(t, secure), secure),
		"EVENTSTORE_INSECURE="+map[bool]string{true: "true", false: "false"}[secure == nil])
	// The exit code says no more than the lines do.
	out, _ := cmd.Output()
	said, parents := map[string]string{}, map[string]bool{}
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		var r result
		require.NoError(t, json.Unmarshal(lines.Bytes(), &r))
		said[r.Test] += r.Output
		if i := strings.LastIndex(r.Test, "/"); i > 0 {
			parents[r.Test[:i]] = true
		}
		if r.Test == "" || parents[r.Test] || !slices.Contains([]string{"pass", "fail", "skip"}, r.Action) {
			continue
		}
		results[r.Action] = append(results[r.Action], r.Test)
		if r.Action == "fail" {
			t.Log(said[r.Test])
		}
	}
}

// startNode runs a node for the length of the test and says where.
func startNode(t *testing.T, secure *esdbnode.TLS) string {
	t.Helper()
	n, err := esdbnode.Start(t.Context(), esdbnode.Options{Memory: true, Listen: "localhost:0", TLS: secure})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, n.Close()) })
	return strings.Replace(n.Addr().String(), "127.0.0.1", "localhost", 1)
}

// populate gives a node the one stream of the vendor's data set in which only the number of events matters.
func populate(t *testing.T, endpoint string, secure *esdbnode.TLS) string {
	t.Helper()
	connection := "esdb://" + endpoint + "?tls=false"
	if secure != nil {
		connection = "esdb://admin:changeit@" + endpoint + "?tls=true&tlsVerifyCert=false"
	}
	config, err := esdb.ParseConnectionString(connection)
	require.NoError(t, err)
	config.Logger = esdb.NoopLogging()
	client, err := esdb.NewClient(config)
	require.NoError(t, err)
	defer client.Close()
	events := make([]esdb.EventData, 6000)
	for i := range events {
		events[i] = esdb.EventData{EventID: uuid.New(), EventType: "eventType-0", ContentType: esdb.ContentTypeJson, Data: []byte("{}")}
	}
	_, err = client.AppendToStream(t.Context(), "dataset20M-0", esdb.AppendToStreamOptions{ExpectedRevision: esdb.NoStream{}}, events...)
	require.NoError(t, err)
	return endpoint
}
