package clientsuites

import (
	"bufio"
	"bytes"
	"embed"
	"encoding/json"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

//go:embed node/*.mjs
var nodeChecks embed.FS

// nodeClients are the packages and versions that the checks were written for.
func nodeClients() []string {
	return []string{"@eventstore/db-client@6.2.1", "@kurrent/kurrentdb-client@1.3.1"}
}

// leastChecks is fewer than there are checks: a run that ends too soon must not look like one that passed.
const leastChecks = 60

// Ensure that the official Node clients find in the node what they look for in a server.
func TestNodeClients(t *testing.T) {
	if !wanted("node") {
		t.Logf("set %s=node to run the checks with the Node clients", variable)
		return
	}
	dir := t.TempDir()
	files, err := nodeChecks.ReadDir("node")
	require.NoError(t, err)
	for _, file := range files {
		content, err := nodeChecks.ReadFile(path.Join("node", file.Name()))
		require.NoError(t, err)
		writeFile(t, filepath.Join(dir, file.Name()), content)
	}
	writeFile(t, filepath.Join(dir, "package.json"), []byte(`{"private":true}`))
	install := exec.CommandContext(t.Context(), "npm", append([]string{"install", "--no-audit", "--no-fund", "--ignore-scripts"}, nodeClients()...)...)
	install.Dir = dir
	output(t, install)
	for _, client := range nodeClients() {
		name := client[:strings.LastIndex(client, "@")]
		t.Run(strings.TrimPrefix(name, "@"), func(t *testing.T) { runChecks(t, dir, name) })
	}
}

// runChecks runs the checks with one client, against a node without TLS and one with.
func runChecks(t *testing.T, dir, client string) {
	certificates := t.TempDir()
	secure := startNode(t, writeCertificates(t, certificates))
	cmd := exec.CommandContext(t.Context(), "node", "checks.mjs", client, "esdb://"+startNode(t, nil)+"?tls=false",
		"esdb://"+secure+"?tls=true&tlsCAFile="+filepath.Join(certificates, "ca", "ca.crt"))
	cmd.Dir = dir
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	// The exit code says no more than the lines do.
	out, _ := cmd.Output()
	checks := 0
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		var said struct{ Check, Error string }
		require.NoError(t, json.Unmarshal(lines.Bytes(), &said), lines.Text())
		checks++
		t.Run(said.Check, func(t *testing.T) {
			if said.Error != "" {
				t.Error(said.Error)
			}
		})
	}
	require.Greater(t, checks, leastChecks, "the checks ended too soon: %s", complaints.String())
	t.Logf("%d checks", checks)
}
